#include "role/gate/client_test.h"
#include "role/gate/nexthop_test.h"

#include <netinet/in.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void opened(struct world *w)
{
	world_new(w);
	world_open(w);
}

static void test_pipelined_message(void **state)
{
	struct world w;
	struct client *c;

	opened(&w);
	c = client_new(&w);
	client_hears(c, "220 ");
	client_say(c, "EHLO [127.0.0.1]");
	client_hears(c, "250-");
	client_send(c, STR("MAIL FROM:<Anna@Client.example> SIZE=1000 BODY=8BITMIME\r\n"
	                   "RCPT TO:<ok1@gate.example>\r\n"
	                   "RCPT TO:<nobody@gate.example>\r\n"
	                   "RCPT TO:<later@gate.example>\r\n"
	                   "RCPT TO:<\"o k\"@gate.example>\r\n"
	                   "RCPT TO:<postmaster>\r\n"
	                   "DATA\r\n"));
	client_hears(c, "250 2.1.0");
	client_hears(c, "250 2.1.5");
	client_hears(c, "550 5.1.1");
	client_hears(c, "450 4.3.0");
	client_hears(c, "250 2.1.5");
	client_hears(c, "250 2.1.5");
	client_hears(c, "354 ");
	assert_int_equal(w.n_asks, 5);
	assert_string_equal(w.asks[0].sender, "Anna@Client.example");
	assert_int_equal(w.asks[0].size, 1000);
	assert_int_equal(w.asks[0].plans, 0);
	assert_true(w.asks[0].way == WAY_NONE && w.asks[4].way == WAY_OUT); /* told back, to be kept to */
	assert_int_equal(w.asks[4].plans, 2); /* one for each that was accepted before */
	assert_string_equal(w.asks[3].rcpt, "\"o k\"@gate.example");

	client_send(c, STR("Subject: h\xc3\xa9llo\r\n\r\n..dot\r\n...\r\nend\r\n.\r\nNOOP\r\n"));
	client_hears(c, "250 2.0.0 kept");
	client_hears(c, "250 2.0.0");
	assert_int_equal(w.n_accepts, 1);
	assert_true(
	        str_eq(buf_str(&w.last.message), STR("Subject: h\xc3\xa9llo\r\n\r\n.dot\r\n..\r\nend\r\n")));
	assert_int_equal(w.last.n_rcpts, 3);
	assert_string_equal(w.last.rcpts[0], "ok1@gate.example");
	assert_string_equal(w.last.rcpts[1], "\"o k\"@gate.example");
	assert_true(str_starts(str_c(w.last.rcpts[2]), STR("postmaster@")));
	assert_string_equal(w.last.helo, "[127.0.0.1]");
	assert_string_equal(w.last.client, "127.0.0.1");
	assert_int_equal(w.last.flags, ACCEPT_8BIT);
	assert_int_equal(w.last.session, w.asks[0].session);

	/* The next message on the same connection begins with nothing of the first. */
	client_mails(c, "250 2.0.0");
	assert_int_equal(w.asks[5].plans, 0);
	assert_int_equal(w.last.flags, 0);
	assert_int_equal(w.last.n_rcpts, 1);
	client_quits(c);
	world_turn_for(&w, 20);
	assert_int_equal(budget_left(w.gate->budget), w.start.conf.memory_bytes);
	world_close(&w);
}

/* Answers may come late; the client hears them in its own order, and what core refuses is refused. */
static void test_late_answers(void **state)
{
	struct world w;
	struct client *c, *d;

	opened(&w);
	w.hold_rcpts = true;
	w.hold_accepts = true;
	c = client_greeted(&w);
	d = client_greeted(&w);
	client_send(c, STR(ENVELOPE));
	client_send(d, STR("MAIL FROM:<>\r\nRCPT TO:<no@gate.example>\r\n"));
	WORLD_UNTIL(&w, w.n_asks == 2);
	world_release(&w);
	client_hears(c, "250 2.1.0");
	client_hears(c, "250 2.1.5");
	client_hears(d, "250 2.1.0");
	client_hears(d, "550 5.1.1");
	assert_string_equal(w.asks[1].sender[0] ? w.asks[0].sender : w.asks[1].sender, "");
	client_hears(c, "354");
	client_send(c, STR("a: b\r\n\r\n.\r\n"));
	WORLD_UNTIL(&w, w.accept_waits);
	w.accept_smtp = 451;
	world_release(&w);
	client_hears(c, "451 4.3.0 try again");
	client_quits(c);
	client_quits(d);
	world_close(&w);
}

