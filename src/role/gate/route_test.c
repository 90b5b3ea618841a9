#include "role/gate/client_test.h"
#include "role/gate/nexthop_test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "wire/b64.h"

#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct str hello = STR_INIT("Subject: hello\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n");

static void send_hello(struct world *w, const char *route, uint64_t id)
{
	send_stored(w, route, id, hello, -1);
}

static const struct reported *wait_report(struct world *w, uint64_t id)
{
	WORLD_UNTIL(w, world_report(w, id));
	return world_report(w, id);
}

static void set_up(struct world *w, struct nexthop *h, const struct nexthop_rule *rules, uint32_t command_s)
{
	world_new(w);
	w->start.conf.deliver_command_s = command_s;
	w->start.conf.connections = 4;
	world_open(w);
	nexthop_open(h, w, rules);
}

static void tear_down(struct world *w, struct nexthop *h)
{
	nexthop_close(h);
	world_close(w);
}

static void test_two_over_one(void **state)
{
	const struct reported *r;
	struct nexthop h;
	struct world w;

	set_up(&w, &h, NULL, 60);
	send_hello(&w, h.endpoint, 1);
	r = wait_report(&w, 1);
	assert_int_equal(r->outcome, DELIVERY_DONE);
	assert_int_equal(r->smtp, 250);
	assert_string_equal(r->enhanced, "2.0.0");
	assert_int_equal(h.n_mails, 1);
	assert_true(str_eq(buf_str(&h.mails[0].body), hello));
	assert_true(str_starts(str_c(h.mails[0].mail), STR("MAIL FROM:<bounce+x@gate.example>")));
	assert_true(str_starts(str_c(h.mails[0].rcpt), STR("RCPT TO:<anna@mailbox.example>")));
	send_hello(&w, h.endpoint, 2);
	assert_int_equal(wait_report(&w, 2)->outcome, DELIVERY_DONE);
	assert_int_equal(h.n_mails, 2);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.commands[AT_EHLO], 1);
	tear_down(&w, &h);
}

/* Many at once: never more connections than allowed, and each message once. */
static void test_connection_limit(void **state)
{
	enum { N = 40 };
	struct nexthop h;
	struct world w;

	set_up(&w, &h, NULL, 60);
	for (uint64_t i = 1; i <= N; i++)
		send_hello(&w, h.endpoint, i);
	WORLD_UNTIL(&w, w.n_reports == N);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(w.reports[i].outcome, DELIVERY_DONE);
	assert_int_equal(h.n_mails, N);
	assert_true(h.most_open <= 4 && h.most_open > 1);
	tear_down(&w, &h);
}

static void test_idle_ends_with_quit(void **state)
{
	struct nexthop h;
	struct world w;

	world_new(&w);
	w.start.conf.idle_s = 1;
	world_open(&w);
	nexthop_open(&h, &w, NULL);
	send_hello(&w, h.endpoint, 1);
	wait_report(&w, 1);
	world_turn_for(&w, 500);
	assert_int_equal(h.open, 1);
	WORLD_UNTIL(&w, h.open == 0);
	assert_int_equal(h.commands[AT_QUIT], 1);
	send_hello(&w, h.endpoint, 2);
	assert_int_equal(wait_report(&w, 2)->outcome, DELIVERY_DONE);
	assert_int_equal(h.n, 2);
	tear_down(&w, &h);
}

/* ---- what a next hop can do wrong -------------------------------------------------------------------------------- */

