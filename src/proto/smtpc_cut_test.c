/* The client machine towards a next hop that goes away after each byte of the dialogue, in either direction, or lies at each
 * reply: nothing lost, nothing twice but what may be after its end was sent, nothing returned for it, nothing in clear. */
#include "proto/testclient.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

enum { MAILS = 3, REPLIES = 40, OUT_MAX = 4 << 20, NEVER = 1 << 30 };

static const char *const rcpts[MAILS] = { "a@d.example", "b@d.example", "c@d.example" };
static const char *const bodies[MAILS] = { "Subject: one\r\n\r\n.dot\r\n", "x\r\n", "\r\n.\r\nend\r\n" };

static const struct way {
	const char *name, *offers;
	struct smtpc_config config;
	bool large; /* the second body is more than goes ahead of its envelope */
} ways[] = {
	{ "DATA", "250-PIPELINING\r\n", { .helo = STR_INIT("h.example") }, false },
	{ "DATA, no pipelining", "", { .helo = STR_INIT("h.example") }, false },
	{ "BDAT",
	  "250-PIPELINING\r\n250-CHUNKING\r\n",
	  { .helo = STR_INIT("h.example"), .chunking = true },
	  false },
	{ "BDAT, no pipelining",
	  "250-CHUNKING\r\n",
	  { .helo = STR_INIT("h.example"), .chunking = true },
	  false },
	{ "BDAT, large",
	  "250-PIPELINING\r\n250-CHUNKING\r\n",
	  { .helo = STR_INIT("h.example"), .chunking = true },
	  true },
	{ "TLS, AUTH PLAIN",
	  "250-PIPELINING\r\n250-CHUNKING\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n",
	  { .helo = STR_INIT("h.example"),
	    .tls = SMTPC_TLS_ENCRYPT,
	    .user = STR_INIT("me"),
	    .password = STR_INIT("secret"),
	    .chunking = true },
	  false },
	{ "TLS, AUTH LOGIN",
	  "250-STARTTLS\r\n250-AUTH LOGIN\r\n",
	  { .helo = STR_INIT("h.example"),
	    .tls = SMTPC_TLS_ENCRYPT,
	    .user = STR_INIT("me"),
	    .password = STR_INIT("secret") },
	  false },
};

/* A next hop that knows the commands, and which messages it has whole. */
struct hop {
	const struct way *way;
	struct buf in, out;
	size_t read; /* of in */
	bool body, tls;
	int login; /* lines that are still to come */
	int rcpt;
	size_t copies[MAILS], replies;
	size_t liar; /* the number of the reply that is another */
	const char *lie;
};

static void say(struct hop *h, const char *reply)
{
	buf_addz(&h->out, h->replies++ == h->liar ? h->lie : reply);
}

static int rcpt_of(struct str line)
{
	for (int i = 0; i < MAILS; i++)
		if (str_find(line, str_c(rcpts[i])) < line.n)
			return i;
	return -1;
}

static void whole(struct hop *h)
{
	assert_true(h->rcpt >= 0);
	h->copies[h->rcpt]++;
	h->rcpt = -1;
	say(h, "250 2.0.0 taken\r\n");
}

static void hello(struct hop *h)
{
	OWN(buf) b = BUF(1000);

	buf_addf(&b, "250-next.example\r\n%s250 8BITMIME\r\n", h->way->offers);
	say(h, b.p);
}

static const struct {
	const char *verb, *reply;
} verbs[] = {
	{ "MAIL", "250 2.1.0 ok\r\n" }, { "RSET", "250 2.0.0 ok\r\n" },       { "QUIT", "221 2.0.0 bye\r\n" },
	{ "STARTTLS", "220 go\r\n" },   { "AUTH PLAIN ", "235 welcome\r\n" },
};

static void command(struct hop *h, struct str line)
{
	if (str_starts(line, STR("EHLO")) || str_starts(line, STR("HELO"))) {
		hello(h);
	} else if (str_starts(line, STR("RCPT"))) {
		h->rcpt = rcpt_of(line);
		say(h, "250 2.1.5 ok\r\n");
	} else if (str_starts(line, STR("DATA"))) {
		h->body = true;
		say(h, "354 go\r\n");
	} else if (str_eq(line, STR("AUTH LOGIN"))) {
		h->login = 2;
		say(h, "334 VXNlcm5hbWU6\r\n");
	} else if (h->login) {
		say(h, --h->login ? "334 UGFzc3dvcmQ6\r\n" : "235 welcome\r\n");
	} else {
		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (str_starts(line, str_c(verbs[i].verb)))
				say(h, verbs[i].reply);
	}
}

/* "BDAT n LAST": true when the octets are there as well. */
static bool chunk(struct hop *h, struct str line, struct str behind)
{
	struct str words = str_from(line, 5);
	uint64_t n = 0;

	assert_true(str_u64(str_cut(&words, ' '), &n) && str_eq(words, STR("LAST")));
	if (behind.n < n)
		return false;
	h->read += (size_t)n;
	return true;
}