/* Nobody is there to hear the verdict: the message is core's, its memory stays counted until core has answered, and the
 * answer harms nobody. */
static void test_client_gone_before_verdict(void **state)
{
	struct world w;
	struct client *c;
	uint64_t all;

	world_new(&w);
	all = w.start.conf.memory_bytes;
	world_open(&w);
	w.hold_accepts = true;
	c = client_greeted(&w);
	client_send(c, STR(ENVELOPE "a: b\r\n\r\nbody\r\n.\r\n"));
	WORLD_UNTIL(&w, w.accept_waits);
	assert_int_equal(
	        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)), 0);
	client_free(c); /* a reset */
	world_turn_for(&w, 30);
	assert_true(budget_left(w.gate->budget) < all);
	world_release(&w);
	WORLD_UNTIL(&w, budget_left(w.gate->budget) == all);
	c = client_greeted(&w);
	w.hold_accepts = false;
	client_mails(c, "250");
	/* Gone between a recipient's question and its answer. */
	w.hold_rcpts = true;
	client_send(c, STR("MAIL FROM:<>\r\nRCPT TO:<ok@gate.example>\r\n"));
	WORLD_UNTIL(&w, w.n_asks > w.n_answered);
	client_free(c);
	world_turn_for(&w, 30);
	world_release(&w);
	world_turn_for(&w, 30);
	c = client_greeted(&w);
	client_quits(c);
	world_close(&w);
}

static void test_starttls(void **state)
{
	OWN(buf) chain = BUF(65536), key = BUF(65536);
	struct world w;
	struct client *c;

	make_certificate(&chain, &key);
	world_new(&w);
	world_tls(&w, buf_str(&chain), buf_str(&key));
	world_open(&w);

	c = client_new(&w);
	client_hears(c, "220");
	client_say(c, "EHLO a.example");
	assert_non_null(strstr(client_hears(c, "250"), "STARTTLS"));
	client_say(c, "STARTTLS");
	client_hears(c, "220 2.0.0");
	client_start_tls(c);
	client_say(c, "MAIL FROM:<a@b.example>"); /* what was said in clear is forgotten */
	client_hears(c, "503");
	client_say(c, "EHLO a.example");
	assert_null(strstr(client_hears(c, "250"), "STARTTLS"));
	client_mails(c, "250 2.0.0");
	assert_int_equal(w.last.flags, ACCEPT_TLS);
	client_quits(c);

	/* CVE-2011-0411: commands pipelined behind STARTTLS are never carried out. */
	c = client_greeted(&w);
	client_send(c, STR("STARTTLS\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<ok@gate.example>\r\n"));
	client_hears(c, "220");
	client_ends(c);
	client_free(c);
	assert_int_equal(w.n_asks, 1);

	/* A handshake that is none. */
	c = client_greeted(&w);
	client_say(c, "STARTTLS");
	client_hears(c, "220");
	client_say(c, "EHLO in.clear.example");
	while (!c->ended) { /* an alert may come; no reply does */
		world_turn(&w);
		c->ended = recv(c->fd, (char[1]){ 0 }, 1, 0) == 0;
	}
	client_free(c);
	world_close(&w);
}

static void test_no_certificate(void **state)
{
	struct world w;
	struct client *c;

	opened(&w);
	c = client_new(&w);
	client_hears(c, "220");
	client_say(c, "EHLO a.example");
	assert_null(strstr(client_hears(c, "250"), "STARTTLS"));
	client_say(c, "STARTTLS");
	client_hears(c, "502 5.5.1");
	client_quits(c);
	world_close(&w);
}

