#include "crypto/pki_test.h"

#include "crypto/aead.h"
#include "crypto/oid.h"

#include <limits.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

/* --- what comes back from a browser -------------------------------------------------------------------- */

static int check(struct str der, const struct cert_fields *want, const struct key *issuer, const char *why)
{
	struct fail f = { 0 };
	int r = cert_check(der, want, buf_str(&issuer->spki), &f);

	if (r < 0 && (!why || str_find(str_c(f.why), str_c(why)) == strlen(f.why)))
		fail_msg("\"%s\" without \"%s\"", f.why, why ? why : "");
	return r;
}

static void checking_accepts_what_is_built(void **state)
{
	for (size_t alg = 0; alg < 2; alg++) {
		struct cert_fields c = root_fields(keys[alg][ROOT], &limits);
		OWN(buf) der = BUF(CERT_MAX);
		OWNS(key) public = NULL;

		assert_int_equal(key_import_public(buf_str(&keys[alg][ROOT]->spki), &public, NULL), OK);
		build("root", &c, &der);
		c.subject_key = public;
		c.issuer_key = NULL;
		assert_int_equal(check(buf_str(&der), &c, keys[alg][ROOT], NULL), OK);
		buf_clear(&der);
		c = intermediate_fields(keys[alg][INTERMEDIATE], keys[alg][ROOT], &critical_limits);
		build("int", &c, &der);
		assert_int_equal(check(buf_str(&der), &c, keys[alg][ROOT], NULL), OK);
	}
}

static void checking_names_what_differs(void **state)
{
	struct cert_fields good = intermediate_fields(keys[WITH_P256][INTERMEDIATE], keys[WITH_P256][ROOT],
	                                              &limits),
	                   c;
	struct cert_constraints wider = limits;
	OWN(buf) der = BUF(CERT_MAX);

#define DIFFERS(why, ...)                                                                                    \
	do {                                                                                                 \
		c = good;                                                                                    \
		__VA_ARGS__;                                                                                 \
		buf_clear(&der);                                                                             \
		assert_int_equal(cert_build(&c, &der, NULL), OK);                                            \
		assert_int_equal(check(buf_str(&der), &good, keys[WITH_P256][ROOT], why), FAIL_DENIED);      \
	} while (0)
	DIFFERS("subject", c.subject_cn = STR("Postern intermediate"));
	DIFFERS("issuer", c.issuer_cn = STR("Postern root"));
	DIFFERS("validity", c.not_after++);
	DIFFERS("validity", c.not_before--);
	DIFFERS("public key", c.subject_key = keys[WITH_P256][LEAF]);
	DIFFERS("signature algorithm", c.issuer_key = keys[WITH_RSA][ROOT]);
	DIFFERS("nameConstraints", c.constraints = &critical_limits);
	wider.mailbox = STR("home.example");
	DIFFERS("nameConstraints", c.constraints = &wider);
	wider = limits;
	wider.domains[wider.n_domains++] = STR("bank.example");
	DIFFERS("nameConstraints", c.constraints = &wider);
	DIFFERS("authorityKeyIdentifier", c.issuer_key = keys[WITH_P256][LEAF]);
	DIFFERS("basicConstraints", c = (struct cert_fields){ .kind = CERT_USER,
	                                                      .subject_cn = STR("x@relay.example"),
	                                                      .email = STR("x@relay.example"),
	                                                      .issuer_cn = good.issuer_cn,
	                                                      .not_before = good.not_before,
	                                                      .not_after = good.not_after,
	                                                      .subject_key = good.subject_key,
	                                                      .issuer_key = good.issuer_key };
	        good.subject_cn = c.subject_cn);
#undef DIFFERS
}

/* The bytes of the signed part, one after the other, and of the rest. */
static void checking_believes_no_byte(void **state)
{
	struct cert_fields c = root_fields(keys[WITH_P256][ROOT], &limits);
	OWN(buf) der = BUF(CERT_MAX);
	struct cert_parts p = { 0 };
	size_t serial;

	build("root", &c, &der);
	assert_int_equal(cert_split(buf_str(&der), &p, NULL), OK);
	serial = (size_t)(p.part[PART_SERIAL].p - der.p);
	for (size_t i = 0; i < der.n; i++) {
		int want = i >= serial + 4 && i < serial + p.part[PART_SERIAL].n ? FAIL_FORGED : 0, r;

		der.p[i] ^= 0x20;
		r = cert_check(buf_str(&der), &c, buf_str(&keys[WITH_P256][ROOT]->spki), NULL);
		assert_true(want ? r == want : r < 0);
		der.p[i] ^= 0x20;
	}
	buf_addc(&der, 0);
	assert_int_equal(check(buf_str(&der), &c, keys[WITH_P256][ROOT], "after the end"), FAIL_SYNTAX);
}

/* The right bytes, signed by somebody else; a serial that can be guessed. */
static void checking_wants_the_issuer_and_a_serial(void **state)
{
	struct cert_fields c =
	        intermediate_fields(keys[WITH_P256][INTERMEDIATE], keys[WITH_P256][ROOT], &limits);
	static const struct {
		struct str serial;
		int want;
	} cases[] = {
		{ STR_INIT(""), FAIL_DENIED },
		{ STR_INIT("\x01"), FAIL_DENIED },
		{ STR_INIT("1234567"), FAIL_DENIED },
		{ STR_INIT("12345678"), OK },
		{ STR_INIT("12345678901234567890"), OK },
		{ STR_INIT("\xff"
		           "2345678901234567890"),
		  FAIL_DENIED },
		{ STR_INIT("123456789012345678901"), FAIL_DENIED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) tbs = BUF(CERT_MAX);
		OWN(buf) der = BUF(CERT_MAX);
		OWN(buf) forged = BUF(CERT_MAX);

		cert_put_tbs(&tbs, &c, keys[WITH_P256][ROOT], cases[i].serial);
		assert_int_equal(cert_put_signed(&der, buf_str(&tbs), keys[WITH_P256][ROOT], NULL), OK);
		assert_int_equal(cert_put_signed(&forged, buf_str(&tbs), keys[WITH_P256][LEAF], NULL), OK);
		assert_int_equal(check(buf_str(&der), &c, keys[WITH_P256][ROOT], "serial"), cases[i].want);
		if (cases[i].want == OK)
			assert_int_equal(check(buf_str(&forged), &c, keys[WITH_P256][ROOT], "verify"),
			                 FAIL_FORGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checking_accepts_what_is_built),
		cmocka_unit_test(checking_names_what_differs),
		cmocka_unit_test(checking_believes_no_byte),
		cmocka_unit_test(checking_wants_the_issuer_and_a_serial),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
