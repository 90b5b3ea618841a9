/* meet.h - somebody new behind an alias: a reverse address stands for them from here on. */
#ifndef ROLE_CORE_MEET_H
#define ROLE_CORE_MEET_H

#include "policy/correspond.h"
#include "role/core/core.h"
#include "store/aliases.h"
#include "store/people.h"
#include "store/profiles.h"

/* In the open group. p: the profile that the address must be permitted by; its id 0: none. FAIL_DENIED: it permits none of
 * the relay's domains. Strings of *ret live in the arena or are w's. */
MUST_CHECK int meet(struct core *c, const struct alias *al, const struct profile *p, const struct who *w,
                    int64_t now, struct arena *a, struct correspondent *ret, struct fail *f);

#endif