static void test_many_sessions(void **state)
{
	enum { N = 100 };
	struct client *c[N];
	struct world w;

	opened(&w);
	for (size_t i = 0; i < N; i++)
		c[i] = client_new(&w);
	for (size_t i = 0; i < N; i++) {
		client_hears(c[i], "220");
		client_send(c[i], STR("EHLO a.example\r\n"));
	}
	for (size_t i = 0; i < N; i++) {
		client_hears(c[i], "250");
		client_send(c[i], STR(ENVELOPE));
	}
	for (size_t i = N; i > 0; i--) {
		client_hears(c[i - 1], "250");
		client_hears(c[i - 1], "250");
		client_hears(c[i - 1], "354");
		client_send(c[i - 1], STR("Subject: x\r\n\r\nbody\r\n.\r\n"));
	}
	for (size_t i = 0; i < N; i++) {
		client_hears(c[i], "250 2.0.0 kept");
		client_quits(c[i]);
	}
	assert_int_equal(w.n_accepts, N);
	world_close(&w);
}

static void test_half_closed(void **state)
{
	struct world w;
	struct client *c;

	opened(&w);
	c = client_new(&w);
	client_send(c, STR("EHLO a.example\r\n" ENVELOPE "Subject: x\r\n\r\nbody\r\n.\r\nNOOP\r\n"));
	shutdown(c->fd, SHUT_WR);
	client_hears(c, "220");
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "354");
	client_hears(c, "250 2.0.0 kept");
	client_hears(c, "250 2.0.0");
	client_ends(c);
	client_free(c);

	c = client_new(&w); /* in the middle of a message: it is none */
	client_send(c, STR("EHLO a.example\r\n" ENVELOPE "Subject: x\r\n\r\nbody\r\n"));
	shutdown(c->fd, SHUT_WR);
	client_hears(c, "220");
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "250");
	client_hears(c, "354");
	client_ends(c);
	client_free(c);
	assert_int_equal(w.n_accepts, 1);
	world_close(&w);
}

/* ---- core's deaths ----------------------------------------------------------------------------------------------- */

static void test_core_dies(void **state)
{
	struct world w;
	struct client *asking, *committing, *idle, *writing;

	opened(&w);
	idle = client_greeted(&w);
	committing = client_greeted(&w);
	w.hold_accepts = true;
	client_send(committing, STR(ENVELOPE));
	client_hears(committing, "250");
	client_hears(committing, "250");
	client_hears(committing, "354");
	writing = client_greeted(&w);
	client_send(writing, STR(ENVELOPE));
	client_hears(writing, "250");
	client_hears(writing, "250");
	client_hears(writing, "354");
	client_send(committing, STR("Subject: x\r\n\r\nbody\r\n.\r\n"));
	WORLD_UNTIL(&w, w.accept_waits);
	w.hold_rcpts = true;
	asking = client_greeted(&w);
	client_send(asking, STR("MAIL FROM:<>\r\nRCPT TO:<ok@gate.example>\r\n"));
	WORLD_UNTIL(&w, w.n_asks > w.n_answered);

	world_core_dies(&w);
	client_hears(committing, "451 4.3.2");
	client_hears(asking, "250");
	client_hears(asking, "451 4.3.2");
	client_say(asking, "RCPT TO:<ok@gate.example>");
	client_hears(asking, "451 4.3.2");
	client_send(writing, STR("Subject: x\r\n\r\nbody\r\n.\r\n"));
	client_hears(writing, "451 4.3.2");

	w.hold_rcpts = w.hold_accepts = false;
	world_core_returns(&w);
	client_say(asking, "RCPT TO:<ok@gate.example>");
	client_hears(asking, "250 2.1.5");
	client_mails(committing, "250 2.0.0");
	client_mails(writing, "250 2.0.0");
	client_mails(idle, "250 2.0.0");
	client_quits(asking);
	client_quits(committing);
	client_quits(writing);
	client_quits(idle);
	assert_int_equal(budget_left(w.gate->budget), w.start.conf.memory_bytes);
	world_close(&w);
}

