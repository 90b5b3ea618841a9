#include "crypto/cert_in.h"
#include "crypto/oid.h"

/* PKCS#10, RFC 2986. Written and read by hand: what is wanted of a request is its public key and the proof that
 * somebody holds the private one. */

int csr_build(const struct cert_fields *c, struct buf *ret_der, struct fail *f)
{
	OWN(buf) info = BUF(CSR_MAX);
	size_t seq, attributes, attribute, values;

	TRY(cert_fields_check(c, NULL, f));
	seq = der_open(&info, DER_SEQ);
	der_put_small(&info, 0);
	cert_put_name(&info, c->subject_cn);
	buf_add(&info, buf_str(&c->subject_key->spki));
	attributes = der_open(&info, DER_CONTEXT_SEQ + 0);
	attribute = der_open(&info, DER_SEQ);
	der_put(&info, DER_OID, OID_EXTENSION_REQUEST);
	values = der_open(&info, DER_SET);
	cert_put_extensions(&info, c, NULL);
	der_close(&info, values);
	der_close(&info, attribute);
	der_close(&info, attributes);
	der_close(&info, seq);
	if (info.over)
		return fail(f, FAIL_LIMIT, "request of more than %d bytes", CSR_MAX);
	return cert_put_signed(ret_der, buf_str(&info), c->subject_key, f);
}

/* The digest of a signature algorithm that fits the key; NULL for all others, SHA-1 and MD5 among them. */
static const EVP_MD *digest_of(struct str alg, const struct key *k)
{
	const struct {
		struct str rsa, ec;
		const EVP_MD *md;
	} known[] = {
		{ ALG_RSA_SHA256, ALG_ECDSA_SHA256, ossl()->sha256 },
		{ ALG_RSA_SHA384, ALG_ECDSA_SHA384, ossl()->sha384 },
		{ ALG_RSA_SHA512, ALG_ECDSA_SHA512, ossl()->sha512 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(alg, k->curve ? known[i].ec : known[i].rsa))
			return known[i].md;
	return NULL;
}

static int read_info(struct str info, struct str *ret_spki, struct fail *f)
{
	struct str version = STR_NONE, name, attributes;
	struct der spki = { 0 };

	TRY(der_get_uint(&info, &version, f));
	if (version.n)
		return fail(f, FAIL_SYNTAX, "request of another version");
	TRY(der_get(&info, DER_SEQ, &name, f));
	TRY(der_next(&info, &spki, f));
	if (info.n) /* required by the standard, left out by some */
		TRY(der_get(&info, DER_CONTEXT_SEQ + 0, &attributes, f));
	*ret_spki = spki.whole;
	return der_end(info, f);
}

int csr_read(struct str der, struct buf *ret_spki, struct fail *f)
{
	struct str request = STR_NONE, spki = STR_NONE, sig = STR_NONE;
	struct der info = { 0 }, alg = { 0 };
	OWNS(key) k = NULL;
	const EVP_MD *md;

	if (der.n > CSR_MAX)
		return fail(f, FAIL_LIMIT, "request of %zu bytes", der.n);
	TRY(der_get(&der, DER_SEQ, &request, f));
	TRY(der_end(der, f));
	TRY(der_next(&request, &info, f));
	TRY(der_next(&request, &alg, f));
	TRY(der_get_bits(&request, &sig, f));
	TRY(der_end(request, f));
	if (info.tag != DER_SEQ || alg.tag != DER_SEQ)
		return fail(f, FAIL_SYNTAX, "no certificate request");
	TRY(read_info(info.body, &spki, f));
	TRY(key_import_public(spki, &k, f));
	md = digest_of(alg.whole, k);
	if (!md)
		return fail(f, FAIL_DENIED, "request signed by another algorithm");
	TRY(key_verify(k, md, info.whole, sig, f));
	return key_public_der(k, ret_spki, f);
}
