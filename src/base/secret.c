#include "base/secret.h"

#include "base/mem.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/* Wiped pages for the next secrets: five system calls and a page fault less for each message's key. */
enum { SPARE_MAX = 64 };
static struct {
	void *page[SPARE_MAX];
	size_t n;
	bool fork_heard;
} spare;

/* A child has none of these pages (MADV_DONTFORK). */
static void in_child(void)
{
	spare.n = 0;
}

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int secret_new(struct secret *ret, size_t n, struct fail *f)
{
	size_t page = page_bytes();
	size_t cap = n ? (n + page - 1) / page * page : page;
	void *p;

	if (cap == page && spare.n) {
		*ret = (struct secret){ spare.page[--spare.n], n, cap };
		return OK;
	}
	if (!spare.fork_heard && pthread_atfork(NULL, NULL, in_child) == 0)
		spare.fork_heard = true;
	p = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return fail_errno(f, FAIL_SYS, "no pages for a secret");
	(void)!mlock(p, cap);
	(void)!madvise(p, cap, MADV_DONTDUMP);
	(void)!madvise(p, cap, MADV_DONTFORK);
	*ret = (struct secret){ p, n, cap };
	return OK;
}

int secret_copy(struct secret *ret, const void *p, size_t n, struct fail *f)
{
	TRY(secret_new(ret, n, f));
	if (n)
		memcpy(ret->p, p, n);
	return OK;
}

void secret_done(struct secret *s)
{
	if (s->p) {
		wipe(s->p, s->cap);
		if (spare.fork_heard && s->cap == page_bytes() && spare.n < SPARE_MAX)
			spare.page[spare.n++] = s->p;
		else
			munmap(s->p, s->cap);
	}
	*s = SECRET_NONE;
}

bool secret_eq(const struct secret *a, const struct secret *b)
{
	volatile uint8_t diff = 0;

	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		diff = (uint8_t)(diff | (a->p[i] ^ b->p[i]));
	return diff == 0;
}

struct secret secret_take(struct secret *s)
{
	struct secret out = *s;

	*s = SECRET_NONE;
	return out;
}
