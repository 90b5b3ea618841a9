/* hostile_test.c - what a taken gate, scribe, vault, keygen or web could try with messages that it may say: to answer for others,
 * to answer what nobody asked, twice, or with a descriptor of another kind. The test plays them all against a real core. */
#include "role/stage_test.h"

#include "sys/memfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

int all_tests(void);

#define MESSAGE                                                                                              \
	"From: bob@example.org\r\nTo: shop@relay.example\r\nMessage-ID: <1@example.org>\r\n\r\nhello\r\n"
enum { QUIET_MS = 200 };

static struct played {
	struct core_stage c;
	int gate, scribe[2], web, control;
} w;

/* ---- as the command line ------------------------------------------------------------------------------------------- */

static struct str args_of(struct buf *list, const char *const *words)
{
	buf_clear(list);
	for (; *words; words++)
		list_add(list, str_c(*words));
	return buf_str(list);
}

static uint64_t last_call;

#define ASK(verb, ...) ask(verb, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
static void ask(const char *verb, const char *const *words)
{
	OWN(buf) list = BUF(4096);

	assert_true(SAY(w.control, call, ++last_call, str_c(verb), args_of(&list, words)));
}

/* How many records came. */
static size_t answered(void)
{
	OWN(heard) h = { 0 };
	const struct answer *m = hear_this(w.control, IPC_answer, &h);

	assert_int_equal(m->id, last_call);
	if (m->code)
		fail_msg("%.*s", STR_ARG(m->why));
	return list_count(m->records);
}

static size_t queued(void)
{
	ASK("queue.list");
	return answered();
}

static int begin(void **state)
{
	core_stage_new(&w.c, "a master key that is only a test");
	w.gate = stage_road(&w.c.core, ROLE_GATE, 0);
	w.scribe[0] = stage_road(&w.c.core, ROLE_SCRIBE, 0);
	w.scribe[1] = stage_road(&w.c.core, ROLE_SCRIBE, 1);
	w.web = stage_road(&w.c.core, ROLE_WEB, 0);
	w.control = core_control(&w.c);
	ASK("user.add", "name", "alice");
	answered();
	ASK("mailbox.add", "user", "alice", "address", "alice@mailbox.example", "clear", "on");
	answered();
	ASK("alias.add", "user", "alice", "address", "shop@relay.example");
	answered();
	return 0;
}

static int end(void **state)
{
	const int fds[] = { w.gate, w.scribe[0], w.scribe[1], w.web, w.control };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	core_stage_done(&w.c);
	return 0;
}

/* What was said on one road may be read after what was said later on another: the log is given time. */
static void log_says(const char *what)
{
	OWN(buf) log = BUF(1 << 22);

	for (int i = 0; i < STAGE_MS / 10; i++) {
		OWN(arena) a = ARENA;

		buf_add(&log, stage_log(&w.c.core, &a));
		if (str_find(buf_str(&log), str_c(what)) < log.n)
			return;
		usleep(10000);
	}
	stage_show(&w.c.core);
	buf_done(&log); /* a failure jumps past what is owned */
	fail_msg("\"%s\" is not in the log", what);
}

/* Returns when core has read all that the gate has said: a road is read in its order. */
static void gate_is_heard(void)
{
	OWN(heard) h = { 0 };
	static uint32_t seq;

	SAY(w.gate, rcpt_ask, .session = 4, .seq = ++seq, .rcpt = STR("nobody@relay.example"));
	assert_int_equal(((const struct rcpt_answer *)hear_this(w.gate, IPC_rcpt_answer, &h))->seq, seq);
}

/* ---- a message on its way ------------------------------------------------------------------------------------------ */

static uint64_t session;

/* As gate: hands it over. Gives the scribe that core has chosen (0 or 1), and its job. */
static int hand_over(uint64_t *ret_job)
{
	OWN(heard) h = { 0 };
	OWN(buf) rcpts = BUF(256);
	OWNFD fd = -1;
	int who;

	assert_int_equal(memfd_of(STR(MESSAGE), &fd, NULL), OK);
	list_add(&rcpts, STR("shop@relay.example"));
	SAY_FD(w.gate, fd, accept_ask, .session = ++session, .seq = 1, .sender = STR("bob@example.org"),
	       .rcpts = buf_str(&rcpts), .size = sizeof(MESSAGE) - 1);
	for (who = 0; !hears_within(w.scribe[who], QUIET_MS); who = !who)
		;
	*ret_job = ((const struct scan_job *)hear_this(w.scribe[who], IPC_scan_job, &h))->job;
	return who;
}

#define FACTS(id, sender, of)                                                                                \
	.job = (id), .from = STR(sender), .digest = STR("0123456789abcdef0123456789abcde" of),               \
	.message_id = STR("<" of "@example.org>")

