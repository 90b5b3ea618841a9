/* aliases.h - addresses that users give out, and the mailboxes behind them. */
#ifndef STORE_ALIASES_H
#define STORE_ALIASES_H

#include "store/usage.h"

enum alias_state { ALIAS_ON = 1, ALIAS_OFF_DROP, ALIAS_OFF_REJECT };

enum { ALIAS_MAILBOXES_MAX = 10 };

enum alias_origin { ALIAS_GIVEN, ALIAS_CAUGHT }; /* by a catch-all, on its first mail */

struct alias {
	int64_t id, user, created;
	int64_t domain; /* the user's own one that it is in; 0: the operator's */
	enum alias_origin origin;
	struct str address, label;
	struct str from_name; /* beside it in From of answers; empty: the address alone */
	enum alias_state state;
	int64_t expires_at; /* 0: never */
	int64_t idle_days;  /* 0: never */
	int64_t count_left; /* -1: unlimited */
	int64_t last_used, used;
	int64_t answered, removed;    /* answers sent from it; what the scrubber took out of them */
	int64_t told;                 /* of its end (policy/expiry.h) */
	struct usage most, user_most; /* its own bounds and its user's, which is read with it */
	int64_t blocks;               /* how many may not write to it (blocks.h) */
};

/* What lies behind an alias (verified mailboxes alone), for one look at RCPT. profile is that mailbox's active one; all 0 when there is none. */
struct alias_mailbox {
	int64_t mailbox, profile, profile_not_after;
	int64_t paused; /* since; 0: it takes mail */
	int64_t created;
	bool clear_ok;
	bool hide_subject, pad_sizes; /* of what is sealed for it */
	struct str address;
};

/* FAIL_EXISTS: taken, or once was. id, last_used, used, answered, removed, told, user_most and blocks are ignored. */
MUST_CHECK int alias_add(struct store *st, const struct alias *al, int64_t *ret_id, struct fail *f);
/* FAIL_EXISTS: it is somebody's, or once was. */
MUST_CHECK int alias_is_free(struct store *st, struct str address, struct fail *f);
MUST_CHECK int alias_find(struct store *st, struct str address, struct arena *a, struct alias *ret,
                          struct fail *f);
MUST_CHECK int alias_get(struct store *st, int64_t id, struct arena *a, struct alias *ret, struct fail *f);
MUST_CHECK int alias_update(struct store *st, const struct alias *al,
                            struct fail *f); /* state, expiry, label, name, bounds; another expiry
                                              is to be told of anew */
MUST_CHECK int alias_delete(struct store *st, int64_t id, struct fail *f);
MUST_CHECK int alias_each(struct store *st, int64_t user,
                          int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg,
                          struct fail *f);

/* Some of a user's, without opening the others: alias_each for `limit` of them from `offset` on. states: bits 1 << alias_state;
 * 0: any. trashed, pinned: by their marks (marks.h). *ret_total: how many there are. */
enum alias_order { ALIAS_BY_AGE, ALIAS_BY_LAST_USE, ALIAS_BY_USE, ALIAS_ORDERS };
enum alias_marked { MARKED_OR_NOT, NOT_MARKED, MARKED };
struct alias_page {
	enum alias_order order;
	bool down;
	unsigned states;
	int64_t offset, limit;
	enum alias_marked trashed, pinned;
};
MUST_CHECK int alias_page(struct store *st, int64_t user, const struct alias_page *p,
                          int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg,
                          int64_t *ret_total, struct fail *f);

/* Those of a user (0: of all) whose number is above `after`, by number, `limit` at most: for walks that others come between. */
MUST_CHECK int alias_after(struct store *st, int64_t user, int64_t after, int64_t limit,
                           int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg,
                           struct fail *f);

MUST_CHECK int alias_mailbox_add(struct store *st, int64_t alias, int64_t mailbox, struct fail *f);
MUST_CHECK int alias_mailbox_clear(struct store *st, int64_t alias, struct fail *f);
/* At most ALIAS_MAILBOXES_MAX. */
MUST_CHECK int alias_mailboxes(struct store *st, int64_t alias, struct arena *a, struct alias_mailbox *ret,
                               size_t *ret_n, struct fail *f);
/* Those that aliases which a domain's catch-all makes will have. */
MUST_CHECK int domain_mailboxes(struct store *st, int64_t domain, struct arena *a, struct alias_mailbox *ret,
                                size_t *ret_n, struct fail *f);
/* An alias gets those of its domain. */
MUST_CHECK int alias_mailboxes_inherit(struct store *st, int64_t alias, int64_t domain, struct fail *f);

/* A message came through: last use, counts, the hour's activity. */
MUST_CHECK int alias_used(struct store *st, int64_t id, int64_t now, uint64_t bytes, struct fail *f);
/* An answer went out from it, and so much was taken out of it. */
MUST_CHECK int alias_answered(struct store *st, int64_t id, int64_t now, int64_t removed, struct fail *f);
enum activity { ACTIVITY_DROPPED, ACTIVITY_REFUSED };
MUST_CHECK int alias_note(struct store *st, int64_t id, int64_t now, enum activity what, int64_t n,
                          struct fail *f);

#endif
