/* Laws: each part lies inside of its parent's body and behind its elder sibling; walking visits every part once, within the
 * limits; what is encoded decodes to the same. */
#include "wire/mime.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct mime_limits limits = { .depth = 12,
	                                   .parts = 100,
	                                   .header = { .fields = 100, .block_bytes = 64 * 1024 } };

static void require(bool law)
{
	if (!law)
		abort();
}

static bool within(struct str inner, struct str outer)
{
	return !inner.n || (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n);
}

static void check_part(const struct mime_part *p)
{
	OWN(buf) text = BUF(1 << 20);
	OWN(buf) coded = BUF(4 << 20);
	OWN(buf) again = BUF(1 << 20);
	struct mime_part copy = { .cte = CTE_BASE64 };

	require(within(p->body, p->whole) && p->depth <= limits.depth);
	if (p->parent)
		require(within(p->whole, p->parent->body) && p->depth == p->parent->depth + 1);
	if (p->next)
		require(!p->next->whole.n || p->next->whole.p >= p->whole.p + p->whole.n);
	if (mime_decode(p, &text, NULL) < 0)
		return;
	mime_encode(CTE_BASE64, buf_str(&text), &coded);
	copy.body = buf_str(&coded);
	require(mime_decode(&copy, &again, NULL) == OK && str_eq(buf_str(&text), buf_str(&again)));
	if (str_chr(buf_str(&text), '\r') < text.n || str_chr(buf_str(&text), '\n') < text.n)
		return;
	buf_clear(&coded);
	buf_clear(&again);
	mime_encode(CTE_QP, buf_str(&text), &coded);
	copy.body = buf_str(&coded);
	copy.cte = CTE_QP;
	require(mime_decode(&copy, &again, NULL) == OK && str_eq(buf_str(&text), buf_str(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(arena) a = ARENA;
	struct mime_part *root;
	unsigned visited = 0;

	if (mime_parse(str_of(p, n), &limits, &a, &root, NULL) < 0)
		return 0;
	for (struct mime_part *part = root; part; part = mime_next(root, part)) {
		require(++visited <= limits.parts);
		check_part(part);
	}
	return 0;
}
