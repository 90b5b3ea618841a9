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

/* --- other people's certificates ----------------------------------------------------------------------- */

struct tally {
	size_t read, denied;
};

static void read_one(struct str bytes, void *arg)
{
	struct tally *t = arg;
	OWN(arena) a = ARENA;
	struct cert_facts r;

	if (cert_read(bytes, &a, &r, NULL) < 0) {
		t->denied++;
		return;
	}
	t->read++;
	assert_true(r.serial_der.n && r.issuer_der.n && r.spki.n);
	for (size_t i = 0; i < r.n_emails; i++)
		assert_true(cert_mailbox_ok(r.emails[i], true));
}

static void other_peoples_certificates(void **state)
{
	static const struct {
		const char *folder;
		size_t read_at_least;
	} cases[] = { { "gnutls-cert-tests", 200 },
		      { "python-smime-certs", 25 },
		      { "openssl/certs", 200 },
		      { "libksba", 15 },
		      { "rfc9216", 12 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tally t = { 0 };

		if (!vectors_each(cases[i].folder, read_one, &t))
			continue;
		print_message("%s: %zu read, %zu refused\n", cases[i].folder, t.read, t.denied);
		assert_true(t.read >= cases[i].read_at_least);
	}
}

static struct str san_pattern = STR_INIT("x@relay.example");

/* ATTACKS 18: names that one program reads otherwise than another. */
static void attack_18_names_with_tricks_are_refused(void **state)
{
	static const struct str tricks[] = {
		STR_INIT("x@relay\0example"),      STR_INIT("x@relay.e\nample"),
		STR_INIT("x@relay.e ample"),       STR_INIT("x,@elay.example"),
		STR_INIT("<@relay.example"),       STR_INIT("x@\xc3\xbclay.example"),
		STR_INIT("xrelay.example."),       STR_INIT("x@relay.exampl."),
		STR_INIT("x@*elay.example"),       STR_INIT("@relay.examplee"),
		STR_INIT("\xc3\xbc@elay.example"), STR_INIT("\"@relay.example"),
	};
	struct cert_fields c = leaf_fields(san_pattern, keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);
	OWN(buf) der = BUF(CERT_MAX);
	OWN(arena) a = ARENA;
	struct cert_facts r;
	size_t at;

	build("leaf", &c, &der);
	for (at = der.n; !str_starts(str_from(buf_str(&der), at), san_pattern);) /* the last: in the SAN */
		at--;
	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		assert_int_equal(tricks[i].n, san_pattern.n);
		memcpy(der.p + at, tricks[i].p, san_pattern.n);
		assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), FAIL_SYNTAX);
	}
	memcpy(der.p + at, san_pattern.p, san_pattern.n);
	assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), OK);
	buf_addc(&der, 0);
	assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), FAIL_SYNTAX);
}

/* A second extension of a kind, known to the library or not, at the end of the list. */
static void doubled_extensions_are_refused(void **state)
{
	static const struct {
		struct str extra;
		int want;
	} cases[] = {
		{ STR_INIT("\x30\x08\x06\x02\x2a\x03\x04\x02\x05\x00"), OK },
		{ STR_INIT(
		          "\x30\x08\x06\x02\x2a\x03\x04\x02\x05\x00\x30\x08\x06\x02\x2a\x03\x04\x02\x05\x00"),
		  FAIL_SYNTAX },
		{ STR_INIT("\x30\x09\x06\x03\x55\x1d\x13\x04\x02\x30\x00"), FAIL_SYNTAX },
		{ STR_INIT("\x30\x0b\x06\x02\x2a\x03\x01\x01\x00\x04\x02\x05\x00"),
		  FAIL_SYNTAX }, /* says FALSE */
		{ STR_INIT("\x30\x06\x06\x02\x2a\x03\x05\x00"), FAIL_SYNTAX },
	};
	struct cert_fields c =
	        leaf_fields(STR("x@relay.example"), keys[WITH_P256][LEAF], keys[WITH_P256][INTERMEDIATE]);
	OWN(arena) a = ARENA;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) plain = BUF(CERT_MAX);
		OWN(buf) tbs = BUF(CERT_MAX);
		OWN(buf) der = BUF(CERT_MAX);
		struct cert_parts p = { 0 };
		struct cert_facts r;
		size_t seq, explicit, list;

		assert_int_equal(cert_build(&c, &plain, NULL), OK);
		assert_int_equal(cert_split(buf_str(&plain), &p, NULL), OK);
		seq = der_open(&tbs, DER_SEQ);
		for (size_t k = 0; k < PARTS; k++)
			buf_add(&tbs, p.part[k]);
		explicit = der_open(&tbs, DER_CONTEXT_SEQ + 3);
		list = der_open(&tbs, DER_SEQ);
		buf_add(&tbs, p.extensions);
		buf_add(&tbs, cases[i].extra);
		der_close(&tbs, list);
		der_close(&tbs, explicit);
		der_close(&tbs, seq);
		assert_int_equal(cert_put_signed(&der, buf_str(&tbs), keys[WITH_P256][INTERMEDIATE], NULL),
		                 OK);
		assert_int_equal(cert_read(buf_str(&der), &a, &r, NULL), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_peoples_certificates),
		cmocka_unit_test(attack_18_names_with_tricks_are_refused),
		cmocka_unit_test(doubled_extensions_are_refused),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
