/* passkeys.h - public keys by which users sign in. What a browser's authenticator calls them is found by its keyed hash, and
 * sealed like all that names something. */
#ifndef STORE_PASSKEYS_H
#define STORE_PASSKEYS_H

#include "store/store.h"

enum { PASSKEYS_MAX = 20 }; /* of one user */

struct passkey {
	int64_t id, user;
	struct str credential;      /* the authenticator's name for it */
	int alg;                    /* COSE's number: crypto/passkey.h */
	struct str a, b;            /* the key's numbers */
	int64_t count;              /* of signatures, when it was last used */
	struct str transports;      /* how it is reached, as the browser said: "internal, hybrid" */
	struct str name;            /* as the user calls it */
	int64_t created, last_used; /* 0: never */
};

/* FAIL_EXISTS: this one is somebody's already; FAIL_LIMIT: the user has PASSKEYS_MAX. p->id and p->last_used are not looked at. */
MUST_CHECK int passkey_add(struct store *st, const struct passkey *p, struct fail *f);
MUST_CHECK int passkey_find(struct store *st, struct str credential, struct arena *a, struct passkey *ret,
                            struct fail *f); /* FAIL_ABSENT */
/* In order of their making; what is told lives as long as the call. */
MUST_CHECK int passkey_each(struct store *st, int64_t user,
                            int (*fn)(void *arg, const struct passkey *p, struct fail *f), void *arg,
                            struct fail *f);
MUST_CHECK int passkey_count(struct store *st, int64_t user, int64_t *ret, struct fail *f);
MUST_CHECK int passkey_used(struct store *st, int64_t id, int64_t count, int64_t now, struct fail *f);
/* One of this user's: FAIL_ABSENT. */
MUST_CHECK int passkey_rename(struct store *st, int64_t user, int64_t id, struct str name, struct fail *f);
MUST_CHECK int passkey_delete(struct store *st, int64_t user, int64_t id, struct fail *f);
/* All but one; 0: all. */
MUST_CHECK int passkey_end_all(struct store *st, int64_t user, int64_t but, struct fail *f);

/* private to store/ */
// clang-format off
#define PASSKEY_TABLES \
	"CREATE TABLE passkey (id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE," \
	" credential_hash BLOB NOT NULL UNIQUE, credential BLOB NOT NULL, alg INTEGER NOT NULL, a BLOB NOT NULL, b BLOB," \
	" count INTEGER NOT NULL, transports BLOB, name BLOB NOT NULL, created INTEGER NOT NULL," \
	" last_used INTEGER NOT NULL);" \
	"CREATE INDEX passkey_user ON passkey (user);"
// clang-format on

#endif