static const struct {
	enum nexthop_step step;
	const char *says;
	uint32_t outcome, smtp;
	const char *enhanced; /* its beginning */
	size_t whole;         /* messages that the next hop has whole */
} wrongs[] = {
	{ AT_CONNECT, CLOSES, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_EHLO, CLOSES, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_MAIL, CLOSES, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_RCPT, CLOSES, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_DATA, CLOSES, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_DOT, CLOSES, DELIVERY_LATER, 0, "4.", 1 },

	{ AT_CONNECT, "421 4.3.2 not now\r\n", DELIVERY_LATER, 421, "4.3.2", 0 },
	{ AT_EHLO, "421 4.3.2 not now\r\n", DELIVERY_LATER, 421, "4.3.2", 0 },
	{ AT_MAIL, "421 4.3.2 not now\r\n", DELIVERY_LATER, 421, "4.3.2", 0 },
	{ AT_RCPT, "421 4.3.2 not now\r\n", DELIVERY_LATER, 421, "4.3.2", 0 },
	{ AT_DATA, "421 4.3.2 not now\r\n", DELIVERY_LATER, 421, "4.3.2", 0 },
	{ AT_DOT, "421 4.3.2 not now\r\n", DELIVERY_LATER, 421, "4.3.2", 1 },

	{ AT_CONNECT, "554 5.7.1 go away\r\n", DELIVERY_LATER, 554, "4.", 0 },
	{ AT_MAIL, "451 4.7.1 greylisted\r\n", DELIVERY_LATER, 451, "4.7.1", 0 },
	{ AT_MAIL, "550 5.7.1 not you\r\n", DELIVERY_NEVER, 550, "5.7.1", 0 },
	{ AT_RCPT, "452 4.2.2 full\r\n", DELIVERY_LATER, 452, "4.2.2", 0 },
	{ AT_RCPT, "550 5.1.1 nobody\r\n", DELIVERY_NEVER, 550, "5.1.1", 0 },
	{ AT_RCPT, "550 nobody\r\n", DELIVERY_NEVER, 550, "5.", 0 },
	{ AT_DATA, "451 4.3.0 no\r\n", DELIVERY_LATER, 451, "4.3.0", 0 },
	{ AT_DATA, "554 5.5.1 no\r\n", DELIVERY_NEVER, 554, "5.5.1", 0 },
	{ AT_DOT, "451 4.3.0 disk\r\n", DELIVERY_LATER, 451, "4.3.0", 1 },
	{ AT_DOT, "552-5.3.4 too\r\n552 5.3.4 large\r\n", DELIVERY_NEVER, 552, "5.3.4", 1 },

	/* Replies that are none. */
	{ AT_CONNECT, "SSH-2.0-OpenSSH_9.2\r\n", DELIVERY_LATER, 0, "4.", 0 },
	{ AT_MAIL, "250-one\r\n550 two\r\n", DELIVERY_LATER, 0, "4.", 0 },
	{ AT_RCPT, "hello\r\n", DELIVERY_LATER, 0, "4.", 0 },
	{ AT_RCPT, "25\r\n", DELIVERY_LATER, 0, "4.", 0 },
	{ AT_DOT, "999 what\r\n", DELIVERY_LATER, 0, "4.", 1 },
	{ AT_DOT, "250", DELIVERY_LATER, 0, "4.", 1 }, /* and hangs */
	{ AT_DOT, "354 go on\r\n", DELIVERY_LATER, 0, "4.", 1 },
	{ AT_CONNECT, FLOODS, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_EHLO, FLOODS, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_DOT, FLOODS, DELIVERY_LATER, 0, "4.", 1 },

	/* And silence. */
	{ AT_CONNECT, HANGS, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_EHLO, HANGS, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_MAIL, HANGS, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_RCPT, HANGS, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_DATA, HANGS, DELIVERY_LATER, 0, "4.", 0 },
	{ AT_DOT, HANGS, DELIVERY_LATER, 0, "4.", 1 },
};

