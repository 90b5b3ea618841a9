/* edges_fuzz.c - core as hostile gates, scribes, vaults, keygens, webs, answers and command lines hear it, all at once. Laws: the
 * store's keys are told to nobody; gate and those who ask get an answer to what they asked, and one; web learns nothing of a user for
 * whom it has no token; and at the end core still serves. */
#include "role/core/core.h"
#include "role/play_fuzz.h"

#include "role/core/call.h"
#include "role/core/control.h"
#include "sys/memfd.h"
#include "sys/sock.h"
#include "transform/open.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF                                                                                                 \
	"[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n[smtp]\nlisten = 127.0.0.1:0\n"  \
	"[web]\nlisten = 127.0.0.1:0\norigin = https://relay.example\nsignup = open\n"                       \
	"[profiles]\npool = 3\n[dns]\nresolver = 127.0.0.1:9\n[server]\nscribes = 2\nuid_base = "            \
	"0\nmin_free = 0\nstate_dir = "

enum { GATE, SCRIBE, SCRIBE_TOO, VAULT, KEYGEN, OPENER, WEB, CONTROL, ANSWERS, ANSWERS_TOO };

#define VICTIM "victim.example"
#define VICTIM_BOX ("secret@" VICTIM)
static const char column_key[33] = "the column key of a test, 32 B..";
static const char hash_key[33] = "the keyed hash of a test, 32 B..";

/* ---- what the others would answer ------------------------------------------------------------------------------------ */

typedef void answer_fn(const void *msg, enum ipc_tag *ret_tag, void *ret_msg, int *ret_fd);

#define REPLY(asked, lower, ...)                                                                             \
	static void to_##asked(const void *msg, enum ipc_tag *ret_tag, void *ret_msg, int *ret_fd)           \
	{                                                                                                    \
		const struct asked *m = msg;                                                                 \
                                                                                                             \
		*ret_tag = IPC_##lower;                                                                      \
		*(struct lower *)ret_msg = (struct lower){ __VA_ARGS__ };                                    \
	}

static struct str numbered(const char *what)
{
	static char text[8][64];
	static uint32_t serial;
	char *at = text[++serial % 8];

	snprintf(at, sizeof(text[0]), "%-22s%010u", what, serial);
	return str_of(at, 32);
}

static struct str an_id(void)
{
	static char text[8][64];
	static uint32_t serial;
	char *at = text[++serial % 8];

	snprintf(at, sizeof(text[0]), "<%u@example.org>", serial);
	return str_c(at);
}

static uint64_t an_output(uint32_t flags, int *ret_fd)
{
	static const char bytes[100];

	if (!(flags & SEAL_TO_FILE))
		*ret_fd = play_memory(str_of(bytes, sizeof(bytes)), true);
	return sizeof(bytes);
}

#define BODY_KEY STR("the key of a body, of 32 bytes..")
REPLY(store_keys, store_keys_answer, m->req, 0, STR(""), str_of(column_key, 32), str_of(hash_key, 32),
      STR("a column key, wrapped"), STR("a hash key, wrapped"), STR("12345678"))
REPLY(intermediate, intermediate_answer, m->req, 0, STR(""), STR("an authority, wrapped"), STR("a request"),
      STR("a public key"))
REPLY(issue_user, issued, m->req, 0, STR(""), STR("a user's certificate"), STR(""))
REPLY(issue_sender, issued, m->req, 0, STR(""), STR("a sender's certificate"), STR("a leaf, wrapped"))
REPLY(rewrap, rewrapped, m->req, 0, STR(""), STR("12345678"), m->wrapped)
REPLY(scan_job, scanned, .job = m->job, .from_name = STR("Bob"), .from = STR("bob@example.org"),
      .digest = numbered("a digest"), .message_id = an_id())
REPLY(seal, sealed, .job = m->job, .output = m->output, .body_key = BODY_KEY, .plain = 90,
      .stored = an_output(m->flags, ret_fd))
REPLY(csr_read, csr_facts, .job = m->job, .spki = STR("a public key"))
REPLY(chain_check, chain_checked, .job = m->job)
REPLY(open_begin, opened_facts, .job = m->job, .form = OPENED_ENCRYPTED | OPENED_LAYERS,
      .signature = OPEN_PINNED, .signed_utc = 1795435200, .signature_digest = numbered("a signature"),
      .from = STR("alice@mailbox.example"), .message_id = an_id(), .digest = numbered("a body"))
REPLY(scrub, scrubbed, .job = m->job, .output = m->output, .body_key = BODY_KEY, .plain = 90,
      .stored = an_output(m->flags, ret_fd))
