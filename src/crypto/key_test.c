#include "crypto/key.h"

#include "crypto/aead.h"
#include "crypto/key_in.h"
#include "crypto/oid.h"

#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const enum key_alg algs[] = { KEY_RSA_2048, KEY_P256, KEY_RSA_3072 };
static struct key *keys[3];

static void sign_and_verify(const struct key *private, const struct key *public)
{
	uint8_t digest[32], sig[KEY_SIG_MAX];
	size_t n;

	sha256(STR("signed"), digest);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(key_sign(private, digest, sig, &n, NULL), OK);
		assert_int_equal(key_verify(public, ossl()->sha256, STR("signed"), str_of(sig, n), NULL), OK);
		assert_int_equal(key_verify(public, ossl()->sha256, STR("Signed"), str_of(sig, n), NULL),
		                 FAIL_FORGED);
	}
}

static void records_come_back(void **state)
{
	static const size_t sizes[] = { 2 + 256 * 2 + 4 + 128 * 5, 2 + 32 + 65, 2 + 384 * 2 + 4 + 192 * 5 };

	for (size_t i = 0; i < 3; i++) {
		OWN(secret) record = SECRET_NONE, again = SECRET_NONE;
		OWNS(key) back = NULL;

		assert_int_equal(key_alg_of(keys[i]), algs[i]);
		assert_int_equal(key_export_private(keys[i], &record, NULL), OK);
		assert_int_equal(record.n, sizes[i]);
		assert_int_equal(key_import_private(str_of(record.p, record.n), &back, NULL), OK);
		assert_int_equal(key_alg_of(back), algs[i]);
		assert_true(key_eq(back, keys[i]));
		assert_int_equal(key_export_private(back, &again, NULL), OK);
		assert_true(secret_eq(&record, &again));
		sign_and_verify(back, keys[i]);
	}
}

static void broken_records_are_refused(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		OWN(secret) record = SECRET_NONE;
		OWNS(key) k = NULL;
		struct str s;

		assert_int_equal(key_export_private(keys[i], &record, NULL), OK);
		s = str_of(record.p, record.n);
		for (size_t n = 0; n < s.n; n += n < 4 ? 1 : 37)
			assert_int_equal(key_import_private(str_first(s, n), &k, NULL), FAIL_SYNTAX);
		record.p[0] ^= 1;
		assert_int_equal(key_import_private(s, &k, NULL), FAIL_SYNTAX);
		record.p[0] ^= 1;
		record.p[1] = 99;
		assert_int_equal(key_import_private(s, &k, NULL), FAIL_SYNTAX);
		record.p[1] = (uint8_t)algs[i];
		if (algs[i] == KEY_P256) {
			record.p[s.n - 1] ^= 1; /* no longer on the curve */
			assert_true(key_import_private(s, &k, NULL) < 0);
		}
		assert_null(k);
	}
}

/* What libcrypto's decoder makes of our DER is what its encoder would have written. */
static void public_keys_are_what_openssl_writes(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		OWN(buf) der = BUF(SPKI_MAX);
		OWNP(EVP_PKEY) pkey = NULL;
		OWNS(key) public = NULL;
		const unsigned char *p;
		unsigned char *again = NULL;
		int n;

		assert_int_equal(key_public_der(keys[i], &der, NULL), OK);
		p = (const unsigned char *)der.p;
		pkey = d2i_PUBKEY(NULL, &p, (long)der.n);
		assert_non_null(pkey);
		assert_int_equal(EVP_PKEY_eq(pkey, keys[i]->pkey), 1);
		n = i2d_PUBKEY(pkey, &again);
		assert_true(n > 0 && str_eq(str_of(again, (size_t)n), buf_str(&der)));
		OPENSSL_free(again);
		assert_int_equal(key_import_public(buf_str(&der), &public, NULL), OK);
		assert_true(key_eq(public, keys[i]));
		assert_int_equal(key_alg_of(public), algs[i]);
		sign_and_verify(keys[i], public);
	}
}

static void pkcs8_is_what_openssl_reads(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		OWN(secret) der = SECRET_NONE;
		OWNP(EVP_PKEY) pkey = NULL;
		const unsigned char *p;

		assert_int_equal(key_export_pkcs8(keys[i], &der, NULL), OK);
		p = der.p;
		pkey = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
		assert_non_null(pkey);
		assert_int_equal(EVP_PKEY_eq(pkey, keys[i]->pkey), 1);
	}
}

