/* submission_test.c - clients that hand over mail of their own: TLS first, then a login, then mail under its account. */
#include "role/gate/client_test.h"
#include "wire/b64.h"

#include <errno.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void opened(struct world *w, enum listen_kind kind)
{
	OWN(buf) chain = BUF(65536), key = BUF(65536);

	make_certificate(&chain, &key);
	world_new(w);
	w->kind = kind;
	world_tls(w, buf_str(&chain), buf_str(&key));
	world_open(w);
}

static struct client *over_tls(struct world *w)
{
	struct client *c = client_new(w);

	client_start_tls(c);
	client_hears(c, "220 ");
	client_say(c, "EHLO secret-host.example");
	assert_non_null(strstr(client_hears(c, "250"), "AUTH PLAIN LOGIN"));
	return c;
}

static void logs_in(struct client *c, const char *password, const char *verdict)
{
	OWN(buf) said = BUF(300), line = BUF(600);

	buf_addc(&said, '\0');
	buf_addz(&said, "alice@mailbox.example");
	buf_addc(&said, '\0');
	buf_addz(&said, password);
	buf_addz(&line, "AUTH PLAIN ");
	b64_print(buf_str(&said), &line);
	client_say(c, line.p);
	client_hears(c, verdict);
}

static void test_tls_first(void **state)
{
	struct world w;
	struct client *c;

	opened(&w, LISTEN_SUBMISSION_TLS);
	c = over_tls(&w);
	client_say(c, "MAIL FROM:<a@client.example>");
	client_hears(c, "530 5.7.0");
	client_say(c, "STARTTLS");
	client_hears(c, "503");
	logs_in(c, "right", "235 2.7.0");
	assert_string_equal(w.login, "alice@mailbox.example 127.0.0.1");
	assert_true(str_find(str_of(w.gate->inbox, GATE_READ), STR("AUTH")) == GATE_READ); /* wiped */
	client_mails(c, "250 2.0.0");
	assert_int_equal(w.asks[0].account, 77);
	assert_int_equal(w.last.account, 77);
	/* Where it wrote from, and what its host calls itself, goes no further. */
	assert_string_equal(w.last.helo, "");
	assert_string_equal(w.last.client, "");
	client_quits(c);
	world_close(&w);
}

static void test_starttls(void **state)
{
	struct world w;
	struct client *c;

	opened(&w, LISTEN_SUBMISSION);
	c = client_greeted(&w);
	logs_in(c, "right", "538 5.7.11");
	client_say(c, "STARTTLS");
	client_hears(c, "220 2.0.0");
	client_start_tls(c);
	client_say(c, "EHLO a.example");
	assert_non_null(strstr(client_hears(c, "250"), "AUTH PLAIN LOGIN"));
	assert_int_equal(w.n_logins, 0);
	logs_in(c, "right", "235 2.7.0");
	client_mails(c, "250 2.0.0");
	assert_int_equal(w.last.account, 77);
	client_quits(c);

	/* CVE-2011-0411: a login pipelined behind STARTTLS is not heard. */
	c = client_greeted(&w);
	client_send(c, STR("STARTTLS\r\nEHLO x\r\nAUTH PLAIN AGFsaWNlAHJpZ2h0\r\n"));
	client_hears(c, "220");
	client_ends(c);
	client_free(c);
	assert_int_equal(w.n_logins, 1);
	world_close(&w);
}

static void test_verdicts(void **state)
{
	struct world w;
	struct client *c;

	opened(&w, LISTEN_SUBMISSION_TLS);
	c = over_tls(&w);
	logs_in(c, "wrong", "535 5.7.8 the name or the password is wrong");
	logs_in(c, "often", "454 4.7.0 too many tries, wait");
	client_say(c, "MAIL FROM:<a@client.example>");
	client_hears(c, "530 5.7.0");
	logs_in(c, "trouble", "421 4.7.0");
	client_ends(c);
	client_free(c);
	c = over_tls(&w);
	logs_in(c, "trouble", "454 4.7.0 logins cannot be checked now");
	logs_in(c, "right", "235");
	client_quits(c);

	/* Whoever logged in before is nobody on the next connection. */
	c = over_tls(&w);
	client_say(c, "MAIL FROM:<a@client.example>");
	client_hears(c, "530 5.7.0");
	client_quits(c);
	world_close(&w);
}

static void test_core_goes(void **state)
{
	struct world w;
	struct client *c;

	opened(&w, LISTEN_SUBMISSION_TLS);
	c = over_tls(&w);
	client_say(c, "AUTH PLAIN AGFsaWNlAGhvbGQ="); /* alice, hold */
	WORLD_UNTIL(&w, w.n_logins == 1);
	world_core_dies(&w);
	client_hears(c, "454 4.7.0");
	logs_in(c, "right", "454 4.7.0"); /* nobody is there */
	world_core_returns(&w);
	logs_in(c, "right", "235");
	client_mails(c, "250 2.0.0");
	client_quits(c);
	world_close(&w);
}

/* Who speaks in clear, or goes away within the handshake, has had no greeting and leaves nothing. */
static void test_no_handshake(void **state)
{
	struct world w;
	struct client *c;

	opened(&w, LISTEN_SUBMISSION_TLS);
	c = client_new(&w);
	world_turn_for(&w, 20);
	assert_int_equal(recv(c->fd, (char[1]){ 0 }, 1, 0), -1); /* it waits, silently */
	client_say(c, "EHLO in.clear.example");
	while (!c->ended) { /* an alert may come; no reply does */
		char one[1];
		ssize_t n;

		world_turn(&w);
		n = recv(c->fd, one, 1, 0);
		assert_true(n != 1 || one[0] != '2');
		c->ended = n == 0 || (n < 0 && errno == ECONNRESET);
	}
	client_free(c);
	c = client_new(&w);
	world_turn_for(&w, 20);
	client_free(c);
	c = client_new(&w);
	world_turn_for(&w, 20); /* in the middle of it when the gate stops */
	world_close(&w);
	client_free(c);
}

/* The time for a command is also the time for the handshake. */
static void test_slow_handshake(void **state)
{
	OWN(buf) chain = BUF(65536), key = BUF(65536);
	struct world w;
	struct client *c;

	make_certificate(&chain, &key);
	world_new(&w);
	w.start.conf.command_s = 1;
	w.kind = LISTEN_SUBMISSION_TLS;
	world_tls(&w, buf_str(&chain), buf_str(&key));
	world_open(&w);
	c = client_new(&w);
	client_ends(c);
	client_free(c);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_first),    cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_verdicts),     cmocka_unit_test(test_core_goes),
		cmocka_unit_test(test_no_handshake), cmocka_unit_test(test_slow_handshake),
		cmocka_unit_test(world_log_check),
	};

	return cmocka_run_group_tests(tests, world_log_begin, NULL);
}
