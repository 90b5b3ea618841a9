/* cms_open_pss_test.c - what an RSA-PSS signature says of itself is read, each part of it. */
#include "crypto/cms_open_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MSG_MAX = 1 << 17 };
#define TEXT "Content-Type: text/plain\r\n\r\nsigned\r\n"

static struct identity rsa;

static int setup(void **state)
{
	if (judges_setup(state))
		return -1;
	identity_make("rsa", "rsa:2048", &rsa);
	judge_put("text", STR(TEXT));
	return 0;
}

static int teardown(void **state)
{
	identity_done(&rsa);
	return judges_teardown(state);
}

static int verify(struct str der, struct str detached, struct cms_signature *ret, struct fail *f)
{
	const struct cms_cert *pins[] = { rsa.cert };
	OWNS(cms_in) c = NULL;

	TRY(cms_in_new(der, &c, f));
	return cms_in_verify(c, detached, pins, 1, ret, f);
}

/* What the parameters of RSA-PSS say is the digest's, the mask's and the salt's: each of them altered. */
static void promise_4_parameters_of_a_signature_are_read(void **state)
{
#define SHA256 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
	static const struct {
		struct str before;
		char last; /* in the place of the last byte */
		const char *why;
	} rows[] = {
		{ STR_INIT("\xa0\x0f\x30\x0d" SHA256), 2, "another digest" },
		{ STR_INIT("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"), 9, "not read" },
		{ STR_INIT("\xa2\x03\x02\x01\x20"), 0x21, "does not verify" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(buf) der = BUF(MSG_MAX);
		struct cms_signature s;
		struct fail f = { 0 };
		size_t at;

		judge_accepts("openssl cms -sign -binary -in text -outform DER -out m -signer rsa.pem "
		              "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32");
		judge_get("m", &der);
		at = str_find(buf_str(&der), rows[i].before);
		assert_true(at < der.n);
		der.p[at + rows[i].before.n - 1] = rows[i].last;
		assert_int_equal(verify(buf_str(&der), STR(TEXT), &s, &f), FAIL_FORGED);
		if (str_find(str_c(f.why), str_c(rows[i].why)) == str_c(f.why).n)
			fail_msg("%s was expected, there is: %s", rows[i].why, f.why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(promise_4_parameters_of_a_signature_are_read) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
