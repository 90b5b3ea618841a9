#include "crypto/key.h"

#include "base/mem.h"
#include "crypto/key_in.h"
#include "crypto/oid.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* The record of a private key: version (1) || algorithm (1) || numbers, big-endian and of fixed width:
 *   RSA of L bytes: n (L), e (4), d (L), p, q, d mod p-1, d mod q-1, 1/q mod p (L/2 each)
 *   P-256: scalar (32), public point (65, uncompressed)
 * It is only ever stored under authenticated encryption, so its length is checked and its arithmetic is not. */
enum { RECORD_VERSION = 1, RECORD_HEAD = 2, RSA_NUMBERS = 8, P256_SCALAR = 32, P256_POINT = 65 };
enum { RECORD_MAX = RECORD_HEAD + 384 * 2 + 4 + 192 * 5 };

static const struct shape {
	enum key_alg alg;
	size_t modulus; /* bytes; 0: P-256 */
	size_t record;
} shapes[] = {
	{ KEY_RSA_2048, 256, RECORD_HEAD + 256 * 2 + 4 + 128 * 5 },
	{ KEY_P256, 0, RECORD_HEAD + P256_SCALAR + P256_POINT },
	{ KEY_RSA_3072, 384, RECORD_MAX },
};

static const char *const rsa_names[RSA_NUMBERS] = {
	OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

DEFINE_OWNP(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

/* Numbers on their way through the stack. */
struct scratch {
	uint8_t p[RECORD_MAX];
};

static void scratch_done(struct scratch *s)
{
	wipe(s, sizeof(*s));
}

static const struct shape *shape_of(enum key_alg alg)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].alg == alg)
			return &shapes[i];
	return NULL;
}

static size_t rsa_width(const struct shape *s, size_t i)
{
	return i == 0 || i == 2 ? s->modulus : i == 1 ? 4 : s->modulus / 2;
}

/* OSSL_PARAM wants numbers in the machine's byte order. */
static OSSL_PARAM number(const char *name, struct str big_endian, uint8_t *room)
{
	for (size_t i = 0; i < big_endian.n; i++)
		room[i] = (uint8_t)big_endian
		                  .p[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? big_endian.n - 1 - i : i];
	return OSSL_PARAM_construct_BN(name, room, big_endian.n);
}

static OSSL_PARAM bytes(const char *name, struct str s)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)s.p, s.n);
}

static OSSL_PARAM group(const struct curve *c)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)c->name, 0);
}

/* EVP_PKEY_fromdata does not run the decoder: 5 to 15 microseconds where d2i takes 110 to 650. */
static EVP_PKEY *from_numbers(const char *type, int selection, OSSL_PARAM *with)
{
	OWNP(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &pkey, selection, with) != 1)
		return NULL;
	return pkey;
}

void key_free(struct key *k)
{
	if (!k)
		return;
	EVP_PKEY_CTX_free(k->sign);
	EVP_PKEY_free(k->pkey);
	buf_done(&k->spki);
	free(k);
}

/* The key with its canonical SPKI, which is read back: it is so checked as any other's, and known where its bits
 * are. Takes pkey on success. */
