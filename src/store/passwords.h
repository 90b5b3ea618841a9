/* passwords.h - app passwords: what a mail client logs in with, one for each client of a mailbox. The password itself is made
 * by core, told once, and kept nowhere: only a keyed hash of it is stored. */
#ifndef STORE_PASSWORDS_H
#define STORE_PASSWORDS_H

#include "base/arena.h"
#include "store/store.h"

enum { PASSWORDS_MAX = 20 }; /* of one mailbox */

struct app_password {
	int64_t id, mailbox;
	struct str name; /* as the user calls the client */
	int64_t created;
	int64_t last_used; /* the beginning of that day (UTC); 0: never */
};

/* FAIL_EXISTS: the mailbox has one of that name (or of that secret); FAIL_LIMIT: it has PASSWORDS_MAX.
 * secret: as password_canon() of policy/password.h leaves it. */
MUST_CHECK int password_add(struct store *st, int64_t mailbox, struct str name, struct str secret,
                            int64_t now, struct fail *f);
MUST_CHECK int password_delete(struct store *st, int64_t mailbox, struct str name,
                               struct fail *f); /* FAIL_ABSENT */
/* Those of all mailboxes of a user. */
MUST_CHECK int password_end_all(struct store *st, int64_t user, struct fail *f);
MUST_CHECK int password_count(struct store *st, int64_t user, int64_t *ret, struct fail *f);
/* In order of their making. */
MUST_CHECK int password_each(struct store *st, int64_t mailbox,
                             int (*fn)(void *arg, const struct app_password *p, struct fail *f), void *arg,
                             struct fail *f);

/* Is it a password of the mailbox of that address? FAIL_ABSENT: no; whether because there is no such mailbox, no such
 * password, or one of another mailbox, costs and says the same. */
MUST_CHECK int password_find(struct store *st, struct str address, struct str secret,
                             struct app_password *ret, struct fail *f); /* without its name */
/* Notes the day of its use, once a day. *ret_changed: something is to be committed. */
MUST_CHECK int password_used(struct store *st, const struct app_password *p, int64_t now, bool *ret_changed,
                             struct fail *f);

#endif
