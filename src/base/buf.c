#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_done(struct buf *b)
{
	free(b->p);
	*b = BUF(b->max);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->over = false;
}

char *buf_room(struct buf *b, size_t n)
{
	size_t want;

	if (b->over || n > b->max - b->n) {
		b->over = true;
		return NULL;
	}
	want = b->n + n + 1;
	if (want > b->cap) {
		size_t cap = b->cap * 2 > want ? b->cap * 2 : want;

		cap = cap < 64 ? 64 : cap;
		b->p = xrealloc(b->p, cap);
		b->cap = cap;
	}
	b->p[b->n + n] = '\0';
	return b->p + b->n;
}

void buf_add(struct buf *b, struct str s)
{
	char *p = buf_room(b, s.n);

	if (!p)
		return;
	if (s.n)
		memcpy(p, s.p, s.n);
	b->n += s.n;
}

void buf_addc(struct buf *b, char c)
{
	char *p = buf_room(b, 1);

	if (!p)
		return;
	*p = c;
	b->n++;
}

void buf_addz(struct buf *b, const char *z)
{
	buf_add(b, str_c(z));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : buf_room(b, (size_t)n);
	if (!p)
		return;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_add_u64(struct buf *b, uint64_t v)
{
	buf_addf(b, "%llu", (unsigned long long)v);
}

void buf_shift(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}
