/* ossl.h - private to crypto/: what crypto_init has fetched, and how libcrypto's results become ours. */
#ifndef CRYPTO_OSSL_H
#define CRYPTO_OSSL_H

#include "base/fail.h"
#include "base/str.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/* Set once by crypto_init and never again. */
struct ossl {
	EVP_MD *sha1, *sha256, *sha384, *sha512;
	EVP_CIPHER *aes_256_gcm, *aes_256_cbc, *aes_256_wrap;
	EVP_MAC *hmac;
};
const struct ossl *ossl(void); /* asserts that crypto_init has run */

/* fail() with the library's oldest reason appended (it says what happened, the later ones who passed it on). The
 * library's queue is emptied. */
#define fail_ossl(f, code, what) (fail_ossl_at((f), __FILE__, __LINE__, (code), (what)), (code))
void fail_ossl_at(struct fail *f, const char *file, int line, int code, const char *what);

static inline const uint8_t *str_bytes(struct str s)
{
	return (const uint8_t *)s.p;
}

DEFINE_OWNP(EVP_PKEY, EVP_PKEY_free)
DEFINE_OWNP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_OWNP(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_OWNP(EVP_MAC_CTX, EVP_MAC_CTX_free)
DEFINE_OWNP(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
DEFINE_OWNP(BIGNUM, BN_clear_free)

#endif
