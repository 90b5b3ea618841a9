/* accounts.h - how users sign in: passwords, second factors, recovery codes, invitations, and the codes that show that a
 * mailbox is somebody's. No password, code or token is kept, only keyed hashes of them. */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "store/store.h"

/* How a password becomes a proof (argon2id), which web computes and core compares. */
struct account_salt {
	struct str salt;               /* 16 bytes; empty: there is no password, and nothing proves one */
	int64_t memory, passes, lanes; /* KiB; */
};

struct account {
	int64_t user, created;
	struct account_salt salt;
	bool totp;         /* a second factor is in force */
	struct str secret; /* of it, also while it is not yet in force; empty: none */
	int64_t totp_step; /* the last time step whose code was used: none is good twice */
};

/* A user that has no account yet gets one without a password; who has one keeps it as it is. */
MUST_CHECK int account_make(struct store *st, int64_t user, int64_t now, struct fail *f);
/* Its password opens it no longer, and there is none. */
MUST_CHECK int account_no_password(struct store *st, int64_t user, struct fail *f);
/* A user that has no account yet gets one; who has one gets another password. */
MUST_CHECK int account_set(struct store *st, int64_t user, const struct account_salt *s, struct str proof,
                           int64_t now, struct fail *f);
MUST_CHECK int account_get(struct store *st, int64_t user, struct arena *a, struct account *ret,
                           struct fail *f); /* FAIL_ABSENT */
MUST_CHECK int account_proves(struct store *st, int64_t user, struct str proof, bool *ret, struct fail *f);
/* The second factor: a secret that waits for its first code, in force, or (empty) none. */
MUST_CHECK int account_totp(struct store *st, int64_t user, struct str secret, bool in_force, int64_t step,
                            struct fail *f);

/* Replaces all; n may be 0. */
MUST_CHECK int recovery_set(struct store *st, int64_t user, const struct str *codes, size_t n,
                            struct fail *f);
MUST_CHECK int recovery_use(struct store *st, int64_t user, struct str code,
                            struct fail *f); /* FAIL_ABSENT */
MUST_CHECK int recovery_count(struct store *st, int64_t user, int64_t *ret, struct fail *f);

struct invite {
	int64_t user; /* 0: for a new one */
	int64_t expires;
};
MUST_CHECK int invite_add(struct store *st, struct str token, const struct invite *i, struct fail *f);
/* FAIL_ABSENT: unknown, used or expired. */
MUST_CHECK int invite_find(struct store *st, struct str token, int64_t now, struct invite *ret,
                           struct fail *f);
MUST_CHECK int invite_use(struct store *st, struct str token, struct fail *f);
/* Those for this user. */
MUST_CHECK int invite_end_all(struct store *st, int64_t user, struct fail *f);
/* Of new accounts, all that are still good. */
MUST_CHECK int invite_count(struct store *st, int64_t now, int64_t *ret, struct fail *f);

/* Codes that are mailed to a mailbox. */
struct mailbox_code {
	int64_t created, tries, mailed; /* wrong tries of this one; how many were mailed since day_begun */
	int64_t day_begun;
};
MUST_CHECK int mailbox_code_get(struct store *st, int64_t mailbox, struct mailbox_code *ret,
                                struct fail *f); /* FAIL_ABSENT */
MUST_CHECK int mailbox_code_set(struct store *st, int64_t mailbox, struct str code,
                                const struct mailbox_code *m, struct fail *f);
/* Counts a try; *ret: it is the right one. */
MUST_CHECK int mailbox_code_try(struct store *st, int64_t mailbox, struct str code, bool *ret,
                                struct fail *f);
/* The mailbox is its user's: mail goes there. */
MUST_CHECK int mailbox_verified(struct store *st, int64_t mailbox, bool verified, struct fail *f);

/* private to store/: the tables of this file and of sessions.h */
// clang-format off
#define ACCOUNT_TABLES \
	"CREATE TABLE account (user INTEGER PRIMARY KEY REFERENCES user ON DELETE CASCADE, salt BLOB NOT NULL," \
	" memory INTEGER NOT NULL, passes INTEGER NOT NULL, lanes INTEGER NOT NULL, proof_hash BLOB NOT NULL," \
	" totp INTEGER NOT NULL DEFAULT 0, secret BLOB, totp_step INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL);" \
	"CREATE TABLE recovery (user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE, code_hash BLOB NOT NULL," \
	" PRIMARY KEY (user, code_hash)) WITHOUT ROWID;" \
	"CREATE TABLE invite (token_hash BLOB PRIMARY KEY, user INTEGER REFERENCES user ON DELETE CASCADE," \
	" expires INTEGER NOT NULL) WITHOUT ROWID;" \
	"CREATE INDEX invite_user ON invite (user);" \
	"CREATE INDEX invite_expires ON invite (expires);" \
	"CREATE TABLE mailbox_code (mailbox INTEGER PRIMARY KEY REFERENCES mailbox ON DELETE CASCADE," \
	" code_hash BLOB NOT NULL, created INTEGER NOT NULL, tries INTEGER NOT NULL, mailed INTEGER NOT NULL," \
	" day_begun INTEGER NOT NULL);" \
	"CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE," \
	" token_hash BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, scopes INTEGER NOT NULL, label BLOB NOT NULL," \
	" created INTEGER NOT NULL, last_used INTEGER NOT NULL, expires INTEGER NOT NULL);" \
	"CREATE INDEX session_user ON session (user);" \
	"CREATE INDEX session_expires ON session (expires);"
// clang-format on

#endif
