/* queue.h - what is to be sent, until it was sent or given up. */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/store.h"

enum queue_kind { QUEUE_FORWARD = 1, QUEUE_NOTICE, QUEUE_DSN, QUEUE_REPLY };

struct queue_item {
	int64_t id, body, user, mailbox; /* mailbox 0: for none of ours */
	enum queue_kind kind;
	struct str mid;                         /* 26 characters, told in logs and answers */
	struct str sender, rcpt;                /* envelope; sender may be empty */
	struct str orig_sender, orig_id, alias; /* of what came, for those who are told; may be empty */
	bool dsn;                               /* orig_sender may be told (policy/answer.h) */
	int64_t arrived, next_try, tries, expires;
	int64_t flags;           /* enum sealed_flags of ipc/schema.h */
	struct str status, note; /* of the last try: "4.4.1" and the next hop's words */
	int64_t size;            /* of the message, when read */
};

MUST_CHECK int queue_add(struct store *st, const struct queue_item *i, int64_t *ret_id, struct fail *f);
/* In the order in which items are due. */
struct queue_place {
	int64_t next_try, id;
};
bool queue_is_before(const struct queue_place *a, const struct queue_place *b);

/* Items that are due and were not tried yet, however many others are due: the oldest first, without those of which `skip` is
 * true, at most `most`. */
MUST_CHECK int queue_fresh(struct store *st, int64_t now, bool (*skip)(void *arg, int64_t id),
                           int (*fn)(void *arg, const struct queue_item *i, struct fail *f), void *arg,
                           size_t most, struct fail *f);
/* Goes on with the items that are due behind *at, tried or not, at most `most`, and moves *at. fn is told of each its id, rcpt,
 * next_try, tries and expires, and no more: of a million that wait little is read. FAIL_AGAIN from it: not this one now; *at
 * stands before it. *ret_end: nothing is due behind *at. */
MUST_CHECK int queue_walk(struct store *st, int64_t now, struct queue_place *at,
                          int (*fn)(void *arg, const struct queue_item *i, struct fail *f), void *arg,
                          size_t most, bool *ret_end, struct fail *f);
/* When the first of those that are not due yet will be; INT64_MAX when there is none. */
MUST_CHECK int queue_next(struct store *st, int64_t now, int64_t *ret, struct fail *f);
/* Users of whom at least `many` were not tried yet. */
MUST_CHECK int queue_many_fresh(struct store *st, int64_t many,
                                int (*fn)(void *arg, int64_t user, struct fail *f), void *arg,
                                struct fail *f);
MUST_CHECK int queue_get(struct store *st, int64_t id, struct arena *a, struct queue_item *ret,
                         struct fail *f);
MUST_CHECK int queue_find(struct store *st, struct str mid, int64_t *ret_id, struct fail *f);
MUST_CHECK int queue_retry(struct store *st, int64_t id, int64_t next_try, struct str status, struct str note,
                           struct fail *f);                                /* one more try counted */
MUST_CHECK int queue_delete(struct store *st, int64_t id, struct fail *f); /* its body too */
MUST_CHECK int queue_flush(struct store *st, int64_t now, struct fail *f);
MUST_CHECK int queue_each(struct store *st, int (*fn)(void *arg, const struct queue_item *i, struct fail *f),
                          void *arg, struct fail *f);

#endif
