/* trial.h - the test letter of a profile, before (or after) it becomes active: sealed with it, from an address that is there for
 * the answer alone. What comes there is opened, told apart, and dropped: nothing of it goes to anybody. */
#ifndef ROLE_CORE_TRIAL_H
#define ROLE_CORE_TRIAL_H

#include "policy/trial.h"
#include "role/core/reply.h"

/* The letter is durable (OK), or could not be sealed; once, later. */
typedef void trial_fn(void *arg, int code, const char *why);

/* FAIL_AGAIN: too many in this hour; FAIL_DENIED: the profile or its mailbox takes none now. Otherwise done() comes. */
MUST_CHECK int trial_send(struct core *c, const struct profile *p, const struct mailbox *to, trial_fn *done,
                          void *arg, struct fail *f);

/* May an answer to an address from which a letter went at that time still come? */
bool trial_is_open(const struct core *c, int64_t sent);

/* Kept with an answer that came: what it was, in the place of what is known (kept_fn; arg: see trial_arg). */
MUST_CHECK int trial_answered(struct core *c, struct str arg, struct fail *f);
struct str trial_arg(struct arena *a, int64_t profile, enum trial_answer answer);

#endif