static void hear(struct hop *h, struct str bytes)
{
	buf_add(&h->in, bytes);
	for (;;) {
		struct str rest = str_from(buf_str(&h->in), h->read), line;
		size_t eol = str_find(rest, STR("\r\n"));

		if (eol == rest.n)
			return;
		line = str_first(rest, eol);
		if (str_starts(line, STR("BDAT ")) && !h->body) {
			if (!chunk(h, line, str_from(rest, eol + 2)))
				return;
			h->read += eol + 2;
			whole(h);
			continue;
		}
		h->read += eol + 2;
		if (!h->body) {
			command(h, line);
		} else if (str_eq(line, STR("."))) {
			h->body = false;
			whole(h);
		}
	}
}

/* ---- one connection ---------------------------------------------------------------------------------------------- */

struct run {
	struct testclient t;
	struct hop h;
	size_t up, down; /* bytes that went over */
	size_t in_clear; /* of what was written */
};

static struct buf large;

static struct str body_of(const struct way *w, int i)
{
	return w->large && i == 1 ? buf_str(&large) : str_c(bodies[i]);
}

static void run_open(struct run *r, const struct way *w, const bool given[MAILS])
{
	*r = (struct run){ .h = { .way = w, .rcpt = -1, .liar = NEVER } };
	r->h.in = r->h.out = BUF(OUT_MAX);
	testclient_init(&r->t, &w->config);
	r->t.quit = true;
	for (int i = 0; i < MAILS; i++)
		if (!given[i])
			testclient_add(&r->t, &(struct tc_mail){ .mail = { .sender = STR("s@b.example"),
			                                                   .rcpt = str_c(rcpts[i]),
			                                                   .bytes = body_of(w, i).n },
			                                         .body = body_of(w, i) });
}

static void run_close(struct run *r)
{
	testclient_done(&r->t);
	buf_done(&r->h.in);
	buf_done(&r->h.out);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* So many bytes reach the hop and the client; then the connection is lost. */
static void run_all(struct run *r, size_t most_up, size_t most_down)
{
	size_t moved = 1;

	say(&r->h, "220 next.example ESMTP\r\n");
	while (moved) {
		struct str said = str_from(buf_str(&r->t.out), r->up), heard;
		size_t n = least(said.n, most_up - r->up);

		hear(&r->h, str_first(said, n));
		r->up += n;
		heard = str_from(buf_str(&r->h.out), r->down);
		moved = n + heard.n;
		n = least(heard.n, most_down - r->down);
		testclient_input(&r->t, str_first(heard, n), 64);
		r->down += n;
		moved -= heard.n - n;
		if (smtpc_want(r->t.c) == SMTPC_TLS && !moved) {
			r->in_clear = r->t.out.n;
			testclient_tls(&r->t);
			moved = 1;
		}
	}
	smtpc_lost(r->t.c, STR("gone"));
	testclient_serve(&r->t);
}

/* Before TLS nobody is named and nothing is given. */
static void check_clear(const struct run *r)
{
	struct str said = buf_str(&r->t.out);

	if (r->h.way->config.tls != SMTPC_TLS_ENCRYPT)
		return;
	said = str_first(said, r->in_clear ? r->in_clear : said.n);
	assert_true(str_find(said, STR("AUTH")) == said.n && str_find(said, STR("MAIL")) == said.n &&
	            str_find(said, STR("Subject")) == said.n && str_find(said, STR("@")) == said.n);
}

/* What a queue does: what has no outcome or TEMP comes again, over a connection that holds. */
static void cut(const struct way *w, size_t most_up, size_t most_down)
{
	bool given[MAILS] = { false }, twice[MAILS] = { false };
	size_t copies[MAILS] = { 0 };
	struct run r;

	run_open(&r, w, given);
	run_all(&r, most_up, most_down);
	check_clear(&r);
	assert_int_equal(r.t.n_outcomes, r.t.sent);
	for (size_t n = 0; n < r.t.n_outcomes; n++) {
		const struct smtpc_outcome *o = &r.t.outcomes[n];

		assert_true(o->kind == SMTPC_DELIVERED || o->kind == SMTPC_TEMP);
		given[n] = o->kind == SMTPC_DELIVERED;
		twice[n] = o->dot_sent;
		assert_true(!given[n] || r.h.copies[n] == 1);
		assert_true(given[n] || !r.h.copies[n] || twice[n]);
	}
	memcpy(copies, r.h.copies, sizeof(copies));
	run_close(&r);
	run_open(&r, w, given);
	run_all(&r, NEVER, NEVER);
	for (size_t n = 0; n < r.t.n_outcomes; n++)
		assert_int_equal(r.t.outcomes[n].kind, SMTPC_DELIVERED);
	for (int i = 0; i < MAILS; i++) {
		copies[i] += r.h.copies[i];
		if (copies[i] < 1 || copies[i] > 1u + twice[i])
			fail_msg("%s, cut at %zu up, %zu down: message %d is there %zu times", w->name,
			         most_up, most_down, i, copies[i]);
	}
	run_close(&r);
}

/* Where a large body is under way every byte of it is like its neighbour. */
static size_t stride(const struct way *w, size_t k, size_t n)
{
	return w->large && k > 400 && k + 400 < n ? 997 : 1;
}

static void test_cut_at_each_byte(void **state)
{
	static const bool none[MAILS] = { false };
	size_t cuts = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct way *w = &ways[i];
		size_t up, down;
		struct run r;

		run_open(&r, w, none);
		run_all(&r, NEVER, NEVER);
		assert_int_equal(r.t.n_outcomes, MAILS);
		assert_true(r.h.copies[0] == 1 && r.h.copies[1] == 1 && r.h.copies[2] == 1);
		up = r.up;
		down = r.down;
		run_close(&r);
		for (size_t k = 0; k < up; k += stride(w, k, up), cuts++)
			cut(w, k, NEVER);
		for (size_t k = 0; k < down; k++, cuts++)
			cut(w, NEVER, k);
	}
	printf("%zu cuts\n", cuts);
}

