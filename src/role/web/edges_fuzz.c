/* edges_fuzz.c - web, as hostile browsers and a hostile core hear it: requests to each route of each API, with bodies of every form,
 * and answers to them that may be anything. Laws: core hears no password, each request of web has a number of its own, and what a
 * browser hears is HTTP. */
#include "role/play_fuzz.h"

#include "role/web/api.h"
#include "sys/sock.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF                                                                                                 \
	"[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n[web]\norigin = "                \
	"https://relay.example\n"                                                                            \
	"listen = 127.0.0.1:0\nui = /nonexistent\n"
enum { CORE, BROWSERS = 3, ROOM = 1 << 20, CALLS = 64 };
#define PASSWORD "only the prover knows it"

static int browsers[BROWSERS] = { -1, -1, -1 };
static bool has_asked[BROWSERS];
static uint64_t last_id;

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	const struct web_call *m = msg;

	law(m->id > last_id, "a request has a number of its own");
	last_id = m->id;
	law(str_find(record, STR(PASSWORD)) == record.n, "core hears a password");
	law(list_count(m->args) % 2 == 0, "arguments are well packed pairs");
}

/* ---- what an honest core would say ----------------------------------------------------------------------------------- */

static void add_field(struct buf *record, const char *name, const char *type, struct str value)
{
	list_add(record, str_c(name));
	list_add(record, str_c(type));
	list_add(record, value);
}

static bool answer(unsigned road, enum ipc_tag heard_tag, const void *msg, const struct ipc_fds *fds,
                   enum ipc_tag *ret_tag, void *ret_msg, int *ret_fd)
{
	static struct buf records = { .max = 4096 }; /* always the same: an answer may wait */
	OWN(buf) record = BUF(1024);
	const struct web_call *m = msg;

	buf_clear(&records);
	add_field(&record, "token", "s", STR("0123456789abcdef0123456789abcdef"));
	add_field(&record, "id", "n", STR("7"));
	add_field(&record, "address", "s", STR("shop@relay.example"));
	add_field(&record, "active", "b", STR("1"));
	add_field(&record, "created", "t", STR("1795435200"));
	add_field(&record, "salt", "x", STR("0123456789abcdef"));
	list_add(&records, buf_str(&record));
	list_add(&records, buf_str(&record));
	*ret_tag = IPC_answer;
	*(struct answer *)ret_msg = (struct answer){ m->id, 0, STR(""), STR(""), 0, buf_str(&records) };
	return true;
}

/* ---- browsers -------------------------------------------------------------------------------------------------------- */

static void listen_to(unsigned i)
{
	static char room[65536];
	struct str s;

	while (browsers[i] >= 0 && (s = play_read(&browsers[i], room, sizeof(room))).n) {
		law(!has_asked[i] || str_starts(s, STR("HTTP/1.1 ")), "what begins an answer is HTTP");
		has_asked[i] = false;
	}
}

static void say(unsigned i, struct str s)
{
	if (browsers[i] < 0) {
		browsers[i] = play_connect("http");
		has_asked[i] = true;
	}
	if (send(browsers[i], s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		close(browsers[i]);
		browsers[i] = -1;
	}
	play_turn();
	play_turn();
	listen_to(i);
}

static const char *const members[] = {
	"address",      "mailbox",    "mailboxes",    "name",
	"label",        "note",       "active",       "domain",
	"code",         "invitation", "proof",        "salt",
	"id",           "alias",      "aliases",      "prefix",
	"suffix",       "scopes",     "csr",          "root",
	"intermediate", "key",        "email",        "reason",
	"attestation",  "ids",        "alias_prefix", "signed_suffix",
	"mailbox_ids",  "local_part", "description",  "recipient_ids",
	"format",       "enabled",    "device",       "contact",
	"block",        "expires",    "text",         "action",
	"user_handle",  "signature",  "client_data",  "authenticator_data",
	"passkey",
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

static void add_json(struct tape *t, struct buf *out, unsigned depth);

static void add_string(struct buf *out, struct str s)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++)
		buf_addf(out,
		         (unsigned char)s.p[i] < 32 || s.p[i] == '"' || s.p[i] == '\\' ? "\\u%04x" : "%c",
		         (unsigned char)s.p[i]);
	buf_addc(out, '"');
}

static void add_object(struct tape *t, struct buf *out, unsigned depth)
{
	buf_addc(out, '{');
	for (unsigned n = tape_byte(t) % 6u, i = 0; i < n; i++) {
		buf_addz(out, i ? "," : "");
		add_string(out, str_c(members[tape_byte(t) % MEMBERS]));
		buf_addc(out, ':');
		add_json(t, out, depth + 1);
	}
	buf_addc(out, '}');
}

