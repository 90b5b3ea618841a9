/* claims.h - domains that users say are theirs and have not shown to be. Several may say so of one; who shows it has it, and
 * the other claims fall. Nothing but claims.h knows them: no mail and no alias is theirs. */
#ifndef STORE_CLAIMS_H
#define STORE_CLAIMS_H

#include "store/watches.h"

struct claim {
	int64_t id, user, created;
	struct str name;                            /* lower case, A-label */
	struct str token;                           /* what is to stand in DNS */
	int64_t state[WATCH_STATES], checked, next; /* as of a domain; next is 0: no more by itself */
};

MUST_CHECK int claim_add(struct store *st, const struct claim *c,
                         struct fail *f); /* FAIL_EXISTS: this user's */
MUST_CHECK int claim_find(struct store *st, int64_t user, struct str name, struct arena *a, struct claim *ret,
                          struct fail *f); /* FAIL_ABSENT */
MUST_CHECK int claim_each(struct store *st, int64_t user,
                          int (*fn)(void *arg, const struct claim *c, struct fail *f), void *arg,
                          struct fail *f);
/* What a look has found, and when the next one is. */
MUST_CHECK int claim_set(struct store *st, const struct claim *c, struct fail *f);
/* Those that are due, the longest due first, in the arena. */
MUST_CHECK int claim_due(struct store *st, int64_t now, size_t most, struct arena *a, struct claim *ret,
                         size_t *ret_n, struct fail *f);
MUST_CHECK int claim_delete(struct store *st, int64_t id, struct fail *f);
MUST_CHECK int claims_fall(struct store *st, struct str name, struct fail *f); /* all users' */

#endif
