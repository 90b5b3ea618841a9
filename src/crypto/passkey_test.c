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
		struct passkey_seen seen = { 0 };

		assert_int_equal(passkey_key_check(&fixtures[i].key, NULL), OK);
		assert_int_equal(passkey_check(&good, &fixtures[i].key, &fixtures[i].answer, &seen, NULL),
		                 OK);
		assert_int_equal(seen.count, COUNT);
		assert_true(seen.verified);
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
		struct passkey_seen seen = { .count = 77 };

		assert_int_equal(
		        passkey_check(&rows[i].ask, &fixtures[0].key, &fixtures[0].answer, &seen, &f),
		        rows[i].want);
		assert_true(str_find(str_c(f.why), str_c(rows[i].why)) < str_c(f.why).n);
		assert_int_equal(seen.count, 77);
	}
}

/* Flags of a person who was there (UP, 1), known or not (UV, 4), of one that is copied (16) without being made for it (8), and of
 * what follows (AT, 64; ED, 128). */
static void flags(void **state)
{
	static const struct {
		uint8_t flags;
		int use, make;
		bool verified;
	} rows[] = {
		{ 5, OK, FAIL_DENIED, true },
		{ 29, OK, FAIL_DENIED, true },
		{ 1, OK, FAIL_DENIED, false },
		{ 4, FAIL_DENIED, FAIL_DENIED, false },
		{ 21, FAIL_DENIED, FAIL_DENIED, false },
		{ 0, FAIL_DENIED, FAIL_DENIED, false },
		{ 69, FAIL_DENIED, OK, true },
		{ 65, FAIL_DENIED, OK, false },
		{ 197, FAIL_DENIED, OK, true },
		{ 133, FAIL_DENIED, FAIL_DENIED, false },
		{ 68, FAIL_DENIED, FAIL_DENIED, false },
	};
	struct passkey_ask make = good;
	char data[PASSKEY_DATA];
	struct passkey_seen seen;

	make.act = PASSKEY_MAKE;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(data, fixtures[0].answer.data.p, sizeof(data));
		data[32] = (char)rows[i].flags;
		assert_int_equal(passkey_data_check(&good, str_of(data, sizeof(data)), &seen, NULL),
		                 rows[i].use);
		assert_true(rows[i].use < 0 || seen.verified == rows[i].verified);
		assert_int_equal(passkey_data_check(&make, str_of(data, sizeof(data)), &seen, NULL),
		                 rows[i].make);
		assert_true(rows[i].make < 0 || seen.verified == rows[i].verified);
	}
	assert_int_equal(passkey_data_check(&good, str_of(data, sizeof(data) - 1), &seen, NULL), FAIL_SYNTAX);
}

/* 1 is UP, 25 says of a passkey that it is copied between devices. */
static void counters(void **state)
{
	static const struct {
		uint32_t before;
		uint8_t now, flags;
		int want;
		uint32_t kept;
	} rows[] = {
		{ 0, 0, 1, OK, 0 },
		{ 0, 1, 1, OK, 1 },
		{ 4, 5, 1, OK, 5 },
		{ 5, 5, 1, FAIL_DENIED, 0 },
		{ 6, 5, 25, FAIL_DENIED, 0 },
		{ 5, 5, 25, FAIL_DENIED, 0 },
		{ 5, 0, 1, FAIL_DENIED, 0 },
		{ 5, 0, 25, OK, 5 },
		{ UINT32_MAX, 255, 1, FAIL_DENIED, 0 },
	};
	struct passkey_ask ask = good;
	char data[PASSKEY_DATA];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct passkey_seen seen = { 0 };

		memcpy(data, fixtures[0].answer.data.p, sizeof(data));
		data[32] = (char)rows[i].flags;
		memset(data + 33, 0, 3);
		data[36] = (char)rows[i].now;
		ask.count = rows[i].before;
		assert_int_equal(passkey_data_check(&ask, str_of(data, sizeof(data)), &seen, NULL),
		                 rows[i].want);
		assert_int_equal(seen.count, rows[i].kept);
	}
}

static void a_frame_of_another_site(void **state)
{
#define START                                                                                                \
	"{\"type\":\"webauthn.get\",\"challenge\":\"" FIXTURE_CHALLENGE "\",\"origin\":\"" FIXTURE_ORIGIN "\""
	assert_int_equal(passkey_client_check(&good, STR(START ",\"crossOrigin\":false}"), NULL), OK);
	assert_int_equal(passkey_client_check(&good, STR(START ",\"crossOrigin\":true}"), NULL), FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(START ",\"crossOrigin\":false"), NULL), FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(START "}"), NULL), OK); /* WebKit's */
	assert_int_equal(passkey_client_check(&good, STR(START ",\"other\":1,\"crossOrigin\":true}"), NULL),
	                 FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(START ",\"topOrigin\":\"x\"}"), NULL), FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(START ",\"crossOrigin\":false,\"a\":1}"), NULL), OK);
	assert_int_equal(passkey_client_check(&good, STR(START), NULL), FAIL_DENIED);
	assert_int_equal(passkey_client_check(&good, STR(""), NULL), FAIL_DENIED);
}

