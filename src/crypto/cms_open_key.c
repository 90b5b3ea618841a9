#include "crypto/cms_open_in.h"

#include "base/mem.h"
#include "crypto/oid.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>

/* --- algorithms --------------------------------------------------------------------------------------- */

static const struct {
	struct str oid;
	const EVP_MD *(*md)(void);
} digests[] = {
	{ STR_INIT("\x2b\x0e\x03\x02\x1a"), EVP_sha1 },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x04"), EVP_sha224 },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), EVP_sha256 },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), EVP_sha384 },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), EVP_sha512 },
};

/* dhSinglePass-stdDH-*kdf and -cofactorDH-*kdf (RFC 5753 7.1.4): the cofactor of all our curves is 1. */
static const struct {
	struct str oid;
	const EVP_MD *(*md)(void);
} kdfs[] = {
	{ STR_INIT("\x2b\x81\x05\x10\x86\x48\x3f\x00\x02"), EVP_sha1 },
	{ STR_INIT("\x2b\x81\x05\x10\x86\x48\x3f\x00\x03"), EVP_sha1 },
	{ STR_INIT("\x2b\x81\x04\x01\x0b\x00"), EVP_sha224 },
	{ STR_INIT("\x2b\x81\x04\x01\x0b\x01"), EVP_sha256 },
	{ STR_INIT("\x2b\x81\x04\x01\x0b\x02"), EVP_sha384 },
	{ STR_INIT("\x2b\x81\x04\x01\x0b\x03"), EVP_sha512 },
	{ STR_INIT("\x2b\x81\x04\x01\x0e\x00"), EVP_sha224 },
	{ STR_INIT("\x2b\x81\x04\x01\x0e\x01"), EVP_sha256 },
	{ STR_INIT("\x2b\x81\x04\x01\x0e\x02"), EVP_sha384 },
	{ STR_INIT("\x2b\x81\x04\x01\x0e\x03"), EVP_sha512 },
};

static const struct {
	struct str oid;
	const EVP_CIPHER *(*cipher)(void);
} wraps[] = {
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x05"), EVP_aes_128_wrap },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x19"), EVP_aes_192_wrap },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x2d"), EVP_aes_256_wrap },
};

#define OID_OAEP STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07")
#define OID_MGF1 STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08")
#define OID_P_SPECIFIED STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x09")

const EVP_MD *cms_digest(struct str oid)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (str_eq(digests[i].oid, oid))
			return digests[i].md();
	return NULL;
}

const EVP_MD *cms_kdf_digest(struct str oid)
{
	for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++)
		if (str_eq(kdfs[i].oid, oid))
			return kdfs[i].md();
	return NULL;
}

const EVP_CIPHER *cms_wrap_cipher(struct str oid)
{
	for (size_t i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++)
		if (str_eq(wraps[i].oid, oid))
			return wraps[i].cipher();
	return NULL;
}

int cms_get_alg(struct str *in, struct str *ret_oid, struct str *ret_params, struct fail *f)
{
	struct str alg = STR_NONE;

	TRY(der_get(in, DER_SEQ, &alg, f));
	TRY(der_get(&alg, DER_OID, ret_oid, f));
	*ret_params = str_eq(alg, STR("\x05\x00")) ? STR_NONE : alg;
	return OK;
}

/* --- RSA ---------------------------------------------------------------------------------------------- */

struct oaep {
	const EVP_MD *md, *mgf;
	struct str label;
};

static bool digest_under(struct str in, const EVP_MD **ret)
{
	struct str oid, params;

	if (cms_get_alg(&in, &oid, &params, NULL) < 0 || in.n || params.n)
		return false;
	*ret = cms_digest(oid);
	return *ret != NULL;
}

static bool mgf_under(struct str in, const EVP_MD **ret)
{
	struct str oid, params;

	return cms_get_alg(&in, &oid, &params, NULL) == OK && !in.n && str_eq(oid, OID_MGF1) &&
	       digest_under(params, ret);
}

static bool label_under(struct str in, struct str *ret)
{
	struct str oid, params;

	return cms_get_alg(&in, &oid, &params, NULL) == OK && !in.n && str_eq(oid, OID_P_SPECIFIED) &&
	       der_get(&params, DER_OCTETS, ret, NULL) == OK && !params.n;
}