static void test_wrongs(void **state)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const struct nexthop_rule rules[] = { { -1, wrongs[i].step, wrongs[i].says, 0, false },
			                              { 0 } };
		const struct reported *r;
		struct nexthop h;
		struct world w;
		uint64_t begin = clock_mono_ms();
		bool ok;

		set_up(&w, &h, rules, 1);
		send_hello(&w, h.endpoint, 7);
		r = wait_report(&w, 7);
		ok = r->outcome == wrongs[i].outcome && (!wrongs[i].smtp || r->smtp == wrongs[i].smtp) &&
		     str_starts(str_c(r->enhanced), str_c(wrongs[i].enhanced)) &&
		     h.n_mails == wrongs[i].whole && w.n_reports == 1;
		if (!ok)
			fail_msg("case %zu: outcome %u, %u %s, %zu whole, %zu reports: %s", i, r->outcome,
			         r->smtp, r->enhanced, h.n_mails, w.n_reports, r->note);
		assert_true(clock_mono_ms() - begin < 6000);
		tear_down(&w, &h);
	}
}

/* A next hop that fails for one is tried again for the next: the connection was not poisoned. */
static void test_refusal_then_good(void **state)
{
	static const struct nexthop_rule rules[] = { { 0, AT_DOT, "550 5.6.0 no\r\n", 0, false }, { 0 } };
	struct nexthop h;
	struct world w;

	set_up(&w, &h, rules, 60);
	h.rules = (const struct nexthop_rule[]){ { 0, AT_RCPT, "550 5.1.1 nobody\r\n", 0, false }, { 0 } };
	send_hello(&w, h.endpoint, 1);
	assert_int_equal(wait_report(&w, 1)->outcome, DELIVERY_NEVER);
	assert_int_equal(wait_report(&w, 1)->hop, HOP_SPOKE);
	h.rules = NULL;
	send_hello(&w, h.endpoint, 2);
	assert_int_equal(wait_report(&w, 2)->outcome, DELIVERY_DONE);
	assert_int_equal(wait_report(&w, 2)->hop, HOP_SPOKE);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.n_mails, 1);
	assert_true(str_eq(buf_str(&h.mails[0].body), hello));
	tear_down(&w, &h);
}

/* The next hop closed the cached connection, or says 421 on it: the delivery goes over a new one and is not deferred. */
static void test_stale_connection(void **state)
{
	static const struct nexthop_rule full[] = { { 0, AT_MAIL, "421 4.7.0 enough of you\r\n", 1, true },
		                                    { 0 } };
	static const struct nexthop_rule shut[] = { { 0, AT_MAIL, CLOSES, 1, true }, { 0 } };
	const struct nexthop_rule *const cases[] = { full, shut };
	struct nexthop h;
	struct world w;

	for (size_t i = 0; i < 2; i++) {
		set_up(&w, &h, cases[i], 60);
		send_hello(&w, h.endpoint, 1);
		assert_int_equal(wait_report(&w, 1)->outcome, DELIVERY_DONE);
		send_hello(&w, h.endpoint, 2);
		assert_int_equal(wait_report(&w, 2)->outcome, DELIVERY_DONE);
		assert_int_equal(h.n, 2);
		assert_int_equal(h.n_mails, 2);
		tear_down(&w, &h);
	}
	set_up(&w, &h, NULL, 60); /* closed while nothing was to be sent */
	send_hello(&w, h.endpoint, 1);
	wait_report(&w, 1);
	nexthop_drop(&h);
	world_turn_for(&w, 20);
	send_hello(&w, h.endpoint, 2);
	assert_int_equal(wait_report(&w, 2)->outcome, DELIVERY_DONE);
	assert_int_equal(h.n, 2);
	tear_down(&w, &h);
}

