/* What the dialogs cannot show of the client machine: how it writes, what interrupts a body, and its end at every
 * point. */
#include "proto/smtpc_parts.h"
#include "proto/testclient.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

static const struct smtpc_config config = { .helo = STR_INIT("relay.example") };

static struct tc_mail mail_of(struct str body)
{
	return (struct tc_mail){
		.mail = { .sender = STR("a@b.example"), .rcpt = STR("c@d.example"), .bytes = body.n },
		.body = body
	};
}

static const struct str hello = STR_INIT("220 hop\r\n250-hop\r\n250-PIPELINING\r\n250 SIZE\r\n");
static const struct str go = STR_INIT("250 Ok\r\n250 Ok\r\n354 Go\r\n");

/* Each reply comes only after what it answers was said. */
static void greet(struct testclient *t)
{
	testclient_input(t, STR("220 hop\r\n"), 100);
	testclient_input(t, str_from(hello, 9), 100);
}

/* A small message costs three writes: envelope, body with its dot, and the next envelope. */
static void test_writes(void **state)
{
	struct testclient t;
	struct tc_mail m = mail_of(STR("Subject: x\r\n\r\nshort\r\n"));

	testclient_init(&t, &config);
	testclient_add(&t, &m);
	testclient_add(&t, &m);
	t.quit = true;
	greet(&t);
	assert_int_equal(t.writes, 2); /* EHLO; MAIL, RCPT and DATA */
	testclient_input(&t, go, 100);
	assert_int_equal(t.writes, 3); /* body and dot */
	assert_true(str_ends(buf_str(&t.out), STR("short\r\n.\r\n")));
	assert_true(smtpc_dot_sent(t.c));
	testclient_input(&t, STR("250 Kept\r\n"), 100);
	assert_int_equal(t.writes, 4); /* the next envelope */
	testclient_done(&t);
}

/* By BDAT a small message is one write with its envelope, and its verdict comes with the envelope's answers. */
static void test_writes_by_bdat(void **state)
{
	static const struct smtpc_config chunking = { .helo = STR_INIT("relay.example"), .chunking = true };
	struct tc_mail m = mail_of(STR("Subject: x\r\n\r\nshort\r\n"));
	struct testclient t;

	testclient_init(&t, &chunking);
	testclient_add(&t, &m);
	testclient_add(&t, &m);
	testclient_input(&t, STR("220 hop\r\n"), 100);
	testclient_input(&t, STR("250-hop\r\n250-PIPELINING\r\n250 CHUNKING\r\n"), 100);
	assert_int_equal(t.writes, 2); /* EHLO; everything */
	assert_true(smtpc_dot_sent(t.c));
	testclient_input(&t, STR("250 Ok\r\n250 Ok\r\n250 Kept\r\n"), 100);
	assert_int_equal(t.outcomes[0].kind, SMTPC_DELIVERED);
	assert_int_equal(t.writes, 3); /* and the next */
	testclient_done(&t);
}

/* Nothing of a password stays in memory that is given back. */
static void test_password_is_wiped(void **state)
{
	static const struct smtpc_config login = { .helo = STR_INIT("relay.example"),
		                                   .user = STR_INIT("me"),
		                                   .password = STR_INIT("secret"),
		                                   .auth_in_clear = true };
	struct smtpc *c = smtpc_new(&login);

	smtpc_input(c, STR("220 hop\r\n"));
	smtpc_sent(c, smtpc_output(c).n);
	smtpc_input(c, STR("250-hop\r\n250 AUTH PLAIN\r\n"));
	assert_true(str_eq(smtpc_output(c), STR("AUTH PLAIN AG1lAHNlY3JldA==\r\n")));
	assert_true(c->secret_out && c->out.cap >= 1024); /* so that it did not move while it grew */
	smtpc_sent(c, 5);
	assert_true(c->secret_out);
	smtpc_sent(c, smtpc_output(c).n);
	assert_true(!c->secret_out && !c->out.p);
	smtpc_free(c);
}

/* A body larger than a round of output goes in rounds, none of them large, though every line of it is a dot. */
static void test_large_body(void **state)
{
	struct testclient t;
	size_t lines = 400000;
	struct buf body = BUF(2 << 20);
	struct tc_mail m;

	for (size_t i = 0; i < lines; i++)
		buf_addz(&body, ".\r\n");
	m = mail_of(buf_str(&body));
	testclient_init(&t, &config);
	testclient_add(&t, &m);
	greet(&t);
	testclient_input(&t, go, 100);
	assert_true(t.writes > 12 && t.writes < 40);
	assert_true(str_ends(buf_str(&t.out), STR("..\r\n..\r\n.\r\n")));
	testclient_input(&t, STR("250 Kept\r\n"), 100);
	assert_int_equal(t.outcomes[0].kind, SMTPC_DELIVERED);
	assert_int_equal(t.c->out.cap, 0);
	assert_int_equal(t.c->in.cap, 0);
	testclient_done(&t);
	buf_done(&body);
}