static uint32_t verdict(void)
{
	OWN(heard) h = { 0 };
	const struct accept_answer *m = hear_this(w.gate, IPC_accept_answer, &h);

	assert_int_equal(m->session, session);
	return m->smtp;
}

static int memory_of(size_t n, char c)
{
	char bytes[4096];
	int fd = -1;

	memset(bytes, c, sizeof(bytes));
	assert_int_equal(memfd_of(str_of(bytes, n), &fd, NULL), OK);
	return fd;
}

static const char key[32] = "the key of a body, of 32 bytes.";

static void sealed_by(int scribe, uint64_t job, int fd, uint64_t stored)
{
	SAY_FD(w.scribe[scribe], fd, sealed, .job = job, .body_key = str_of(key, 32), .plain = 100,
	       .stored = stored);
}

/* ---- tests --------------------------------------------------------------------------------------------------------- */

static void a_question_is_answered_by_whom_it_was_put_to(void **state)
{
	OWN(heard) h = { 0 };
	OWNFD keygen = stage_road(&w.c.core, ROLE_KEYGEN, 0);
	OWNFD vault = stage_road(&w.c.core, ROLE_VAULT, 0);
	const struct answer *m;
	uint64_t job;

	ASK("profile.begin", "mailbox", "alice@mailbox.example", "csr", "a request");
	job = ((const struct csr_read *)hear_this(w.scribe[0], IPC_csr_read, &h))->job;
	/* each of these would be read as the scribe's answer: pointers where there are numbers, and the other way round */
	SAY(w.gate, names_answer, .req = job, .unsure = UINT32_MAX);
	SAY(w.scribe[1], csr_facts, .job = job, .spki = STR("x"));
	SAY(w.scribe[0], chain_checked, .job = job);
	SAY(keygen, key_made, .req = job, .alg = UINT32_MAX);
	SAY(vault, issued, .req = job, .cert = STR("x"));
	SAY(vault, intermediate_answer, .req = job, .wrapped_ca = STR("x"));
	SAY(vault, store_keys_answer, .req = job, .column = STR("x"));
	assert_false(hears_within(w.control, QUIET_MS));
	log_says("ev=answer-refused what=names_answer");
	SAY(w.scribe[0], csr_facts, .job = job, .code = ipc_code(FAIL_SYNTAX), .why = STR("no request"));
	m = hear_this(w.control, IPC_answer, &h);
	assert_int_equal(m->id, last_call);
	assert_int_equal(ipc_result(m->code), FAIL_SYNTAX);
	SAY(w.scribe[0], csr_facts, .job = job); /* twice */
	assert_int_equal(queued(), 0);
	stage_connect(&w.c.core, &w.c.vault);
}

static void a_scribe_speaks_of_its_own_messages_alone(void **state)
{
	OWN(heard) h = { 0 };
	OWNFD foreign = memory_of(100, 'f');
	OWNFD right = memory_of(100, 'r');
	const struct seal *m;
	uint64_t job;
	int who = hand_over(&job);

	SAY(w.scribe[!who], scanned, .job = job, .code = ipc_code(FAIL_SYNTAX));
	SAY(w.scribe[!who], scanned, FACTS(job, "eve@example.org", "2"));
	assert_false(hears_within(w.gate, QUIET_MS));
	assert_false(hears_within(w.scribe[who], 0));
	SAY(w.scribe[who], scanned, FACTS(job, "bob@example.org", "1"));
	m = hear_this(w.scribe[who], IPC_seal, &h);
	assert_true(str_find(m->from_name, STR("eve")) == m->from_name.n);
	sealed_by(!who, job, foreign, 100);
	SAY(w.scribe[!who], sealed, .job = job, .code = ipc_code(FAIL_SYS));
	SAY(w.scribe[who], need_key, job, 0, 77); /* of a key that this message has nothing to do with */
	SAY(w.scribe[who], sealed, .job = job, .output = 9, .code = ipc_code(FAIL_SYS)); /* no such copy */
	assert_false(hears_within(w.gate, QUIET_MS));
	sealed_by(who, job, right, 100);
	assert_int_equal(verdict(), 250);
	sealed_by(who, job, foreign, 100); /* twice */
	assert_int_equal(queued(), 1);
}