/* Nobody listens there: all that wait are told, at once. */
static void test_route_down(void **state)
{
	struct nexthop h;
	struct world w;

	set_up(&w, &h, NULL, 60);
	close(h.listener);
	w.also = NULL;
	for (uint64_t i = 1; i <= 10; i++)
		send_hello(&w, h.endpoint, i);
	send_hello(&w, "not an endpoint", 11);
	WORLD_UNTIL(&w, w.n_reports == 11);
	for (uint64_t i = 1; i <= 10; i++) {
		assert_int_equal(world_report(&w, i)->outcome, DELIVERY_LATER);
		assert_string_equal(world_report(&w, i)->enhanced, "4.4.1");
		assert_int_equal(world_report(&w, i)->hop, HOP_DEAD);
	}
	assert_int_equal(world_report(&w, 11)->outcome, DELIVERY_LATER);
	assert_int_equal(world_report(&w, 11)->hop, HOP_UNSAID);
	h.listener = dup(2);
	tear_down(&w, &h);
}

/* It takes two connections and refuses all others: the mail goes over the two, and the next hop is not asked again and
 * again. */
static void test_fewer_connections(void **state)
{
	static const char full[] = "421 4.7.0 two are enough\r\n";
	static const struct nexthop_rule rules[] = {
		{ 2, AT_CONNECT, full, 0, true }, { 3, AT_CONNECT, full, 0, true },
		{ 4, AT_CONNECT, full, 0, true }, { 5, AT_CONNECT, full, 0, true },
		{ 6, AT_CONNECT, full, 0, true }, { 0 },
	};
	struct nexthop h;
	struct world w;

	set_up(&w, &h, rules, 60);
	for (uint64_t i = 1; i <= 20; i++)
		send_hello(&w, h.endpoint, i);
	WORLD_UNTIL(&w, w.n_reports == 20);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(w.reports[i].outcome, DELIVERY_DONE);
	assert_int_equal(h.n, 4);
	tear_down(&w, &h);
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

static void fill(struct buf *b, size_t n)
{
	*b = BUF(64 << 20);
	buf_addz(b, "Subject: large\r\n\r\n");
	for (size_t i = 0; b->n + 100 < n; i++)
		buf_addf(b, "%s%08zu the quick brown fox jumps over the lazy dog\r\n", i % 7 ? "" : ".", i);
	while (b->n + 2 < n)
		buf_addc(b, 'x');
	buf_addz(b, "\r\n");
	assert_int_equal(b->n, n);
}

/* Sizes around the chunks of the stored form and of the socket. */
static void test_body_sizes(void **state)
{
	static const size_t sizes[] = { 64,    1000,          65534,     65535,         65536,  65537,
		                        65538, 2 * 65536 - 1, 2 * 65536, 2 * 65536 + 1, 200000, 1 << 20 };
	struct nexthop h;
	struct world w;

	set_up(&w, &h, NULL, 60);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		OWN(buf) body = BUF(0);

		fill(&body, sizes[i]);
		send_stored(&w, h.endpoint, i + 1, buf_str(&body), -1);
		assert_int_equal(wait_report(&w, i + 1)->outcome, DELIVERY_DONE);
		assert_int_equal(h.n_mails, i + 1);
		assert_true(str_eq(buf_str(&h.mails[i].body), buf_str(&body)));
	}
	assert_int_equal(h.n, 1);
	tear_down(&w, &h);
}

/* As the scribe writes it: the header, and the octets of which the body's base64 is made here. */
static void make_octets(size_t header, size_t octets, struct buf *stored, struct buf *sent)
{
	struct b64_lines lines = { 0 };
	OWN(buf) head = BUF(0), content = BUF(4 << 20);
	const char n[] = { 0, (char)(header >> 16), (char)(header >> 8), (char)header };

	fill(&head, header);
	for (size_t i = 0; i < octets; i++)
		buf_addc(&content, (char)(i * 89 + (i >> 8) * 31));
	buf_add(stored, str_of(n, sizeof(n)));
	buf_add(stored, buf_str(&head));
	buf_add(stored, buf_str(&content));
	buf_add(sent, buf_str(&head));
	assert_int_equal(b64_lines_put(&lines, buf_str(&content), sink_buf(sent), NULL), OK);
	assert_int_equal(b64_lines_end(&lines, sink_buf(sent), NULL), OK);
}

