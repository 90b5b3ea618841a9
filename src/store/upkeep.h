/* upkeep.h - how long what is kept, and the sums that an operator may see. */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include "store/store.h"

/* Deletes what is older than its kind may be: one table in upkeep.c. Bounded per call; *ret_more when it is to be called
 * again soon. */
MUST_CHECK int upkeep_purge(struct store *st, int64_t now, bool *ret_more, struct fail *f);

struct store_sums {
	int64_t users, mailboxes, aliases, correspondents, profiles_active, queue, queue_bytes, pool,
	        spare_keys, queue_oldest; /* UTC seconds, 0: empty */
};
MUST_CHECK int upkeep_sums(struct store *st, struct store_sums *ret, struct fail *f);

#endif
