/* The two machines against each other in memory, through a transport that cuts the bytes at random. */
#include "proto/testclient.h"
#include "proto/testhost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

enum { RUNS = 400, MAILS = 12, BODY_MAX = 400000 };

static uint64_t seed;

static size_t pick(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % n);
}

#define PICK(table) (table)[pick(sizeof(table) / sizeof((table)[0]))]

/* Pieces that a careless reader stumbles over, when they follow each other. */
static const struct str pieces[] = {
	STR_INIT("\r\n"),
	STR_INIT("."),
	STR_INIT(".\r\n"),
	STR_INIT("..\r\n"),
	STR_INIT("\r\n.x\r\n"),
	STR_INIT("text "),
	STR_INIT("QUIT\r\n"),
	STR_INIT("\xc3\xbc"),
	STR_INIT("\r\n\r\n"),
	STR_INIT("MAIL FROM:<evil@b.example>\r\n"),
	STR_INIT("0123456789012345678901234567890123456789\r\n"),
};
static const char *const senders[] = {
	"",
	"a@b.example",
	"full@b.example",
	"never@b.example",
	"busy@b.example",
	"j\xc3\xb6rg@b.example",
	"\"odd one\"@b.example",
};
static const char *const rcpts[] = {
	"c@d.example", "unknown@d.example", "later@d.example", "c@d.example", "\xc3\xb6@d.example",
};

struct world {
	struct smtpd_config server;
	struct smtpc_config client;
	struct testhost h;
	struct testclient t;
	struct buf bodies[MAILS];
	size_t heard; /* of h.out */
};

static void make_mail(struct world *w, size_t i)
{
	struct buf *b = &w->bodies[i];
	size_t n = pick(4) ? pick(60) : pick(20000);
	struct tc_mail m = { 0 };

	*b = BUF(BODY_MAX);
	while (n--)
		buf_add(b, PICK(pieces));
	m.body = buf_str(b);
	m.mail = (struct smtpc_mail){ .sender = str_c(PICK(senders)),
		                      .rcpt = str_c(PICK(rcpts)),
		                      .bytes = b->n,
		                      .eightbit = !str_is_ascii(m.body),
		                      .smtputf8 = !pick(8) };
	testclient_add(&w->t, &m);
}

static void make_world(struct world *w)
{
	*w = (struct world){ .server = { .hostname = STR("mx.example"), .limits = smtpd_limits_default } };
	w->server.starttls = pick(2);
	w->server.smtputf8 = pick(3);
	w->server.limits.message = pick(2) ? 1000 : 50u << 20;
	w->client.helo = STR("relay.example");
	w->client.tls = w->server.starttls ? (enum smtpc_tls)pick(3) : (enum smtpc_tls)pick(2);
	w->client.chunking = pick(2);
	testhost_init(&w->h, &w->server);
	w->h.judge = true;
	w->h.park = pick(3) ? 0 : pick(100);
	w->h.send = pick(3) ? 0 : 1 + pick(20);
	testclient_init(&w->t, &w->client);
	w->t.quit = true;
	w->t.piece = pick(3) ? 0 : 1 + pick(100);
	for (size_t i = 0; i < MAILS; i++)
		make_mail(w, i);
}

static size_t some(size_t n)
{
	size_t most = pick(3) ? n : 1 + pick(10);

	return most < n ? most : n; /* a third of the time a trickle */
}

static bool up(struct world *w)
{
	struct str said = str_from(buf_str(&w->t.out), w->t.flushed);
	size_t n = some(said.n);

	w->t.flushed += n;
	testhost_input(&w->h, str_first(said, n), 1 + pick(5000));
	return n;
}

static bool down(struct world *w)
{
	struct str said = str_from(buf_str(&w->h.out), w->heard);
	size_t n = some(said.n);

	w->heard += n;
	testclient_input(&w->t, str_first(said, n), 1 + pick(50));
	return n;
}