static const struct {
	size_t header, octets;
} binaries[] = { { 300, 1 },           { 300, 48 },        { 300, 5000 },  { 300, 65536 - 304 },
	         { 300, 65536 - 303 }, { 300, 65536 - 4 }, { 65532, 100 }, { 65533, 100 },
	         { 70000, 65536 },     { 200000, 200000 }, { 300, 24576 }, { 300, 24575 },
	         { 300, 1000000 } };

static void test_octets_are_sent_as_base64(void **state)
{
	struct nexthop h;
	struct world w;

	set_up(&w, &h, NULL, 60);
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
		OWN(buf) stored = BUF(4 << 20), sent = BUF(4 << 20);

		make_octets(binaries[i].header, binaries[i].octets, &stored, &sent);
		send_octets(&w, h.endpoint, i + 1, buf_str(&stored), sent.n, -1);
		assert_int_equal(wait_report(&w, i + 1)->outcome, DELIVERY_DONE);
		assert_int_equal(h.n_mails, i + 1);
		assert_true(str_eq(buf_str(&h.mails[i].body), buf_str(&sent)));
	}
	tear_down(&w, &h);
}

/* Nothing of it may look like a whole message: a damaged octet, a wrong sum, a header longer than all, no header at all. */
static void test_octets_that_are_wrong(void **state)
{
	OWN(buf) stored = BUF(4 << 20), sent = BUF(4 << 20);
	struct nexthop h;
	struct world w;
	uint64_t id = 0;

	make_octets(300, 100000, &stored, &sent);
	set_up(&w, &h, NULL, 60);
	send_octets(&w, h.endpoint, ++id, buf_str(&stored), sent.n, 70000);
	assert_int_equal(wait_report(&w, id)->outcome, DELIVERY_LATER);
	send_octets(&w, h.endpoint, ++id, buf_str(&stored), sent.n + 1, -1);
	assert_int_equal(wait_report(&w, id)->outcome, DELIVERY_LATER);
	send_octets(&w, h.endpoint, ++id, STR("\xff\xff\xff\xffSubject: x\r\n\r\n"), sent.n, -1);
	assert_int_equal(wait_report(&w, id)->outcome, DELIVERY_LATER);
	send_octets(&w, h.endpoint, ++id, STR("\0\0"), sent.n, -1);
	assert_int_equal(wait_report(&w, id)->outcome, DELIVERY_LATER);
	assert_int_equal(h.n_mails, 0);
	tear_down(&w, &h);
}

static void test_slow_reader(void **state)
{
	OWN(buf) body = BUF(0);
	struct nexthop h;
	struct world w;

	fill(&body, 5 << 20);
	set_up(&w, &h, NULL, 60);
	h.read_max = 20000;
	send_stored(&w, h.endpoint, 1, buf_str(&body), -1);
	assert_int_equal(wait_report(&w, 1)->outcome, DELIVERY_DONE);
	assert_true(str_eq(buf_str(&h.mails[0].body), buf_str(&body)));
	tear_down(&w, &h);
}

/* Whoever waits behind it is given back, for core has other work: but only one that takes nothing is dead, and sleeps. */
static void test_slow_is_not_dead(void **state)
{
	OWN(buf) body = BUF(0);
	struct nexthop h;
	struct world w;
	void (*takes)(void *self);

	fill(&body, 20 << 20);
	world_new(&w);
	w.start.conf.deliver_command_s = 60;
	w.start.conf.connections = 1;
	w.gate->stuck_ms = 100;
	world_open(&w);
	nexthop_open(&h, &w, NULL);
	h.read_max = 20000;
	send_stored(&w, h.endpoint, 1, buf_str(&body), -1);
	WORLD_UNTIL(&w, h.commands[AT_DATA] == 1);
	send_hello(&w, h.endpoint, 2);
	assert_int_equal(wait_report(&w, 2)->outcome, DELIVERY_LATER);
	assert_string_equal(wait_report(&w, 2)->enhanced, "4.4.5");
	assert_int_equal(wait_report(&w, 2)->hop, HOP_UNSAID);

	takes = w.also;
	w.also = NULL; /* it sleeps, and what the kernel took for it is soon all */
	send_hello(&w, h.endpoint, 3);
	(void)wait_report(&w, 3);
	send_hello(&w, h.endpoint, 4);
	(void)wait_report(&w, 4);
	send_hello(&w, h.endpoint, 5);
	assert_int_equal(wait_report(&w, 5)->hop, HOP_DEAD);

	w.also = takes;
	h.read_max = 0;
	assert_int_equal(wait_report(&w, 1)->outcome, DELIVERY_DONE);
	assert_int_equal(h.n_mails, 1);
	tear_down(&w, &h);
}

