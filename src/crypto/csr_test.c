#include "crypto/aead.h"
#include "crypto/cert_in.h"
#include "crypto/judges_test.h"
#include "crypto/oid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const enum key_alg algs[] = { KEY_RSA_2048, KEY_P256 };
static struct key *keys[2];

static const struct cert_constraints limits = {
	.domains = { STR_INIT("relay.example") },
	.n_domains = 1,
	.mailbox = STR_INIT("alice@home.example"),
};

static struct cert_fields fields(enum cert_kind kind, const struct key *k)
{
	bool leaf = kind == CERT_USER;

	return (struct cert_fields){ .kind = kind,
		                     .subject_cn =
		                             leaf ? STR("alice@home.example") : STR("Postern intermediate"),
		                     .email = leaf ? STR("alice@home.example") : STR_NONE,
		                     .constraints = &limits,
		                     .subject_key = k };
}

static void requests_are_what_openssl_reads(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct cert_fields c = fields(CERT_INTERMEDIATE, keys[i]);
		OWN(buf) der = BUF(CSR_MAX);
		OWN(buf) user = BUF(CSR_MAX);
		OWN(buf) spki = BUF(SPKI_MAX);
		OWN(buf) said = BUF(1 << 16);

		assert_int_equal(csr_build(&c, &der, NULL), OK);
		judge_put("csr", buf_str(&der));
		judge_accepts("openssl req -inform DER -in csr -verify -noout");
		judge_accepts("openssl req -inform DER -in csr -outform DER | cmp - csr");
		assert_int_equal(judge_run(&said, "openssl req -inform DER -in csr -noout -text"), 0);
		assert_true(str_find(buf_str(&said), STR("CA:TRUE, pathlen:0")) < said.n);
		assert_true(str_find(buf_str(&said), STR("email:relay.example")) < said.n);
		assert_true(str_find(buf_str(&said), STR("Authority Key Identifier")) == said.n);
		assert_int_equal(csr_read(buf_str(&der), &spki, NULL), OK);
		assert_true(str_eq(buf_str(&spki), buf_str(&keys[i]->spki)));
		c = fields(CERT_USER, keys[i]);
		assert_int_equal(csr_build(&c, &user, NULL), OK);
		judge_put("csr", buf_str(&user));
		judge_accepts("openssl req -inform DER -in csr -noout -text -verify | grep "
		              "email:alice@home.example");
	}
}

static int read_file(const char *name)
{
	OWN(buf) der = BUF(1 << 20);
	OWN(buf) spki = BUF(SPKI_MAX);
	int r;

	judge_get(name, &der);
	r = csr_read(buf_str(&der), &spki, NULL);
	assert_true((r == OK) == (spki.n > 0));
	return r;
}