/* ---- lies -------------------------------------------------------------------------------------------------------- */

static const char *const lies[] = {
	"250 2.0.0 ok\r\n",
	"220 again\r\n",
	"235 2.7.0 welcome\r\n",
	"334 more\r\n",
	"354 go\r\n",
	"421 4.3.2 going\r\n",
	"450 4.2.0 later\r\n",
	"550 5.7.1 never\r\n",
	"500 5.5.1 what\r\n",
	"552 too much\r\n",
	"150 soon\r\n",
	"650 private\r\n",
	"250\n",
	"250 2.0.0 ok\r\r\n",
	"hello\r\n",
	"\r\n",
	"25",
	"",
	"250 2.0.0 ok\r\n250 2.0.0 ok\r\n",
	"354 go\r\n250 2.0.0 ok\r\n",
	"250-one\r\n550 other\r\n",
	"250-PIPELINING\r\n250-AUTH PLAIN LOGIN\r\n250 CHUNKING\r\n",
};

/* A 2xx for a message is believed, from whomever; without one it is not delivered. One connection, one ending. */
static void lie(const struct way *w, size_t liar, const char *words)
{
	static const bool none[MAILS] = { false };
	size_t believed = 0;
	struct run r;

	run_open(&r, w, none);
	r.h.liar = liar;
	r.h.lie = words;
	run_all(&r, NEVER, NEVER);
	check_clear(&r);
	assert_int_equal(smtpc_want(r.t.c), SMTPC_CLOSE);
	assert_int_equal(r.t.n_outcomes, r.t.sent);
	for (size_t n = 0; n < r.t.n_outcomes; n++) {
		const struct smtpc_outcome *o = &r.t.outcomes[n];

		assert_true(o->kind != SMTPC_NONE);
		assert_true(o->kind != SMTPC_PERM || *words == '5'); /* garbage returns nobody's mail */
		assert_true(o->kind == SMTPC_TEMP || o->code >= 200);
		if (o->kind == SMTPC_DELIVERED && !r.h.copies[n])
			believed++;
	}
	if (believed)
		fail_msg("%s: \"%s\" as reply %zu: delivered, and is not there", w->name, words, liar);
	run_close(&r);
}

static void test_lies_at_each_reply(void **state)
{
	static const bool none[MAILS] = { false };
	size_t told = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		size_t replies;
		struct run r;

		run_open(&r, &ways[i], none);
		run_all(&r, NEVER, NEVER);
		replies = r.h.replies;
		run_close(&r);
		assert_true(replies > 5 && replies < REPLIES);
		for (size_t k = 0; k < replies; k++)
			for (size_t l = 0; l < sizeof(lies) / sizeof(lies[0]); l++, told++)
				lie(&ways[i], k, lies[l]);
	}
	printf("%zu lies\n", told);
}

/* A reply without an end is given up at its limit, at each place where one is due. */
static void test_endless_replies(void **state)
{
	static const bool none[MAILS] = { false };
	OWN(buf) endless = BUF(OUT_MAX);

	while (endless.n < 2 * SMTPC_REPLY_MAX)
		buf_addz(&endless, "250-and so on\r\n");
	for (size_t k = 0; k < 6; k++) {
		const struct smtpc_outcome *last;
		struct run r;

		run_open(&r, &ways[0], none);
		r.h.liar = k;
		r.h.lie = endless.p;
		run_all(&r, NEVER, NEVER);
		assert_int_equal(smtpc_want(r.t.c), SMTPC_CLOSE);
		last = r.t.n_outcomes ? &r.t.outcomes[r.t.n_outcomes - 1] : smtpc_outcome(r.t.c);
		assert_int_equal(last->kind, SMTPC_TEMP);
		assert_string_equal(last->text, "The next hop gave a reply that is none");
		run_close(&r);
	}
}

static int make_large(void **state)
{
	large = BUF(OUT_MAX);
	while (large.n < SMTPC_AHEAD_MAX + 1000)
		buf_addz(&large, "a line of many\r\n");
	return 0;
}

static int free_large(void **state)
{
	buf_done(&large);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_at_each_byte),
		cmocka_unit_test(test_lies_at_each_reply),
		cmocka_unit_test(test_endless_replies),
	};

	return cmocka_run_group_tests(tests, make_large, free_large);
}