static int key_make(EVP_PKEY **pkey, const struct spki *s, struct key **ret, struct fail *f)
{
	OWNS(key) k = xnew(struct key);
	struct spki own;

	k->spki = BUF(SPKI_MAX);
	if (s->curve)
		spki_put_ec(&k->spki, s->curve, s->point);
	else
		spki_put_rsa(&k->spki, s->n, s->e);
	TRY(spki_read(buf_str(&k->spki), &own, f));
	k->bits = own.bits;
	k->alg = spki_alg(&own);
	if (EVP_Digest(k->bits.p, k->bits.n, k->id, NULL, ossl()->sha1, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "key identifier");
	k->curve = own.curve;
	k->pkey = TAKE(*pkey);
	*ret = TAKE(k);
	return OK;
}

/* --- public keys -------------------------------------------------------------------------------------- */

int key_import_public(struct str spki_der, struct key **ret, struct fail *f)
{
	OWN(scratch) room = { 0 };
	OWNP(EVP_PKEY) pkey = NULL;
	OSSL_PARAM with[3];
	struct spki s;

	TRY(spki_read(spki_der, &s, f));
	if (s.curve) {
		with[0] = group(s.curve);
		with[1] = bytes(OSSL_PKEY_PARAM_PUB_KEY, s.point);
	} else {
		with[0] = number(OSSL_PKEY_PARAM_RSA_N, s.n, room.p);
		with[1] = number(OSSL_PKEY_PARAM_RSA_E, s.e, room.p + s.n.n);
	}
	with[2] = OSSL_PARAM_construct_end();
	pkey = from_numbers(s.curve ? "EC" : "RSA", EVP_PKEY_PUBLIC_KEY, with);
	if (!pkey) /* a point that is not on its curve */
		return fail_ossl(f, FAIL_DENIED, "public key");
	return key_make(&pkey, &s, ret, f);
}

int key_public_der(const struct key *k, struct buf *out, struct fail *f)
{
	buf_add(out, buf_str(&k->spki));
	return out->over ? fail(f, FAIL_LIMIT, "no room for a public key") : OK;
}

enum key_alg key_alg_of(const struct key *k)
{
	return k->alg;
}

struct str key_sig_alg(const struct key *k)
{
	return k->curve ? ALG_ECDSA_SHA256 : ALG_RSA_SHA256;
}

bool key_eq(const struct key *a, const struct key *b)
{
	return str_eq(buf_str(&a->spki), buf_str(&b->spki));
}

/* --- private keys ------------------------------------------------------------------------------------- */

static int export_numbers(const EVP_PKEY *pkey, const struct shape *shape, uint8_t *to, struct fail *f)
{
	for (size_t i = 0; i < (shape->modulus ? RSA_NUMBERS : 1); i++) {
		const char *name = shape->modulus ? rsa_names[i] : OSSL_PKEY_PARAM_PRIV_KEY;
		size_t width = shape->modulus ? rsa_width(shape, i) : P256_SCALAR;
		OWNP(BIGNUM) v = NULL;

		if (EVP_PKEY_get_bn_param(pkey, name, &v) != 1 || BN_bn2binpad(v, to, (int)width) < 0)
			return fail_ossl(f, FAIL_BUG, "key has no such number");
		to += width;
	}
	return OK;
}

static int export_record(const EVP_PKEY *pkey, enum key_alg alg, struct secret *ret, struct fail *f)
{
	const struct shape *shape = shape_of(alg);
	OWN(secret) s = SECRET_NONE;
	size_t n = 0;

	if (!shape)
		return fail(f, FAIL_BUG, "no record for this kind of key");
	TRY(secret_new(&s, shape->record, f));
	s.p[0] = RECORD_VERSION;
	s.p[1] = (uint8_t)alg;
	TRY(export_numbers(pkey, shape, s.p + RECORD_HEAD, f));
	if (!shape->modulus &&
	    (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, s.p + RECORD_HEAD + P256_SCALAR,
	                                     P256_POINT, &n) != 1 ||
	     n != P256_POINT))
		return fail_ossl(f, FAIL_BUG, "key has no public point");
	*ret = secret_take(&s);
	return OK;
}

int key_new(enum key_alg alg, struct key **ret, struct fail *f)
{
	const struct shape *shape = shape_of(alg);
	OWNP(EVP_PKEY) pkey = NULL;
	OWN(secret) record = SECRET_NONE;

	if (!shape)
		return fail(f, FAIL_BUG, "key algorithm %d", (int)alg);
	pkey = shape->modulus ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", shape->modulus * 8)
	                      : EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve_p256.name);
	if (!pkey)
		return fail_ossl(f, FAIL_SYS, "no new key");
	TRY(export_record(pkey, alg, &record, f));
	return key_import_private(str_of(record.p, record.n), ret, f);
}

int key_export_private(const struct key *k, struct secret *ret, struct fail *f)
{
	if (!k->sign)
		return fail(f, FAIL_BUG, "a public key has no private record");
	return export_record(k->pkey, k->alg, ret, f);
}

static EVP_PKEY *import_rsa(const struct shape *shape, struct str in, struct spki *ret)
{
	OSSL_PARAM with[RSA_NUMBERS + 1];
	OWN(scratch) room = { 0 };
	size_t used = 0;

	for (size_t i = 0; i < RSA_NUMBERS; i++) {
		struct str v = str_first(str_from(in, used), rsa_width(shape, i));

		with[i] = number(rsa_names[i], v, room.p + used);
		used += v.n;
	}
	with[RSA_NUMBERS] = OSSL_PARAM_construct_end();
	ret->n = str_first(in, shape->modulus);
	ret->e = str_first(str_from(in, shape->modulus), 4);
	return from_numbers("RSA", EVP_PKEY_KEYPAIR, with);
}

