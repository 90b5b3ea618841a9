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

static void chains_of_all_algorithms_verify(void **state)
{
	for (size_t ca = 0; ca < 2; ca++)
		for (size_t leaf = 0; leaf < 2; leaf++)
			for (int critical = 0; critical < 2; critical++) {
				print_message("%s authorities, %s leaf, constraints %scritical\n",
				              alg_names[ca], alg_names[leaf], critical ? "" : "not ");
				build_chain(ca, leaf, critical ? &critical_limits : &limits,
				            STR("k3v9w@relay.example"));
				judge_accepts(OPENSSL_VERIFY);
				judge_accepts(NSS_VERIFY("4"), "");
				judge_accepts(NSS_VERIFY("5"), "");
				judge_accepts(NSS_VERIFY("4"), "-pp");
			}
}

/* --- promise 8 ---------------------------------------------------------------------------------------- */

static void expect_text(const char *file, const char *const *words, size_t n)
{
	OWN(buf) said = BUF(1 << 20);

	assert_int_equal(judge_run(&said, "openssl x509 -in %s -noout -text", file), 0);
	for (size_t i = 0; i < n; i++)
		if (str_find(buf_str(&said), str_c(words[i])) == said.n)
			fail_msg("%s without \"%s\": %.*s", file, words[i], STR_ARG(buf_str(&said)));
}

static void promise_8_both_authorities_carry_the_limits(void **state)
{
	static const char *const common[] = {
		"CA:TRUE, pathlen:",
		"E-mail Protection",
		"Certificate Sign, CRL Sign",
		"Permitted:",
		"email:relay.example",
		"email:xn--bcher-kva.example",
		"email:alice@home.example",
		"Excluded:",
		"DNS:\n",
		"IP:0.0.0.0/0.0.0.0",
		"IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0",
	};
	static const char *const path_1[] = { "CA:TRUE, pathlen:1" }, *const path_0[] = {
		"CA:TRUE, pathlen:0"
	};
	static const char *const critical[] = { "X509v3 Name Constraints: critical" };

	build_chain(WITH_P256, WITH_P256, &limits, STR("k3v9w@relay.example"));
	expect_text("root.pem", common, sizeof(common) / sizeof(common[0]));
	expect_text("int.pem", common, sizeof(common) / sizeof(common[0]));
	expect_text("root.pem", path_1, 1);
	expect_text("int.pem", path_0, 1);
	judge_accepts("! openssl x509 -in root.pem -noout -text | grep 'Name Constraints: critical'");
	build_chain(WITH_P256, WITH_P256, &critical_limits, STR("k3v9w@relay.example"));
	expect_text("root.pem", critical, 1);
	expect_text("int.pem", critical, 1);
}

/* What a cheating intermediate would issue is shown to both judges. */
static void expect_outside(struct str email, bool to_nss)
{
	print_message("%s\n", email.p);
	judge_refuses("permitted subtree violation", OPENSSL_VERIFY);
	if (!to_nss)
		return;
	judge_refuses("not permitted", NSS_VERIFY("4"), "");
	judge_refuses("Chain is bad", NSS_VERIFY("4"), "-pp");
}

static void promise_8_certificates_outside_are_refused(void **state)
{
	static const struct str inside[] = { STR_INIT("x@relay.example"), STR_INIT("x@RELAY.example"),
		                             STR_INIT("\"a b\"@relay.example"),
		                             STR_INIT("alice@home.example") };
	static const struct {
		struct str email;
		bool to_nss; /* NSS compares local parts without case */
	} outside[] = {
		{ STR_INIT("bob@bank.example"), true },    { STR_INIT("bob@home.example"), true },
		{ STR_INIT("x@sub.relay.example"), true }, { STR_INIT("x@notrelay.example"), true },
		{ STR_INIT("ALICE@home.example"), false }, { STR_INIT("alice@sub.home.example"), true },
	};

	for (int critical = 0; critical < 2; critical++) {
		const struct cert_constraints *c = critical ? &critical_limits : &limits;

		for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
			build_chain(WITH_P256, WITH_P256, c, inside[i]);
			judge_accepts(OPENSSL_VERIFY);
			judge_accepts(NSS_VERIFY("4"), "");
		}
		for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
			build_chain(WITH_P256, WITH_P256, c, outside[i].email);
			expect_outside(outside[i].email, outside[i].to_nss);
		}
	}
}

