#include "role/gate/spool.h"

#include "sys/memfd.h"

#include <unistd.h>

enum { PAGE = 4096, STEP = 16 * PAGE };

/* Small messages pay by the page, large ones in steps, so that the budget is not asked for every packet. */
static bool pay(struct spool *s, uint64_t total)
{
	uint64_t unit = total > STEP ? STEP : PAGE, want = (total + unit - 1) / unit * unit;

	if (want <= s->paid)
		return true;
	if (!budget_take(s->budget, want - s->paid))
		return false;
	s->paid = want;
	return true;
}

int spool_open(struct spool *s, struct budget *b, uint64_t declared, struct fail *f)
{
	*s = SPOOL_NONE;
	s->budget = b;
	if (declared > budget_left(b) || !pay(s, 1))
		return fail(f, FAIL_AGAIN, "no memory left for messages");
	if (memfd_new(&s->fd, f) < 0) {
		spool_close(s);
		return FAIL_SYS;
	}
	return OK;
}

int spool_add(struct spool *s, struct str bytes, struct fail *f)
{
	if (!pay(s, s->n + bytes.n)) {
		spool_close(s);
		return fail(f, FAIL_AGAIN, "no memory left for messages");
	}
	if (memfd_add(s->fd, bytes, f) < 0) {
		spool_close(s);
		return FAIL_SYS;
	}
	s->n += bytes.n;
	return OK;
}

/* A short one is copied by who reads it and closed before it is answered; a long one is mapped, and whoever does it may be at work
 * with another one when the answer is there. */
int spool_seal(struct spool *s, struct deposits *all, struct fail *f)
{
	TRY(memfd_seal(s->fd, f));
	if (s->n <= MEMFD_COPIED_MAX)
		return OK;
	TRY(deposit_make(all, s->paid, &s->tie, f));
	s->paid = 0;
	return OK;
}

void spool_forget(struct spool *s)
{
	if (s->fd >= 0)
		close(TAKE_FD(s->fd));
	if (s->tie >= 0)
		close(TAKE_FD(s->tie));
}

void spool_close(struct spool *s)
{
	spool_forget(s);
	if (s->paid)
		budget_give(s->budget, s->paid);
	s->paid = 0;
	s->n = 0;
}