static void public_keys_do_nothing_private(void **state)
{
	OWN(secret) s = SECRET_NONE;
	uint8_t digest[32] = { 0 }, sig[KEY_SIG_MAX];
	size_t n;

	for (size_t i = 0; i < 3; i++) {
		OWNS(key) public = NULL;

		assert_int_equal(key_import_public(buf_str(&keys[i]->spki), &public, NULL), OK);
		assert_int_equal(key_sign(public, digest, sig, &n, NULL), FAIL_BUG);
		assert_int_equal(key_export_private(public, &s, NULL), FAIL_BUG);
		assert_int_equal(key_export_pkcs8(public, &s, NULL), FAIL_BUG);
	}
	assert_null(s.p);
}

/* n = 65537^7 modulo the product of the primes of the fingerprint, made `bits` long. */
static void roca_modulus(size_t bits, uint8_t *to)
{
	static const unsigned primes[] = { 2,  11, 13, 17,  19,  37,  53,  61,  71,
		                           73, 79, 97, 103, 107, 109, 127, 151, 157 };
	OWNP(BIGNUM) product = BN_new();
	OWNP(BIGNUM) n = BN_new();
	OWNP(BIGNUM) rest = BN_new();
	BN_CTX *ctx = BN_CTX_new();

	BN_one(product);
	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++)
		BN_mul_word(product, primes[i]);
	BN_set_word(rest, 1);
	for (int i = 0; i < 7; i++)
		BN_mul_word(rest, 65537);
	BN_mod(rest, rest, product, ctx);
	BN_set_bit(n, (int)bits - 1);
	BN_div(n, NULL, n, product, ctx);
	BN_add_word(n, 1);
	BN_mul(n, n, product, ctx);
	BN_add(n, n, rest);
	assert_int_equal(BN_num_bits(n), bits);
	BN_bn2binpad(n, to, (int)(bits + 7) / 8);
	BN_CTX_free(ctx);
}

static int try_rsa(const uint8_t *n, size_t bytes, struct str e)
{
	OWN(buf) der = BUF(4096);
	OWNS(key) k = NULL;

	spki_put_rsa(&der, str_of(n, bytes), e);
	return key_import_public(buf_str(&der), &k, NULL);
}

static void attack_22_weak_rsa_keys_are_refused(void **state)
{
	static const struct str bad_exponents[] = {
		STR_INIT(""),
		STR_INIT("\x01"),
		STR_INIT("\x03"),
		STR_INIT("\x11"),
		STR_INIT("\xff\xff"),
		STR_INIT("\x01\x00\x02"),
		STR_INIT("\x01\x00\x00"),
		STR_INIT("\x01\x00\x00\x00\x01"),
	};
	uint8_t n[2048];

	memset(n, 0xf1, sizeof(n)); /* ends in an odd byte; is no ROCA modulus */
	assert_int_equal(try_rsa(n, 256, STR("\x01\x00\x01")), OK);
	assert_int_equal(try_rsa(n, 256, STR("\xff\xff\xff\xff")), OK);
	assert_int_equal(try_rsa(n, 512, STR("\x01\x00\x01")), OK);
	for (size_t i = 0; i < sizeof(bad_exponents) / sizeof(bad_exponents[0]); i++)
		assert_int_equal(try_rsa(n, 256, bad_exponents[i]), FAIL_DENIED);
	assert_int_equal(try_rsa(n, 0, STR("\x01\x00\x01")), FAIL_DENIED);
	assert_int_equal(try_rsa(n, 128, STR("\x01\x00\x01")), FAIL_DENIED);
	assert_int_equal(try_rsa(n, 255, STR("\x01\x00\x01")), FAIL_DENIED);
	assert_int_equal(try_rsa(n, 513, STR("\x01\x00\x01")), FAIL_DENIED);
	assert_int_equal(try_rsa(n, 2048, STR("\x01\x00\x01")), FAIL_DENIED);
	n[0] = 0x7f;
	assert_int_equal(try_rsa(n, 256, STR("\x01\x00\x01")), FAIL_DENIED); /* 2047 bits */
	assert_int_equal(try_rsa(n, 257, STR("\x01\x00\x01")), OK);
	n[0] = 0xf1;
	n[255] = 0xf0;
	assert_int_equal(try_rsa(n, 256, STR("\x01\x00\x01")), FAIL_DENIED); /* even */
	roca_modulus(2048, n);
	assert_int_equal(try_rsa(n, 256, STR("\x01\x00\x01")), FAIL_DENIED);
	n[254] ^= 1;
	assert_int_equal(try_rsa(n, 256, STR("\x01\x00\x01")), OK);
}