/* It takes the message and then nothing more: the deadline frees the connection. */
static void test_reader_that_stops(void **state)
{
	OWN(buf) body = BUF(0);
	struct nexthop h;
	struct world w;
	uint64_t begin = clock_mono_ms();

	fill(&body, 20 << 20);
	set_up(&w, &h, NULL, 1);
	send_stored(&w, h.endpoint, 1, buf_str(&body), -1);
	WORLD_UNTIL(&w, h.commands[AT_DATA] == 1);
	w.also = NULL; /* it sleeps */
	assert_int_equal(wait_report(&w, 1)->outcome, DELIVERY_LATER);
	assert_true(clock_mono_ms() - begin < 6000);
	assert_int_equal(h.n_mails, 0);
	tear_down(&w, &h);
}

/* What was stored is not what can be read now: nothing of it may look like a whole message. */
static void test_damaged_body(void **state)
{
	static const int places[] = { 0, 65536, 65536 + 16, 150000, 200000 };
	OWN(buf) body = BUF(0);
	struct nexthop h;
	struct world w;

	fill(&body, 200000);
	set_up(&w, &h, NULL, 60);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		send_stored(&w, h.endpoint, i + 1, buf_str(&body), places[i]);
		assert_int_equal(wait_report(&w, i + 1)->outcome, DELIVERY_LATER);
	}
	world_turn_for(&w, 30);
	assert_int_equal(h.n_mails, 0);
	send_hello(&w, h.endpoint, 99);
	assert_int_equal(wait_report(&w, 99)->outcome, DELIVERY_DONE);
	tear_down(&w, &h);
}

/* ---- TLS --------------------------------------------------------------------------------------------------------- */

static void test_tls(void **state)
{
	OWN(buf) body = BUF(0);
	struct nexthop h;
	struct world w;

	fill(&body, 3 << 20);
	set_up(&w, &h, NULL, 60);
	nexthop_offers_tls(&h);
	h.read_max = 100000;
	send_hello(&w, h.endpoint, 1);
	assert_int_equal(wait_report(&w, 1)->outcome, DELIVERY_DONE);
	send_stored(&w, h.endpoint, 2, buf_str(&body), -1);
	assert_int_equal(wait_report(&w, 2)->outcome, DELIVERY_DONE);
	assert_true(h.mails[0].tls && h.mails[1].tls);
	assert_true(str_eq(buf_str(&h.mails[1].body), buf_str(&body)));
	assert_int_equal(h.commands[AT_EHLO], 2);
	assert_int_equal(h.n, 1);
	tear_down(&w, &h);
}

/* STARTTLS is offered and does not work: once more, in clear, and later without asking. Refused outright, it goes on in
 * clear on the same connection. Words that come behind the 220, where only TLS may be, end it. */