REPLY(key_make, key_made, m->req, 0, STR(""), m->alg, STR("a spare, wrapped"))
REPLY(deliver, delivered, m->delivery, DELIVERY_DONE, 250, STR("2.0.0"), STR("fine"), 0, HOP_SPOKE)
REPLY(names_ask, names_answer, .req = m->req)

#define ROW(asked) [IPC_##asked] = to_##asked
static answer_fn *const answers[IPC_TAGS] = {
	ROW(store_keys), ROW(intermediate), ROW(issue_user), ROW(issue_sender), ROW(rewrap),
	ROW(scan_job),   ROW(seal),         ROW(csr_read),   ROW(chain_check),  ROW(open_begin),
	ROW(scrub),      ROW(key_make),     ROW(deliver),    ROW(names_ask),
};

static bool answer(unsigned road, enum ipc_tag heard, const void *msg, const struct ipc_fds *fds,
                   enum ipc_tag *ret_tag, void *ret_msg, int *ret_fd)
{
	if (answers[heard])
		answers[heard](msg, ret_tag, ret_msg, ret_fd);
	return answers[heard] != NULL;
}

/* ---- laws ----------------------------------------------------------------------------------------------------------- */

enum { ASKED = 256 };

/* What was asked and not answered. */
static struct asked {
	unsigned road;
	enum ipc_tag answer;
	uint64_t id;
	uint32_t seq;
} asked[ASKED];
static unsigned n_asked;
static bool was_told; /* control, or the input itself, may have told web of the victim */

static void ask(unsigned road, enum ipc_tag by, uint64_t id, uint32_t seq)
{
	if (n_asked < ASKED)
		asked[n_asked++] = (struct asked){ road, by, id, seq };
}

static void answered(unsigned road, enum ipc_tag tag, uint64_t id, uint32_t seq, bool last)
{
	for (unsigned i = 0; i < n_asked; i++) {
		const struct asked *a = &asked[i];

		if (a->road != road || a->answer != tag || a->id != id || a->seq != seq)
			continue;
		if (last)
			asked[i] = asked[--n_asked];
		return;
	}
	law(n_asked == ASKED, "it answers what was asked, and once");
}

static void said(unsigned road, enum ipc_tag tag, const void *msg)
{
	const struct rcpt_ask *r = msg; /* session and seq stand first in all three */
	const struct call *c = msg;

	if (tag == IPC_rcpt_ask)
		ask(road, IPC_rcpt_answer, r->session, r->seq);
	if (tag == IPC_accept_ask)
		ask(road, IPC_accept_answer, r->session, r->seq);
	if (tag == IPC_auth_ask)
		ask(road, IPC_auth_answer, r->session, r->seq);
	if (tag == IPC_call || tag == IPC_web_call)
		ask(road, IPC_answer, c->id, 0);
	was_told |= tag == IPC_call;
}

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	const struct rcpt_answer *r = msg;
	const struct answer *a = msg;

	law(str_find(record, str_of(column_key, 32)) == record.n &&
	            str_find(record, str_of(hash_key, 32)) == record.n,
	    "a key of the store was told");
	if (tag == IPC_rcpt_answer || tag == IPC_accept_answer || tag == IPC_auth_answer)
		answered(road, tag, r->session, r->seq, true);
	if (tag == IPC_answer)
		answered(road, tag, a->id, 0, !a->more);
	if (road == WEB && !was_told)
		law(str_find(record, STR(VICTIM)) == record.n, "web learns of somebody else");
	if (tag == IPC_open_fork)
		play_given(ANSWER_CORE, CORE_ANSWER, ipc_fd_take(fds, 0));
}

/* ---- steps of its own ----------------------------------------------------------------------------------------------- */

