#include "role/core/wait.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum { BUCKETS = 256 };

struct wait {
	struct wait *next;
	uint64_t id, since;
	const void *road;
	enum ipc_tag answer;
	wait_fn *fn;
	void *arg;
};

uint64_t wait_for(struct waits *w, const void *road, enum ipc_tag answer, wait_fn *fn, void *arg)
{
	struct wait *x = xnew(struct wait);
	struct wait **b = &w->buckets[++w->last_id % BUCKETS];

	*x = (struct wait){ *b, w->last_id, clock_mono_ms(), road, answer, fn, arg };
	*b = x;
	return x->id;
}

void wait_answer(struct waits *w, const void *road, enum ipc_tag answer, uint64_t id, int code,
                 struct str why, const void *msg)
{
	for (struct wait **p = &w->buckets[id % BUCKETS]; *p; p = &(*p)->next) {
		struct wait *x = *p;

		if (x->id != id)
			continue;
		if (x->road != road || x->answer != answer) {
			log_warn("ev=answer-refused what=%s", ipc_name(answer));
			return;
		}
		*p = x->next;
		x->fn(x->arg, code, why, msg);
		free(x);
		return;
	}
}

void wait_forget(struct waits *w, const void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct wait **p = &w->buckets[i]; *p;) {
			struct wait *x = *p;

			if (x->arg != arg) {
				p = &x->next;
				continue;
			}
			*p = x->next;
			free(x);
		}
	}
}

uint64_t wait_since(const struct waits *w, const void *road, uint64_t otherwise)
{
	uint64_t since = otherwise;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct wait *x = w->buckets[i]; x; x = x->next)
			if (x->road == road && x->since < since)
				since = x->since;
	return since;
}

/* The first one of a road, taken out: a callback may ask anew or forget others, so each walk starts again. */
static struct wait *take_one(struct waits *w, const void *road)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct wait **p = &w->buckets[i]; *p; p = &(*p)->next) {
			struct wait *x = *p;

			if (x->road != road)
				continue;
			*p = x->next;
			return x;
		}
	}
	return NULL;
}

void wait_road_ended(struct waits *w, const void *road)
{
	for (struct wait *x; (x = take_one(w, road));) {
		x->fn(x->arg, FAIL_AGAIN, STR("a process of this server was restarted"), NULL);
		free(x);
	}
}