static void add_array(struct tape *t, struct buf *out, unsigned depth)
{
	buf_addc(out, '[');
	for (unsigned n = tape_byte(t) % 4u, i = 0; i < n; i++) {
		buf_addz(out, i ? "," : "");
		add_json(t, out, depth + 1);
	}
	buf_addc(out, ']');
}

static void add_json(struct tape *t, struct buf *out, unsigned depth)
{
	static const char *const words[] = { "true",       "false", "null",
		                             "-1",         "1e400", "18446744073709551616",
		                             "\"\\ud800\"" };
	uint8_t b = tape_byte(t);

	if (b < 96)
		add_string(out, tape_text(t));
	else if (b < 128)
		buf_add_u64(out, tape_number(t));
	else if (b < 160)
		buf_addz(out, words[b % (sizeof(words) / sizeof(words[0]))]);
	else if (depth < 3 && b < 208)
		add_object(t, out, depth);
	else if (depth < 3)
		add_array(t, out, depth);
	else
		buf_addc(out, '0');
}

/* Its variables are filled from the tape. */
static void add_path(const char *pattern, struct tape *t, struct buf *out)
{
	for (; *pattern; pattern++) {
		if (*pattern != '{') {
			buf_addc(out, *pattern);
			continue;
		}
		for (struct str s = tape_text(t); s.n; s = str_from(s, 1))
			buf_addf(out, "%%%02x", (unsigned char)s.p[0]);
		pattern = strchr(pattern, '}');
	}
}

static const struct route *some_route(struct tape *t)
{
	const struct route *table = api_tables[tape_byte(t) % API_TABLES];
	unsigned n = 0;

	while (table[n].method)
		n++;
	law(n > 0, "a table has rows");
	return &table[tape_byte(t) % n];
}

static const char *const heads[] = {
	"X-Postern: 1\r\nOrigin: https://relay.example\r\n",
	"Cookie: __Host-postern=0123456789abcdef0123456789abcdef\r\n",
	"Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n",
	"Authentication: 0123456789abcdef0123456789abcdef\r\n",
	"Content-Type: application/json\r\n",
	"X-Forwarded-For: 192.0.2.1\r\n",
	"Content-Type: text/csv\r\n",
	"Accept: application/json\r\n",
};

static void request(unsigned i, struct tape *t)
{
	const struct route *r = some_route(t);
	OWN(buf) out = BUF(ROOM), body = BUF(ROOM);
	uint8_t with = tape_byte(t);

	buf_addf(&out, "%s ", r->method);
	add_path(r->pattern, t, &out);
	if (with & 1)
		buf_addf(&out, "?page=%u&%s=%u", tape_byte(t), members[tape_byte(t) % MEMBERS], tape_byte(t));
	buf_addz(&out, " HTTP/1.1\r\nHost: relay.example\r\nX-Forwarded-Proto: https\r\n");
	with = tape_byte(t);
	for (unsigned k = 0; k < 8; k++)
		if (with & 1u << k)
			buf_addz(&out, heads[k]);
	if (tape_byte(t) % 4)
		add_object(t, &body, 0);
	else
		buf_add(&body, tape_text(t));
	if (body.n)
		buf_addf(&out, "Content-Length: %zu\r\n", body.n);
	buf_addz(&out, "\r\n");
	buf_add(&out, buf_str(&body));
	say(i, buf_str(&out));
}

static void a_browser(struct tape *t)
{
	uint8_t b = tape_byte(t);
	unsigned i = b % BROWSERS;

	if (b >= 224) {
		say(i, tape_text(t));
	} else if (b >= 208 && browsers[i] >= 0) {
		close(browsers[i]);
		browsers[i] = -1;
	} else {
		if (browsers[i] >= 0) /* one request a connection */
			close(browsers[i]);
		browsers[i] = -1;
		request(i, t);
	}
}

static void act(unsigned k, struct tape *t)
{
	a_browser(t);
}

static void after(void)
{
	play_settle();
	for (unsigned i = 0; i < BROWSERS; i++)
		listen_to(i);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const texts[] = { "shop@relay.example",
		                             "alice",
		                             "alice@mailbox.example",
		                             "7",
		                             "none",
		                             "shop",
		                             "on",
		                             "0123456789abcdef",
		                             "bob@example.org",
		                             "relay.example",
		                             "session",
		                             "a,b\r\n1,2\r\n" };

	(void)play_folder();
	play = (struct play){ .answer = answer, .heard = heard, .act = act, .n_acts = 1, .after = after };
	play_begin(web_main, CONF);
	law(play.def->listener(play.self, LISTEN_WEB, STR(""), play_listen("http"), NULL) == OK,
	    "a listener");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		tape_know(str_c(texts[i]));
	play_road(CORE_WEB, WEB_CORE, ROLE_CORE, 0);
	play_ready();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	play_forked(p, n, NULL);
	return 0;
}