/* One exchange; false when nothing moved. */
static bool exchange(struct world *w)
{
	bool went_up = up(w), came_down = down(w);

	if (went_up || came_down)
		return true;
	if (smtpc_want(w->t.c) != SMTPC_TLS)
		return false;
	testhost_tls(&w->h);
	testclient_tls(&w->t);
	return true;
}

struct wanted {
	enum smtpc_kind kind;
	int code;
};

/* What must become of a message, by the rules alone. */
static struct wanted wanted(const struct world *w, const struct tc_mail *m)
{
	bool utf8 = m->mail.smtputf8 || !str_is_ascii(m->mail.sender) || !str_is_ascii(m->mail.rcpt);
	const struct {
		bool is;
		struct wanted then;
	} rules[] = {
		{ utf8 && !w->server.smtputf8, { SMTPC_PERM, 550 } },
		{ m->body.n > w->server.limits.message, { SMTPC_PERM, 552 } },
		{ str_starts(m->mail.rcpt, STR("unknown@")), { SMTPC_PERM, 550 } },
		{ str_starts(m->mail.rcpt, STR("later@")), { SMTPC_TEMP, 451 } },
		{ str_starts(m->mail.sender, STR("full@")), { SMTPC_TEMP, 452 } },
		{ str_starts(m->mail.sender, STR("never@")), { SMTPC_PERM, 550 } },
		{ str_starts(m->mail.sender, STR("busy@")), { SMTPC_TEMP, 451 } },
		{ true, { SMTPC_DELIVERED, 250 } },
	};
	size_t i = 0;

	while (!rules[i].is)
		i++;
	return rules[i].then;
}

/* The accepted body is the sent one, its last line completed where it came by DATA. */
static void check_body(const struct world *w, size_t got, struct str sent)
{
	struct str body = buf_str(&w->h.got[got].body);

	assert_true(got < w->h.n_got && body.n >= sent.n);
	assert_true(str_eq(str_first(body, sent.n), sent));
	if (sent.n && !str_ends(sent, STR("\r\n")) && !w->client.chunking)
		assert_true(str_eq(str_from(body, sent.n), STR("\r\n")));
	else
		assert_int_equal(body.n, sent.n);
}

static void check_world(const struct world *w)
{
	size_t accepted = 0;

	assert_int_equal(w->t.n_outcomes, MAILS);
	for (size_t i = 0; i < MAILS; i++) {
		const struct tc_mail *m = &w->t.mails[i];
		struct wanted want = wanted(w, m);

		if (w->t.outcomes[i].kind != want.kind || w->t.outcomes[i].code != want.code)
			fail_msg("mail %zu: %d %d %s", i, w->t.outcomes[i].kind, w->t.outcomes[i].code,
			         w->t.outcomes[i].text);
		if (want.kind == SMTPC_DELIVERED)
			check_body(w, accepted++, m->body);
	}
	assert_int_equal(w->h.n_got, accepted);
	assert_int_equal(w->h.drops, 0);
	assert_int_equal(smtpd_errors(w->h.s), 0);
	assert_string_equal(smtpd_why(w->h.s), "quit");
	assert_int_equal(smtpc_want(w->t.c), SMTPC_CLOSE);
	assert_int_equal(smtpd_is_tls(w->h.s), w->server.starttls && w->client.tls != SMTPC_TLS_NONE);
}

static void test_pair(void **state)
{
	static struct world w;
	size_t delivered = 0;

	for (uint64_t run = 1; run <= RUNS; run++) {
		seed = run * 0x9e3779b97f4a7c15;
		make_world(&w);
		while (exchange(&w))
			;
		check_world(&w);
		delivered += w.h.n_got;
		testclient_done(&w.t);
		testhost_done(&w.h);
		for (size_t i = 0; i < MAILS; i++)
			buf_done(&w.bodies[i]);
	}
	printf("%d messages, %zu delivered\n", RUNS * MAILS, delivered);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pair) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
