/* password.h - from a password to what proves that one knows it: argon2id (RFC 9106). */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/fail.h"
#include "base/str.h"

enum {
	PASSWORD_SALT = 16,
	PASSWORD_PROOF = 32,
	/* What new passwords get; what is stored says its own. About 40 ms. */
	PASSWORD_MEMORY_KIB = 32 * 1024,
	PASSWORD_PASSES = 2,
	PASSWORD_LANES = 1,
	PASSWORD_MEMORY_MOST = 256 * 1024,
};

struct password_cost {
	uint32_t memory_kib, passes, lanes;
};

/* FAIL_DENIED: costs that are out of bounds; FAIL_SYS: no memory for it. */
MUST_CHECK int password_prove(struct str password, struct str salt, const struct password_cost *cost,
                              uint8_t ret[static PASSWORD_PROOF], struct fail *f);

#endif
