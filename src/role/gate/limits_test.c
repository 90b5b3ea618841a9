#include "role/gate/client_test.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_connection_limits(void **state)
{
	struct world w;
	struct client *c[3];

	world_new(&w);
	w.start.conf.sessions_per_client = 2;
	world_open(&w);
	c[0] = client_greeted(&w);
	c[1] = client_greeted(&w);
	c[2] = client_new(&w);
	client_hears(c[2], "421 4.7.0");
	client_ends(c[2]);
	client_free(c[2]);
	client_quits(c[0]);
	world_turn_for(&w, 30);
	c[2] = client_greeted(&w);
	client_quits(c[1]);
	client_quits(c[2]);
	world_close(&w);

	world_new(&w);
	w.start.conf.sessions = 1;
	world_open(&w);
	c[0] = client_greeted(&w);
	c[1] = client_new(&w);
	client_hears(c[1], "421 4.3.2");
	client_ends(c[1]);
	client_free(c[1]);
	client_quits(c[0]);
	world_close(&w);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static void impatient(struct world *w, uint32_t command_s, uint32_t message_s)
{
	world_new(w);
	w->start.conf.command_s = command_s;
	w->start.conf.message_s = message_s;
	world_open(w);
}

/* One byte every 200 ms until the gate has had enough. */
static void dribble(struct client *c, char byte)
{
	for (int i = 0; i < 40 && !c->ended && c->in.n == 0; i++) {
		(void)!send(c->fd, &byte, 1, MSG_NOSIGNAL);
		for (uint64_t end = clock_mono_ms() + 200; clock_mono_ms() < end;) {
			char in[512];
			ssize_t n;

			world_turn(c->w);
			n = recv(c->fd, in, sizeof(in), 0);
			if (n > 0)
				buf_add(&c->in, str_of(in, (size_t)n));
		}
	}
}

static void test_slow_clients(void **state)
{
	struct world w;
	struct client *silent, *typist, *writer, *quiet_writer;
	uint64_t begin = clock_mono_ms();

	impatient(&w, 1, 2);
	silent = client_greeted(&w);
	client_hears(silent, "421 4.4.2");
	assert_true(clock_mono_ms() - begin >= 900);
	client_ends(silent);
	client_free(silent);

	typist = client_greeted(&w); /* bytes of a command that never ends are no sign of life */
	dribble(typist, 'N');
	client_hears(typist, "421 4.4.2");
	client_ends(typist);
	client_free(typist);

	writer = client_greeted(&w); /* bytes of a message are, but only within message_s */
	client_send(writer, STR(ENVELOPE));
	client_hears(writer, "250");
	client_hears(writer, "250");
	client_hears(writer, "354");
	begin = clock_mono_ms();
	dribble(writer, 'x');
	client_hears(writer, "421 4.4.2 the message");
	assert_true(clock_mono_ms() - begin >= 1800 && clock_mono_ms() - begin < 4000);
	client_ends(writer);
	client_free(writer);

	quiet_writer = client_greeted(&w);
	client_send(quiet_writer, STR(ENVELOPE "Subject: and then"));
	client_hears(quiet_writer, "250");
	client_hears(quiet_writer, "250");
	client_hears(quiet_writer, "354");
	client_hears(quiet_writer, "421 4.4.2 you were");
	client_ends(quiet_writer);
	client_free(quiet_writer);
	assert_int_equal(w.n_accepts, 0);
	assert_int_equal(budget_left(w.gate->budget), w.start.conf.memory_bytes);
	world_close(&w);
}

/* Whoever sends commands and never reads replies is not read from either, and is closed after command_s. */
static void test_client_that_does_not_read(void **state)
{
	struct world w;
	struct client *c;
	size_t sent = 0;
	uint64_t begin;

	world_new(&w);
	w.start.conf.command_s = 1;
	w.small_buffers = 4096;
	world_open(&w);
	c = client_new(&w);
	assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &(int){ 2048 }, sizeof(int)), 0);
	client_hears(c, "220");
	begin = clock_mono_ms();
	while (clock_mono_ms() - begin < 700) {
		ssize_t n = send(c->fd, "EHLO client.example\r\n", 21, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		if (n < 0)
			world_turn(&w);
		assert_true(sent < 8 << 20);
	}
	while (send(c->fd, "x", 1, MSG_NOSIGNAL) >= 0 || errno == EAGAIN) {
		world_turn(&w);
		assert_true(clock_mono_ms() - begin < PATIENCE_MS);
	}
	assert_true(clock_mono_ms() - begin >= 900);
	client_free(c);
	world_close(&w);
}

