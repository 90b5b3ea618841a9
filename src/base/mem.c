#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void *xalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		abort();
	return p;
}

void *xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (!q)
		abort();
	return q;
}

char *xstrdup(struct str s)
{
	char *z = xalloc(s.n + 1);

	if (s.n)
		memcpy(z, s.p, s.n);
	return z;
}

void wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}
