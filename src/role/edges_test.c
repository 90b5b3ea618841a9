/* edges_test.c - who may say what to whom. The table (permits_test.c) is the test's own: a line for each message of the schema, on which
 * roads and with how many descriptors it may come. Each real role is then told every message of the schema on every road that
 * it has, in several fillings, cut short, too long, with descriptors too few, too many and of the wrong kind. It must refuse
 * exactly what the table does not name, and go on for everybody else. A new message without a line fails the test. */
#include "role/permits_test.h"
#include "role/stage_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

int all_tests(void);

static void every_message_has_its_line(void **state)
{
	for (unsigned tag = IPC_NONE + 1; tag < IPC_TAGS; tag++)
		if (!permit_has_line((enum ipc_tag)tag))
			fail_msg("%s: who may say it?", ipc_name((enum ipc_tag)tag));
}

/* ---- messages of every kind ---------------------------------------------------------------------------------------- */

/* What all fields of one message hold. */
struct content {
	uint64_t number;
	struct str text, list;
};

static uint64_t the_number(void *self)
{
	return ((const struct content *)self)->number;
}

static struct str the_text(void *self)
{
	return ((const struct content *)self)->text;
}

static struct str the_list(void *self)
{
	return ((const struct content *)self)->list;
}

/* Items of four bytes of length each: well packed, badly packed, and one that claims more than there is. */
#define ITEM(n, s) n "\0\0\0" s
static char long_text[8192];
static const struct content contents[] = {
	{ 0, STR_INIT(""), STR_INIT("") },
	{ 1, STR_INIT("x"), STR_INIT(ITEM("\1", "x") ITEM("\1", "y")) },
	{ 2, STR_INIT("a@relay.example"), STR_INIT(ITEM("\3", "a@b") ITEM("\0", "") ITEM("\1", "z")) },
	{ UINT64_MAX, { long_text, sizeof(long_text) }, STR_INIT("\xff\xff\xff\xff") },
	{ UINT64_C(1) << 63, STR_INIT("a\r\nX-Y: z\0\xff\r\n.\r\n"), STR_INIT("\1") },
	{ INT32_MAX, STR_INIT("\"@\"@[::1]"), STR_INIT(ITEM("\5", "abc")) },
	{ 3, STR_INIT("0"), { long_text, sizeof(long_text) } },
};
enum { CONTENTS = sizeof(contents) / sizeof(contents[0]) };

static void encode(enum ipc_tag tag, const struct content *v, struct buf *out)
{
	const struct filling how = { the_number, the_text, the_list, (void *)(uintptr_t)v };
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
	struct fail f = { 0 };

	fill_message(tag, &how, msg);
	if (ipc_encode(tag, msg, out, &f) < 0)
		fail_msg("%s: %s", ipc_name(tag), f.why);
}

/* ---- one road of one role ------------------------------------------------------------------------------------------ */

struct target {
	enum road road;
	struct stage *s;
	enum role as; /* whom the test plays */
	unsigned index;
	int (*open)(struct target *t);     /* another way to a road than by the parent; or NULL */
	const struct core_stage *control;  /* core, for its control socket */
	void (*is_well)(struct target *t); /* its work is still done */
};

static int open_road(struct target *t)
{
	return t->open ? t->open(t) : stage_road(t->s, t->as, t->index);
}

/* What the role tells its parent meanwhile can only be that this road has ended. */
static void drain_channel(struct target *t)
{
	OWN(heard) h = { 0 };

	while (hears_within(t->s->channel, 0)) {
		const struct role_lost *m;

		hear(t->s->channel, &h);
		m = (const void *)h.msg;
		if (h.tag == IPC_NONE)
			stage_is_alive(t->s);
		assert_int_equal(h.tag, IPC_role_lost);
		assert_int_equal(m->role, t->as);
		assert_int_equal(m->index, t->index);
	}
}

/* Says it on a road of its own, and behind it what is no message, so that the road ends in any case. word: what the role says of
 * it in its log, "": it says nothing; NULL: it is taken, whatever comes of it. */
static void try_one(struct target *t, const char *what, struct str record, const int *fds, size_t n_fds,
                    const char *word)
{
	OWN(arena) a = ARENA;
	OWNFD road = open_road(t);
	size_t answers;
	struct str log;

	say_raw(road, record, fds, n_fds);
	say_raw(road, STR("\0\0\0\0"), NULL, 0);
	answers = hear_out(road);
	log = stage_log(t->s, &a);
	drain_channel(t);
	stage_is_alive(t->s);
	if (word && answers)
		fail_msg("%s to %s: refused, and answered all the same", what, role_name(t->s->role));
	word = word ? word : "no such message";
	if (*word && str_find(log, str_c(word)) == log.n)
		fail_msg("%s to %s: \"%s\" was expected, there is: %.*s", what, role_name(t->s->role), word,
		         STR_ARG(str_first(log, 2000)));
}

