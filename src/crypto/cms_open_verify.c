#include "crypto/aead.h"
#include "crypto/cms_open_in.h"
#include "crypto/oid.h"

#include <openssl/rsa.h>

#define OID_SIGNING_TIME STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05")
#define OID_MGF1 STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08")

enum { SALT_MAX = 512 /* openssl takes all the room there is */, ATTRIBUTES_MAX = 16384 };

/* --- algorithms --------------------------------------------------------------------------------------- */

enum scheme { RSA_PKCS1 = 1, RSA_PSS, ECDSA };

/* digest empty: the one that the SignerInfo names. */
static const struct sig_row {
	struct str oid, digest;
	enum scheme scheme;
} schemes[] = {
#define SHA256 STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x01")
#define SHA384 STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x02")
#define SHA512 STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x03")
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), STR_INIT(""), RSA_PKCS1 },
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), SHA256, RSA_PKCS1 },
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"), SHA384, RSA_PKCS1 },
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"), SHA512, RSA_PKCS1 },
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), STR_INIT(""), RSA_PSS },
	{ STR_INIT("\x2a\x86\x48\xce\x3d\x02\x01"), STR_INIT(""), ECDSA },
	{ STR_INIT("\x2a\x86\x48\xce\x3d\x04\x03\x02"), SHA256, ECDSA },
	{ STR_INIT("\x2a\x86\x48\xce\x3d\x04\x03\x03"), SHA384, ECDSA },
	{ STR_INIT("\x2a\x86\x48\xce\x3d\x04\x03\x04"), SHA512, ECDSA },
};

static const struct sig_row *scheme_of(struct str oid)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (str_eq(schemes[i].oid, oid))
			return &schemes[i];
	return NULL;
}

static bool is_strong(const EVP_MD *md)
{
	return md && EVP_MD_get_size(md) >= 32;
}

/* A SignerInfo, RFC 5652 5.3. */
struct signer {
	struct cms_name name;
	const EVP_MD *md;
	struct str attributes; /* body of the SET */
	struct str outside;    /* the attributes that are not signed */
	const struct sig_row *row;
	const EVP_MD *mgf; /* RSA_PSS */
	int salt;
	struct str sig;
};

static int forged(struct fail *f, const char *why)
{
	return fail(f, FAIL_FORGED, "%s", why);
}

/* [n] { AlgorithmIdentifier } of a digest. */
static const EVP_MD *digest_in(struct str *seq, uint8_t tag)
{
	struct str part, oid, params;

	if (der_get(seq, tag, &part, NULL) < 0 || cms_get_alg(&part, &oid, &params, NULL) < 0 || part.n ||
	    params.n)
		return NULL;
	return cms_digest(oid);
}

static const EVP_MD *mgf_in(struct str *seq)
{
	struct str part, oid, params;

	if (der_get(seq, DER_CONTEXT_SEQ + 1, &part, NULL) < 0 ||
	    cms_get_alg(&part, &oid, &params, NULL) < 0 || part.n || !str_eq(oid, OID_MGF1) ||
	    cms_get_alg(&params, &oid, &part, NULL) < 0 || params.n || part.n)
		return NULL;
	return cms_digest(oid);
}

/* RSASSA-PSS-params, RFC 4055 3.1. What is left out means SHA-1, so that only the salt and the trailer may be. */
static int read_pss(struct str in, struct signer *s, struct fail *f)
{
	struct str seq = STR_NONE, part = STR_NONE, salt = STR("\x14");

	TRY(der_get(&in, DER_SEQ, &seq, f));
	if (digest_in(&seq, DER_CONTEXT_SEQ + 0) != s->md)
		return forged(f, "RSA-PSS with another digest");
	s->mgf = mgf_in(&seq);
	if (der_is(seq, DER_CONTEXT_SEQ + 2)) {
		TRY(der_get(&seq, DER_CONTEXT_SEQ + 2, &part, f));
		TRY(der_get_uint(&part, &salt, f));
		TRY(der_end(part, f));
	}
	if (der_is(seq, DER_CONTEXT_SEQ + 3)) {
		TRY(der_get(&seq, DER_CONTEXT_SEQ + 3, &part, f));
		if (!str_eq(part, STR("\x02\x01\x01")))
			return forged(f, "RSA-PSS with another trailer");
	}
	TRY(der_end(seq, f));
	TRY(der_end(in, f));
	for (size_t i = 0; i < salt.n && i < 2; i++)
		s->salt = s->salt << 8 | (uint8_t)salt.p[i];
	if (!is_strong(s->mgf) || salt.n > 2 || s->salt > SALT_MAX)
		return forged(f, "RSA-PSS with parameters that are not read");
	return OK;
}

static int read_scheme(struct str oid, struct str params, struct str digest, struct signer *s, struct fail *f)
{
	s->row = scheme_of(oid);
	s->md = cms_digest(digest);
	if (!s->row)
		return fail(f, FAIL_DENIED, "signed with an algorithm that is not read (RSA and ECDSA are)");
	if (!is_strong(s->md))
		return forged(f, "signed over SHA-1, or another digest that proves nothing");
	if (s->row->digest.n && !str_eq(s->row->digest, digest))
		return forged(f, "two digests in one signature");
	return s->row->scheme == RSA_PSS ? read_pss(params, s, f) : OK;
}

