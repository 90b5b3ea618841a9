/* expiry.h - aliases that end, found by what they end of, and what their users were told (policy/expiry.h has the rule). */
#ifndef STORE_EXPIRY_H
#define STORE_EXPIRY_H

#include "store/aliases.h"

/* The moment of the word in advance, as the indexes have it; the numbers are those of policy/expiry.h. */
#define EXPIRY_BY_DATE "expires_at - min(604800, (expires_at - created) / 4)"
#define EXPIRY_BY_IDLE "max(created, last_used) + idle_days * 86400 - min(604800, idle_days * 21600)"
#define EXPIRY_OPEN "state = 1 AND told < 8"
#define EXPIRY_HAS_DATE EXPIRY_OPEN " AND expires_at > 0"
#define EXPIRY_HAS_IDLE EXPIRY_OPEN " AND idle_days > 0"
#define EXPIRY_HAS_COUNT EXPIRY_OPEN " AND count_left BETWEEN 0 AND 3"

/* Users to whom nothing of this kind was written since `before` and who have something to be told; at most `most`. */
MUST_CHECK int expiry_users(struct store *st, int64_t now, int64_t before, size_t most, int64_t *ret,
                            size_t *ret_n, struct fail *f);
/* Their aliases that may have to be told of. A negative result of fn ends the walk and is returned. */
MUST_CHECK int expiry_each(struct store *st, int64_t user, int64_t now,
                           int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg,
                           struct fail *f);
MUST_CHECK int expiry_mark(struct store *st, int64_t alias, int64_t told, struct fail *f);
MUST_CHECK int expiry_user_told(struct store *st, int64_t user, int64_t now, struct fail *f);

/* Does the user want to be told? */
MUST_CHECK int expiry_wanted(struct store *st, int64_t user, bool *ret, struct fail *f);
MUST_CHECK int expiry_want(struct store *st, int64_t user, bool wanted, struct fail *f);

#endif