static void test_broken_tls(void **state)
{
	static const struct nexthop_rule talks[] = { { -1, AT_STARTTLS, "220 go\r\n", 0, false }, { 0 } };
	static const struct nexthop_rule closes[] = { { -1, AT_STARTTLS, "220 go\r\n", 0, true }, { 0 } };
	static const struct nexthop_rule refuses[] = { { -1, AT_STARTTLS, "454 4.7.0 not now\r\n", 0, false },
		                                       { 0 } };
	static const struct nexthop_rule injected[] = { { -1, AT_STARTTLS, "220 go\r\n250 ok\r\n", 0, false },
		                                        { 0 } };
	static const struct {
		const struct nexthop_rule *rules;
		uint32_t outcome;
		int connections;
	} cases[] = {
		{ talks, DELIVERY_DONE, 2 },
		{ closes, DELIVERY_DONE, 2 },
		{ refuses, DELIVERY_DONE, 1 },
		{ injected, DELIVERY_LATER, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nexthop h;
		struct world w;

		set_up(&w, &h, cases[i].rules, 60);
		nexthop_offers_tls(&h);
		send_hello(&w, h.endpoint, 1);
		assert_int_equal(wait_report(&w, 1)->outcome, cases[i].outcome);
		assert_int_equal(h.n, cases[i].connections);
		assert_int_equal(h.n_mails, cases[i].outcome == DELIVERY_DONE);
		assert_false(h.mails[0].tls);
		nexthop_drop(&h);
		world_turn_for(&w, 20);
		send_hello(&w, h.endpoint, 2);
		assert_int_equal(wait_report(&w, 2)->outcome, cases[i].outcome);
		assert_int_equal(h.n, cases[i].connections + 1);
		tear_down(&w, &h);
	}
}

/* ---- core's deaths ----------------------------------------------------------------------------------------------- */

/* What is not completely sent when core dies is dropped and not reported; what is, is not reported to the next core. */
static void test_core_dies(void **state)
{
	static const struct {
		enum nexthop_step step;
		size_t whole;
	} cases[] = { { AT_CONNECT, 0 }, { AT_MAIL, 0 }, { AT_DATA, 0 }, { AT_DOT, 1 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct nexthop_rule rules[] = { { -1, cases[i].step, HANGS, 0, false }, { 0 } };
		struct nexthop h;
		struct world w;

		set_up(&w, &h, rules, 2);
		w.start.conf.connections = 1;
		send_hello(&w, h.endpoint, 1);
		WORLD_UNTIL(&w, h.commands[cases[i].step] == 1);
		send_hello(&w, h.endpoint, 2); /* waits behind it, or beside */
		world_turn_for(&w, 20);
		world_core_dies(&w);
		world_turn_for(&w, 50);
		h.rules = NULL;
		world_core_returns(&w);
		send_hello(&w, h.endpoint, 3);
		assert_int_equal(wait_report(&w, 3)->outcome, DELIVERY_DONE);
		world_turn_for(&w, 50);
		assert_null(world_report(&w, 1));
		assert_null(world_report(&w, 2));
		assert_int_equal(w.n_reports, 1);
		if (cases[i].step != AT_DOT)
			assert_int_equal(h.n_mails, 1);
		tear_down(&w, &h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_over_one),
		cmocka_unit_test(test_connection_limit),
		cmocka_unit_test(test_idle_ends_with_quit),
		cmocka_unit_test(test_wrongs),
		cmocka_unit_test(test_refusal_then_good),
		cmocka_unit_test(test_stale_connection),
		cmocka_unit_test(test_route_down),
		cmocka_unit_test(test_fewer_connections),
		cmocka_unit_test(test_body_sizes),
		cmocka_unit_test(test_octets_are_sent_as_base64),
		cmocka_unit_test(test_octets_that_are_wrong),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_slow_is_not_dead),
		cmocka_unit_test(test_reader_that_stops),
		cmocka_unit_test(test_damaged_body),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_broken_tls),
		cmocka_unit_test(test_core_dies),
		cmocka_unit_test(world_log_check),
	};

	return cmocka_run_group_tests(tests, world_log_begin, NULL);
}
