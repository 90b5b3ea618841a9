/* totp_test.c - the vectors of RFC 6238, appendix B (their last six digits), and which codes are taken; and argon2id by
 * its own properties. */
#include "crypto/aead.h"
#include "crypto/password.h"
#include "crypto/totp.h"

#include <stdarg.h>

#include <setjmp.h>

#include <cmocka.h>

static const struct str secret = STR_INIT("12345678901234567890");

static void rfc_6238(void **state)
{
	static const struct {
		int64_t utc;
		const char *want;
	} rows[] = { { 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
		     { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char code[TOTP_DIGITS + 1];
		int64_t step;

		assert_int_equal(totp_code(secret, rows[i].utc / TOTP_STEP_S, code, NULL), OK);
		assert_string_equal(code, rows[i].want);
		assert_int_equal(totp_check(secret, str_c(code), rows[i].utc, 0, &step, NULL), OK);
		assert_int_equal(step, rows[i].utc / TOTP_STEP_S);
	}
}

static void only_once_and_only_now(void **state)
{
	const int64_t now = 2000000000, at = now / TOTP_STEP_S;
	char code[TOTP_DIGITS + 1];
	int64_t step;

	for (int64_t d = -3; d <= 3; d++) {
		assert_int_equal(totp_code(secret, at + d, code, NULL), OK);
		assert_int_equal(totp_check(secret, str_c(code), now, 0, &step, NULL),
		                 d >= -1 && d <= 1 ? OK : FAIL_FORGED);
		assert_int_equal(totp_check(secret, str_c(code), now, at, &step, NULL),
		                 d == 1 ? OK : FAIL_FORGED);
	}
	assert_int_equal(totp_check(secret, STR(""), now, 0, &step, NULL), FAIL_FORGED);
	assert_int_equal(totp_check(secret, STR("2790370"), now, 0, &step, NULL), FAIL_FORGED);
}

/* Another password, another salt, another cost: another proof; costs out of bounds are refused. */
static void proofs(void **state)
{
	const struct password_cost cost = { 64, 2, 1 }, more = { 128, 2, 1 }, lanes = { 64, 2, 4 },
	                           none = { 64, 0, 1 };
	const struct str salt = STR("somesaltsomesalt");
	uint8_t a[PASSWORD_PROOF], b[PASSWORD_PROOF];

	assert_int_equal(password_prove(STR("password"), salt, &cost, a, NULL), OK);
	assert_int_equal(password_prove(STR("password"), salt, &cost, b, NULL), OK);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(password_prove(STR("passwore"), salt, &cost, b, NULL), OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(password_prove(STR("password"), STR("somesaltsomesalu"), &cost, b, NULL), OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(password_prove(STR("password"), salt, &more, b, NULL), OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(password_prove(STR("password"), STR("short"), &cost, b, NULL), FAIL_DENIED);
	assert_int_equal(password_prove(STR("password"), salt, &lanes, b, NULL), FAIL_DENIED);
	assert_int_equal(password_prove(STR("password"), salt, &none, b, NULL), FAIL_DENIED);
}

static int init(void **state)
{
	return crypto_init(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rfc_6238),
		                            cmocka_unit_test(only_once_and_only_now),
		                            cmocka_unit_test(proofs) };

	return cmocka_run_group_tests(tests, init, NULL);
}
