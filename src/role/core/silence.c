#include "role/core/silence.h"

#include "base/clock.h"
#include "role/core/txn.h"

#include <stdlib.h>

/* What all scribes have before them is bounded by smtp.memory: minutes are far more than it takes, also on a slow disk. And it is less
 * than the ten minutes that a sender waits behind its dot (RFC 5321 4.5.3.2.6), so that it hears 451 and comes again. */
enum { SILENT_MS = 300 * 1000, LOOKS = 10 };

#ifdef POSTERN_TESTHOOKS
static uint64_t silent_ms(void)
{
	uint64_t ms;

	return str_u64(str_c(getenv("POSTERN_SILENT_MS")), &ms) ? ms : SILENT_MS;
}
#else
static uint64_t silent_ms(void)
{
	return SILENT_MS;
}
#endif

/* An answer has a process, and a deadline, of its own (reply.c). */
static bool is_owed(const struct txn *t, const struct peer *scribe)
{
	if (t->scribe != scribe || t->reply)
		return false;
	for (size_t i = 0; t->planned && i < t->n_outputs; i++)
		if (t->outputs[i].asked && !t->outputs[i].sealed)
			return true;
	return !t->planned;
}

/* When it was asked what it has not answered for the longest time; now: nothing. */
static uint64_t asked_at(const struct core *c, const struct peer *scribe, uint64_t now)
{
	uint64_t since = wait_since(&c->waits, scribe, now);

	for (const struct txn *t = c->txns; t; t = t->next)
		if (is_owed(t, scribe) && t->asked_ms < since)
			since = t->asked_ms;
	return since;
}

static void on_look(void *arg)
{
	struct core *c = arg;
	uint64_t now = clock_mono_ms(), most = silent_ms();

	for (size_t i = 0; i < SCRIBES_MAX; i++) {
		struct fail f = { 0 };

		if (!c->scribes[i] || now - asked_at(c, c->scribes[i], now) < most)
			continue;
		fail(&f, FAIL_AGAIN, "scribe %zu has not answered for %llu s", i,
		     (unsigned long long)most / 1000);
		core_end_road(c, c->scribes[i], &f);
	}
	timer_set(c->silence, most / LOOKS);
}

void silence_start(struct core *c)
{
	c->silence = timer_new(c->loop, on_look, c);
	timer_set(c->silence, silent_ms() / LOOKS);
}