/* A leaf that cert_build would never make, by the library's own writer: names of other kinds beside the address. */
static void forge_leaf(const char *san)
{
	judge_put("ext.cnf", STR_NONE);
	judge_accepts("printf 'basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,digitalSignature\\n"
	              "extendedKeyUsage=emailProtection,serverAuth\\nsubjectAltName=%s\\n"
	              "subjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' > ext.cnf && "
	              "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout l.key "
	              "-subj '/O=Postern/CN=x' -out l.csr && "
	              "openssl x509 -req -in l.csr -CA int.pem -CAkey int.key -extfile ext.cnf -days 30 -out "
	              "leaf.pem && "
	              "openssl x509 -in leaf.pem -outform DER -out leaf",
	              san);
}

static void promise_8_other_kinds_of_names_are_refused(void **state)
{
	static const char *const sans[] = { "email:x@relay.example,DNS:relay.example", "DNS:relay.example",
		                            "email:x@relay.example,IP:192.0.2.1",
		                            "email:x@relay.example,IP:2001:db8::1",
		                            "email:x@relay.example,email:y@bank.example" };

	build_chain(WITH_P256, WITH_P256, &limits, STR("x@relay.example"));
	put_pkcs8("int.key", keys[WITH_P256][INTERMEDIATE]);
	forge_leaf("email:x@relay.example");
	judge_accepts("openssl verify -x509_strict -CAfile root.pem -untrusted int.pem leaf.pem");
	for (size_t i = 0; i < sizeof(sans) / sizeof(sans[0]); i++) {
		OWN(buf) said = BUF(1 << 16);

		forge_leaf(sans[i]);
		assert_int_not_equal(judge_run(&said, OPENSSL_VERIFY), 0);
		assert_true(str_find(buf_str(&said), STR("subtree violation")) < said.n);
		judge_refuses("not permitted", NSS_VERIFY("4"), "");
	}
}

/* The root may have one authority below it and the intermediate none. */
static void promise_8_no_authority_below_the_intermediate(void **state)
{
	struct cert_fields c =
	        intermediate_fields(keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE], &limits);
	OWN(buf) sub = BUF(CERT_MAX);
	OWN(buf) leaf = BUF(CERT_MAX);

	build_chain(WITH_P256, WITH_P256, &limits, STR("x@relay.example"));
	c.subject_cn = STR("Postern below");
	c.issuer_cn = STR("Postern intermediate k3v9");
	build("sub", &c, &sub);
	c = leaf_fields(STR("x@relay.example"), keys[WITH_RSA][LEAF], keys[WITH_P256][LEAF]);
	c.issuer_cn = STR("Postern below");
	build("leaf", &c, &leaf);
	judge_accepts("for c in sub leaf; do openssl x509 -inform DER -in $c -out $c.pem; done; cat sub.pem "
	              ">> int.pem");
	judge_refuses("path length constraint exceeded", OPENSSL_VERIFY);
	judge_refuses("Chain is bad", NSS_VERIFY("4") " sub", "");
}

/* --- the fields --------------------------------------------------------------------------------------- */

static void addresses_with_non_ascii_local_parts(void **state)
{
	static const struct cert_constraints utf8_mailbox = { .domains = { STR_INIT("relay.example") },
		                                              .n_domains = 1,
		                                              .mailbox = STR_INIT(
		                                                      "j\xc3\xbcrgen@home.example") };
	OWN(arena) a = ARENA;
	OWN(buf) der = BUF(1 << 20);
	struct cert_facts facts;

	build_chain(WITH_P256, WITH_P256, &utf8_mailbox, STR("j\xc3\xbcrgen@home.example"));
	judge_accepts(OPENSSL_VERIFY);
	judge_get("leaf", &der);
	assert_int_equal(cert_read(buf_str(&der), &a, &facts, NULL), OK);
	assert_int_equal(facts.n_emails, 1);
	assert_true(str_eq(facts.emails[0], STR("j\xc3\xbcrgen@home.example")));
	build_chain(WITH_P256, WITH_P256, &utf8_mailbox, STR("j\xc3\xbcrgen@bank.example"));
	judge_refuses("permitted subtree violation", OPENSSL_VERIFY);
}

