/* people.h - correspondents as seen through one alias, the reverse addresses that stand for them, and the Message-IDs that
 * are told to each side. */
#ifndef STORE_PEOPLE_H
#define STORE_PEOPLE_H

#include "store/store.h"

enum correspondent_kind { CORRESPONDENT_PERSON = 1, CORRESPONDENT_LIST, CORRESPONDENT_SHARED };

struct correspondent {
	int64_t id, alias, reverse, created, last_used;
	enum correspondent_kind kind;
	struct str
	        key; /* what makes it one correspondent: "person:KEY", "list:ID"; given when adding, not read back */
	struct str address;     /* as it is to be written; may be empty */
	struct str name;        /* UTF-8 */
	struct str reply_to;    /* where answers go when it is not `address` */
	struct str reply_asked; /* where a message wants them to go, which the user has not decided yet */
	struct str reverse_address;
	int64_t blocked; /* enum block_how; told by correspondent_each alone */
};

MUST_CHECK int correspondent_find(struct store *st, int64_t alias, struct str key, struct arena *a,
                                  struct correspondent *ret, struct fail *f);
/* reverse must have been taken. */
MUST_CHECK int correspondent_add(struct store *st, const struct correspondent *c, int64_t *ret_id,
                                 struct fail *f);
/* name, reply_to, reply_asked and last_used become those of `new`. Writes only what has changed or aged a day. */
MUST_CHECK int correspondent_touch(struct store *st, const struct correspondent *old,
                                   const struct correspondent *new, struct fail *f);
/* By the reverse address that stands for them; FAIL_ABSENT also when it stands for nobody. */
MUST_CHECK int correspondent_by_reverse(struct store *st, struct str address, struct arena *a,
                                        struct correspondent *ret, struct fail *f);
MUST_CHECK int correspondent_each(struct store *st, int64_t alias,
                                  int (*fn)(void *arg, const struct correspondent *c, struct fail *f),
                                  void *arg, struct fail *f);

/* The one that wrote last, to a day (correspondent_touch); FAIL_ABSENT: nobody is known. */
MUST_CHECK int correspondent_latest(struct store *st, int64_t alias, struct arena *a,
                                    struct correspondent *ret, struct fail *f);
/* With the reverse address that stood for it alone, which is never given out again. Who writes once more is somebody new. */
MUST_CHECK int correspondent_delete(struct store *st, int64_t id, struct fail *f);

/* Who stands behind a reverse address, and does that sender speak for one of the mailboxes of its alias? */
struct speaker {
	int64_t correspondent, alias, user, reverse;
	int64_t mailbox; /* 0: it does not */
	int64_t trial; /* instead of a correspondent: the profile whose test letter came from there (trials.h) */
	int64_t trial_sent;
};
/* sender: a key; empty for the null sender. What is not known is 0, and costs the same look-ups as what is: how long the
 * answer takes tells nobody whether an address is somebody's. */
MUST_CHECK int speaker_find(struct store *st, struct str reverse, struct str sender, struct speaker *ret,
                            struct fail *f);
MUST_CHECK int correspondent_get(struct store *st, int64_t id, struct arena *a, struct correspondent *ret,
                                 struct fail *f);

/* REVERSE_SELF is no reverse address: an alias, of which a certificate is carried so that Reply-All, which names it, can
 * encrypt. Nothing but reverse_self() finds it. */
enum reverse_use {
	REVERSE_POOL = 0,
	REVERSE_TAKEN = 1,
	REVERSE_NOTICE = 2,
	REVERSE_SELF = 3,
	REVERSE_TEST = 4
};

struct reverse {
	int64_t id, user;
	struct str address;
	enum reverse_use use;
};

/* FAIL_EXISTS: taken, or once was. */
MUST_CHECK int reverse_add(struct store *st, int64_t user, struct str address, enum reverse_use use,
                           int64_t now, int64_t *ret_id, struct fail *f);
MUST_CHECK int reverse_find(struct store *st, struct str address, struct arena *a, struct reverse *ret,
                            struct fail *f);
MUST_CHECK int reverse_get(struct store *st, int64_t id, struct arena *a, struct reverse *ret,
                           struct fail *f);
/* That of an alias of this user; made when there is none. */
MUST_CHECK int reverse_self(struct store *st, int64_t user, struct str alias, int64_t now, int64_t *ret_id,
                            struct fail *f);
/* One of the pool becomes REVERSE_TAKEN; with_profile: one that has a certificate of that profile (0: any).
 * FAIL_ABSENT: the pool is empty. */
MUST_CHECK int reverse_take(struct store *st, int64_t user, int64_t with_profile, struct arena *a,
                            struct reverse *ret, struct fail *f);
/* One of the pool that has no certificate of that profile yet; FAIL_ABSENT. */
MUST_CHECK int reverse_bare(struct store *st, int64_t user, int64_t profile, struct arena *a,
                            struct reverse *ret, struct fail *f);
/* The address from which a user's own notices come; FAIL_ABSENT. */
MUST_CHECK int reverse_notice(struct store *st, int64_t user, struct arena *a, struct reverse *ret,
                              struct fail *f);

/* Message-IDs: `told` is the one that one side was told in the place of `original`. */
enum msgid_way { MSGID_INBOUND = 1, MSGID_OUTBOUND };
MUST_CHECK int msgid_put(struct store *st, int64_t user, enum msgid_way way, struct str told,
                         struct str original, int64_t now, struct fail *f); /* keeps an older one */
MUST_CHECK int msgid_get(struct store *st, int64_t user, enum msgid_way way, struct str told, struct arena *a,
                         struct str *ret_original, struct fail *f); /* FAIL_ABSENT */

/* New correspondents of a user in an hour: adds n, tells the sum. */
MUST_CHECK int rate_add(struct store *st, int64_t user, int64_t now, int64_t n, int64_t *ret_sum,
                        struct fail *f);

/* Messages seen: a retry of what was accepted is recognised. digest: 32 bytes, hashed again here. */
MUST_CHECK int seen_find(struct store *st, struct str digest, struct arena *a, struct str *ret_mid,
                         struct fail *f);
MUST_CHECK int seen_add(struct store *st, struct str digest, struct str mid, int64_t now, struct fail *f);

#endif
