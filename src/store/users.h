/* users.h - users and their mailboxes. */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "store/store.h"

struct user {
	int64_t id, created;
	struct str name;
	int64_t mailboxes, aliases; /* counts, when listed */
};

MUST_CHECK int user_add(struct store *st, struct str name, int64_t now, int64_t *ret_id, struct fail *f);
MUST_CHECK int user_find(struct store *st, struct str name, int64_t *ret_id,
                         struct fail *f); /* FAIL_ABSENT */
MUST_CHECK int user_name(struct store *st, int64_t id, struct arena *a, struct str *ret, struct fail *f);
MUST_CHECK int user_delete(struct store *st, int64_t id, struct fail *f); /* with everything of theirs */
/* Calls fn for each; a negative result of fn ends the walk and is returned. */
MUST_CHECK int user_each(struct store *st, int (*fn)(void *arg, const struct user *u, struct fail *f),
                         void *arg, struct fail *f);

struct mailbox {
	int64_t id, user, created;
	struct str address;
	bool clear_ok;          /* the user accepts rewritten clear mail while there is no active profile */
	int64_t active_profile; /* 0 none */
	int64_t reply_rule;     /* enum reply_rule of policy/reply.h */
	bool reply_clear;       /* signed answers that came readable go out too */
	bool hide_subject;      /* of mail that is sealed for it: transform/hidden.h */
	bool pad_sizes;         /* policy/size.h */
	bool verified;          /* shown to be the user's: else no mail goes there */
	int64_t replies_told;   /* when its user was told that one was readable; 0: never */
};

MUST_CHECK int mailbox_add(struct store *st, int64_t user, struct str address, bool clear_ok, int64_t now,
                           int64_t *ret_id, struct fail *f);
MUST_CHECK int mailbox_find(struct store *st, struct str address, struct arena *a, struct mailbox *ret,
                            struct fail *f);
MUST_CHECK int mailbox_get(struct store *st, int64_t id, struct arena *a, struct mailbox *ret,
                           struct fail *f);
MUST_CHECK int mailbox_set_clear(struct store *st, int64_t id, bool clear_ok, struct fail *f);
/* What its provider is told of mail that is sealed for it. */
MUST_CHECK int mailbox_set_telling(struct store *st, int64_t id, bool hide_subject, bool pad_sizes,
                                   struct fail *f);
MUST_CHECK int mailbox_set_replies(struct store *st, int64_t id, int64_t rule, bool clear, struct fail *f);
MUST_CHECK int mailbox_replies_told(struct store *st, int64_t id, int64_t now, struct fail *f);
/* How many aliases lead there. */
MUST_CHECK int mailbox_aliases(struct store *st, int64_t id, int64_t *ret, struct fail *f);
/* What leads to the one leads to the other too. */
MUST_CHECK int mailbox_share(struct store *st, int64_t from, int64_t to, struct fail *f);
/* An alias that leads there and nowhere else; FAIL_ABSENT. */
MUST_CHECK int mailbox_lone_alias(struct store *st, int64_t id, int64_t *ret_alias, struct fail *f);
MUST_CHECK int mailbox_delete(struct store *st, int64_t id, struct fail *f);
/* Is it a mailbox of that user, or a further sender address of one? FAIL_ABSENT: it is not. address: a key */
MUST_CHECK int mailbox_speaks_for(struct store *st, int64_t user, struct str address, struct fail *f);
/* Every address of that user's own: mailboxes and their further senders. */
MUST_CHECK int mailbox_addresses(struct store *st, int64_t user,
                                 int (*fn)(void *arg, int64_t mailbox, struct str address, struct fail *f),
                                 void *arg, struct fail *f);
MUST_CHECK int mailbox_sender_add(struct store *st, int64_t id, struct str address, struct fail *f);
/* user 0: all */
MUST_CHECK int mailbox_each(struct store *st, int64_t user,
                            int (*fn)(void *arg, const struct mailbox *m, struct fail *f), void *arg,
                            struct fail *f);

#endif
