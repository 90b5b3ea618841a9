/* Laws: the split of the input changes neither what is said nor what is accepted; no more messages are accepted than
 * there are CRLF "." CRLF and the word LAST; what is accepted never holds a CR or LF apart or a NUL (testhost.c asserts that).
 * Where mail is submitted nothing is accepted before a login under TLS (testhost.c again).
 * Input: a seed byte for one of the splits (from 128 on it is LMTP, from 64 on submission, from 96 on with TLS from the start), then what the client says; 0xfe is where it waits for a TLS handshake. */
#include "proto/testhost.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { WAIT = 0xfe };

/* Small ones, so that small inputs reach them. */
static const struct smtpd_config config = {
	.hostname = STR_INIT("mx.example"),
	.starttls = true,
	.smtputf8 = true,
	.limits = { .message = 300,
	            .header_line = 80,
	            .header_block = 200,
	            .body_line = 100,
	            .rcpts = 3,
	            .errors = 6,
	            .refusals = 3,
	            .idle = 30,
	            .messages = 5,
	            .tries = 3 },
};

/* Pieces of at most `most` bytes, of random length when there is a seed. */
static void give(struct testhost *h, struct str in, size_t most, uint32_t seed)
{
	while (in.n) {
		size_t n = most;

		if (seed) {
			seed = seed * 1664525 + 1013904223;
			n = 1 + (seed >> 16) % 13;
		}
		n = n < in.n ? n : in.n;
		testhost_input(h, str_first(in, n), n);
		in = str_from(in, n);
	}
}

static void run(struct testhost *h, uint8_t kind, struct str in, size_t most, uint32_t seed)
{
	static struct smtpd_config c;

	c = config;
	c.lmtp = kind & 128;
	c.submission = (kind & 192) == 64;
	c.tls = c.submission && kind & 32;
	testhost_init(h, &c);
	h->judge = true;
	h->park = seed % 7;
	h->send = seed % 5;
	while (in.n) {
		bool waits = str_chr(in, (char)WAIT) < in.n;

		give(h, str_cut(&in, (char)WAIT), most, seed);
		if (waits)
			testhost_tls(h);
	}
}

static bool same_str(const struct buf *a, const struct buf *b)
{
	return str_eq(buf_str(a), buf_str(b));
}

static bool same(const struct testhost *a, const struct testhost *b)
{
	if (!same_str(&a->out, &b->out) || a->n_got != b->n_got || smtpd_want(a->s) != smtpd_want(b->s))
		return false;
	for (size_t i = 0; i < a->n_got; i++)
		if (!same_str(&a->got[i].body, &b->got[i].body) ||
		    !same_str(&a->got[i].facts, &b->got[i].facts))
			return false;
	return str_eq(str_c(smtpd_why(a->s)), str_c(smtpd_why(b->s)));
}

/* How often "LAST" stands there, waits between its letters aside. */
static size_t last_words(struct str in)
{
	char word[4] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == (char)WAIT)
			continue;
		memmove(word, word + 1, sizeof(word) - 1);
		word[sizeof(word) - 1] = in.p[i];
		n += str_eq_nocase(str_of(word, sizeof(word)), STR("LAST"));
	}
	return n;
}

/* Of ".", CR, LF in a row, waits between them aside. */
static size_t ends(struct str in)
{
	char last[2] = { 0, 0 };
	size_t n = last_words(in);

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == (char)WAIT)
			continue;
		n += last[0] == '.' && last[1] == '\r' && in.p[i] == '\n';
		last[0] = last[1];
		last[1] = in.p[i];
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct testhost whole, bytes, cut;
	struct str in = str_from(str_of(p, n), 1);

	if (!n)
		return 0;
	run(&whole, p[0], in, SMTPD_ROOM, 0);
	run(&bytes, p[0], in, 1, 0);
	run(&cut, p[0], in, 1, 1u + p[0]);
	if (!same(&whole, &bytes) || !same(&whole, &cut) || whole.n_got > ends(in))
		abort();
	testhost_done(&whole);
	testhost_done(&bytes);
	testhost_done(&cut);
	return 0;
}