/* Core that hangs is not waited for longer than a client would be. */
static void test_core_that_hangs(void **state)
{
	struct world w;
	struct client *c;

	impatient(&w, 1, 60);
	w.hold_rcpts = true;
	c = client_greeted(&w);
	client_send(c, STR(ENVELOPE));
	client_hears(c, "250");
	client_hears(c, "451 4.3.2");
	client_hears(c, "5"); /* DATA without a recipient */
	world_release(&w);    /* too late: dropped */
	w.hold_rcpts = false;
	w.hold_accepts = true;
	client_say(c, "RSET");
	client_hears(c, "250");
	client_mails(c, "451 4.3.2");
	world_release(&w);
	w.hold_accepts = false;
	client_mails(c, "250 2.0.0");
	client_quits(c);
	world_close(&w);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static void test_budget(void **state)
{
	enum { KIB = 1024 };
	char *big = xalloc(300 * KIB);
	struct client *c, *d;
	struct world w;

	for (size_t i = 0; i < 300 * KIB; i++)
		big[i] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n"[i % 64];
	world_new(&w);
	w.start.conf.memory_bytes = 256 * KIB;
	world_open(&w);
	w.hold_accepts = true;
	c = client_greeted(&w);
	d = client_greeted(&w);

	/* Declared: refused before the bytes come. */
	client_send(c, STR("MAIL FROM:<> SIZE=300000\r\nRCPT TO:<ok@gate.example>\r\nDATA\r\n"));
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "452 4.3.1");
	client_say(c, "RSET");
	client_hears(c, "250");

	/* Not declared: swallowed to its end and then refused; its memory serves others at once. */
	client_send(c, STR(ENVELOPE "Subject: x\r\n\r\n"));
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "354");
	client_send(c, str_of(big, 300 * KIB));
	WORLD_UNTIL(&w, budget_left(w.gate->budget) == 256 * KIB);
	client_send(d, STR(ENVELOPE));
	client_hears(d, "250");
	client_hears(d, "250");
	client_hears(d, "354");
	client_send(d, STR("Subject: x\r\n\r\n"));
	client_send(d, str_of(big, 192 * KIB));
	client_send(d, STR("\r\n.\r\n"));
	WORLD_UNTIL(&w, w.accept_waits);
	client_send(c, STR("\r\n.\r\n"));
	client_hears(c, "452 4.3.1");

	/* While core has the first, there is no room for another of that size, but for a small one. */
	client_send(c, STR("MAIL FROM:<> SIZE=100000\r\nRCPT TO:<ok@gate.example>\r\nDATA\r\n"));
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "452 4.3.1");
	world_release(&w);
	client_hears(d, "250 2.0.0");
	w.hold_accepts = false;
	client_say(c, "RSET");
	client_hears(c, "250");
	client_mails(c, "250 2.0.0");
	client_quits(c);
	client_quits(d);
	assert_int_equal(budget_left(w.gate->budget), 256 * KIB);
	world_close(&w);
	free(big);
}

/* So many lines of 62 bytes, from their envelope to their dot. */
static void send_lines(struct client *c, int n)
{
	client_send(c, STR(ENVELOPE));
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "354");
	client_send(c, STR("Subject: x\r\n\r\n"));
	for (int i = 0; i < n; i++)
		client_send(c, STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab\r\n"));
	client_send(c, STR(".\r\n"));
}

/* One that is mapped, and not copied. */
static void send_long(struct client *c)
{
	send_lines(c, 5000);
}

static void no_room(struct client *c)
{
	client_send(c, STR("MAIL FROM:<> SIZE=300000\r\nRCPT TO:<ok@gate.example>\r\nDATA\r\n"));
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "452 4.3.1");
	client_say(c, "RSET");
	client_hears(c, "250");
}

