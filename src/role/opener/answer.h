/* answer.h - the one message of a forked process: what it says is told to core in facts, and written anew as core then
 * plans. */
#ifndef ROLE_OPENER_ANSWER_H
#define ROLE_OPENER_ANSWER_H

/* Speaks over `road` with core until that ends it; message: sealed memory. Exits. */
__attribute__((noreturn)) void answer_serve(int road, int message);

#endif