/* The message of the test before is at the gate. */
static void a_gate_delivers_what_it_was_given_and_once(void **state)
{
	OWN(heard) h = { 0 };
	const struct deliver *m;
	char body[100];

	if (!hears_within(w.gate, STAGE_MS))
		stage_show(&w.c.core);
	m = hear_this(w.gate, IPC_deliver, &h);

	assert_int_equal(pread(h.fds.fd[0], body, sizeof(body), (off_t)m->offset), 100);
	assert_int_equal(body[0], 'r');
	for (uint64_t id = 0; id < 40; id++)
		for (uint32_t outcome = 0; outcome < 5 && id != m->delivery; outcome++)
			SAY(w.gate, delivered, .delivery = id, .outcome = outcome, .smtp = 250);
	SAY(w.gate, delivered, .delivery = m->delivery, .outcome = 77); /* no such outcome */
	gate_is_heard();
	assert_int_equal(queued(), 1);
	log_says("ev=answer-refused what=delivered");
	SAY(w.gate, delivered, .delivery = m->delivery, .outcome = DELIVERY_DONE, .smtp = 250);
	SAY(w.gate, delivered, .delivery = m->delivery, .outcome = DELIVERY_NEVER, .smtp = 550);
	gate_is_heard();
	assert_int_equal(queued(), 0);
	assert_false(hears_within(w.scribe[0], QUIET_MS) &&
	             hears_within(w.scribe[1], QUIET_MS)); /* no report of it */
}

static uint64_t to_seal(int *ret_who)
{
	OWN(heard) h = { 0 };
	uint64_t job;

	*ret_who = hand_over(&job);
	SAY(w.scribe[*ret_who], scanned, .job = job, .from = STR("bob@example.org"),
	    .digest = str_of(&job, sizeof(job)), .message_id = STR("<6@example.org>"));
	hear_this(w.scribe[*ret_who], IPC_seal, &h);
	return job;
}

/* Two messages, of which the second one is sealed about when the first one's group is kept and the queue is looked at. */
static void nothing_goes_out_before_its_sender_is_told(void **state)
{
	enum { ROUNDS = 60, GROUP_US = 2000 };

	for (unsigned round = 0; round < ROUNDS; round++) {
		OWNFD fd = memory_of(100, 'm');
		unsigned told = 0, sent = 0;
		int who, other;
		uint64_t one = to_seal(&who), two = to_seal(&other);

		sealed_by(who, one, fd, 100);
		usleep(GROUP_US - 300 + round * 10);
		sealed_by(other, two, fd, 100);
		while (sent < 2) {
			OWN(heard) h = { 0 };
			const struct deliver *m;

			hear(w.gate, &h);
			told += h.tag == IPC_accept_answer;
			if (h.tag != IPC_deliver)
				continue;
			assert_true(++sent <= told);
			m = (const void *)h.msg;
			SAY(w.gate, delivered, .delivery = m->delivery, .outcome = DELIVERY_DONE,
			    .smtp = 250);
		}
	}
	gate_is_heard();
	assert_int_equal(queued(), 0);
}