static void what_is_built_is_read(void **state)
{
	for (size_t alg = 0; alg < 2; alg++) {
		struct cert_fields c = leaf_fields(STR("k3v9w@relay.example"), keys[alg][LEAF],
		                                   keys[WITH_P256][INTERMEDIATE]);
		struct cert_fields ca =
		        intermediate_fields(keys[alg][INTERMEDIATE], keys[WITH_P256][ROOT], &limits);
		OWN(buf) der = BUF(CERT_MAX);
		OWN(arena) a = ARENA;
		struct cert_facts r;

		build("leaf", &c, &der);
		assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), OK);
		assert_true(str_eq(r.subject_cn, STR("k3v9w@relay.example")));
		assert_true(str_eq(r.issuer_cn, STR("Postern intermediate k3v9")));
		assert_int_equal(r.n_emails, 1);
		assert_true(str_eq(r.emails[0], c.email));
		assert_true(r.not_before == c.not_before && r.not_after == c.not_after);
		assert_true(str_eq(r.spki, buf_str(&c.subject_key->spki)));
		assert_memory_equal(r.ski.p, c.subject_key->id, KEY_ID);
		assert_memory_equal(r.aki.p, c.issuer_key->id, KEY_ID);
		assert_false(r.is_ca);
		assert_int_equal(r.pathlen, -1);
		assert_int_equal(r.key_usage,
		                 KU_DIGITAL_SIGNATURE | (alg ? KU_KEY_AGREEMENT : KU_KEY_ENCIPHERMENT));
		assert_true(r.eku_email && !r.eku_any_other);
		assert_int_equal(r.alg, algs[alg]);
		buf_clear(&der);
		build("int", &ca, &der);
		assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), OK);
		assert_true(r.is_ca);
		assert_int_equal(r.pathlen, 0);
		assert_int_equal(r.n_emails, 0);
		assert_int_equal(r.key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	}
}

/* The issuer that a leaf names is, byte for byte, the subject of the intermediate. */
static void names_chain_by_bytes(void **state)
{
	struct cert_fields i =
	        intermediate_fields(keys[WITH_P256][INTERMEDIATE], keys[WITH_P256][ROOT], &limits);
	struct cert_fields l =
	        leaf_fields(STR("x@relay.example"), keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);
	OWN(buf) i_der = BUF(CERT_MAX);
	OWN(buf) l_der = BUF(CERT_MAX);
	OWN(arena) a = ARENA;
	struct cert_facts ir, lr;

	build("int", &i, &i_der);
	build("leaf", &l, &l_der);
	assert_int_equal(cert_read(buf_str(&i_der), &a, &ir, NULL), OK);
	assert_int_equal(cert_read(buf_str(&l_der), &a, &lr, NULL), OK);
	assert_true(str_eq(ir.subject_der, lr.issuer_der));
	assert_true(str_eq(ir.ski, lr.aki));
}

static void serials_are_random_and_positive(void **state)
{
	enum { COUNT = 64 };
	struct cert_fields c =
	        leaf_fields(STR("x@relay.example"), keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);
	struct str seen[COUNT];
	OWN(arena) a = ARENA;

	for (size_t i = 0; i < COUNT; i++) {
		OWN(buf) der = BUF(CERT_MAX);
		struct cert_facts r;

		assert_int_equal(cert_build(&c, &der, NULL), OK);
		assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), OK);
		assert_true(r.serial_der.n >= 2 + 14 && r.serial_der.n <= 2 + 17);
		assert_true((uint8_t)r.serial_der.p[2] < 0x80);
		for (size_t k = 0; k < i; k++)
			assert_false(str_eq(seen[k], r.serial_der));
		seen[i] = r.serial_der;
	}
}

