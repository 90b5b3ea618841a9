/* account.h - what the requests about accounts share. */
#ifndef ROLE_CORE_ACCOUNT_H
#define ROLE_CORE_ACCOUNT_H

#include "role/core/call.h"

#define PROOF_ARG                                                                                            \
	{                                                                                                    \
		.name = "proof", .kind = ARG_BYTES, .required = true, .most = 32                             \
	}

/* "proof" is that of the asker's password; FAIL_DENIED, "password" is wrong, and it counts. FAIL_AGAIN: too many tries. */
MUST_CHECK int account_password_right(struct request *c, struct fail *f);

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