/* What comes back is not copied unless it is memory, of the length that is told, and of a size that such a message can have. */
static void an_output_is_what_it_is_said_to_be(void **state)
{
	static const struct {
		enum thing kind;
		uint64_t stored;
	} rows[] = {
		{ A_PIPE, 10 },           { A_FOLDER, 10 },
		{ A_ZERO, 10 },           { A_ZERO, UINT64_C(1) << 40 },
		{ A_SOCKET, 10 },         { A_SEALED, 5 },
		{ A_SEALED, UINT64_MAX }, { A_SEALED, 1 << 20 },
		{ THINGS, 10 },           { A_MEMORY, 1ull << 40 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(heard) h = { 0 };
		OWNFD fd = thing_new(rows[i].kind);
		uint64_t job;
		int who = hand_over(&job);

		if (rows[i].kind == A_MEMORY) /* sparse: it costs nothing, and would be a TiB on the disk */
			assert_int_equal(ftruncate(fd, (off_t)rows[i].stored), 0);
		SAY(w.scribe[who], scanned, FACTS(job, "bob@example.org", "3"));
		hear_this(w.scribe[who], IPC_seal, &h);
		if (rows[i].kind == THINGS)
			SAY(w.scribe[who], sealed, .job = job, .body_key = str_of(key, 32), .stored = 10);
		else
			sealed_by(who, job, fd, rows[i].stored);
		assert_int_equal(verdict(), 451);
	}
	assert_int_equal(queued(), 0);
}

/* Whoever asks without reading fills a queue of his own; others are answered meanwhile. */
static void a_flood_keeps_nobody_waiting(void **state)
{
	OWN(heard) h = { 0 };
	enum { ASKS = 20000, EACH = 2000 };

	for (uint32_t i = 0; i < ASKS; i++) {
		SAY(w.gate, rcpt_ask, .session = 5, .seq = i, .rcpt = STR("nobody@relay.example"));
		if (i % EACH == 0)
			assert_int_equal(queued(), 0);
	}
	for (uint32_t i = 0; i < ASKS; i++)
		assert_int_equal(((const struct rcpt_answer *)hear_this(w.gate, IPC_rcpt_answer, &h))->seq,
		                 i);
}

/* Web asks in nobody's name for what is the operator's, and with tokens that nobody was given. */
static void web_asks_for_nobody(void **state)
{
	static const char *const verbs[] = { "user.list",    "user.add",     "user.delete",
		                             "alias.list",   "mailbox.list", "alias.add",
		                             "queue.list",   "queue.delete", "backup.begin",
		                             "key.rotate",   "profile.list", "account.show",
		                             "session.list", "reply.list",   "" };
	OWN(heard) h = { 0 };
	OWN(buf) list = BUF(4096);
	struct str args = args_of(&list, (const char *const[]){ "user", "alice", "name", "alice", "address",
	                                                        "shop@relay.example", NULL });

	for (size_t i = 0; i < 2 * sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct answer *m;

		SAY(w.web, web_call, i, i % 2 ? STR("0123456789abcdef0123456789abcdef") : STR(""),
		    STR("192.0.2.1"), STR("x"), str_c(verbs[i / 2]), args);
		m = hear_this(w.web, IPC_answer, &h);
		assert_int_equal(m->id, i);
		if (!m->code || m->records.n)
			fail_msg("%s was answered", verbs[i / 2]);
	}
}

/* Its road ends, the parent is told whose, and all others are served. */
static void nonsense_costs_its_own_road_alone(void **state)
{
	OWN(heard) h = { 0 };
	const struct role_lost *m;
	uint64_t job;
	int who = hand_over(&job);

	SAY(w.scribe[who], role_go, 0);
	assert_int_equal(verdict(), 451);
	do /* roads that earlier tests have closed */
		m = hear_this(w.c.core.channel, IPC_role_lost, &h);
	while (m->role != ROLE_SCRIBE);
	assert_int_equal(m->index, who);
	assert_int_equal(m->life, 1);
	assert_int_equal(hand_over(&job), !who); /* the other one works */
	SAY(w.scribe[!who], scanned, .job = job, .code = ipc_code(FAIL_SYNTAX));
	assert_int_equal(verdict() / 100, 5);
}

#ifdef POSTERN_TESTHOOKS
static void the_silent_one_is_lost(int who)
{
	OWN(heard) h = { 0 };
	const struct role_lost *m = hear_this(w.c.core.channel, IPC_role_lost, &h);

	assert_int_equal(m->role, ROLE_SCRIBE);
	assert_int_equal(m->index, who);
}

/* One that reads nothing, one that writes nothing, and one that does not answer the command line. */
static void a_silent_scribe_is_ended(void **state)
{
	const struct played others = w;
	OWN(heard) h = { 0 };
	const struct answer *m;
	uint64_t job;
	int who;

	setenv("POSTERN_SILENT_MS", "1000", 1);
	begin(state);
	unsetenv("POSTERN_SILENT_MS");
	who = hand_over(&job);
	assert_int_equal(verdict(), 451);
	the_silent_one_is_lost(who);
	assert_int_equal(hand_over(&job), !who);
	SAY(w.scribe[!who], scanned, FACTS(job, "bob@example.org", "4"));
	hear_this(w.scribe[!who], IPC_seal, &h);
	assert_int_equal(verdict(), 451);
	the_silent_one_is_lost(!who);
	close(w.scribe[0]);
	w.scribe[0] = stage_road(&w.c.core, ROLE_SCRIBE, 0);
	ASK("profile.begin", "mailbox", "alice@mailbox.example", "csr", "a request");
	hear_this(w.scribe[0], IPC_csr_read, &h);
	m = hear_this(w.control, IPC_answer, &h);
	assert_int_equal(ipc_result(m->code), FAIL_AGAIN);
	the_silent_one_is_lost(0);
	assert_int_equal(queued(), 0);
	end(state);
	w = others;
}
#endif

int all_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_answered_by_whom_it_was_put_to),
		cmocka_unit_test(a_scribe_speaks_of_its_own_messages_alone),
		cmocka_unit_test(a_gate_delivers_what_it_was_given_and_once),
		cmocka_unit_test(nothing_goes_out_before_its_sender_is_told),
		cmocka_unit_test(an_output_is_what_it_is_said_to_be),
		cmocka_unit_test(a_flood_keeps_nobody_waiting),
		cmocka_unit_test(web_asks_for_nobody),
		cmocka_unit_test(nonsense_costs_its_own_road_alone),
#ifdef POSTERN_TESTHOOKS
		cmocka_unit_test(a_silent_scribe_is_ended),
#endif
	};

	return cmocka_run_group_tests(tests, begin, end);
}
