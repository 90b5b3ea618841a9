/* key.h - asymmetric keys of certificates. The stored form is a compact record of raw numbers, because
 * OpenSSL 3.0's decoder costs as much as a signature (0.9 ms): import by EVP_PKEY_fromdata only. */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"

enum key_alg { KEY_RSA_2048 = 1, KEY_P256 = 2, KEY_RSA_3072 = 3 };

struct key; /* a parsed key pair or public key, an EVP_PKEY inside */

MUST_CHECK int key_new(enum key_alg alg, struct key **ret, struct fail *f); /* RSA-2048: about 260 ms */
void key_free(struct key *k); /* accepts NULL; private numbers are wiped */
DEFINE_OWNS(key, key_free)

enum key_alg key_alg_of(const struct key *k); /* 0 for a public key of another kind */

/* Private key <-> record of raw numbers (see key.c for its layout). Importing must not run the decoder, and the
 * returned key is ready to sign (for RSA: CRT numbers given, blinding on). */
MUST_CHECK int key_export_private(const struct key *k, struct secret *ret, struct fail *f);
MUST_CHECK int key_import_private(struct str record, struct key **ret, struct fail *f);
/* PKCS#8 DER, for PKCS#12 and for files. */
MUST_CHECK int key_export_pkcs8(const struct key *k, struct secret *ret, struct fail *f);

/* SubjectPublicKeyInfo DER. Parsing refuses (FAIL_DENIED) what RFC 8550 and sense forbid: RSA below 2048 or
 * above 4096 bits, public exponents other than odd 3..2^32-1 (below 65537 refused), curves other than
 * P-256/P-384/P-521 by name, explicit parameters; FAIL_SYNTAX for broken DER or trailing bytes. */
MUST_CHECK int key_public_der(const struct key *k, struct buf *out, struct fail *f);
MUST_CHECK int key_import_public(struct str spki_der, struct key **ret, struct fail *f);

#endif
