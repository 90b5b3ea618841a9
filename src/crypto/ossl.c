#include "crypto/ossl.h"

#include "crypto/aead.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

static struct ossl fetched;
static bool ready;

const struct ossl *ossl(void)
{
	assert(ready);
	return &fetched;
}

void fail_ossl_at(struct fail *f, const char *file, int line, int code, const char *what)
{
	unsigned long e = ERR_peek_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	(void)fail_at(f, file, line, code, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}

static bool fetch_all(void)
{
	struct ossl *o = &fetched;

	o->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	o->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	o->sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
	o->sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
	o->aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	o->aes_256_cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	o->aes_256_wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
	o->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	return o->sha1 && o->sha256 && o->sha384 && o->sha512 && o->aes_256_gcm && o->aes_256_cbc &&
	       o->aes_256_wrap && o->hmac;
}

/* One key pair and one signature: fills the library's method caches and sees that all of it works before the
 * sandbox takes the means of finding out why it does not. */
static bool warm_up(void)
{
	OWNP(EVP_PKEY) key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	OWNP(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	uint8_t sig[128];
	size_t n = sizeof(sig);

	return key && ctx && EVP_DigestSignInit(ctx, NULL, fetched.sha256, NULL, key) == 1 &&
	       EVP_DigestSign(ctx, sig, &n, (const uint8_t *)"postern", 7) == 1;
}

/* The operator's openssl.cnf is never read: it could load an engine, or weaken what is decided here. */
int crypto_init(struct fail *f)
{
	const uint64_t how = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
	                     OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS;
	uint8_t seed[32];

	if (ready)
		return OK;
	ERR_clear_error();
	if (OPENSSL_init_crypto(how, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "libcrypto does not start");
	if (!OSSL_PROVIDER_load(NULL, "default"))
		return fail_ossl(f, FAIL_SYS, "no default provider");
	if (RAND_bytes(seed, sizeof(seed)) != 1 || RAND_priv_bytes(seed, sizeof(seed)) != 1)
		return fail_ossl(f, FAIL_SYS, "no randomness");
	OPENSSL_cleanse(seed, sizeof(seed));
	if (!fetch_all() || !warm_up())
		return fail_ossl(f, FAIL_SYS, "an algorithm is missing");
	ready = true;
	return OK;
}
