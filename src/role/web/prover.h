/* prover.h - where argon2id is computed: in a process of its own, one at a time, so that it delays nobody who asks for something
 * else. It is forked from web before anything has come in, and has nothing but its road. How many wait is bounded. */
#ifndef ROLE_WEB_PROVER_H
#define ROLE_WEB_PROVER_H

#include "role/web/exchange.h"

/* Those of whom core knows that they have signed in before go first, and find room when strangers find none. */
enum { PROVER_WAITING = 24, PROVER_KNOWN = 16 };

/* Before the lock; then after it. */
MUST_CHECK int prover_start(struct web *w, struct fail *f);
void prover_ready(struct web *w);

/* x->proving is filled: its `done` is called when it is computed. proof: PROVER bytes, wiped afterwards. FAIL_AGAIN: too many
 * wait already. */
MUST_CHECK int prover_ask(struct exchange *x, bool known, struct fail *f);
/* The exchange ends. */
void prover_forget(struct exchange *x);

#endif
