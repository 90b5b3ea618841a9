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
	if (!n) /* what is empty may have no address */
		return;
#ifdef POSTERN_SANITIZED
	memset(p, 0, n); /* a sanitizer watches this one */
	__asm__ volatile("" ::"r"(p) : "memory");
#else
	explicit_bzero(p, n);
#endif
}
