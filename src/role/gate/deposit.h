/* deposit.h - what long messages have paid from the budget, until nobody has their memory any more: a scribe that has mapped
 * one may be at work with another when the answer is there. */
#ifndef ROLE_GATE_DEPOSIT_H
#define ROLE_GATE_DEPOSIT_H

#include "role/gate/budget.h"
#include "sys/loop.h"

struct deposits;

struct deposits *deposits_new(struct loop *l, struct budget *b);
void deposits_free(struct deposits *all); /* accepts NULL; gives everything back */

/* `bytes` were taken from the budget before. They go back when the last copy of *ret_tie is closed, which is the caller's and goes
 * with the memory. FAIL_SYS: nothing has changed. */
MUST_CHECK int deposit_make(struct deposits *all, uint64_t bytes, int *ret_tie, struct fail *f);

#endif