/* A reply while the body is being sent is the peer's last word; the message is not completed. */
static void test_reply_within_body(void **state)
{
	static const struct {
		struct str reply;
		enum smtpc_kind kind;
		int code;
		bool own;
	} rows[] = {
		{ STR_INIT("421 4.3.2 Going down\r\n"), SMTPC_TEMP, 421, false },
		{ STR_INIT("452 4.3.1 Full\r\n"), SMTPC_TEMP, 452, false },
		{ STR_INIT("552 5.3.4 Too big\r\n"), SMTPC_PERM, 552, false },
		{ STR_INIT("250 2.0.0 Kept\r\n"), SMTPC_TEMP, 451, true },
		{ STR_INIT("354 Go\r\n"), SMTPC_TEMP, 451, true },
		{ STR_INIT("what\r\n"), SMTPC_TEMP, 451, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWNS(smtpc) c = smtpc_new(&config);
		struct smtpc_mail mail = mail_of(STR("0123456789\r\n")).mail;

		smtpc_input(c, hello);
		smtpc_send(c, &mail);
		smtpc_input(c, go);
		assert_int_equal(smtpc_want(c), SMTPC_BODY);
		smtpc_body(c, STR("01234"));
		smtpc_input(c, rows[i].reply);
		assert_int_equal(smtpc_want(c), SMTPC_OUTCOME);
		smtpc_body(c, STR("56789\r\n")); /* a host that did not look */
		smtpc_body_end(c);
		assert_int_equal(smtpc_outcome(c)->kind, rows[i].kind);
		assert_int_equal(smtpc_outcome(c)->code, rows[i].code);
		assert_int_equal(smtpc_outcome(c)->own, rows[i].own);
		assert_false(smtpc_outcome(c)->dot_sent);
		assert_int_equal(smtpc_output(c).n, 0);
		smtpc_outcome_taken(c);
		assert_int_equal(smtpc_want(c), SMTPC_CLOSE);
	}
}

/* The connection is lost after every byte that the peer says: each message given has exactly one outcome, and only a
 * whole 250 to its dot delivers one. */
static void test_lost_anywhere(void **state)
{
	static const struct str turns[] = {
		STR_INIT("220 hop\r\n"),
		STR_INIT("250-hop\r\n250 PIPELINING\r\n"),
		STR_INIT("250 Ok\r\n250 Ok\r\n354 Go\r\n"),
		STR_INIT("250 2.0.0 Kept\r\n"),
		STR_INIT("250 Ok\r\n550 No\r\n354 Go\r\n"),
		STR_INIT("250 2.0.0 Kept\r\n"),
		STR_INIT("250 Ok\r\n250 Ok\r\n354 Go\r\n"),
		STR_INIT("250 2.0.0 Kept\r\n"),
	};
	size_t all = 0;

	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++)
		all += turns[i].n;
	for (size_t stop = 0; stop <= all; stop++) {
		struct testclient t;
		struct tc_mail m = mail_of(STR("x\r\n"));
		size_t left = stop, delivered = 0;

		testclient_init(&t, &config);
		for (int i = 0; i < 3; i++)
			testclient_add(&t, &m);
		for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
			struct str part = str_first(turns[i], left);

			left -= part.n;
			delivered += part.n == turns[i].n && (i == 3 || i == 7);
			testclient_input(&t, part, 3);
		}
		smtpc_lost(t.c, STR("gone\r\n\x1b"));
		testclient_serve(&t);
		assert_int_equal(smtpc_want(t.c), SMTPC_CLOSE);
		assert_int_equal(t.n_outcomes, t.sent);
		for (size_t i = 0; i < t.n_outcomes; i++)
			delivered -= t.outcomes[i].kind == SMTPC_DELIVERED;
		assert_int_equal(delivered, 0);
		if (stop == all)
			assert_int_equal(t.outcomes[1].kind, SMTPC_PERM);
		else
			assert_true(!strpbrk(smtpc_outcome(t.c)->text, "\r\n\x1b"));
		smtpc_lost(t.c, STR("again"));
		testclient_done(&t);
	}
}

/* An outcome that waits is not touched by what comes meanwhile. */
static void test_outcome_waits(void **state)
{
	OWNS(smtpc) c = smtpc_new(&config);
	struct smtpc_mail mail = mail_of(STR("")).mail;

	smtpc_input(c, hello);
	smtpc_send(c, &mail);
	smtpc_input(c, go);
	smtpc_body_end(c);
	smtpc_input(c, STR("250 2.0.0 Kept\r\n421 4.3.2 Bye\r\n"));
	smtpc_lost(c, STR("gone"));
	assert_int_equal(smtpc_want(c), SMTPC_OUTCOME);
	assert_int_equal(smtpc_outcome(c)->kind, SMTPC_DELIVERED);
	smtpc_outcome_taken(c);
	assert_int_equal(smtpc_want(c), SMTPC_CLOSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_writes_by_bdat),
		cmocka_unit_test(test_password_is_wiped),
		cmocka_unit_test(test_large_body),
		cmocka_unit_test(test_reply_within_body),
		cmocka_unit_test(test_lost_anywhere),
		cmocka_unit_test(test_outcome_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
