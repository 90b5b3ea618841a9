/* passkey_test.c - a browser's own assertions are taken; each of them with one thing wrong is refused, for that reason. */
#include "crypto/passkey_fixture.h"

#include "crypto/aead.h"

#include <stdarg.h>

#include <setjmp.h>

#include <cmocka.h>

enum { FIXTURES = sizeof(fixtures) / sizeof(fixtures[0]), COUNT = 2 };

static const struct passkey_ask good = { PASSKEY_USE, STR_INIT(FIXTURE_CHALLENGE), STR_INIT(FIXTURE_ORIGIN),
	                                 STR_INIT("localhost"), COUNT - 1 };

static void a_browsers_answer_is_taken(void **state)
{
	for (size_t i = 0; i < FIXTURES; i++) {
		uint32_t count = 0;

		assert_int_equal(passkey_key_check(&fixtures[i].key, NULL), OK);
		assert_int_equal(passkey_check(&good, &fixtures[i].key, &fixtures[i].answer, &count, NULL),
		                 OK);
		assert_int_equal(count, COUNT);
	}
}

/* Another question than the one that was answered. */
static void another_question(void **state)
{
	static const struct {
		struct passkey_ask ask;
		int want;
		const char *why;
	} rows[] = {
		{ { PASSKEY_MAKE, STR_INIT(FIXTURE_CHALLENGE), STR_INIT(FIXTURE_ORIGIN),
		    STR_INIT("localhost"), 1 },
		  FAIL_DENIED,
		  "another challenge, or of another kind" },
		{ { PASSKEY_USE, STR_INIT("CwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"),
		    STR_INIT(FIXTURE_ORIGIN), STR_INIT("localhost"), 1 },
		  FAIL_DENIED,
		  "another challenge" },
		{ { PASSKEY_USE, STR_INIT(FIXTURE_CHALLENGE), STR_INIT("http://localhost:1819"),
		    STR_INIT("localhost"), 1 },
		  FAIL_DENIED,
		  "another origin" },
		{ { PASSKEY_USE, STR_INIT(FIXTURE_CHALLENGE), STR_INIT(FIXTURE_ORIGIN),
		    STR_INIT("relay.example"), 1 },
		  FAIL_DENIED,
		  "another site" },
		{ { PASSKEY_USE, STR_INIT(FIXTURE_CHALLENGE), STR_INIT(FIXTURE_ORIGIN), STR_INIT("localhost"),
		    COUNT },
		  FAIL_DENIED,
		  "does not rise" },
		{ { PASSKEY_USE, STR_INIT("short"), STR_INIT(FIXTURE_ORIGIN), STR_INIT("localhost"), 1 },
		  FAIL_BUG,
		  "another form" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fail f = { 0 };
		uint32_t count = 77;

		assert_int_equal(
		        passkey_check(&rows[i].ask, &fixtures[0].key, &fixtures[0].answer, &count, &f),
		        rows[i].want);
		assert_true(str_find(str_c(f.why), str_c(rows[i].why)) < str_c(f.why).n);
		assert_int_equal(count, 77);
	}
}

/* Flags that are not those of a person who was there and known; 5 is UP and UV. */
static void flags(void **state)
{
	static const struct {
		uint8_t flags;
		int want;
	} rows[] = { { 5, OK },           { 29, OK },         { 4, FAIL_DENIED },  { 1, FAIL_DENIED },
		     { 21, FAIL_DENIED }, { 0, FAIL_DENIED }, { 69, FAIL_DENIED }, { 133, FAIL_DENIED } };
	char data[PASSKEY_DATA];
	uint32_t count;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(data, fixtures[0].answer.data.p, sizeof(data));
		data[32] = (char)rows[i].flags;
		assert_int_equal(passkey_data_check(&good, str_of(data, sizeof(data)), &count, NULL),
		                 rows[i].want);
	}
	assert_int_equal(passkey_data_check(&good, str_of(data, sizeof(data) - 1), &count, NULL),
	                 FAIL_SYNTAX);
}

static void a_frame_of_another_site(void **state)
{
#define START                                                                                                \
	"{\"type\":\"webauthn.get\",\"challenge\":\"" FIXTURE_CHALLENGE "\",\"origin\":\"" FIXTURE_ORIGIN "\""
	assert_int_equal(passkey_client_check(&good, STR(START ",\"crossOrigin\":false}"), NULL), OK);
	assert_int_equal(passkey_client_check(&good, STR(START ",\"crossOrigin\":true}"), NULL), FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(START ",\"crossOrigin\":false"), NULL), FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(START "}"), NULL), FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(""), NULL), FAIL_DENIED);
}

/* Each bit of the signature, and another's key. */
static void forged(void **state)
{
	uint32_t count;

	for (size_t i = 0; i < FIXTURES; i++) {
		struct passkey_answer a = fixtures[i].answer;
		char sig[PASSKEY_SIGNATURE_MOST];

		for (size_t bit = 0; bit < a.signature.n * 8; bit += 5) {
			memcpy(sig, fixtures[i].answer.signature.p, a.signature.n);
			sig[bit / 8] ^= (char)(1 << bit % 8);
			a.signature = str_of(sig, a.signature.n);
			assert_int_equal(passkey_check(&good, &fixtures[i].key, &a, &count, NULL),
			                 FAIL_FORGED);
		}
		assert_int_equal(passkey_check(&good, &fixtures[(i + 1) % FIXTURES].key, &fixtures[i].answer,
		                               &count, NULL),
		                 FAIL_FORGED);
	}
}

static void bad_keys(void **state)
{
	struct passkey_key off = fixtures[0].key, alg = fixtures[0].key, none = { 0 };

	off.b = off.a;
	alg.alg = (enum passkey_alg) - 36; /* ES512 */
	assert_int_equal(passkey_key_check(&off, NULL), FAIL_DENIED);
	assert_int_equal(passkey_key_check(&alg, NULL), FAIL_DENIED);
	assert_int_equal(passkey_key_check(&none, NULL), FAIL_DENIED);
}

static int init(void **state)
{
	return crypto_init(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_browsers_answer_is_taken),
		                            cmocka_unit_test(another_question),
		                            cmocka_unit_test(flags),
		                            cmocka_unit_test(a_frame_of_another_site),
		                            cmocka_unit_test(forged),
		                            cmocka_unit_test(bad_keys) };

	return cmocka_run_group_tests(tests, init, NULL);
}