static int read_name(struct str *in, struct cms_name *ret, struct fail *f)
{
	struct der d = { 0 };

	*ret = (struct cms_name){ STR_NONE, STR_NONE };
	TRY(der_next(in, &d, f));
	if (d.tag == DER_SEQ)
		ret->sid = d.whole;
	else if (d.tag == DER_CONTEXT + 0)
		ret->ski = d.body;
	else
		return fail(f, FAIL_SYNTAX, "a signer without a name");
	return OK;
}

static int read_signer(struct str in, struct signer *s, struct fail *f)
{
	struct str version, digest = STR_NONE, oid = STR_NONE, params = STR_NONE, ignored;

	*s = (struct signer){ .md = NULL };
	TRY(der_get(&in, DER_INTEGER, &version, f));
	TRY(read_name(&in, &s->name, f));
	TRY(cms_get_alg(&in, &digest, &ignored, f));
	if (der_is(in, DER_CONTEXT_SEQ + 0))
		TRY(der_get(&in, DER_CONTEXT_SEQ + 0, &s->attributes, f));
	TRY(cms_get_alg(&in, &oid, &params, f));
	TRY(der_get(&in, DER_OCTETS, &s->sig, f));
	if (der_is(in, DER_CONTEXT_SEQ + 1))
		TRY(der_get(&in, DER_CONTEXT_SEQ + 1, &s->outside, f));
	TRY(der_end(in, f));
	return read_scheme(oid, params, digest, s, f);
}

/* --- attributes --------------------------------------------------------------------------------------- */

/* The one value of the one attribute of that type; p NULL when there is none. Two of either are a game (RFC 5652 11). */
static int attribute(struct str in, struct str type, struct str *ret, struct fail *f)
{
	*ret = STR_NONE;
	while (in.n) {
		struct str one = STR_NONE, oid = STR_NONE, set = STR_NONE;
		struct der value = { 0 };

		TRY(der_get(&in, DER_SEQ, &one, f));
		TRY(der_get(&one, DER_OID, &oid, f));
		TRY(der_get(&one, DER_SET, &set, f));
		TRY(der_end(one, f));
		if (!str_eq(oid, type))
			continue;
		TRY(der_next(&set, &value, f));
		if (set.n || ret->p)
			return forged(f, "a signed attribute twice");
		*ret = value.whole;
	}
	return OK;
}

/* What must be signed may not stand among what is not (RFC 5652 11.1 to 11.3). */
static int check_outside(const struct signer *s, struct fail *f)
{
	static const struct str types[] = { STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"),
		                            STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"),
		                            STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05") };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct str value;

		TRY(attribute(s->outside, types[i], &value, f));
		if (value.p)
			return forged(f, "an attribute outside of the signature that belongs inside");
	}
	return OK;
}

static int check_time(const struct signer *s, int64_t *ret, struct fail *f)
{
	struct str value;

	*ret = 0;
	TRY(attribute(s->attributes, OID_SIGNING_TIME, &value, f));
	if (!value.p)
		return OK;
	TRY(der_get_time(&value, ret, f));
	return der_end(value, f);
}

static int check_attributes(const struct cms_in *c, const struct signer *s, struct str digest, struct fail *f)
{
	struct str value, body = STR_NONE;

	TRY(attribute(s->attributes, OID_CONTENT_TYPE, &value, f));
	if (!value.p || der_get(&value, DER_OID, &body, NULL) < 0 || value.n || !str_eq(body, c->type))
		return forged(f, "the signature is for another type of content, or names none");
	TRY(attribute(s->attributes, OID_MESSAGE_DIGEST, &value, f));
	if (!value.p || der_get(&value, DER_OCTETS, &body, NULL) < 0 || value.n || !str_eq(body, digest))
		return forged(f, "the content was altered, or its digest is missing");
	return OK;
}

/* --- the signature ------------------------------------------------------------------------------------ */

