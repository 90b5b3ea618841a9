/* marks.h - what programs of other services set at an alias, and Postern itself does not: a pin, and a trash from which it can be
 * taken back. One in the trash refuses its mail (ALIAS_OFF_REJECT) until it is switched on again, by whichever way. */
#ifndef STORE_MARKS_H
#define STORE_MARKS_H

#include "store/store.h"

struct alias_mark {
	int64_t alias;
	bool pinned;
	int64_t trashed; /* since; 0: it is not */
};

/* An alias without a mark has neither. */
MUST_CHECK int mark_get(struct store *st, int64_t alias, struct alias_mark *ret, struct fail *f);
MUST_CHECK int mark_set(struct store *st, const struct alias_mark *m, struct fail *f);
/* Those of a user that have one, by alias. */
MUST_CHECK int mark_each(struct store *st, int64_t user,
                         int (*fn)(void *arg, const struct alias_mark *m, struct fail *f), void *arg,
                         struct fail *f);

#endif
