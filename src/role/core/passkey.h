/* passkey.h - what the requests about passkeys share: what a browser is asked with, and whether its answer is one. */
#ifndef ROLE_CORE_PASSKEY_H
#define ROLE_CORE_PASSKEY_H

#include "role/core/challenge.h"
#include "store/passkeys.h"

enum { PASSKEY_LABEL_MOST = 100, PASSKEY_HANDLE = 32, PASSKEY_TRANSPORTS_MOST = 8 };

/* Fields of a record: challenge, site, and for how long. FAIL_DENIED, "passkey": there can be none at this server's address. */
MUST_CHECK int passkey_tell_challenge(struct request *c, enum challenge_for what, struct str bound,
                                      struct fail *f);
/* Fields of a record: what authenticators keep of a user. The handle names nobody, and is the same for the same name. */
void passkey_tell_user(struct request *c, struct str name);
/* A record for each that the user has: what browsers want to know of it. */
MUST_CHECK int passkey_tell_known(struct request *c, int64_t user, struct fail *f);

/* PASSKEY_NEW_ARGS: has a passkey been made as an answer to this challenge? Then it is *ret, of nobody yet; the challenge is not
 * taken. FAIL_DENIED, "passkey". */
MUST_CHECK int passkey_made(struct request *c, enum challenge_for what, struct str bound, struct passkey *ret,
                            struct fail *f);
/* It is this user's from now on, and the challenge taken. */
MUST_CHECK int passkey_keep(struct request *c, struct passkey *p, int64_t user, struct fail *f);

/* PASSKEY_USE_ARGS: does p answer this challenge? FAIL_DENIED, "passkey", with a sentence; *ret otherwise. Changes nothing. */
struct passkey_seen;
MUST_CHECK int passkey_answers(struct request *c, enum challenge_for what, struct str bound,
                               const struct passkey *p, struct passkey_seen *ret, struct fail *f);
/* It was used: the challenge is taken, its counter kept. FAIL_AGAIN, "rate": this user does so too often. */
MUST_CHECK int passkey_use(struct request *c, const struct passkey *p, const struct passkey_seen *seen,
                           struct fail *f);

// clang-format off
#define PASSKEY_CHALLENGE_ARGS                                                                                   \
	{ .name = "challenge", .required = true, .most = CHALLENGE_CHARS },                                      \
	{ .name = "credential", .kind = ARG_BYTES, .required = true, .most = 1023 },                             \
	{ .name = "client_data", .kind = ARG_BYTES, .required = true, .most = 2048 }
#define PASSKEY_USE_ARGS PASSKEY_CHALLENGE_ARGS,                                                                 \
	{ .name = "authenticator_data", .kind = ARG_BYTES, .required = true, .most = 1024 },                     \
	{ .name = "signature", .kind = ARG_BYTES, .required = true, .most = 512 },                               \
	{ .name = "user_handle", .kind = ARG_BYTES, .most = 64 }
/* What web read out of the attestation. */
#define PASSKEY_NEW_ARGS PASSKEY_CHALLENGE_ARGS,                                                                 \
	{ .name = "authenticator_data", .kind = ARG_BYTES, .required = true, .most = 37 },                       \
	{ .name = "alg", .kind = ARG_WORD, .required = true, .words = "es256|eddsa|rs256" },                     \
	{ .name = "key_a", .kind = ARG_BYTES, .required = true, .most = 1024 },                                  \
	{ .name = "key_b", .kind = ARG_BYTES, .most = 64 },                                                      \
	{ .name = "transports", .repeats = true, .most = 32 },                                                   \
	{ .name = "label", .most = PASSKEY_LABEL_MOST }
// clang-format on

#endif