static void long_addresses_have_short_common_names(void **state)
{
	static const struct str emails[] = {
		STR_INIT("a.local.part.that.is.as.long.as.they.come.sixty.four.bytes.of.it@relay.example"),
		STR_INIT("a.local.part.that.is.as.long.as.they.come.sixty.four.bytes.of.IT@relay.example"),
		STR_INIT("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		         "\xc3\xbc"
		         "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc@a-domain-that-is-long-enough-by-itself."
		         "relay.example"),
	};
	struct cert_facts r[3];
	OWN(arena) a = ARENA;

	for (size_t i = 0; i < 3; i++) {
		struct cert_fields c =
		        leaf_fields(emails[i], keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);
		OWN(buf) der = BUF(CERT_MAX);

		build("leaf", &c, &der);
		assert_int_equal(cert_read(buf_str(&der), &a, &r[i], NULL), OK);
		assert_true(str_eq(r[i].emails[0], emails[i]));
		assert_true(r[i].subject_cn.n <= 64 && str_is_utf8(r[i].subject_cn));
		assert_true(str_chr(r[i].subject_cn, '~') < r[i].subject_cn.n);
	}
	assert_false(str_eq(r[0].subject_cn, r[1].subject_cn));
}

static void years_past_2049(void **state)
{
	struct cert_fields c =
	        leaf_fields(STR("x@relay.example"), keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);
	OWN(buf) der = BUF(CERT_MAX);
	OWN(arena) a = ARENA;
	struct cert_facts r;

	c.not_after = 4000000000;
	build("leaf", &c, &der);
	assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), OK);
	assert_true(r.not_after == 4000000000);
	judge_accepts("openssl x509 -inform DER -in leaf -noout -enddate | grep 'Oct  2 07:06:40 2096 GMT'");
	c.not_after = INT64_MAX;
	assert_int_equal(cert_build(&c, &der, NULL), FAIL_DENIED);
}

/* --- what does not go together ------------------------------------------------------------------------ */

static void refused(const struct cert_fields *c)
{
	OWN(buf) der = BUF(CERT_MAX);
	struct fail f = { 0 };

	if (cert_build(c, &der, &f) != FAIL_DENIED || der.n)
		fail_msg("%.*s for %.*s: %s", STR_ARG(c->subject_cn), STR_ARG(c->email), f.why);
}

static void addresses_that_are_none(void **state)
{
	static const struct str emails[] = {
		STR_INIT(""),
		STR_INIT("Booking.com"),
		STR_INIT("x@b\xc3\xbc"
		         "cher.example"),
		STR_INIT("x@relay.example\n"),
		STR_INIT("x,y@relay.example"),
		STR_INIT("x y@relay.example"),
		STR_INIT("x\0@relay.example"),
		STR_INIT("\xff@relay.example"),
		STR_INIT("x@relay.example."),
		STR_INIT("x@.relay.example"),
		STR_INIT("x@relay..example"),
		STR_INIT("x@-relay.example"),
		STR_INIT("x@*.example"),
		STR_INIT("x@[192.0.2.1]"),
		STR_INIT("x@192.0.2.1"),
		STR_INIT("@relay.example"),
		STR_INIT("x@"),
		STR_INIT("\"@relay.example"),
		STR_INIT("\"\"@relay.example"),
		STR_INIT("\"\\\"@relay.example"),
		STR_INIT("\"a\"b\"@relay.example"),
		STR_INIT(
		        "a.local.part.that.is.longer.than.the.sixty.four.bytes.that.there.are@relay.example"),
	};

	for (size_t i = 0; i < sizeof(emails) / sizeof(emails[0]); i++) {
		struct cert_fields c =
		        leaf_fields(emails[i], keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);

		refused(&c);
	}
}

