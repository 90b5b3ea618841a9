/* Laws: each message that was given has one outcome when the connection is over; no more are delivered than ended with
 * CRLF "." CRLF or went whole behind BDAT; nothing is written with a CR or LF apart. Where no two replies come in one piece (a peer that answers
 * only what was said), the split of the input changes neither what is written nor what comes out.
 * Input: a byte for the TLS policy and one of the splits, then what the server says; 0xfe is where a handshake takes
 * place that is due. */
#include "proto/testclient.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { WAIT = 0xfe };

enum split { LINES, BYTES, CUTS, WHOLE };

static const struct tc_mail mails[] = {
	{ .mail = { .rcpt = STR_INIT("c@d.example"), .bytes = 12 }, .body = STR_INIT(".a\r\n\r\n..\r\n.x") },
	{ .mail = { .sender = STR_INIT("a@b.example"),
	            .rcpt = STR_INIT("c@d.example"),
	            .bytes = 4,
	            .eightbit = true },
	  .body = STR_INIT("\xc3\xbc\r\n") },
	{ .mail = { .sender = STR_INIT("\xc3\xb6@b.example"), .rcpt = STR_INIT("c@d.example") },
	  .body = STR_INIT("") },
	{ .mail = { .sender = STR_INIT("a@b.example"), .rcpt = STR_INIT("c@d.example"), .bytes = 6 },
	  .body = STR_INIT("x\r\ny\n\n") },
};

/* Bytes of the next piece. */
static size_t piece(struct str in, enum split split, uint32_t *seed)
{
	size_t line = str_chr(in, '\n') + 1, n = in.n;

	*seed = *seed * 1664525 + 1013904223;
	if (split == LINES)
		n = line;
	if (split == BYTES)
		n = 1;
	if (split == CUTS)
		n = 1 + (*seed >> 16) % line;
	return n < in.n ? n : in.n;
}

static void run(struct testclient *t, struct str in, uint8_t first, enum split split)
{
	static struct smtpc_config config;
	uint32_t seed = first;

	config = (struct smtpc_config){ .helo = STR("relay.example"),
		                        .tls = (enum smtpc_tls)(first % 3),
		                        .chunking = first & 8,
		                        .auth_in_clear = true };
	if (first & 16) {
		config.user = STR("user");
		config.password = STR("pass\twort");
	}
	testclient_init(t, &config);
	t->piece = first % 4;
	t->quit = first & 64;
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++)
		testclient_add(t, &mails[i]);
	while (in.n) {
		bool waits = str_chr(in, (char)WAIT) < in.n;
		struct str part = str_cut(&in, (char)WAIT);

		while (part.n) {
			size_t n = piece(part, split, &seed);

			testclient_input(t, str_first(part, n), n);
			part = str_from(part, n);
		}
		if (waits)
			testclient_tls(t);
	}
	smtpc_lost(t->c, STR("gone"));
	testclient_serve(t);
}

static bool same(const struct testclient *a, const struct testclient *b)
{
	if (!str_eq(buf_str(&a->out), buf_str(&b->out)) || a->n_outcomes != b->n_outcomes)
		return false;
	for (size_t i = 0; i < a->n_outcomes; i++) {
		const struct smtpc_outcome *x = &a->outcomes[i], *y = &b->outcomes[i];

		if (x->kind != y->kind || x->code != y->code || x->own != y->own ||
		    x->dot_sent != y->dot_sent || strcmp(x->text, y->text) != 0 ||
		    strcmp(x->enhanced, y->enhanced) != 0)
			return false;
	}
	return true;
}

static bool is_strict(struct str out)
{
	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] == '\0' || (out.p[i] == '\n' && (!i || out.p[i - 1] != '\r')) ||
		    (out.p[i] == '\r' && (i + 1 == out.n || out.p[i + 1] != '\n')))
			return false;
	return true;
}

static size_t ends(struct str out)
{
	size_t n = 0;

	while (out.n) {
		struct str line = str_cut(&out, '\n');

		n += str_eq(line, STR(".\r")) || str_ends(line, STR(" LAST\r"));
	}
	return n;
}

static void check(const struct testclient *t)
{
	size_t delivered = 0;

	if (smtpc_want(t->c) != SMTPC_CLOSE || t->n_outcomes != t->sent)
		abort();
	for (size_t i = 0; i < t->n_outcomes; i++) {
		if (t->outcomes[i].kind == SMTPC_NONE)
			abort();
		delivered += t->outcomes[i].kind == SMTPC_DELIVERED;
	}
	if (delivered > ends(buf_str(&t->out)) || !is_strict(buf_str(&t->out)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct testclient t[4];
	struct str in = str_from(str_of(p, n), 1);

	if (!n)
		return 0;
	for (enum split s = LINES; s <= WHOLE; s++) {
		run(&t[s], in, p[0], s);
		check(&t[s]);
	}
	if (!same(&t[LINES], &t[BYTES]) || !same(&t[LINES], &t[CUTS]))
		abort();
	for (enum split s = LINES; s <= WHOLE; s++)
		testclient_done(&t[s]);
	return 0;
}
