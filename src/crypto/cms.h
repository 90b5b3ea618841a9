/* cms.h - streaming writers of the three CMS shapes that sealed mail has (RFC 5652, RFC 5083, RFC 8551). Our own
 * DER, because CMS_final cannot leave out signingTime and OpenSSL's S/MIME writer costs five times the crypto.
 * The primitives (signature, key transport, ciphers, digests) are libcrypto's. */
#ifndef CRYPTO_CMS_H
#define CRYPTO_CMS_H

#include "base/sink.h"
#include "crypto/cert.h"

/* A certificate prepared once and used for many messages. */
struct cms_cert; /* DER kept, issuerAndSerialNumber and public key parsed */
/* FAIL_SYNTAX: no certificate in DER. FAIL_DENIED: a key that key_import_public refuses. Dates and names are the
 * caller's to judge. Costs about 20 us: keep it. */
MUST_CHECK int cms_cert_new(struct str der, struct cms_cert **ret, struct fail *f);
/* Without its public key, which is most of that: for signatures of ours, where the private key brings it. */
MUST_CHECK int cms_cert_signer(struct str der, struct cms_cert **ret, struct fail *f);
void cms_cert_free(struct cms_cert *c);
DEFINE_OWNS(cms_cert, cms_cert_free)
struct str cms_cert_der(const struct cms_cert *c);
/* Is its one and only subjectAltName that ASCII address (rfc822Name, RFC 8550 3)? ASCII case ignored. */
bool cms_cert_is_for(const struct cms_cert *c, struct str address);

/* Detached SignedData over `digest` (SHA-256 of the exact signed bytes): one SignerInfo by
 * issuerAndSerialNumber, signed attributes contentType and messageDigest and no others (a signingTime makes
 * Thunderbird refuse mail whose Date differs by an hour), certificates = signer, chain, extra: in DER order, equal
 * ones once, at most 63 beside the signer's (FAIL_LIMIT). RSA: PKCS#1 v1.5 with SHA-256; EC: ecdsa-with-SHA256.
 * FAIL_BUG: `signer_key` is not the certificate's. FAIL_DENIED: its key usage does not permit signatures. Appends
 * the DER of the ContentInfo to `out`, nothing on failure. */
MUST_CHECK int cms_sign_detached(const struct key *signer_key, const struct cms_cert *signer,
                                 const struct str *more_certs, size_t n_more, const uint8_t digest[static 32],
                                 struct buf *out, struct fail *f);

enum cms_cipher { CMS_AES_256_CBC = 1, CMS_AES_256_GCM = 2 };

/* EnvelopedData (CBC) or AuthEnvelopedData (GCM) for one recipient, streamed. RSA: RSAES-PKCS1-v1_5 by
 * issuerAndSerialNumber; EC: ECDH dhSinglePass-stdDH-sha256kdf with AES-256 key wrap (RFC 5753), ephemeral key
 * on the recipient's curve. The length of the content must be told ahead (definite lengths, DER throughout);
 * put must then bring exactly plain_bytes, else FAIL_BUG. Output is DER ContentInfo to `out`.
 * FAIL_DENIED when the certificate's key usage does not permit it; FAIL_BUG: a cms_cert_signer(). After a failure the envelope only fails. */
struct cms_envelope;
MUST_CHECK int cms_envelope_new(const struct cms_cert *recipient, enum cms_cipher cipher,
                                uint64_t plain_bytes, struct sink out, struct cms_envelope **ret,
                                struct fail *f);
MUST_CHECK int cms_envelope_put(struct cms_envelope *e, struct str plain, struct fail *f);
MUST_CHECK int cms_envelope_end(struct cms_envelope *e, struct fail *f);
void cms_envelope_free(struct cms_envelope *e);
DEFINE_OWNS(cms_envelope, cms_envelope_free)

/* Streaming SHA-256 for the signed bytes. */
struct digest;
MUST_CHECK int digest_new(struct digest **ret, struct fail *f);
MUST_CHECK int digest_put(struct digest *d, struct str in, struct fail *f);
MUST_CHECK int digest_end(struct digest *d, uint8_t ret[static 32], struct fail *f);
void digest_free(struct digest *d);
DEFINE_OWNS(digest, digest_free)

#endif