/* RSAES-OAEP-params, RFC 4055 4.1. */
static bool read_oaep(struct str in, struct oaep *ret)
{
	struct str seq, part;

	*ret = (struct oaep){ EVP_sha1(), EVP_sha1(), STR_NONE };
	if (der_get(&in, DER_SEQ, &seq, NULL) < 0 || in.n)
		return false;
	if (der_is(seq, DER_CONTEXT_SEQ + 0) &&
	    (der_get(&seq, DER_CONTEXT_SEQ + 0, &part, NULL) < 0 || !digest_under(part, &ret->md)))
		return false;
	if (der_is(seq, DER_CONTEXT_SEQ + 1) &&
	    (der_get(&seq, DER_CONTEXT_SEQ + 1, &part, NULL) < 0 || !mgf_under(part, &ret->mgf)))
		return false;
	if (der_is(seq, DER_CONTEXT_SEQ + 2) &&
	    (der_get(&seq, DER_CONTEXT_SEQ + 2, &part, NULL) < 0 || !label_under(part, &ret->label)))
		return false;
	return !seq.n;
}

static bool set_oaep(EVP_PKEY_CTX *ctx, const struct oaep *o)
{
	void *label = NULL;

	if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, o->md) != 1 || EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, o->mgf) != 1)
		return false;
	if (!o->label.n)
		return true;
	label = OPENSSL_memdup(o->label.p, o->label.n);
	if (label && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)o->label.n) == 1)
		return true;
	OPENSSL_free(label);
	return false;
}

static EVP_PKEY_CTX *rsa_ctx(const struct cms_recipient *r, const struct key *k)
{
	OWNP(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	struct str alg = r->alg, oid;
	struct oaep o;

	if (!ctx || der_get(&alg, DER_OID, &oid, NULL) < 0 || EVP_PKEY_decrypt_init(ctx) != 1)
		return NULL;
	if (str_eq(oid, OID_RSA) ? EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1
	                         : read_oaep(alg, &o) && set_oaep(ctx, &o))
		return TAKE(ctx);
	return NULL;
}

/* 0xff where the two are equal. */
static uint8_t same(size_t a, size_t b)
{
	size_t d = a ^ b;

	return (uint8_t)(((d | (0 - d)) >> (8 * sizeof(d) - 1)) - 1);
}

struct room {
	uint8_t p[KEY_SIG_MAX];
};

static void room_done(struct room *r)
{
	wipe(r, sizeof(*r));
}

/* The library looks at a PKCS#1 v1.5 padding in constant time, and its answer goes into a mask. */
static uint8_t unwrap_rsa(const struct cms_recipient *r, const struct key *k, size_t bytes,
                          uint8_t ret[static CEK_MAX])
{
	OWNP(EVP_PKEY_CTX) ctx = rsa_ctx(r, k);
	OWN(room) room = { 0 };
	size_t n = sizeof(room.p);
	int done;

	if (!ctx)
		return 0;
	done = EVP_PKEY_decrypt(ctx, room.p, &n, str_bytes(r->wrapped), r->wrapped.n);
	memcpy(ret, room.p, CEK_MAX);
	return same((size_t)done, 1) & same(n, bytes);
}

/* --- ECDH --------------------------------------------------------------------------------------------- */

struct agreement {
	const EVP_MD *kdf;
	const EVP_CIPHER *wrap;
	struct str wrap_alg; /* whole */
	struct key *peer;
};

static void agreement_done(struct agreement *a)
{
	key_free(a->peer);
}

/* [1] OriginatorPublicKey: the curve is the recipient's (RFC 5753 3.1.1), and the point must lie on it. */
static bool read_peer(struct str in, const struct key *k, struct key **ret)
{
	struct str pair, oid, params, point;
	OWN(buf) spki = BUF(SPKI_MAX);

	if (der_get(&in, DER_CONTEXT_SEQ + 1, &pair, NULL) < 0 || in.n ||
	    cms_get_alg(&pair, &oid, &params, NULL) < 0 || !str_eq(oid, OID_EC) ||
	    der_get_bits(&pair, &point, NULL) < 0 || pair.n)
		return false;
	spki_put_ec(&spki, k->curve, point);
	return key_import_public(buf_str(&spki), ret, NULL) == OK;
}

static bool read_agreement(const struct cms_recipient *r, const struct key *k, struct agreement *ret)
{
	struct str alg = r->alg, oid, inner, params;

	if (der_get(&alg, DER_OID, &oid, NULL) < 0)
		return false;
	ret->kdf = cms_kdf_digest(oid);
	ret->wrap_alg = inner = alg;
	if (!ret->kdf || cms_get_alg(&inner, &oid, &params, NULL) < 0 || inner.n || params.n)
		return false;
	ret->wrap = cms_wrap_cipher(oid);
	return ret->wrap && read_peer(r->originator, k, &ret->peer);
}

/* ECC-CMS-SharedInfo, RFC 5753 7.2. */
static void put_shared_info(struct buf *b, const struct cms_recipient *r, const struct agreement *a)
{
	const int bits = EVP_CIPHER_get_key_length(a->wrap) * 8;
	const uint8_t length[4] = { 0, 0, (uint8_t)(bits >> 8), (uint8_t)(bits & 0xff) };
	size_t seq = der_open(b, DER_SEQ), part;

	buf_add(b, a->wrap_alg);
	if (r->ukm.n)
		der_put(b, DER_CONTEXT_SEQ + 0, r->ukm);
	part = der_open(b, DER_CONTEXT_SEQ + 2);
	der_put(b, DER_OCTETS, str_of(length, sizeof(length)));
	der_close(b, part);
	der_close(b, seq);
}

static bool derive(const struct agreement *a, const struct key *k, struct str info,
                   uint8_t ret[static CEK_MAX])
{
	OWNP(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	size_t want = (size_t)EVP_CIPHER_get_key_length(a->wrap), n = want;
	OSSL_PARAM with[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, (char[]){ "X963KDF" }, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST,
		                                 (char *)(uintptr_t)EVP_MD_get0_name(a->kdf), 0),
		OSSL_PARAM_construct_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, &want),
		OSSL_PARAM_construct_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, (void *)(uintptr_t)info.p,
		                                  info.n),
		OSSL_PARAM_construct_end(),
	};

	return ctx && EVP_PKEY_derive_init_ex(ctx, with) == 1 &&
	       EVP_PKEY_derive_set_peer_ex(ctx, a->peer->pkey, 1) == 1 &&
	       EVP_PKEY_derive(ctx, ret, &n) == 1 && n == want;
}

