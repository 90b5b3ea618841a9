/* What the dialogs cannot show of the server machine: its memory, its room, and its end at every point. */
#include "proto/smtpd_parts.h"
#include "proto/testhost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct smtpd_config *config(void)
{
	static struct smtpd_config c;

	c = (struct smtpd_config){ .hostname = STR("mx.example"),
		                   .limits = smtpd_limits_default,
		                   .starttls = true,
		                   .smtputf8 = true };
	return &c;
}

static size_t count(struct str s, struct str what)
{
	size_t n = 0, at;

	while ((at = str_find(s, what)) < s.n) {
		n++;
		s = str_from(s, at + what.n);
	}
	return n;
}

static const char script[] =
        "EHLO client.example\r\nMAIL FROM:<a@b.example> SIZE=10\r\nRCPT TO:<c@d.example>\r\n"
        "RCPT TO:<e@d.example>\r\nDATA\r\nSubject: x\r\n\r\n..body\r\n.\r\n"
        "MAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nbad\n.\r\nmore\r\n.\r\nSTARTTLS\r\n";

/* 10,000 of them at 8 KiB is what the server is built for; the host's own part comes on top. */
static void test_idle_holds_nothing(void **state)
{
	struct testhost h;

	testhost_init(&h, config());
	testhost_input(&h, str_of(script, sizeof(script) - 1 - strlen("STARTTLS\r\n")), SMTPD_ROOM);
	assert_int_equal(h.n_got, 1);
	assert_int_equal(smtpd_want(h.s), SMTPD_INPUT);
	assert_int_equal(h.s->in.cap, 0);
	assert_int_equal(h.s->out.cap, 0);
	assert_int_equal(h.s->answer.cap, 0);
	assert_null(h.s->arena.head);
	assert_null(h.s->ask.head);
	assert_null(h.s->rcpts);
	assert_true(sizeof(struct smtpd) + 256 <= 1024);
	testhost_done(&h);
}

/* A peer that never reads: its commands stop being read, and none is lost when it reads at last. */
static void test_waits_for_a_reader(void **state)
{
	OWNS(smtpd) s = smtpd_new(config());
	struct buf said = BUF(1 << 20);
	size_t given = 0, n;

	smtpd_greet(s);
	while (smtpd_room(s) >= 6) {
		smtpd_input(s, STR("NOOP\r\n"));
		assert_true(++given < 10000);
	}
	assert_int_equal(smtpd_want(s), SMTPD_OUTPUT);
	assert_int_equal(smtpd_room(s), 0);
	assert_true(smtpd_output(s).n < SMTPD_OUTPUT_HIGH + 100);
	while ((n = smtpd_output(s).n)) {
		n = n > 7 ? 7 : n;
		buf_add(&said, str_first(smtpd_output(s), n));
		smtpd_sent(s, n);
	}
	assert_int_equal(count(buf_str(&said), STR("250 2.0.0 OK\r\n")), given);
	assert_int_equal(smtpd_want(s), SMTPD_INPUT);
	buf_done(&said);
}

/* While a verdict is owed input is kept up to a bound, and answered in order afterwards. */
static void test_parks(void **state)
{
	OWNS(smtpd) s = smtpd_new(config());
	size_t given = 0;

	smtpd_greet(s);
	smtpd_input(s, STR("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\nNOOP\r\n"));
	assert_int_equal(smtpd_want(s), SMTPD_RCPT);
	assert_true(str_eq(smtpd_asked(s)->local, STR("c")));
	smtpd_sent(s, smtpd_output(s).n);
	for (; smtpd_room(s) >= 6; given++)
		smtpd_input(s, STR("NOOP\r\n"));
	assert_true(given > 1000 && given < SMTPD_COMMAND_ROOM);
	assert_int_equal(smtpd_output(s).n, 0);
	assert_true(s->in.cap <= 2 * SMTPD_COMMAND_ROOM);
	smtpd_rcpt_verdict(s, 250, STR("2.1.5"), STR("Fine"));
	assert_true(str_starts(smtpd_output(s), STR("250 2.1.5 Fine\r\n250 2.0.0 OK\r\n")));
}

