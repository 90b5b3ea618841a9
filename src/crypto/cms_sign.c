#include "crypto/aead.h"
#include "crypto/cms_in.h"
#include "crypto/oid.h"

/* SignedData, RFC 5652 5:
 *
 *   ContentInfo { id-signedData, [0] SignedData { 1, SET { sha-256 }, { id-data },
 *     [0] certificates, SET { SignerInfo { 1, issuerAndSerialNumber, sha-256,
 *       [0] SET { contentType, messageDigest }, algorithm, signature } } } }
 *
 * sha-256 without parameters (RFC 5754 2); rsaEncryption with NULL, as everybody writes it (RFC 3370 3.2). */

enum { CERTS_MAX = 64, ATTRIBUTES_MAX = 128 };

static void put_attribute(struct buf *b, struct str type, uint8_t tag, struct str value)
{
	size_t seq = der_open(b, DER_SEQ), set;

	der_put(b, DER_OID, type);
	set = der_open(b, DER_SET);
	der_put(b, tag, value);
	der_close(b, set);
	der_close(b, seq);
}

/* In the order of a SET OF: contentType is the shorter. */
static void put_attributes(struct buf *b, const uint8_t digest[static 32])
{
	put_attribute(b, OID_CONTENT_TYPE, DER_OID, OID_DATA);
	put_attribute(b, OID_MESSAGE_DIGEST, DER_OCTETS, str_of(digest, 32));
}

/* What is signed is the attributes as a SET; what is sent has the implicit tag (RFC 5652 5.4). */
static int sign_attributes(const struct key *k, struct str attributes, uint8_t sig[static KEY_SIG_MAX],
                           size_t *ret_n, struct fail *f)
{
	OWN(buf) set = BUF(ATTRIBUTES_MAX + DER_HEAD_MAX);
	uint8_t digest[32];

	der_put(&set, DER_SET, attributes);
	sha256(buf_str(&set), digest);
	return key_sign(k, digest, sig, ret_n, f);
}

static void put_signer(struct buf *b, const struct cms_cert *signer, const struct key *k,
                       struct str attributes, struct str sig)
{
	size_t set = der_open(b, DER_SET), info = der_open(b, DER_SEQ);

	der_put_small(b, 1);
	buf_add(b, buf_str(&signer->sid));
	buf_add(b, ALG_SHA256);
	der_put(b, DER_CONTEXT_SEQ + 0, attributes);
	buf_add(b, k->curve ? ALG_ECDSA_SHA256 : ALG_RSA);
	der_put(b, DER_OCTETS, sig);
	der_close(b, info);
	der_close(b, set);
}

static void put_content(struct buf *b, struct str *certs, size_t n_certs, const struct cms_cert *signer,
                        const struct key *k, struct str attributes, struct str sig)
{
	size_t info = der_open(b, DER_SEQ), explicit, data, seq;

	der_put(b, DER_OID, OID_SIGNED_DATA);
	explicit = der_open(b, DER_CONTEXT_SEQ + 0);
	data = der_open(b, DER_SEQ);
	der_put_small(b, 1);
	der_put(b, DER_SET, ALG_SHA256);
	seq = der_open(b, DER_SEQ);
	der_put(b, DER_OID, OID_DATA);
	der_close(b, seq);
	der_put_set(b, DER_CONTEXT_SEQ + 0, certs, n_certs);
	put_signer(b, signer, k, attributes, sig);
	der_close(b, data);
	der_close(b, explicit);
	der_close(b, info);
}

static int collect(const struct cms_cert *signer, const struct str *more, size_t n_more, struct str *certs,
                   struct fail *f)
{
	if (n_more >= CERTS_MAX)
		return fail(f, FAIL_LIMIT, "%zu certificates in a signature", n_more);
	certs[0] = buf_str(&signer->der);
	for (size_t i = 0; i < n_more; i++) {
		struct str in = more[i], body;

		if (der_get(&in, DER_SEQ, &body, f) < 0 || in.n)
			return fail(f, FAIL_BUG, "no certificate among those to send along");
		certs[i + 1] = more[i];
	}
	return OK;
}

int cms_sign_detached(const struct key *signer_key, const struct cms_cert *signer,
                      const struct str *more_certs, size_t n_more, const uint8_t digest[static 32],
                      struct buf *out, struct fail *f)
{
	OWN(buf) attributes = BUF(ATTRIBUTES_MAX);
	struct str certs[CERTS_MAX];
	uint8_t sig[KEY_SIG_MAX];
	size_t n, before = out->n;

	if (!str_eq(buf_str(&signer_key->spki), signer->spki))
		return fail(f, FAIL_BUG, "the key is not the signer's");
	if (!(signer->usage & CMS_SIGN))
		return fail(f, FAIL_DENIED, "the certificate is not for signatures");
	TRY(collect(signer, more_certs, n_more, certs, f));
	put_attributes(&attributes, digest);
	TRY(sign_attributes(signer_key, buf_str(&attributes), sig, &n, f));
	put_content(out, certs, n_more + 1, signer, signer_key, buf_str(&attributes), str_of(sig, n));
	if (out->over) {
		out->n = before;
		return fail(f, FAIL_LIMIT, "no room for a signature");
	}
	return OK;
}