static EVP_PKEY *import_p256(struct str in, struct spki *ret)
{
	OWN(scratch) room = { 0 };
	OSSL_PARAM with[4];

	ret->curve = &curve_p256;
	ret->point = str_from(in, P256_SCALAR);
	with[0] = group(ret->curve);
	with[1] = bytes(OSSL_PKEY_PARAM_PUB_KEY, ret->point);
	with[2] = number(OSSL_PKEY_PARAM_PRIV_KEY, str_first(in, P256_SCALAR), room.p);
	with[3] = OSSL_PARAM_construct_end();
	return from_numbers("EC", EVP_PKEY_KEYPAIR, with);
}

static bool prepare_to_sign(struct key *k)
{
	k->sign = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	return k->sign && EVP_PKEY_sign_init(k->sign) == 1 &&
	       (k->curve || EVP_PKEY_CTX_set_rsa_padding(k->sign, RSA_PKCS1_PADDING) == 1) &&
	       EVP_PKEY_CTX_set_signature_md(k->sign, ossl()->sha256) == 1;
}

int key_import_private(struct str record, struct key **ret, struct fail *f)
{
	const struct shape *shape = record.n > 2 ? shape_of((enum key_alg)(uint8_t)record.p[1]) : NULL;
	OWNP(EVP_PKEY) pkey = NULL;
	OWNS(key) k = NULL;
	struct spki s = { 0 };

	if (!shape || record.p[0] != RECORD_VERSION || record.n != shape->record)
		return fail(f, FAIL_SYNTAX, "no record of a private key");
	record = str_from(record, RECORD_HEAD);
	pkey = shape->modulus ? import_rsa(shape, record, &s) : import_p256(record, &s);
	if (!pkey)
		return fail_ossl(f, FAIL_SYNTAX, "record of a private key");
	TRY(key_make(&pkey, &s, &k, f));
	if (!prepare_to_sign(k))
		return fail_ossl(f, FAIL_SYS, "signing context");
	*ret = TAKE(k);
	return OK;
}

int key_export_pkcs8(const struct key *k, struct secret *ret, struct fail *f)
{
	OWNP(PKCS8_PRIV_KEY_INFO) info = k->sign ? EVP_PKEY2PKCS8(k->pkey) : NULL;
	int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
	OWN(secret) s = SECRET_NONE;
	unsigned char *p;

	if (n <= 0)
		return fail_ossl(f, k->sign ? FAIL_SYS : FAIL_BUG, "PKCS#8");
	TRY(secret_new(&s, (size_t)n, f));
	p = s.p;
	if (i2d_PKCS8_PRIV_KEY_INFO(info, &p) != n)
		return fail_ossl(f, FAIL_SYS, "PKCS#8");
	*ret = secret_take(&s);
	return OK;
}

/* --- signatures --------------------------------------------------------------------------------------- */

int key_sign(const struct key *k, const uint8_t digest[static 32], uint8_t ret_sig[static KEY_SIG_MAX],
             size_t *ret_n, struct fail *f)
{
	size_t n = KEY_SIG_MAX;

	if (!k->sign)
		return fail(f, FAIL_BUG, "a public key cannot sign");
	if (EVP_PKEY_sign(k->sign, ret_sig, &n, digest, 32) != 1)
		return fail_ossl(f, FAIL_SYS, "signature");
	*ret_n = n;
	return OK;
}

int key_verify(const struct key *k, const EVP_MD *md, struct str data, struct str sig, struct fail *f)
{
	OWNP(EVP_MD_CTX) ctx = EVP_MD_CTX_new();

	if (!ctx || EVP_DigestVerifyInit(ctx, NULL, md, NULL, k->pkey) != 1)
		return fail_ossl(f, FAIL_SYS, "verification context");
	if (EVP_DigestVerify(ctx, str_bytes(sig), sig.n, str_bytes(data), data.n) != 1)
		return fail_ossl(f, FAIL_FORGED, "signature does not verify");
	return OK;
}