/* A million recipients in one breath (ATTACKS 69) cost as many answers as the limits say, and no memory. */
static void test_recipient_flood(void **state)
{
	struct testhost h;
	struct buf flood = BUF(1 << 20);
	size_t limit = smtpd_limits_default.rcpts + smtpd_limits_default.idle;

	for (int i = 0; i < 10000; i++)
		buf_addz(&flood, "RCPT TO:<c@d.example>\r\n");
	testhost_init(&h, config());
	testhost_input(&h, STR("HELO x\r\nMAIL FROM:<>\r\n"), 100);
	for (int i = 0; i < 100; i++)
		testhost_input(&h, buf_str(&flood), SMTPD_ROOM);
	assert_int_equal(count(buf_str(&h.out), STR("250 2.1.5")), smtpd_limits_default.rcpts);
	assert_true(count(buf_str(&h.out), STR("452 4.5.3")) < limit);
	assert_string_equal(smtpd_why(h.s), "idle-commands");
	assert_int_equal(smtpd_want(h.s), SMTPD_CLOSE);
	assert_int_equal(h.s->in.cap, 0);
	testhost_done(&h);
	buf_done(&flood);
}

/* The host may say goodbye, or vanish, after every single byte: one last word, nothing leaks, nothing is accepted. */
static void test_ends_anywhere(void **state)
{
	for (size_t n = 0; n < sizeof(script); n++) {
		struct testhost h;
		bool in_tls;
		size_t before;

		testhost_init(&h, config());
		testhost_input(&h, str_of(script, n), 1);
		in_tls = smtpd_want(h.s) == SMTPD_TLS;
		before = h.n_got;
		smtpd_shut(h.s, 421, STR("4.3.2"), STR("Going down"));
		assert_true(str_eq(smtpd_output(h.s), in_tls ? STR("") : STR("421 4.3.2 Going down\r\n")));
		smtpd_shut(h.s, 421, STR("4.3.2"), STR("Again"));
		testhost_input(&h, STR("\r\n.\r\nNOOP\r\n"), 1);
		assert_int_equal(smtpd_want(h.s), SMTPD_CLOSE);
		assert_int_equal(h.n_got, before);
		testhost_done(&h);
	}
}

/* As above, while a verdict, a body or a drop is owed. */
static void test_ends_owing(void **state)
{
	static const enum smtpd_want stops[] = { SMTPD_RCPT, SMTPD_SPOOL, SMTPD_BODY, SMTPD_COMMIT,
		                                 SMTPD_DROP };

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		struct testhost h;

		testhost_init(&h, config());
		h.stop = stops[i];
		h.stops = true;
		testhost_input(&h, str_of(script, sizeof(script) - 1), SMTPD_ROOM);
		assert_int_equal(smtpd_want(h.s), stops[i]);
		smtpd_shut(h.s, 250, STR(""), STR("Only refusals end a session"));
		assert_true(str_eq(smtpd_output(h.s), STR("421 4.0.0 Only refusals end a session\r\n")));
		assert_int_equal(smtpd_want(h.s), SMTPD_CLOSE);
		testhost_done(&h);
	}
}

static void test_refused_at_the_door(void **state)
{
	OWNS(smtpd) s = smtpd_new(config());

	assert_int_equal(smtpd_room(s), 0);
	smtpd_shut(s, 421, STR("4.7.0"), STR("Too many connections from your address"));
	assert_true(str_eq(smtpd_output(s), STR("421 4.7.0 Too many connections from your address\r\n")));
	assert_int_equal(smtpd_want(s), SMTPD_CLOSE);
}