/* The new road comes before the gate has noticed the end of the old one. */
static void test_core_replaced(void **state)
{
	struct world w;
	struct client *c;

	opened(&w);
	w.hold_rcpts = true;
	c = client_greeted(&w);
	client_send(c, STR("MAIL FROM:<>\r\nRCPT TO:<ok@gate.example>\r\n"));
	WORLD_UNTIL(&w, w.n_asks == 1);
	world_core_dies(&w);
	w.hold_rcpts = false;
	world_core_returns(&w);
	client_hears(c, "250");
	client_hears(c, "451 4.3.2");
	client_say(c, "RSET");
	client_hears(c, "250");
	client_mails(c, "250 2.0.0");
	client_quits(c);
	world_close(&w);
}

static void test_stop(void **state)
{
	struct world w;
	struct client *c, *d;

	opened(&w);
	c = client_greeted(&w);
	d = client_greeted(&w);
	client_send(d, STR(ENVELOPE "Subject: not yet whole\r\n"));
	client_hears(d, "250");
	client_hears(d, "250");
	client_hears(d, "354");
	gate_def.stop(w.gate);
	client_hears(c, "421 4.3.2");
	client_ends(c);
	client_hears(d, "421 4.3.2");
	client_ends(d);
	client_free(c);
	client_free(d);
	world_close(&w);
}

/* The role as it is in earnest: started by its parent's messages, behind its system call filter. Everything that it
 * asks of the kernel happens here once. */
static void test_locked_role(void **state)
{
	OWN(buf) chain = BUF(65536), key = BUF(65536);
	struct nexthop hop;
	struct client *c;
	struct world w;

	make_certificate(&chain, &key);
	world_new(&w);
	w.start.conf.command_s = 1;
	w.start.conf.idle_s = 1;
	nexthop_open(&hop, &w, NULL); /* and the gate is told of the route to it */
	nexthop_offers_tls(&hop);
	world_fork(&w, buf_str(&chain), buf_str(&key));
	c = client_greeted(&w);
	client_say(c, "STARTTLS");
	client_hears(c, "220");
	client_start_tls(c);
	client_say(c, "EHLO a.example");
	client_hears(c, "250");
	client_mails(c, "250 2.0.0 kept");
	assert_int_equal(w.last.flags, ACCEPT_TLS);
	send_stored(&w, hop.endpoint, 5, STR("Subject: x\r\n\r\nbody\r\n"), -1);
	WORLD_UNTIL(&w, w.n_reports == 1);
	assert_int_equal(w.reports[0].outcome, DELIVERY_DONE);
	assert_true(hop.mails[0].tls);
	WORLD_UNTIL(&w, hop.open == 0); /* idle: QUIT */
	client_hears(c, "421 4.4.2");
	client_ends(c);
	client_free(c);
	c = client_greeted(&w);
	nexthop_close(&hop);
	world_close(&w); /* with a client there */
	client_free(c);
}

/* A client that other people wrote. */
static void test_swaks(void **state)
{
	OWN(buf) chain = BUF(65536), key = BUF(65536), out = BUF(1 << 20);
	char server[32];
	const char *argv[] = { "swaks",
		               "--server",
		               server,
		               "--from",
		               "a@client.example",
		               "--to",
		               "ok@gate.example,ok2@gate.example",
		               "--tls",
		               "--body",
		               ".one\n..two\n",
		               NULL };
	struct world w;

	make_certificate(&chain, &key);
	world_new(&w);
	world_tls(&w, buf_str(&chain), buf_str(&key));
	world_open(&w);
	snprintf(server, sizeof(server), "127.0.0.1:%u", w.port);
	assert_int_equal(world_run(&w, argv, &out), 0);
	assert_int_equal(w.n_accepts, 1);
	assert_int_equal(w.last.n_rcpts, 2);
	assert_int_equal(w.last.flags & ACCEPT_TLS, ACCEPT_TLS);
	assert_true(str_find(buf_str(&w.last.message), STR("\r\n.one\r\n..two\r\n")) < w.last.message.n);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipelined_message),
		cmocka_unit_test(test_late_answers),
		cmocka_unit_test(test_client_gone_before_verdict),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_no_certificate),
		cmocka_unit_test(test_many_sessions),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_core_dies),
		cmocka_unit_test(test_core_replaced),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_locked_role),
		cmocka_unit_test(test_swaks),
		cmocka_unit_test(world_log_check),
	};

	return cmocka_run_group_tests(tests, world_log_begin, NULL);
}
