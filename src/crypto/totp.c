#include "crypto/totp.h"

#include "crypto/aead.h"
#include "crypto/ossl.h"

#include <openssl/core_names.h>
#include <stdio.h>

enum { SHA1 = 20 };

static int hmac_sha1(struct str key, const uint8_t *p, size_t n, uint8_t ret[static SHA1], struct fail *f)
{
	OWNP(EVP_MAC_CTX) ctx = EVP_MAC_CTX_new(ossl()->hmac);
	char name[] = "SHA1";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		                OSSL_PARAM_construct_end() };
	size_t got = 0;

	if (!ctx || EVP_MAC_init(ctx, str_bytes(key), key.n, params) != 1 || EVP_MAC_update(ctx, p, n) != 1 ||
	    EVP_MAC_final(ctx, ret, &got, SHA1) != 1 || got != SHA1)
		return fail_ossl(f, FAIL_SYS, "HMAC-SHA-1");
	return OK;
}

/* RFC 4226 5.3 */
int totp_code(struct str secret, int64_t step, char ret[static TOTP_DIGITS + 1], struct fail *f)
{
	uint8_t counter[8], mac[SHA1];
	uint32_t cut;
	size_t at;

	for (int i = 7; i >= 0; i--, step >>= 8)
		counter[i] = (uint8_t)step;
	TRY(hmac_sha1(secret, counter, sizeof(counter), mac, f));
	at = mac[SHA1 - 1] & 0xf;
	cut = ((uint32_t)(mac[at] & 0x7f) << 24) | ((uint32_t)mac[at + 1] << 16) |
	      ((uint32_t)mac[at + 2] << 8) | mac[at + 3];
	snprintf(ret, TOTP_DIGITS + 1, "%06u", (unsigned)(cut % 1000000));
	return OK;
}

int totp_check(struct str secret, struct str code, int64_t now_utc, int64_t last_step, int64_t *ret_step,
               struct fail *f)
{
	int64_t now = now_utc / TOTP_STEP_S, found = -1;
	char want[TOTP_DIGITS + 1];

	for (int64_t step = now - 1; step <= now + 1; step++) { /* RFC 6238 5.2: clocks differ a little */
		TRY(totp_code(secret, step, want, f));
		if (code.n == TOTP_DIGITS && ct_eq(code.p, want, TOTP_DIGITS) && step > last_step)
			found = step;
	}
	if (found < 0)
		return fail(f, FAIL_FORGED, "not the code of now, or one that was used");
	*ret_step = found;
	return OK;
}
