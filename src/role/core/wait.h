/* wait.h - questions put to another role and not answered yet. When the road to it ends, all of its questions are
 * answered with FAIL_AGAIN. */
#ifndef ROLE_CORE_WAIT_H
#define ROLE_CORE_WAIT_H

#include "ipc/schema.h"

/* code is OK or FAIL_*; msg is the answer's struct, or NULL when there is none. Called once. */
typedef void wait_fn(void *arg, int code, struct str why, const void *msg);

struct wait;
struct waits {
	struct wait *buckets[256];
	uint64_t last_id;
};

/* The id to put into the question. road: whom was asked; answer: what it answers with. */
uint64_t wait_for(struct waits *w, const void *road, enum ipc_tag answer, wait_fn *fn, void *arg);
/* An answer came by `road`. One that nobody waits for any more, that another role was asked for, or that answers another
 * kind of question is ignored: ids can be guessed, and fn reads msg as the struct that it waits for. */
void wait_answer(struct waits *w, const void *road, enum ipc_tag answer, uint64_t id, int code,
                 struct str why, const void *msg);
/* The asker is gone: nobody is to be called. */
void wait_forget(struct waits *w, const void *arg);
/* When what this road has not answered for the longest time was asked (clock_mono_ms()); otherwise: nothing. */
uint64_t wait_since(const struct waits *w, const void *road, uint64_t otherwise);
void wait_road_ended(struct waits *w, const void *road);

#endif
