/* account.h - what the requests about accounts share. */
#ifndef ROLE_CORE_ACCOUNT_H
#define ROLE_CORE_ACCOUNT_H

#include "role/core/call.h"

#define PROOF_ARG                                                                                            \
	{                                                                                                    \
		.name = "proof", .kind = ARG_BYTES, .required = true, .most = 32                             \
	}

/* Of requests that a session is not enough for: the proof of the password, or what passkey.prove gave. */
#define PROOF_ARGS                                                                                           \
	{ .name = "proof", .kind = ARG_BYTES, .most = 32 },                                                  \
	{                                                                                                    \
		.name = "passkey", .most = 43                                                                \
	}

enum { CODE_MOST = 40, NAME_MOST = 64 };
#define CODE_ARG                                                                                             \
	{                                                                                                    \
		.name = "code", .most = CODE_MOST                                                            \
	}

/* What account_set_password() wants. */
// clang-format off
#define NEW_PASSWORD_ARGS { .name = "salt", .kind = ARG_BYTES, .required = true, .most = PASSWORD_SALT },             \
	{ .name = "memory", .kind = ARG_NUMBER, .required = true, .most = PASSWORD_MEMORY_MOST },                \
	{ .name = "passes", .kind = ARG_NUMBER, .required = true, .most = 16 },                                  \
	{ .name = "lanes", .kind = ARG_NUMBER, .required = true, .most = 1 },                                    \
	{ .name = "new_proof", .kind = ARG_BYTES, .required = true, .most = PASSWORD_PROOF }
// clang-format on

/* PROOF_ARGS: it is the asker. FAIL_DENIED: "password" is wrong, and it counts; or "passkey" is not good. FAIL_AGAIN: too many
 * tries. */
MUST_CHECK int account_is_asker(struct request *c, struct fail *f);
/* The asker's account and all that belongs to it is gone, its keys too. */
MUST_CHECK int account_end(struct request *c, struct fail *f);
/* NEW_PASSWORD_ARGS are the user's password from now on. */
MUST_CHECK int account_set_password(struct request *c, int64_t user, const char *proof_arg, struct fail *f);
/* By an invitation for a user who is there, and "code" where a second factor is in force: nothing that opened the account before
 * opens it any more. */
MUST_CHECK int account_come_back(struct request *c, int64_t user, struct str name, struct fail *f);

/* Of a user: as it is, or that of the user whose verified mailbox has this address. What is neither stays as it is given. */
enum { ACCOUNT_NAME_MOST = 320 };
MUST_CHECK int account_name(struct request *c, struct str given, struct str *ret, struct fail *f);

/* Signing in by hand: "proof" is that of this user's password; then "code", where one is wanted (arg "code" when it is wrong or
 * missing). Wrong ones count; account_signed_in() forgets those of this client. */
struct account;
MUST_CHECK int account_first_factor(struct request *c, struct str name, struct account *ret, struct fail *f);
MUST_CHECK int account_second_factor(struct request *c, const struct account *ac, struct str name,
                                     struct fail *f);
void account_signed_in(struct request *c, struct str name, int64_t user);

/* A new API key of s->user: its id and token, as fields of a record. FAIL_LIMIT: too many. */
MUST_CHECK int key_begin(struct request *c, struct session *s, struct fail *f);

/* A new session: its token and what it is, as a record. */
MUST_CHECK int session_begin(struct request *c, int64_t user, struct str name, struct fail *f);
/* Fields of a record. */
MUST_CHECK int session_tell(struct request *c, const struct session *s, struct str name, struct fail *f);

#endif