static void with_descriptors(struct target *t, enum ipc_tag tag, const struct permit *p, struct str record)
{
	for (unsigned n = 0; n <= SOCK_FDS_MAX; n++) {
		for (enum thing kind = 0; kind < THINGS; kind++) {
			bool ok = n >= p->fds_min && n <= p->fds_max;
			int fds[SOCK_FDS_MAX];

			for (unsigned i = 0; i < n; i++)
				fds[i] = thing_new(kind);
			try_one(t, ipc_name(tag), record, fds, n, ok ? NULL : "descriptors");
			for (unsigned i = 0; i < n; i++)
				close(fds[i]);
			if (!n || !ok)
				break; /* of which kind they are does not matter */
		}
	}
}

static void cut_and_stretched(struct target *t, enum ipc_tag tag, struct str record, struct buf *longer)
{
	for (size_t n = 1; n < record.n; n += 1 + n / 8)
		try_one(t, ipc_name(tag), str_first(record, n), NULL, 0,
		        n < 4 ? "no such message" : "too short");
	buf_clear(longer);
	buf_add(longer, record);
	buf_addz(longer, "x");
	try_one(t, ipc_name(tag), buf_str(longer), NULL, 0, "bytes too many");
}

static void every_message(struct target *t)
{
	OWN(buf) record = BUF(IPC_RECORD_MAX), longer = BUF(IPC_RECORD_MAX);

	for (unsigned i = IPC_NONE + 1; i < IPC_TAGS; i++) {
		enum ipc_tag tag = (enum ipc_tag)i;
		const struct permit *p = permit_of(t->road, tag);

		for (size_t k = 0; k < CONTENTS; k++) {
			encode(tag, &contents[k], &record);
			if (p)
				with_descriptors(t, tag, p, buf_str(&record));
			else
				try_one(t, ipc_name(tag), buf_str(&record), NULL, 0,
				        "is not this peer's to say");
		}
		encode(tag, &contents[1], &record);
		cut_and_stretched(t, tag, buf_str(&record), &longer);
	}
}

static void what_is_no_message(struct target *t)
{
	static char large[IPC_RECORD_MAX + 1];
	const uint32_t tags[] = { IPC_NONE, IPC_TAGS, UINT32_MAX, 1u << 31 };

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		try_one(t, "a tag", str_of(&tags[i], sizeof(tags[i])), NULL, 0, "no such message");
	try_one(t, "a large record", str_of(large, sizeof(large)), NULL, 0, ""); /* ends like a death */
}

static void run(struct target *t)
{
	t->is_well(t);
	every_message(t);
	what_is_no_message(t);
	t->is_well(t);
}

/* ---- the vault, keygen --------------------------------------------------------------------------------------------- */

static const char master[STAGE_MASTER] = "a master key that is only a test";

static void vault_is_well(struct target *t)
{
	OWN(heard) h = { 0 };
	OWNFD road = stage_road(t->s, ROLE_CORE, 0);
	const struct store_keys_answer *m;

	SAY(road, store_keys, .req = 7);
	m = hear_this(road, IPC_store_keys_answer, &h);
	assert_int_equal(m->req, 7);
	assert_int_equal(m->code, 0);
	assert_int_equal(m->column.n, 32);
}

static void the_vault(void **state)
{
	struct stage s;

	stage_new(&s, ROLE_VAULT, 0, NULL);
	stage_master(&s, master);
	stage_go(&s);
	run(&(struct target){ CORE_VAULT, &s, ROLE_CORE, .is_well = vault_is_well });
	run(&(struct target){ KEYGEN_VAULT, &s, ROLE_KEYGEN, .is_well = vault_is_well });
	run(&(struct target){ SCRIBE_VAULT, &s, ROLE_SCRIBE, .index = 1, .is_well = vault_is_well });
	stage_stop(&s);
}

static void keygen_is_well(struct target *t)
{
	OWN(heard) h = { 0 };
	OWNFD core = stage_road(t->s, ROLE_CORE, 0), vault = stage_road(t->s, ROLE_VAULT, 0);
	const struct spare_wrap *asked;

	SAY(core, key_make, 9, 2);
	asked = hear_this(vault, IPC_spare_wrap, &h);
	assert_true(asked->record.n > 32);
	SAY(vault, spare_wrapped, asked->req, 0, STR(""), asked->alg, STR("wrapped"));
	assert_int_equal(((const struct key_made *)hear_this(core, IPC_key_made, &h))->req, 9);
}