static void requests_of_openssl_are_read(void **state)
{
	static const struct {
		const char *key, *how;
		int want;
	} cases[] = {
		{ "rsa:2048", "-sha256", OK },
		{ "rsa:2048", "-sha384", OK },
		{ "rsa:3072", "-sha512", OK },
		{ "rsa:2048", "-sha1", FAIL_DENIED },
		{ "rsa:2048", "-sha224", FAIL_DENIED },
		{ "rsa:2048", "-sha256 -sigopt rsa_padding_mode:pss", FAIL_DENIED },
		{ "rsa:1024", "-sha256", FAIL_DENIED },
		{ "rsa:2048 -pkeyopt rsa_keygen_pubexp:3", "-sha256", FAIL_DENIED },
		{ "ec -pkeyopt ec_paramgen_curve:P-256", "-sha256", OK },
		{ "ec -pkeyopt ec_paramgen_curve:P-256", "-sha512", OK },
		{ "ec -pkeyopt ec_paramgen_curve:P-256", "-sha1", FAIL_DENIED },
		{ "ec -pkeyopt ec_paramgen_curve:P-384", "-sha384", OK },
		{ "ec -pkeyopt ec_paramgen_curve:P-521", "-sha512", OK },
		{ "ec -pkeyopt ec_paramgen_curve:secp256k1", "-sha256", FAIL_DENIED },
		{ "ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "-sha256",
		  FAIL_DENIED },
		{ "ed25519", "", FAIL_DENIED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		judge_accepts(
		        "openssl req -new -newkey %s %s -nodes -keyout k -subj /CN=x -outform DER -out csr",
		        cases[i].key, cases[i].how);
		if (read_file("csr") != cases[i].want)
			fail_msg("%s %s", cases[i].key, cases[i].how);
	}
}

/* Every byte of the signed part is signed; no truncation and no tail is taken. */
static void broken_requests_are_refused(void **state)
{
	struct cert_fields c = fields(CERT_USER, keys[1]);
	OWN(buf) der = BUF(CSR_MAX);
	OWN(buf) spki = BUF(SPKI_MAX);
	OWN(buf) large = BUF(1 << 20);

	assert_int_equal(csr_build(&c, &der, NULL), OK);
	for (size_t n = 0; n < der.n; n++)
		assert_int_equal(csr_read(str_first(buf_str(&der), n), &spki, NULL), FAIL_SYNTAX);
	for (size_t i = 0; i < der.n; i++) {
		der.p[i] ^= 0x10;
		assert_true(csr_read(buf_str(&der), &spki, NULL) < 0);
		der.p[i] ^= 0x10;
	}
	der.p[30] ^= 1; /* in the name: nothing but the signature tells */
	assert_int_equal(csr_read(buf_str(&der), &spki, NULL), FAIL_FORGED);
	der.p[30] ^= 1;
	buf_addc(&der, 0);
	assert_int_equal(csr_read(buf_str(&der), &spki, NULL), FAIL_SYNTAX);
	while (large.n <= CSR_MAX)
		buf_addc(&large, 0x30);
	assert_int_equal(csr_read(buf_str(&large), &spki, NULL), FAIL_LIMIT);
	assert_int_equal(spki.n, 0);
}

/* Somebody's key under somebody else's signature. */
static void a_foreign_key_is_no_proof(void **state)
{
	OWN(buf) info = BUF(CSR_MAX);
	OWN(buf) der = BUF(CSR_MAX);
	OWN(buf) spki = BUF(SPKI_MAX);
	OWNS(key) mallory = NULL;
	size_t seq = der_open(&info, DER_SEQ);

	assert_int_equal(key_new(KEY_P256, &mallory, NULL), OK);
	der_put_small(&info, 0);
	cert_put_name(&info, STR("x"));
	buf_add(&info, buf_str(&keys[1]->spki));
	der_close(&info, seq); /* no attributes at all: read nevertheless */
	assert_int_equal(cert_put_signed(&der, buf_str(&info), mallory, NULL), OK);
	assert_int_equal(csr_read(buf_str(&der), &spki, NULL), FAIL_FORGED);
	buf_clear(&der);
	assert_int_equal(cert_put_signed(&der, buf_str(&info), keys[1], NULL), OK);
	assert_int_equal(csr_read(buf_str(&der), &spki, NULL), OK);
}

static void read_one(struct str bytes, void *arg)
{
	OWN(buf) spki = BUF(SPKI_MAX);

	*(size_t *)arg += csr_read(bytes, &spki, NULL) == OK;
}

static void other_peoples_requests(void **state)
{
	size_t read = 0;

	vectors_each("gnutls-cert-tests", read_one, &read);
	assert_int_equal(read, 0); /* RSA of 1024 bits, and broken ones */
}

static int setup(void **state)
{
	for (size_t i = 0; i < 2; i++)
		if (crypto_init(NULL) < 0 || key_new(algs[i], &keys[i], NULL) < 0)
			return -1;
	return judges_setup(state);
}

static int teardown(void **state)
{
	for (size_t i = 0; i < 2; i++)
		key_free(keys[i]);
	return judges_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_what_openssl_reads),
		cmocka_unit_test(requests_of_openssl_are_read),
		cmocka_unit_test(broken_requests_are_refused),
		cmocka_unit_test(a_foreign_key_is_no_proof),
		cmocka_unit_test(other_peoples_requests),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
