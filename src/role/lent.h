/* lent.h - leaf keys that the vault has lent. */
#ifndef ROLE_LENT_H
#define ROLE_LENT_H

#include "crypto/key.h"

/* What a scribe keeps of them, for one user, and core takes it to keep: what was used longest ago goes first, and what was not
 * used for so long. */
enum { LENT_KEYS = 8, LENT_MS = 60000 };

/* The end of the road of what opener has forked: a socket that core passed on. Waits for the one record that comes over `road`, 5 s at most. FAIL_AGAIN: there came none. */
MUST_CHECK int lent_key(int road, struct key **ret, struct fail *f);

#endif
