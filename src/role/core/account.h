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

/* A new session: its token and what it is, as a record. */
MUST_CHECK int session_begin(struct request *c, int64_t user, struct str name, struct fail *f);
/* Fields of a record. */
MUST_CHECK int session_tell(struct request *c, const struct session *s, struct str name, struct fail *f);

#endif