/* What the host says can neither open a line of its own nor fill more than one. */
static void test_verdict_words(void **state)
{
	static const struct {
		int code;
		struct str enhanced, text, said;
	} rows[] = {
		{ 250, STR_INIT("2.0.0"), STR_INIT("Fine"), STR_INIT("250 2.0.0 Fine\r\n") },
		{ 550, STR_INIT("5.7.100"), STR_INIT("No"), STR_INIT("550 5.7.100 No\r\n") },
		{ 550, STR_INIT("4.7.1"), STR_INIT("No"), STR_INIT("550 5.0.0 No\r\n") },
		{ 550, STR_INIT("5.7"), STR_INIT("No"), STR_INIT("550 5.0.0 No\r\n") },
		{ 550, STR_INIT("5.7.1.1"), STR_INIT("No"), STR_INIT("550 5.0.0 No\r\n") },
		{ 550, STR_INIT("5..1.1"), STR_INIT("No"), STR_INIT("550 5.0.0 No\r\n") },
		{ 550, STR_INIT("5.7.x"), STR_INIT("No"), STR_INIT("550 5.0.0 No\r\n") },
		{ 550, STR_INIT(""), STR_INIT("a\r\n250 b\x7f\xff"), STR_INIT("550 5.0.0 a??250 b??\r\n") },
		{ 0, STR_INIT("2.0.0"), STR_INIT("x"),
		  STR_INIT("451 4.3.0 The message cannot be handled now\r\n") },
		{ 300, STR_INIT("2.0.0"), STR_INIT("x"),
		  STR_INIT("451 4.3.0 The message cannot be handled now\r\n") },
		{ 600, STR_INIT("2.0.0"), STR_INIT("x"),
		  STR_INIT("451 4.3.0 The message cannot be handled now\r\n") },
		{ 250, STR_INIT("2.0.0"), STR_INIT(""),
		  STR_INIT("451 4.3.0 The message cannot be handled now\r\n") },
	};
	char longest[2000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(buf) out = BUF(1000);

		smtpd_say_verdict(&out, rows[i].code, rows[i].enhanced, rows[i].text);
		assert_true(str_eq(buf_str(&out), rows[i].said));
	}
	memset(longest, 'x', sizeof(longest));
	for (size_t n = 1; n < sizeof(longest); n += 50) {
		OWN(buf) out = BUF(512);

		smtpd_say_verdict(&out, 550, STR("5.999.999"), str_of(longest, n));
		assert_false(out.over);
	}
}

/* The offer of an IPv6 literal or a long name fits, and so does every answer behind a full output. */
static void test_long_hostname(void **state)
{
	struct smtpd_config c = *config();
	char name[255];
	struct testhost h;

	memset(name, 'n', sizeof(name));
	c.hostname = str_of(name, sizeof(name));
	testhost_init(&h, &c);
	for (int i = 0; i < 200; i++)
		testhost_input(&h, STR("EHLO x\r\n"), 8);
	assert_int_equal(count(buf_str(&h.out), STR("250 HELP\r\n")), 200);
	testhost_done(&h);
}

static void assert_nowhere(const struct smtpd *s, struct str what)
{
	struct str held = str_of(s->in.p, s->in.cap);

	assert_true(str_find(held, what) == held.n);
	assert_int_equal(s->said.cap, 0);
}

/* However the lines come in, and wherever they move, what held a password is empty once that was judged. */
static void test_login_leaves_nothing(void **state)
{
	static const char login[] =
	        "EHLO client.example\r\nNOOP\r\nAUTH LOGIN\r\nYWxpY2VAYm94LmV4YW1wbGU=\r\n"
	        "c2VjcmV0LXNlY3JldC1zZWNyZXQ=\r\nNOOP\r\nNOO"; /* the last one is not whole */
	static const char *const traces[] = { "c2VjcmV0", "ZWNyZXQtc2Vj", "YWxpY2VA" };
	struct smtpd_config c = *config();

	c.submission = c.tls = true;
	for (size_t piece = 1; piece <= sizeof(login); piece++) {
		struct testhost h;

		testhost_init(&h, &c);
		testhost_input(&h, str_of(login, sizeof(login) - 1), piece);
		assert_true(smtpd_is_authenticated(h.s) && h.s->in.n - h.s->at == 3);
		for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++)
			assert_nowhere(h.s, str_c(traces[i]));
		testhost_done(&h);
	}
	for (size_t n = 0; n < sizeof(login); n++) {
		struct testhost h;

		testhost_init(&h, &c);
		testhost_input(&h, str_of(login, n), SMTPD_ROOM);
		smtpd_shut(h.s, 421, STR("4.4.2"), STR("silent"));
		assert_nowhere(h.s, STR("AUTH"));
		testhost_done(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_holds_nothing),
		cmocka_unit_test(test_waits_for_a_reader),
		cmocka_unit_test(test_parks),
		cmocka_unit_test(test_recipient_flood),
		cmocka_unit_test(test_ends_anywhere),
		cmocka_unit_test(test_ends_owing),
		cmocka_unit_test(test_refused_at_the_door),
		cmocka_unit_test(test_verdict_words),
		cmocka_unit_test(test_long_hostname),
		cmocka_unit_test(test_login_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