static void constraints_that_are_none(void **state)
{
	static const struct cert_constraints cases[] = {
		{ .critical = true },
		{ .domains = { STR_INIT(".relay.example") }, .n_domains = 1 },
		{ .domains = { STR_INIT("Relay.example") }, .n_domains = 1 },
		{ .domains = { STR_INIT("b\xc3\xbc"
		                        "cher.example") },
		  .n_domains = 1 },
		{ .domains = { STR_INIT("*.example") }, .n_domains = 1 },
		{ .domains = { STR_INIT("x@relay.example") }, .n_domains = 1 },
		{ .domains = { STR_INIT("") }, .n_domains = 1 },
		{ .domains = { STR_INIT("relay.example"), STR_INIT("") }, .n_domains = 2 },
		{ .mailbox = STR_INIT("alice@") },
		{ .mailbox = STR_INIT("@home.example") },
		{ .mailbox = STR_INIT("alice@b\xc3\xbc"
		                      "cher.example") },
	};
	struct cert_fields c =
	        intermediate_fields(keys[WITH_P256][INTERMEDIATE], keys[WITH_P256][ROOT], NULL);

	refused(&c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c.constraints = &cases[i];
		refused(&c);
	}
}

/* What the vault knows of the issuer's constraints is held against the leaf before it is signed. */
static void leaves_outside_are_not_built(void **state)
{
	static const struct {
		struct str email;
		int want;
	} cases[] = {
		{ STR_INIT("x@relay.example"), OK },
		{ STR_INIT("x@Relay.Example"), OK },
		{ STR_INIT("alice@home.example"), OK },
		{ STR_INIT("bob@home.example"), FAIL_DENIED },
		{ STR_INIT("Alice@home.example"), FAIL_DENIED },
		{ STR_INIT("x@sub.relay.example"), FAIL_DENIED },
		{ STR_INIT("x@relay.example.org"), FAIL_DENIED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cert_fields c =
		        leaf_fields(cases[i].email, keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);
		OWN(buf) der = BUF(CERT_MAX);

		c.constraints = &limits;
		assert_int_equal(cert_build(&c, &der, NULL), cases[i].want);
	}
}

static void contradictions_are_refused(void **state)
{
	struct cert_fields leaf = leaf_fields(STR("x@relay.example"), keys[WITH_P256][LEAF],
	                                      keys[WITH_P256][INTERMEDIATE]),
	                   c;
	struct cert_fields ca =
	        intermediate_fields(keys[WITH_P256][INTERMEDIATE], keys[WITH_P256][ROOT], &limits);

	c = leaf, c.not_after = c.not_before;
	refused(&c);
	c = leaf, c.not_before = c.not_after + 1;
	refused(&c);
	c = leaf, c.subject_cn = STR("Booking.com");
	refused(&c);
	c = leaf, c.issuer_cn = c.subject_cn;
	refused(&c);
	c = leaf, c.issuer_key = c.subject_key;
	refused(&c);
	c = ca, c.email = STR("x@relay.example");
	refused(&c);
	c = ca, c.subject_cn = STR_NONE;
	refused(&c);
	c = ca, c.subject_cn = STR("a\nb");
	refused(&c);
	c = ca, c.subject_cn = STR("more than sixty-four characters, which is what X.520 has for them");
	refused(&c);
	c = ca, c.issuer_cn = c.subject_cn;
	refused(&c);
	c = root_fields(keys[WITH_P256][ROOT], &limits), c.issuer_cn = STR("another");
	refused(&c);
	c = root_fields(keys[WITH_P256][ROOT], &limits), c.issuer_key = keys[WITH_P256][LEAF];
	refused(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_all_algorithms_verify),
		cmocka_unit_test(promise_8_both_authorities_carry_the_limits),
		cmocka_unit_test(promise_8_certificates_outside_are_refused),
		cmocka_unit_test(promise_8_other_kinds_of_names_are_refused),
		cmocka_unit_test(promise_8_no_authority_below_the_intermediate),
		cmocka_unit_test(addresses_with_non_ascii_local_parts),
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(names_chain_by_bytes),
		cmocka_unit_test(serials_are_random_and_positive),
		cmocka_unit_test(long_addresses_have_short_common_names),
		cmocka_unit_test(years_past_2049),
		cmocka_unit_test(addresses_that_are_none),
		cmocka_unit_test(constraints_that_are_none),
		cmocka_unit_test(leaves_outside_are_not_built),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