static void keygen(void **state)
{
	struct stage s;

	stage_new(&s, ROLE_KEYGEN, 0, NULL);
	stage_go(&s);
	run(&(struct target){ CORE_KEYGEN, &s, ROLE_CORE, .is_well = keygen_is_well });
	run(&(struct target){ VAULT_KEYGEN, &s, ROLE_VAULT, .is_well = keygen_is_well });
	stage_stop(&s);
}

/* ---- scribe, opener ------------------------------------------------------------------------------------------------ */

static void scribe_is_well(struct target *t)
{
	OWN(heard) h = { 0 };
	OWNFD road = stage_road(t->s, ROLE_CORE, 0);
	OWNFD message = thing_new(A_SEALED);
	const struct scanned *m;

	SAY_FD(road, message, scan_job, 5, 0);
	m = hear_this(road, IPC_scanned, &h);
	assert_int_equal(m->job, 5);
	assert_int_equal(m->code, 0);
	assert_true(str_eq(m->from, STR("a@b.example")));
	for (enum thing kind = 0; kind < THINGS; kind++) { /* what can change while it is read is not read */
		OWNFD other = thing_new(kind);

		SAY_FD(road, other, scan_job, 6 + kind, 0);
		m = hear_this(road, IPC_scanned, &h);
		assert_int_equal(m->code == 0, kind == A_SEALED);
	}
}

static void scribe(void **state)
{
	struct stage s;

	stage_new(&s, ROLE_SCRIBE, 0, NULL);
	stage_go(&s);
	run(&(struct target){ CORE_SCRIBE, &s, ROLE_CORE, .is_well = scribe_is_well });
	run(&(struct target){ VAULT_SCRIBE, &s, ROLE_VAULT, .is_well = scribe_is_well });
	stage_stop(&s);
}

/* The road to a process that opener has forked for one message. */
static int fork_answer(int opener, enum thing kind)
{
	OWNFD message = thing_new(kind);
	struct fail f = { 0 };
	struct timeval t = { .tv_sec = STAGE_MS / 1000 };
	int ends[2], fds[2];

	assert_int_equal(sock_pair(false, ends, &f), OK);
	fds[0] = ends[1];
	fds[1] = message;
	say(opener, IPC_open_fork, &(struct open_fork){ 5 }, fds, 2);
	close(ends[1]);
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	return ends[0];
}

static void opener_is_well(struct target *t)
{
	OWN(heard) h = { 0 };
	OWNFD road = stage_road(t->s, ROLE_CORE, 0);
	OWNFD answer = fork_answer(road, A_SEALED);
	const struct opened_facts *m;

	SAY(answer, open_begin, .job = 5);
	m = hear_this(answer, IPC_opened_facts, &h);
	assert_int_equal(m->job, 5);
	assert_int_equal(m->code, 0);
	assert_true(str_eq(m->from, STR("a@b.example")));
}

/* It speaks by a road of its own, and does not say why it ends: whatever does not stand at this place in its one dialogue. */
static void answers(struct stage *s)
{
	OWN(buf) record = BUF(IPC_RECORD_MAX);
	OWNFD road = stage_road(s, ROLE_CORE, 0);

	for (unsigned tag = IPC_NONE + 1; tag < IPC_TAGS; tag++) {
		for (size_t k = 0; k < CONTENTS; k += 3) { /* each is two processes */
			OWNFD first = fork_answer(road, A_SEALED), later = fork_answer(road, A_SEALED);
			OWN(heard) h = { 0 };

			encode((enum ipc_tag)tag, &contents[k], &record);
			say_raw(first, buf_str(&record), NULL, 0);
			SAY(first, job_end, 5);
			if (hear_out(first) != (tag == IPC_open_begin))
				fail_msg("%s to a new answer", ipc_name((enum ipc_tag)tag));
			SAY(later, open_begin, .job = 5);
			hear_this(later, IPC_opened_facts, &h);
			say_raw(later, buf_str(&record), NULL, 0);
			SAY(later, job_end, 5);
			if (hear_out(later) != (tag == IPC_scrub))
				fail_msg("%s to an answer that has opened", ipc_name((enum ipc_tag)tag));
		}
	}
	for (enum thing kind = 0; kind < THINGS; kind++) { /* what can change while it is read is not read */
		OWNFD one = fork_answer(road, kind);

		SAY(one, open_begin, .job = 5);
		SAY(one, job_end, 5);
		assert_int_equal(hear_out(one), kind == A_SEALED);
	}
	stage_is_alive(s);
}

static void opener(void **state)
{
	struct target t = { CORE_OPENER, NULL, ROLE_CORE, .is_well = opener_is_well };
	struct stage s;

	stage_new(&s, ROLE_OPENER, 0, NULL);
	stage_go(&s);
	t.s = &s;
	run(&t);
	answers(&s);
	opener_is_well(&t);
	stage_stop(&s);
}

/* ---- gate, web ----------------------------------------------------------------------------------------------------- */