static int import_pkey(EVP_PKEY *pkey, enum key_alg *ret_alg)
{
	OWNS(key) k = NULL;
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der), r;

	assert_true(n > 0);
	r = key_import_public(str_of(der, (size_t)n), &k, NULL);
	OPENSSL_free(der);
	if (r == OK)
		*ret_alg = key_alg_of(k);
	return r;
}

static void attack_22_curves_are_named_ones(void **state)
{
	static const struct {
		const char *name;
		int want;
		enum key_alg alg;
	} cases[] = {
		{ "P-256", OK, KEY_P256 },
		{ "P-384", OK, 0 },
		{ "P-521", OK, 0 },
		{ "P-224", FAIL_DENIED, 0 },
		{ "secp256k1", FAIL_DENIED, 0 },
		{ "prime239v1", FAIL_DENIED, 0 },
		{ "brainpoolP256r1", FAIL_DENIED, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWNP(EVP_PKEY) pkey = EVP_EC_gen(cases[i].name);
		enum key_alg alg = 0;

		assert_int_equal(import_pkey(pkey, &alg), cases[i].want);
		assert_int_equal(alg, cases[i].alg);
		EVP_PKEY_set_utf8_string_param(pkey, "encoding", "explicit");
		assert_int_equal(import_pkey(pkey, &alg), FAIL_DENIED);
	}
}

static void other_algorithms_are_refused(void **state)
{
	static const char *const names[] = { "ED25519", "X25519", "ED448" };
	enum key_alg alg;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		OWNP(EVP_PKEY) pkey = EVP_PKEY_Q_keygen(NULL, NULL, names[i]);

		assert_int_equal(import_pkey(pkey, &alg), FAIL_DENIED);
	}
}

/* Every truncation, every changed byte of the frame: never a crash, and never taken for something else. */
static void broken_public_keys_are_refused(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		OWN(buf) der = BUF(SPKI_MAX + 1);
		OWNS(key) k = NULL;

		assert_int_equal(key_public_der(keys[i], &der, NULL), OK);
		for (size_t n = 0; n < der.n; n++)
			assert_int_equal(key_import_public(str_first(buf_str(&der), n), &k, NULL),
			                 FAIL_SYNTAX);
		buf_addc(&der, 0);
		assert_int_equal(key_import_public(buf_str(&der), &k, NULL), FAIL_SYNTAX);
		der.n--;
		for (size_t at = 0; at < 24; at++) {
			der.p[at] ^= 0x11;
			assert_true(key_import_public(buf_str(&der), &k, NULL) < 0);
			der.p[at] ^= 0x11;
		}
		if (algs[i] == KEY_P256) {
			der.p[40] ^= 1; /* a point beside the curve */
			assert_int_equal(key_import_public(buf_str(&der), &k, NULL), FAIL_DENIED);
		}
		assert_null(k);
	}
}

static int setup(void **state)
{
	if (crypto_init(NULL) < 0)
		return -1;
	for (size_t i = 0; i < 3; i++)
		if (key_new(algs[i], &keys[i], NULL) < 0)
			return -1;
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < 3; i++)
		key_free(keys[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back),
		cmocka_unit_test(broken_records_are_refused),
		cmocka_unit_test(public_keys_are_what_openssl_writes),
		cmocka_unit_test(pkcs8_is_what_openssl_reads),
		cmocka_unit_test(public_keys_do_nothing_private),
		cmocka_unit_test(attack_22_weak_rsa_keys_are_refused),
		cmocka_unit_test(attack_22_curves_are_named_ones),
		cmocka_unit_test(other_algorithms_are_refused),
		cmocka_unit_test(broken_public_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
