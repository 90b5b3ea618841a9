/* key_in.h - private to crypto/: what a key holds, and signing with it. */
#ifndef CRYPTO_KEY_IN_H
#define CRYPTO_KEY_IN_H

#include "crypto/key.h"
#include "crypto/ossl.h"
#include "crypto/spki.h"

enum { KEY_SIG_MAX = 512, KEY_ID = 20 };

struct key {
	enum key_alg alg;
	EVP_PKEY *pkey;
	EVP_PKEY_CTX
	*sign; /* private keys: prepared for SHA-256 digests and used again and again; else NULL */
	const struct curve *curve; /* NULL: RSA */
	struct buf spki;           /* canonical, so that equal bytes are equal keys */
	struct str bits;           /* within spki */
	uint8_t id[KEY_ID];        /* SHA-1 of the bits: subject key identifier, RFC 5280 4.2.1.2 (1) */
};

/* RSA: PKCS#1 v1.5 with SHA-256; EC: ECDSA, DER. */
MUST_CHECK int key_sign(const struct key *k, const uint8_t digest[static 32],
                        uint8_t ret_sig[static KEY_SIG_MAX], size_t *ret_n, struct fail *f);

/* Does sig over the data verify? FAIL_FORGED otherwise. */
MUST_CHECK int key_verify(const struct key *k, const EVP_MD *md, struct str data, struct str sig,
                          struct fail *f);

/* AlgorithmIdentifier of what key_sign makes, in certificates. */
struct str key_sig_alg(const struct key *k);

bool key_eq(const struct key *a, const struct key *b); /* the public halves */

#endif
