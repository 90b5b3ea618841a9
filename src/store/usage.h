/* usage.h - how much mail came to an alias and to a user, by the hour; and the bounds that are set to it. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include "store/store.h"

/* Kinds, in this order: messages of this hour, of 24 hours; bytes of this hour, of 24 hours. As a bound 0 leaves it to the
 * operator and -1 is none. */
enum { USAGE_KINDS = 4 };
struct usage {
	int64_t n[USAGE_KINDS];
};

MUST_CHECK int user_limits_get(struct store *st, int64_t user, struct usage *ret, struct fail *f);
MUST_CHECK int user_limits_set(struct store *st, int64_t user, const struct usage *most, struct fail *f);

/* 24 hours are this one and the 23 before. */
MUST_CHECK int usage_of_alias(struct store *st, int64_t alias, int64_t now, struct usage *ret,
                              struct fail *f);
MUST_CHECK int usage_of_user(struct store *st, int64_t user, int64_t now, struct usage *ret, struct fail *f);
/* Only of users with a bound: an alias's activity is counted of itself. */
MUST_CHECK int usage_user_add(struct store *st, int64_t user, int64_t now, uint64_t bytes, struct fail *f);

/* Answers of a user that went out in this hour, one for each correspondent. */
MUST_CHECK int usage_answers(struct store *st, int64_t user, int64_t now, int64_t *ret, struct fail *f);
MUST_CHECK int usage_answered(struct store *st, int64_t user, int64_t now, struct fail *f);

struct usage_day {
	int64_t day; /* since 1970, UTC */
	int64_t forwarded, dropped, refused, answered, bytes;
};
/* Days on which there was something, the newest first; since: the oldest that is told. Of one alias, or of all aliases that
 * a user has now (alias 0). */
MUST_CHECK int usage_days(struct store *st, int64_t user, int64_t alias, int64_t since,
                          int (*fn)(void *arg, const struct usage_day *d, struct fail *f), void *arg,
                          struct fail *f);

/* Messages that were dropped or refused at an alias, as far back as its activity is kept (upkeep.c). */
MUST_CHECK int usage_blocked(struct store *st, int64_t alias, int64_t *ret, struct fail *f);

/* Of all aliases that a user has now. */
struct user_sums {
	int64_t aliases, active, forwarded, answered, blocked;
};
MUST_CHECK int usage_sums(struct store *st, int64_t user, struct user_sums *ret, struct fail *f);

#endif