/* What is signed has the SET's own tag (RFC 5652 5.4). */
static int verify_with(const struct signer *s, const struct key *k, struct fail *f)
{
	OWN(buf) set = BUF(ATTRIBUTES_MAX);
	OWNP(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *op = NULL;

	if ((s->row->scheme == ECDSA) != (k->curve != NULL))
		return forged(f, "the signature is of another kind than the key");
	der_put(&set, DER_SET, s->attributes);
	if (set.over)
		return forged(f, "too many signed attributes");
	if (!ctx || EVP_DigestVerifyInit(ctx, &op, s->md, NULL, k->pkey) != 1)
		return fail_ossl(f, FAIL_SYS, "verification context");
	if (s->row->scheme == RSA_PSS && (EVP_PKEY_CTX_set_rsa_padding(op, RSA_PKCS1_PSS_PADDING) != 1 ||
	                                  EVP_PKEY_CTX_set_rsa_mgf1_md(op, s->mgf) != 1 ||
	                                  EVP_PKEY_CTX_set_rsa_pss_saltlen(op, s->salt) != 1))
		return fail_ossl(f, FAIL_SYS, "RSA-PSS");
	if (EVP_DigestVerify(ctx, str_bytes(s->sig), s->sig.n, str_bytes(buf_str(&set)), set.n) != 1)
		return fail_ossl(f, FAIL_FORGED, "signature does not verify");
	return OK;
}

/* What identifies the signature whoever wraps it. Of ECDSA that is r alone: anybody can turn s into n - s. */
static struct str essence(const struct signer *s)
{
	struct str in = s->sig, seq, r;

	if (s->row->scheme != ECDSA || der_get(&in, DER_SEQ, &seq, NULL) < 0 ||
	    der_get_uint(&seq, &r, NULL) < 0)
		return s->sig;
	return r;
}

/* --- who ---------------------------------------------------------------------------------------------- */

struct beside {
	struct cms_cert *certs[CMS_CERTS_MAX];
	size_t n;
};

static void beside_done(struct beside *b)
{
	for (size_t i = 0; i < b->n; i++)
		cms_cert_free(b->certs[i]);
}

/* The certificates that came along and can be read; others are nobody's that we know. */
static void read_beside(struct str in, struct beside *ret)
{
	struct der d;

	while (ret->n < CMS_CERTS_MAX && in.n && der_next(&in, &d, NULL) == OK)
		if (d.tag == DER_SEQ && cms_cert_new(d.whole, &ret->certs[ret->n], NULL) == OK)
			ret->n++;
	ERR_clear_error();
}

static bool is_signer(const struct signer *s, const struct cms_cert *pinned, const struct beside *b)
{
	if (cms_name_is(&s->name, pinned))
		return true;
	for (size_t i = 0; i < b->n; i++)
		if (key_eq(b->certs[i]->key, pinned->key) && cms_name_is(&s->name, b->certs[i]))
			return true;
	return false;
}

static int find_pin(const struct signer *s, const struct beside *b, const struct cms_cert *const *pinned,
                    size_t n, size_t *ret, struct fail *f)
{
	int how = FAIL_DENIED;

	for (size_t i = 0; i < n; i++) {
		if (!is_signer(s, pinned[i], b))
			continue;
		how = verify_with(s, pinned[i]->key, f);
		if (how == FAIL_FORGED)
			continue;
		if (how == OK)
			*ret = i;
		return how;
	}
	return how == FAIL_DENIED ? fail(f, FAIL_DENIED, "signed by somebody else") : how;
}

/* --- all of them -------------------------------------------------------------------------------------- */

struct verifying {
	const struct cms_in *c;
	struct str content;
	const struct cms_cert *const *pinned;
	size_t n;
	struct beside beside;
	struct buf values; /* of the signatures, one after the other */
};

static void verifying_done(struct verifying *v)
{
	beside_done(&v->beside);
	buf_done(&v->values);
}

static int verify_signer(struct verifying *v, struct str info, struct cms_signature *ret, struct fail *f)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct signer s;
	unsigned n = 0;

	TRY(read_signer(info, &s, f));
	if (!s.attributes.p)
		return forged(f, "a signature without signed attributes");
	TRY(check_outside(&s, f));
	TRY(check_time(&s, &ret->signed_utc, f));
	TRY(find_pin(&s, &v->beside, v->pinned, v->n, &ret->pin, f));
	if (EVP_Digest(v->content.p, v->content.n, digest, &n, s.md, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "digest");
	TRY(check_attributes(v->c, &s, str_of(digest, n), f));
	buf_add(&v->values, essence(&s));
	return OK;
}

static int find_content(const struct cms_in *c, struct str detached, struct str *ret, struct fail *f)
{
	if (c->kind != CMS_SIGNED)
		return fail(f, FAIL_BUG, "no signature");
	if (!c->signers.n)
		return fail(f, FAIL_ABSENT, "nobody signed");
	if (c->content.p && detached.p)
		return forged(f, "content inside of the signature and beside it");
	*ret = c->content.p ? c->content : detached;
	return ret->p ? OK : forged(f, "a signature without its content");
}

int cms_in_verify(struct cms_in *c, struct str detached, const struct cms_cert *const *pinned, size_t n,
                  struct cms_signature *ret, struct fail *f)
{
	OWN(verifying) v = { .c = c, .pinned = pinned, .n = n, .values = BUF(CMS_SIGNERS_MAX * KEY_SIG_MAX) };
	struct str in = c->signers;
	struct cms_signature first = { 0 };

	TRY(find_content(c, detached, &v.content, f));
	read_beside(c->certs, &v.beside);
	for (size_t i = 0; in.n; i++) {
		struct cms_signature one = { 0 };
		struct str info = STR_NONE;
		int how;

		TRY(der_get(&in, DER_SEQ, &info, f));
		how = verify_signer(&v, info, &one, f);
		if (how < 0) /* broken inside is as good as broken */
			return how == FAIL_SYNTAX ? forged(f, "a SignerInfo that cannot be read") : how;
		if (i == 0)
			first = one;
	}
	sha256(buf_str(&v.values), first.digest);
	*ret = first;
	return OK;
}