/* As KeePassXC wrote it before 2.7.11; nothing may stand behind it. */
static void members_by_name(void **state)
{
#define SORTED(cross, origin, type)                                                                          \
	"{\"challenge\":\"" FIXTURE_CHALLENGE "\",\"crossOrigin\":" cross ",\"origin\":\"" origin            \
	"\",\"type\":\"webauthn." type "\"}"
	static const struct {
		struct str client;
		int want;
	} rows[] = {
		{ STR_INIT(SORTED("false", FIXTURE_ORIGIN, "get")), OK },
		{ STR_INIT(SORTED("true", FIXTURE_ORIGIN, "get")), FAIL_DENIED },
		{ STR_INIT(SORTED("false", "http://localhost:1", "get")), FAIL_DENIED },
		{ STR_INIT(SORTED("false", FIXTURE_ORIGIN, "create")), FAIL_DENIED },
		{ STR_INIT(SORTED("false", FIXTURE_ORIGIN, "get") "}"), FAIL_DENIED },
		{ STR_INIT(SORTED("false", FIXTURE_ORIGIN "\",\"origin\":\"http://evil.test", "get")),
		  FAIL_DENIED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(passkey_client_check(&good, rows[i].client, NULL), rows[i].want);
}

/* Each bit of the signature, and another's key. */
static void forged(void **state)
{
	struct passkey_seen seen;

	for (size_t i = 0; i < FIXTURES; i++) {
		struct passkey_answer a = fixtures[i].answer;
		char sig[PASSKEY_SIGNATURE_MOST];

		for (size_t bit = 0; bit < a.signature.n * 8; bit += 5) {
			memcpy(sig, fixtures[i].answer.signature.p, a.signature.n);
			sig[bit / 8] ^= (char)(1 << bit % 8);
			a.signature = str_of(sig, a.signature.n);
			assert_int_equal(passkey_check(&good, &fixtures[i].key, &a, &seen, NULL),
			                 FAIL_FORGED);
		}
		assert_int_equal(passkey_check(&good, &fixtures[(i + 1) % FIXTURES].key, &fixtures[i].answer,
		                               &seen, NULL),
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

/* A new one is judged by both halves and by its key: one thing wrong in any of the three refuses it. */
static void a_new_one(void **state)
{
	static const struct str client =
	        STR_INIT("{\"type\":\"webauthn.create\",\"challenge\":\"" FIXTURE_CHALLENGE
	                 "\",\"origin\":\"" FIXTURE_ORIGIN "\",\"crossOrigin\":false}");
	struct passkey_ask make = good;
	char data[PASSKEY_DATA];
	struct passkey_answer a = { client, str_of(data, sizeof(data)), STR("") };
	struct passkey_seen seen = { 0 };

	make.act = PASSKEY_MAKE;
	memcpy(data, fixtures[0].answer.data.p, sizeof(data));
	data[32] = 69;
	for (size_t i = 0; i < FIXTURES; i++) {
		struct passkey_key bad = fixtures[i].key;

		assert_int_equal(passkey_check_new(&make, &fixtures[i].key, &a, &seen, NULL), OK);
		bad.a = str_first(bad.a, bad.a.n - 1);
		assert_int_equal(passkey_check_new(&make, &bad, &a, &seen, NULL), FAIL_DENIED);
	}
	a.client = fixtures[0].answer.client;
	assert_int_equal(passkey_check_new(&make, &fixtures[0].key, &a, &seen, NULL), FAIL_DENIED);
	a.client = client;
	data[32] = 5;
	assert_int_equal(passkey_check_new(&make, &fixtures[0].key, &a, &seen, NULL), FAIL_DENIED);
}

static void what_is_too_long(void **state)
{
	static const char zeroes[PASSKEY_CLIENT_MOST + 1];
	struct passkey_answer a = fixtures[0].answer;
	struct passkey_seen seen;

	a.signature = str_of(zeroes, PASSKEY_SIGNATURE_MOST + 1);
	assert_int_equal(passkey_check(&good, &fixtures[0].key, &a, &seen, NULL), FAIL_LIMIT);
	assert_int_equal(passkey_client_check(&good, str_of(zeroes, sizeof(zeroes)), NULL), FAIL_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_browsers_answer_is_taken),
		                            cmocka_unit_test(another_question),
		                            cmocka_unit_test(flags),
		                            cmocka_unit_test(counters),
		                            cmocka_unit_test(a_frame_of_another_site),
		                            cmocka_unit_test(members_by_name),
		                            cmocka_unit_test(forged),
		                            cmocka_unit_test(bad_keys),
		                            cmocka_unit_test(a_new_one),
		                            cmocka_unit_test(what_is_too_long) };

	return cmocka_run_group_tests(tests, init, NULL);
}