/* Whoever has a long message mapped may be at work long after the answer, the client's leave, and core's death. */
static void test_memory_is_paid_while_it_is_there(void **state)
{
	const uint64_t all = 512 * 1024;
	struct client *c, *d;
	struct world w;

	world_new(&w);
	w.start.conf.memory_bytes = all;
	world_open(&w);
	w.hold_ties = true;
	c = client_greeted(&w);
	d = client_greeted(&w);
	client_mails(c, "250 2.0.0");
	assert_int_equal(budget_left(w.gate->budget), all); /* a short one needs nothing of it */
	send_long(c);
	client_hears(c, "250 2.0.0");
	client_quits(c);
	no_room(d);
	close(TAKE_FD(w.tie));
	WORLD_UNTIL(&w, budget_left(w.gate->budget) == all);

	w.hold_accepts = true;
	send_long(d);
	WORLD_UNTIL(&w, w.accept_waits);
	world_core_dies(&w);
	client_hears(d, "451 4.3.2");
	w.hold_accepts = false;
	world_core_returns(&w);
	no_room(d);
	close(TAKE_FD(w.tie));
	WORLD_UNTIL(&w, budget_left(w.gate->budget) == all);

	send_long(d);
	client_hears(d, "250 2.0.0");
	client_quits(d);
	world_close(&w); /* also when somebody has it yet */
}

static void test_too_large(void **state)
{
	struct world w;
	struct client *c;

	world_new(&w);
	w.start.conf.message_bytes = 1000;
	world_open(&w);
	c = client_greeted(&w);
	client_say(c, "MAIL FROM:<> SIZE=1001");
	client_hears(c, "552 5.3.4");
	send_lines(c, 40);
	client_hears(c, "552 5.3.4");
	client_mails(c, "250 2.0.0");
	client_quits(c);
	assert_int_equal(w.n_accepts, 1);
	assert_int_equal(budget_left(w.gate->budget), w.start.conf.memory_bytes);
	world_close(&w);
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Without descriptors the gate rests: it neither spins nor forgets who waits. */
static void test_descriptors_run_out(void **state)
{
	struct world w;
	struct client *first, *waiting;
	struct rlimit old, low;
	double cpu;
	int lowest;

	world_new(&w);
	world_open(&w);
	first = client_greeted(&w);
	getrlimit(RLIMIT_NOFILE, &old);
	lowest = dup(2);
	close(lowest);
	low = (struct rlimit){ (rlim_t)lowest + 1, old.rlim_max };
	setrlimit(RLIMIT_NOFILE, &low);
	waiting = client_new(&w); /* took the last one */
	cpu = cpu_seconds();
	loop_resume(w.loop);
	timer_set(w.slice, 700);
	loop_run(w.loop); /* one long turn: it must sleep through it */
	assert_true(cpu_seconds() - cpu < 0.35);
	client_say(first, "NOOP");
	client_hears(first, "250");
	setrlimit(RLIMIT_NOFILE, &old);
	client_hears(waiting, "220");
	client_quits(waiting);
	client_quits(first);
	world_close(&w);
}

#ifdef POSTERN_SANITIZED
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

static size_t heap_bytes(void)
{
#ifdef POSTERN_SANITIZED
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

/* DESIGN's number: an idle session in clear costs at most 8 KiB. */
static void test_idle_cost(void **state)
{
	enum { N = 300 };
	struct client *c[N];
	size_t before, cost;
	struct world w;

	world_new(&w);
	w.start.conf.sessions_per_client = w.start.conf.sessions = N;
	world_open(&w);
	for (size_t i = 0; i < N; i++)
		c[i] = client_new(&w);
	before = heap_bytes();
	for (size_t i = 0; i < N; i++) {
		client_hears(c[i], "220");
		client_say(c[i], "EHLO a.example");
		client_hears(c[i], "250");
		buf_done(&c[i]->in);
	}
	cost = (heap_bytes() - before) / N;
	print_message("an idle session costs %zu bytes of heap\n", cost);
	assert_true(cost > 100 && cost < 8192);
	for (size_t i = 0; i < N; i++)
		client_quits(c[i]);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection_limits),
		cmocka_unit_test(test_slow_clients),
		cmocka_unit_test(test_client_that_does_not_read),
		cmocka_unit_test(test_core_that_hangs),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_memory_is_paid_while_it_is_there),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_descriptors_run_out),
		cmocka_unit_test(test_idle_cost),
		cmocka_unit_test(world_log_check),
	};

	return cmocka_run_group_tests(tests, world_log_begin, NULL);
}
