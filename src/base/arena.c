#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t n, cap;
	alignas(max_align_t) char p[];
};

/* A block for each allocation, so that a sanitizer sees what is written past one. */
#ifdef POSTERN_SANITIZED
enum { BLOCK = 0, ALIGNED = 1 };
#else
enum { BLOCK = 4096, ALIGNED = alignof(max_align_t) };
#endif

void arena_done(struct arena *a)
{
	for (struct arena_block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	a->head = NULL;
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->head;
	void *p;

	if (n > SIZE_MAX / 2)
		abort();
	n = (n + ALIGNED - 1) & ~(size_t)(ALIGNED - 1);
	if (a->limit && n > a->limit - a->used)
		abort();
	if (!b || n > b->cap - b->n) {
		size_t cap = n > BLOCK ? n : BLOCK;

		b = xalloc(sizeof(*b) + cap);
		b->cap = cap;
		b->next = a->head;
		a->head = b;
	}
	p = b->p + b->n;
	b->n += n;
	a->used += n;
	return p;
}

char *arena_z(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	return str_of(arena_z(a, s), s.n);
}