/* RFC 3394. */
static bool unwrap_aes(const EVP_CIPHER *cipher, const uint8_t *kek, struct str wrapped, size_t bytes,
                       uint8_t ret[static CEK_MAX])
{
	OWNP(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	int n = 0, tail = 0;

	if (!ctx || wrapped.n != bytes + 8)
		return false;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	return EVP_DecryptInit_ex2(ctx, cipher, kek, NULL, NULL) == 1 &&
	       EVP_DecryptUpdate(ctx, ret, &n, str_bytes(wrapped), (int)wrapped.n) == 1 &&
	       (size_t)n == bytes && EVP_DecryptFinal_ex(ctx, ret + n, &tail) == 1 && tail == 0;
}

static uint8_t unwrap_ec(const struct cms_recipient *r, const struct key *k, size_t bytes,
                         uint8_t ret[static CEK_MAX])
{
	OWN(agreement) a = { 0 };
	OWN(buf) info = BUF(r->wrapped.n + r->ukm.n + 256);
	OWN(room) kek = { 0 };
	bool done;

	if (!read_agreement(r, k, &a))
		return 0;
	put_shared_info(&info, r, &a);
	done = !info.over && derive(&a, k, buf_str(&info), kek.p) &&
	       unwrap_aes(a.wrap, kek.p, r->wrapped, bytes, ret);
	return done ? 0xff : 0;
}

/* --- either ------------------------------------------------------------------------------------------- */

bool cms_can_unwrap(const struct cms_recipient *r, const struct key *k)
{
	OWN(agreement) a = { 0 };
	struct str alg = r->alg, oid;
	struct oaep o;

	if (r->agree != (k->curve != NULL))
		return false;
	if (r->agree)
		return read_agreement(r, k, &a);
	return der_get(&alg, DER_OID, &oid, NULL) == OK &&
	       (str_eq(oid, OID_RSA) || (str_eq(oid, OID_OAEP) && read_oaep(alg, &o)));
}

uint8_t cms_unwrap(const struct cms_recipient *r, const struct key *k, size_t bytes,
                   uint8_t ret[static CEK_MAX])
{
	uint8_t opened = r->agree ? unwrap_ec(r, k, bytes, ret) : unwrap_rsa(r, k, bytes, ret);

	ERR_clear_error();
	return opened;
}
