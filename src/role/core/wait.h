/* wait.h - questions put to another role and not answered yet. When the road to it ends, all of its questions are
 * answered with FAIL_AGAIN. */
#ifndef ROLE_CORE_WAIT_H
#define ROLE_CORE_WAIT_H

#include "base/fail.h"
#include "base/str.h"

#include <stdint.h>

/* code is OK or FAIL_*; msg is the answer's struct, or NULL when there is none. Called once. */
typedef void wait_fn(void *arg, int code, struct str why, const void *msg);

struct wait;
struct waits {
	struct wait *buckets[256];
	uint64_t last_id;
};

/* The id to put into the question. road: whom was asked. */
uint64_t wait_for(struct waits *w, const void *road, wait_fn *fn, void *arg);
/* An answer came; unknown ids (the asker gave up) are ignored. */
void wait_answer(struct waits *w, uint64_t id, int code, struct str why, const void *msg);
/* The asker is gone: nobody is to be called. */
void wait_forget(struct waits *w, const void *arg);
void wait_road_ended(struct waits *w, const void *road);

#endif
