/* totp.h - six digits that change each half minute (RFC 6238 with HMAC-SHA-1, as every authenticator app reads it). */
#ifndef CRYPTO_TOTP_H
#define CRYPTO_TOTP_H

#include "base/fail.h"
#include "base/str.h"

enum { TOTP_SECRET = 20, TOTP_DIGITS = 6, TOTP_STEP_S = 30 };

/* The code of one time step, NUL-terminated. */
MUST_CHECK int totp_code(struct str secret, int64_t step, char ret[static TOTP_DIGITS + 1], struct fail *f);

/* Is it the code of now, of the step before or of the one after, and of one later than last_step? FAIL_FORGED: no. */
MUST_CHECK int totp_check(struct str secret, struct str code, int64_t now_utc, int64_t last_step,
                          int64_t *ret_step, struct fail *f);

#endif
