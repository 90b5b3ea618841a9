/* Input: lines, of which the first byte says which record of a domain each is ("t", "m", "d"). Laws: in which order name servers tell
 * them changes nothing, nor does a text of somebody else's; with the records that a user is asked for all is well, and without a
 * text that holds the token nobody owns a domain. */
#include "policy/records.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { EACH_MAX = 32 };
static const struct str host = STR_INIT("mx.relay.example"), token = STR_INIT("t0kent0kent0ken");

struct found {
	struct str of[3][EACH_MAX];
	size_t n[3];
};

static void require(bool law)
{
	if (!law)
		abort();
}

static void judge(const struct found *x, enum record_state ret[RECORD_KINDS])
{
	const struct records_found in = { x->of[0], x->of[1], x->of[2], x->n[0], x->n[1],
		                          x->n[2],  false,    false,    false };

	records_judge(&in, host, token, ret);
}

static void add(struct found *x, size_t kind, struct str s)
{
	if (x->n[kind] < EACH_MAX)
		x->of[kind][x->n[kind]++] = s;
}

static void same(const struct found *a, const struct found *b)
{
	enum record_state one[RECORD_KINDS], two[RECORD_KINDS];

	judge(a, one);
	judge(b, two);
	require(memcmp(one, two, sizeof(one)) == 0);
}

static void check_order(const struct found *x)
{
	struct found other = { .n = { 0 } };

	for (size_t k = 0; k < 3; k++)
		for (size_t i = x->n[k]; i; i--)
			add(&other, k, x->of[k][i - 1]);
	same(x, &other);
	other = *x;
	add(&other, 0, STR("google-site-verification=x"));
	add(&other, 2, STR("v=spf1 -all"));
	same(x, &other);
}

static void check_owner(const struct found *x)
{
	enum record_state s[RECORD_KINDS];
	bool told = false;

	judge(x, s);
	for (size_t i = 0; i < x->n[0]; i++)
		told |= str_find(x->of[0][i], token) < x->of[0][i].n;
	require(told || s[RECORD_OWNERSHIP] != RECORD_OK);
}

static void check_asked(void)
{
	struct found x = { .n = { 0 } };
	enum record_state s[RECORD_KINDS];
	struct buf b[RECORD_KINDS] = { BUF(256), BUF(256), BUF(256), BUF(256) };

	for (enum record r = 0; r < RECORD_KINDS; r++)
		record_value(r, host, token, &b[r]);
	add(&x, 0, buf_str(&b[RECORD_OWNERSHIP]));
	add(&x, 0, buf_str(&b[RECORD_SPF]));
	add(&x, 1, str_from(buf_str(&b[RECORD_MX]), 3));
	add(&x, 2, buf_str(&b[RECORD_DMARC]));
	judge(&x, s);
	for (enum record r = 0; r < RECORD_KINDS; r++) {
		require(s[r] == RECORD_OK && record_row(r)->word && record_word(s[r]));
		buf_done(&b[r]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str left = str_of(p, n);
	struct found x = { .n = { 0 } };

	while (left.n) {
		struct str line = str_cut(&left, '\n');

		if (line.n)
			add(&x, line.p[0] == 'm' ? 1 : line.p[0] == 'd' ? 2 : 0, str_from(line, 1));
	}
	if (x.n[0] < EACH_MAX && x.n[2] < EACH_MAX)
		check_order(&x);
	check_owner(&x);
	check_asked();
	return 0;
}