static const struct call_spec *const tables[] = {
	calls_backup,
	calls_keys,
	calls_users,
	calls_passwords,
	calls_aliases,
	calls_domains,
	calls_people,
	calls_profiles,
	calls_queue,
	calls_replies,
	calls_stat,
	calls_usage,
	calls_invites,
	calls_trials,
	calls_claims,
	calls_transfer,
	calls_user_passkeys,
	calls_activity,
	calls_account,
	calls_codes,
	calls_foreign,
	calls_foreign_activity,
	calls_foreign_aliases,
	calls_foreign_domains,
	calls_foreign_login,
	calls_foreign_many,
	calls_foreign_page,
	calls_foreign_people,
	calls_many,
	calls_pages,
	calls_passkeys,
	calls_sessions,
	calls_signup,
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

static const struct call_spec *some_spec(struct tape *t)
{
	const struct call_spec *table = tables[tape_byte(t) % TABLES];
	unsigned n = 0;

	while (table[n].verb)
		n++;
	return n ? &table[tape_byte(t) % n] : NULL;
}

static struct str some_word(struct tape *t, const char *words)
{
	struct str s = str_c(words);

	for (unsigned n = tape_byte(t) % 4u; n && str_chr(s, '|') < s.n; n--)
		s = str_from(s, str_chr(s, '|') + 1);
	return str_first(s, str_chr(s, '|'));
}

static void add_value(const struct arg_spec *a, struct tape *t, struct buf *list)
{
	OWN(buf) number = BUF(32);
	uint8_t b = tape_byte(t);

	if (b % 8 == 7 ||
	    (a->kind != ARG_NUMBER && a->kind != ARG_COUNT && a->kind != ARG_TIME && a->kind != ARG_WORD))
		list_add(list, tape_text(t));
	else if (a->kind == ARG_WORD && a->words)
		list_add(list, some_word(t, a->words));
	else {
		buf_add_u64(&number, tape_number(t));
		list_add(list, buf_str(&number));
	}
}

/* A request with the arguments that its table names. */
static void some_call(struct tape *t, bool web)
{
	const struct call_spec *s = some_spec(t);
	static uint64_t id = 1000;
	OWN(buf) args = BUF(IPC_RECORD_MAX);

	for (unsigned i = 0; s && i < ARGS_MAX && s->args[i].name; i++) {
		if (!s->args[i].required && tape_byte(t) % 2)
			continue;
		list_add(&args, str_c(s->args[i].name));
		add_value(&s->args[i], t, &args);
	}
	if (!s)
		return;
	if (web)
		PLAY(WEB, web_call, ++id, tape_text(t), STR("192.0.2.1"), STR("a browser"), str_c(s->verb),
		     buf_str(&args));
	else
		PLAY(CONTROL, call, ++id, str_c(s->verb), buf_str(&args));
}

static uint64_t session = 100;

static void some_message(struct tape *t)
{
	OWN(buf) rcpts = BUF(4096);
	OWNFD fd = tape_thing(t);
	struct str sender = tape_text(t);
	uint8_t b = tape_byte(t);

	for (unsigned i = 0; i <= b % 3u; i++)
		list_add(&rcpts, tape_text(t));
	PLAY_FD(GATE, fd, accept_ask, .session = ++session, .seq = 1, .sender = sender,
	        .rcpts = buf_str(&rcpts), .size = b & 128 ? 1 << 20 : 100,
	        .account = b & 64 ? tape_number(t) : 0);
}

static void some_rcpt(struct tape *t)
{
	struct rcpt_ask m = {
		.session = ++session, .seq = 1, .sender = tape_text(t), .rcpt = tape_text(t), .size = 100
	};

	play_say(GATE, IPC_rcpt_ask, &m, NULL, 0);
}

enum { BY_CONTROL, BY_WEB, A_MESSAGE, A_RCPT, ACTS };

static void act(unsigned k, struct tape *t)
{
	if (k == BY_CONTROL || k == BY_WEB)
		some_call(t, k == BY_WEB);
	else if (k == A_MESSAGE)
		some_message(t);
	else
		some_rcpt(t);
}

/* ---- before and after ----------------------------------------------------------------------------------------------- */

static int open_control(void)
{
	int two[2];

	law(sock_pair(true, two, NULL) == OK, "a pair");
	control_take(play.self, two[0]);
	return two[1];
}

#define DO(verb, ...) call(verb, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
static void call(const char *verb, const char *const *words)
{
	OWN(buf) args = BUF(4096);
	static uint64_t id = UINT64_C(1) << 40;

	for (; *words; words++)
		list_add(&args, str_c(*words));
	PLAY(CONTROL, call, ++id, str_c(verb), buf_str(&args));
	play_settle();
	for (unsigned i = 0; i < n_asked; i++)
		law(asked[i].road != CONTROL || asked[i].id != id, "the command line is answered");
}

static void new_user(void)
{
	OWN(buf) args = BUF(4096);
	static const char *const words[] = { "name",   "carol", "salt",      "0123456789abcdef",
		                             "memory", "32768", "passes",    "3",
		                             "lanes",  "1",     "new_proof", hash_key };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		list_add(&args, str_c(words[i]));
	PLAY(WEB, web_call, 1, STR(""), STR("192.0.2.1"), STR("a browser"), STR("account.signup"),
	     buf_str(&args));
	play_settle();
}

static void new_message(const char *sender, const char *rcpt)
{
	OWN(buf) rcpts = BUF(256);
	OWNFD fd = play_memory(STR("From: bob@example.org\r\n\r\nhello\r\n"), true);

	list_add(&rcpts, str_c(rcpt));
	PLAY_FD(GATE, fd, accept_ask, .session = ++session, .seq = 1, .sender = str_c(sender),
	        .rcpts = buf_str(&rcpts), .size = 32);
	play_settle();
}

static void populate(void)
{
	play.deaf = true;
	DO("user.add", "name", "victor");
	DO("mailbox.add", "user", "victor", "address", VICTIM_BOX, "clear", "on");
	DO("alias.add", "user", "victor", "address", "kept@relay.example", "label", VICTIM);
	play.deaf = false;
	DO("user.add", "name", "alice");
	DO("mailbox.add", "user", "alice", "address", "alice@mailbox.example", "clear", "on");
	DO("mailbox.add", "user", "alice", "address", "second@mailbox.example");
	DO("profile.begin", "mailbox", "alice@mailbox.example", "cipher", "modern", "csr", "a request");
	DO("profile.finish", "profile", "1", "root", "a root", "intermediate", "an intermediate");
	DO("profile.activate", "profile", "1");
	DO("alias.add", "user", "alice", "address", "shop@relay.example", "mailbox", "alice@mailbox.example");
	DO("alias.add", "user", "alice", "address", "clear@relay.example", "mailbox",
	   "second@mailbox.example");
	new_user();
	new_message("bob@example.org", "shop@relay.example");
	new_message("eve@example.org", "shop@relay.example");
}

static void know_texts(void)
{
	static const char *const texts[] = { "shop@relay.example",
		                             "alice@mailbox.example",
		                             "second@mailbox.example",
		                             "bob@example.org",
		                             "clear@relay.example",
		                             "kept@relay.example",
		                             "alice",
		                             "carol",
		                             "relay.example",
		                             "5.1.1",
		                             "@",
		                             "x\r\n.\r\n",
		                             "none",
		                             "unlimited",
		                             "postmaster@relay.example",
		                             "*@relay.example",
		                             "own.example",
		                             "0123456789abcdef" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		tape_know(str_c(texts[i]));
	for (unsigned i = 0; i < TABLES; i++)
		for (const struct call_spec *s = tables[i]; s->verb; s++)
			tape_know(str_c(s->verb));
}

/* It still works, whatever was said: with new roads, on which all is answered as it should be. */
static void after(void)
{
	play_settle();
	DO("user.list");
	DO("queue.list");
}

static const char *dir;

/* No child hears of what its parent has asked the kernel for. */
static void keep_all(void)
{
	struct core *c = play.self;

	while (c->group.dirty || c->group.phase != GROUP_GATHERS)
		law(core_commit(c) == OK, "a commit");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char conf[1024];
	OWNFD here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int two[2];

	dir = play_folder();
	snprintf(conf, sizeof(conf), "%s%s\n", CONF, dir);
	play = (struct play){
		.answer = answer, .said = said, .heard = heard, .act = act, .n_acts = ACTS, .after = after
	};
	play_begin(core_main, conf);
	play_road(GATE_CORE, CORE_GATE, ROLE_GATE, 0);
	play_road(SCRIBE_CORE, CORE_SCRIBE, ROLE_SCRIBE, 0);
	play_road(SCRIBE_CORE, CORE_SCRIBE, ROLE_SCRIBE, 1);
	play_road(VAULT_CORE, CORE_VAULT, ROLE_VAULT, 0);
	play_road(KEYGEN_CORE, CORE_KEYGEN, ROLE_KEYGEN, 0);
	play_road(OPENER_CORE, CORE_OPENER, ROLE_OPENER, 0);
	play_road(WEB_CORE, CORE_WEB, ROLE_WEB, 0);
	law(sock_pair(true, two, NULL) == OK &&
	            play.def->listener(play.self, LISTEN_CONTROL, STR(""), two[0], NULL) == OK,
	    "a listener, to which nobody comes");
	play_ready();
	play_road_by(CONTROL_CORE, CORE_CONTROL, open_control);
	play_place(ANSWER_CORE, CORE_ANSWER);
	play_place(ANSWER_CORE, CORE_ANSWER);
	populate();
	keep_all();
	know_texts();
	return fchdir(here); /* core has gone to its own */
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	n_asked = 0;
	was_told = str_find(str_of(p, n), STR(VICTIM)) < n;
	play_forked(p, n, dir);
	return 0;
}
