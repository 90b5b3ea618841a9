/* cms_open.h - reads CMS that comes from outside (RFC 5652, RFC 5083): BER or DER, of definite or indefinite length, made
 * DER by one bounded walk and read by our own strict reader. What it is asked is typed; what it answers never tells how a decryption failed. */
#ifndef CRYPTO_CMS_OPEN_H
#define CRYPTO_CMS_OPEN_H

#include "crypto/cms.h"

enum cms_kind { CMS_SIGNED = 1, CMS_ENVELOPED, CMS_AUTH_ENVELOPED };

enum { CMS_RECIPIENTS_MAX = 200, CMS_CERTS_MAX = 64, CMS_SIGNERS_MAX = 8 };

/* A parsed ContentInfo, with a copy of what it was read from. */
struct cms_in;

/* FAIL_SYNTAX: broken, or followed by other bytes. FAIL_LIMIT: nested deeper than 32, more recipients, certificates or
 * signers than those. FAIL_DENIED: a kind that is not read (compressed, digested, password recipients alone...). */
MUST_CHECK int cms_in_new(struct str in, struct cms_in **ret, struct fail *f);
void cms_in_free(struct cms_in *c); /* accepts NULL */
DEFINE_OWNS(cms_in, cms_in_free)

enum cms_kind cms_in_kind(const struct cms_in *c);

/* Does one of its recipients name that certificate, by issuer and serial number or by subject key identifier, in full? */
bool cms_in_is_for(const struct cms_in *c, const struct cms_cert *cert);

/* A key that may be tried. group: whose it is; each of the groups 0..n_groups-1 must open the same content key by itself,
 * for what comes to an address is opened with that address's keys alone (promise 5). */
struct cms_lock {
	const struct cms_cert *cert;
	const struct key *key; /* private */
	size_t group;
};

/* Decrypts into out. AES-128/192/256 in CBC (and triple DES, which older clients fall back to), AES-128/192/256 in GCM; RSA PKCS#1 v1.5 and OAEP; ECDH on P-256 (P-384, P-521)
 * with AES key wrap. From the first use of a private key on every failure is FAIL_FORGED with one and the same `why`, after
 * the same work: a content key that cannot be unwrapped, or that two groups disagree on, is replaced by a random one
 * (RFC 3218 2.3) and the content is decrypted with that. FAIL_LIMIT: more than out's maximum. FAIL_DENIED: an algorithm that
 * is not read, told before any key is used. */
MUST_CHECK int cms_in_decrypt(struct cms_in *c, const struct cms_lock *locks, size_t n, size_t n_groups,
                              struct buf *out, struct fail *f);

/* What an opaque signature holds; a view into what `c` owns. FAIL_ABSENT: it is detached. It is not verified. */
MUST_CHECK int cms_in_content(struct cms_in *c, struct str *ret, struct fail *f);

struct cms_signature {
	size_t pin;         /* of the pinned certificates: whose key */
	int64_t signed_utc; /* signingTime, 0: none told */
	uint8_t digest
	        [32]; /* SHA-256 over the signature values: what makes this signature one, however it is wrapped */
};

/* Were `detached` (the exact bytes; STR_NONE: the content inside) signed by a pinned key? The key counts, not the
 * certificate: one beside it that carries the same key does as well, dates and chains are not looked at. Every SignerInfo
 * must verify, and each under a pinned key. Refused: no signer, both content inside and detached, SHA-1 and older, RSA
 * under 2048 bits, no or two messageDigest or contentType attributes, a content type that is not that of the content.
 * FAIL_ABSENT: nobody signed. FAIL_DENIED: somebody else's signature. FAIL_FORGED: it does not verify. */
MUST_CHECK int cms_in_verify(struct cms_in *c, struct str detached, const struct cms_cert *const *pinned,
                             size_t n, struct cms_signature *ret, struct fail *f);

#endif
