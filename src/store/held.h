/* held.h - answers that were refused, and the messages of those that their user may let go. */
#ifndef STORE_HELD_H
#define STORE_HELD_H

#include "store/store.h"

enum { HELD_DAYS = 7, HELD_MOST = 100 /* of a user */ };

enum held_told {
	HELD_QUIET,   /* another one of its kind was told in the same hour */
	HELD_TO_TELL, /* a letter is under way */
	HELD_TOLD
};

struct held {
	int64_t id, user;
	int64_t mailbox, alias;                  /* 0: none */
	struct str alias_address, sender, rcpts; /* rcpts: an ipc list */
	int64_t account;                         /* of a submission */
	int64_t cause;                           /* enum reply_cause */
	int64_t at, size;
	struct str mid;
	int64_t body; /* 0: not kept */
	enum held_told told;
};

/* The oldest of a user's go beyond HELD_MOST, those without a message first (strangers can make only such), and of those
 * first what was not told. id, body are ignored. FAIL_ABSENT: the user, the mailbox or the alias is gone. */
MUST_CHECK int held_add(struct store *st, const struct held *h, int64_t *ret_id, struct fail *f);
/* Its message; it goes with the row. FAIL_ABSENT: the row is gone already, and the body with it. */
MUST_CHECK int held_keep(struct store *st, int64_t id, int64_t body, struct fail *f);
MUST_CHECK int held_get(struct store *st, int64_t id, struct arena *a, struct held *ret, struct fail *f);
MUST_CHECK int held_delete(struct store *st, int64_t id, struct fail *f); /* FAIL_ABSENT */
/* user 0: all; the newest first. */
MUST_CHECK int held_each(struct store *st, int64_t user,
                         int (*fn)(void *arg, const struct held *h, struct fail *f), void *arg,
                         struct fail *f);
/* Was one of this cause and alias told, or is about to be, since then? */
MUST_CHECK int held_was_told(struct store *st, int64_t user, int64_t alias, int64_t cause, int64_t since,
                             bool *ret, struct fail *f);
MUST_CHECK int held_set_told(struct store *st, int64_t id, enum held_told told, struct fail *f);
/* The first with an id above `after` that is HELD_TO_TELL since before then: FAIL_ABSENT. */
MUST_CHECK int held_untold(struct store *st, int64_t before, int64_t after, int64_t *ret_id, struct fail *f);
/* Deletes what is older than HELD_DAYS, at most `most` rows; tells how many. */
MUST_CHECK int held_purge(struct store *st, int64_t now, size_t most, size_t *ret_n, struct fail *f);

#endif
