/* line_test.c - whose mail is read next when more comes than can be read. The test plays gate and the one scribe of a real core. */
#include "role/stage_test.h"

#include "sys/memfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

int all_tests(void);

enum { FLOOD = 100, QUIET_MS = 300, WORD = 16, AT_SCRIBE = 32 }; /* LINE_AT_SCRIBE of core */

static struct played {
	struct core_stage c;
	int gate, scribe, control;
	uint64_t session;
} w;

#define ASK(verb, ...) ask(verb, (const char *const[]){ __VA_ARGS__, NULL })
static void ask(const char *verb, const char *const *words)
{
	static uint64_t call;
	OWN(buf) list = BUF(4096);
	OWN(heard) h = { 0 };

	for (; *words; words++)
		list_add(&list, str_c(*words));
	SAY(w.control, call, ++call, str_c(verb), buf_str(&list));
	assert_int_equal(((const struct answer *)hear_this(w.control, IPC_answer, &h))->code, 0);
}

static int begin(void **state)
{
	core_stage_new(&w.c, "a master key that is only a test");
	w.gate = stage_road(&w.c.core, ROLE_GATE, 0);
	w.scribe = stage_road(&w.c.core, ROLE_SCRIBE, 0);
	w.control = core_control(&w.c);
	ASK("user.add", "name", "alice");
	ASK("user.add", "name", "bob");
	ASK("mailbox.add", "user", "alice", "address", "alice@mailbox.example", "clear", "on");
	ASK("mailbox.add", "user", "bob", "address", "bob@mailbox.example", "clear", "on");
	ASK("alias.add", "user", "alice", "address", "flood@relay.example");
	ASK("alias.add", "user", "alice", "address", "calm@relay.example");
	ASK("alias.add", "user", "bob", "address", "other@relay.example");
	return 0;
}

static int end(void **state)
{
	close(w.gate);
	close(w.scribe);
	close(w.control);
	core_stage_done(&w.c);
	return 0;
}

/* The message is the name of its alias. */
static void hand_over(const char *alias)
{
	OWN(buf) rcpts = BUF(256), address = BUF(256);
	OWNFD fd = -1;

	assert_int_equal(memfd_of(str_c(alias), &fd, NULL), OK);
	buf_addf(&address, "%s@relay.example", alias);
	list_add(&rcpts, buf_str(&address));
	SAY_FD(w.gate, fd, accept_ask, .session = ++w.session, .seq = 1, .sender = STR("eve@example.org"),
	       .rcpts = buf_str(&rcpts), .size = 10);
}

struct given {
	uint64_t job;
	char alias[WORD];
};

static bool is_given(struct given *ret)
{
	OWN(heard) h = { 0 };

	if (!hears_within(w.scribe, QUIET_MS))
		return false;
	ret->job = ((const struct scan_job *)hear_this(w.scribe, IPC_scan_job, &h))->job;
	memset(ret->alias, 0, WORD);
	assert_true(pread(h.fds.fd[0], ret->alias, WORD - 1, 0) > 0);
	return true;
}

/* As a scribe that could not read it: there is room for one more. */
static void finish(const struct given *g)
{
	OWN(heard) h = { 0 };

	SAY(w.scribe, scanned, .job = g->job, .code = ipc_code(FAIL_SYNTAX));
	assert_int_equal(((const struct accept_answer *)hear_this(w.gate, IPC_accept_answer, &h))->smtp / 100,
	                 5);
	(void)hear_this(w.scribe, IPC_job_end, &h);
}

static void a_flood_for_one_delays_no_other(void **state)
{
	struct given given[FLOOD + 2] = { 0 };
	size_t n = 0, bobs = 0, calm = 0;

	for (int i = 0; i < FLOOD; i++)
		hand_over("flood");
	while (is_given(&given[n]))
		n++;
	assert_int_equal(n, AT_SCRIBE);
	hand_over("calm");
	hand_over("other");
	for (size_t done = 0; done < FLOOD + 2; done++) {
		finish(&given[done]);
		if (n == FLOOD + 2)
			continue;
		assert_true(is_given(&given[n]));
		if (!strcmp(given[n].alias, "other"))
			bobs = done + 1;
		if (!strcmp(given[n].alias, "calm"))
			calm = done + 1;
		n++;
	}
	assert_int_equal(n, FLOOD + 2);
	assert_true(bobs >= 1 && bobs <= 2);
	assert_true(calm >= 1 && calm <= 4);
}

/* The jobs of one that has died are answered, and those that wait go to the next. */
static void who_waits_outlives_the_scribe(void **state)
{
	OWN(heard) h = { 0 };
	struct given g;
	size_t n = 0, again = 0;

	for (int i = 0; i < FLOOD; i++)
		hand_over("flood");
	while (is_given(&g))
		n++;
	assert_int_equal(n, AT_SCRIBE);
	close(w.scribe);
	w.scribe = stage_road(&w.c.core, ROLE_SCRIBE, 0);
	while (is_given(&g))
		again++;
	for (; hears_within(w.gate, QUIET_MS); n--)
		assert_int_equal(
		        ((const struct accept_answer *)hear_this(w.gate, IPC_accept_answer, &h))->smtp, 451);
	assert_true(again <= AT_SCRIBE);
	stage_is_alive(&w.c.core);
}

int all_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_for_one_delays_no_other),
		cmocka_unit_test(who_waits_outlives_the_scribe),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