static uint16_t port;

static int new_listener(void)
{
	struct sockaddr_in at = { 0 };
	socklen_t n = sizeof(at);
	struct endpoint e;
	struct fail f = { 0 };
	int fd = -1;

	assert_int_equal(endpoint_parse(STR("127.0.0.1:0"), &e, &f), OK);
	assert_int_equal(sock_listen(&e, SOCK_STREAM, 64, 0, &fd, &f), OK);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	port = ntohs(at.sin_port);
	return fd;
}

static int connect_there(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval t = { .tv_sec = STAGE_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void expect(int fd, const char *send_first, const char *want)
{
	char got[4096];
	size_t n = 0;

	assert_int_equal(write(fd, send_first, strlen(send_first)), strlen(send_first));
	while (n < sizeof(got) - 1 && !memmem(got, n, want, strlen(want))) {
		ssize_t k = read(fd, got + n, sizeof(got) - 1 - n);

		if (k <= 0)
			fail_msg("\"%s\" was expected after \"%s\", there is \"%.*s\"", want, send_first,
			         (int)n, got);
		n += (size_t)k;
	}
}

static void gate_is_well(struct target *t)
{
	OWN(heard) h = { 0 };
	OWNFD core = stage_road(t->s, ROLE_CORE, 0);
	OWNFD client = connect_there();
	const struct rcpt_ask *m;

	expect(client, "", "220 ");
	expect(client, "EHLO c.example\r\n", "250 ");
	expect(client, "MAIL FROM:<a@b.example>\r\n", "250 ");
	assert_true(write(client, "RCPT TO:<x@relay.example>\r\n", 27) == 27);
	m = hear_this(core, IPC_rcpt_ask, &h);
	SAY(core, rcpt_answer, m->session, m->seq, 250, STR("2.1.5"), STR("fine"), 1, 1);
	expect(client, "", "250 2.1.5");
}

static void gate(void **state)
{
	struct stage s;

	stage_new(&s, ROLE_GATE, 0, NULL);
	stage_listen(&s, LISTEN_SMTP, new_listener());
	stage_go(&s);
	run(&(struct target){ CORE_GATE, &s, ROLE_CORE, .is_well = gate_is_well });
	stage_stop(&s);
}

static void web_is_well(struct target *t)
{
	OWN(heard) h = { 0 };
	OWNFD core = stage_road(t->s, ROLE_CORE, 0);
	OWNFD client = connect_there();
	const struct web_call *m;
	const char *ask = "GET /healthz HTTP/1.1\r\nHost: relay.example\r\n\r\n";

	assert_true(write(client, ask, strlen(ask)) == (ssize_t)strlen(ask));
	m = hear_this(core, IPC_web_call, &h);
	SAY(core, answer, .id = m->id);
	expect(client, "", "HTTP/1.1 200");
}

static void web(void **state)
{
	struct stage s;

	stage_new(&s, ROLE_WEB, 0, NULL);
	stage_listen(&s, LISTEN_WEB, new_listener());
	stage_go(&s);
	run(&(struct target){ CORE_WEB, &s, ROLE_CORE, .is_well = web_is_well });
	stage_stop(&s);
}

/* ---- core ---------------------------------------------------------------------------------------------------------- */

static int open_control(struct target *t)
{
	return core_control(t->control);
}

static void core_is_well(struct target *t)
{
	OWN(heard) h = { 0 };
	OWNFD road = open_control(t);
	const struct answer *m;

	SAY(road, call, 3, STR("user.list"), STR(""));
	m = hear_this(road, IPC_answer, &h);
	assert_int_equal(m->id, 3);
	assert_int_equal(m->code, 0);
}

static void core(void **state)
{
	struct target t[] = {
		{ GATE_CORE, .as = ROLE_GATE },         { VAULT_CORE, .as = ROLE_VAULT },
		{ KEYGEN_CORE, .as = ROLE_KEYGEN },     { SCRIBE_CORE, .as = ROLE_SCRIBE, .index = 1 },
		{ OPENER_CORE, .as = ROLE_OPENER },     { WEB_CORE, .as = ROLE_WEB },
		{ CONTROL_CORE, .open = open_control },
	};
	struct core_stage c;

	core_stage_new(&c, master);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		t[i].s = &c.core;
		t[i].control = &c;
		t[i].is_well = core_is_well;
		run(&t[i]);
	}
	core_stage_done(&c);
}

int all_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_has_its_line),
		cmocka_unit_test(the_vault),
		cmocka_unit_test(keygen),
		cmocka_unit_test(scribe),
		cmocka_unit_test(opener),
		cmocka_unit_test(gate),
		cmocka_unit_test(web),
		cmocka_unit_test(core),
	};

	memset(long_text, 'A', sizeof(long_text));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
