/* login_test.c - app passwords as they are typed, and how often somebody may be wrong. */
#include "policy/password.h"
#include "policy/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void test_print(void **state)
{
	static const uint8_t zeros[PASSWORD_RANDOM],
	        ones[PASSWORD_RANDOM] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		                          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	OWN(buf) out = BUF(PASSWORD_SHOWN + 1);

	password_print(zeros, &out);
	assert_true(str_eq(buf_str(&out), STR("aaaaa-aaaaa-aaaaa-aaaaa-aaaaa")));
	assert_int_equal(out.n, PASSWORD_SHOWN);
	buf_clear(&out);
	password_print(ones, &out);
	assert_true(str_eq(buf_str(&out), STR("77777-77777-77777-77777-77777")));
}

static void test_canon(void **state)
{
	static const struct {
		struct str typed, want; /* empty: none */
	} cases[] = {
		{ STR_INIT("abcde-fghij-klmno-pqrst-uvwxy"), STR_INIT("abcdefghijklmnopqrstuvwxy") },
		{ STR_INIT("ABCDE FGHIJ KLMNO PQRST UVWXY"), STR_INIT("abcdefghijklmnopqrstuvwxy") },
		{ STR_INIT("abcdefghijklmnopqrstuvwxy"), STR_INIT("abcdefghijklmnopqrstuvwxy") },
		{ STR_INIT(" 22222-33333-44444-55555-67z7a - "), STR_INIT("222223333344444555556"
		                                                          "7z7a") },
		{ STR_INIT("abcde-fghij-klmno-pqrst-uvwx"), STR_INIT("") },
		{ STR_INIT("abcde-fghij-klmno-pqrst-uvwxyz"), STR_INIT("") },
		{ STR_INIT("abcde-fghij-klmno-pqrst-uvwx1"), STR_INIT("") },
		{ STR_INIT("abcde-fghij-klmno-pqrst-uvwx\xc3\xa9"), STR_INIT("") },
		{ STR_INIT("correct horse battery staples"), STR_INIT("") },
		{ STR_INIT("-----"), STR_INIT("") },
		{ STR_INIT(""), STR_INIT("") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char to[PASSWORD_CHARS];
		size_t n = 99;
		bool ok = password_canon(cases[i].typed, to, &n);

		if (ok != (cases[i].want.n > 0) || !str_eq(str_of(to, n), cases[i].want))
			fail_msg("case %zu", i);
	}
}

static void test_where(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::ffff:2", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
		{ "", "", true },
		{ "unix", "unix", true },
		{ "unix", "", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((throttle_where(str_c(cases[i].a)) == throttle_where(str_c(cases[i].b))) != cases[i].same)
			fail_msg("case %zu", i);
	assert_true(throttle_where(STR("")) != 0);
}

static void fail_times(struct throttle *t, uint64_t where, int n, int64_t now)
{
	while (n--)
		throttle_failed(t, where, now);
}

static void test_five_within_ten_minutes(void **state)
{
	static struct throttle t;

	t = (struct throttle){ 0 };
	assert_int_equal(throttle_wait(&t, 7, 1000), 0);
	fail_times(&t, 7, 4, 1000);
	assert_int_equal(throttle_wait(&t, 7, 1000), 0);
	throttle_failed(&t, 7, 1000 + THROTTLE_WITHIN_S); /* the first ones are too old by now */
	assert_int_equal(throttle_wait(&t, 7, 1000 + THROTTLE_WITHIN_S), 0);
	fail_times(&t, 7, 4, 1000 + THROTTLE_WITHIN_S);
	assert_int_equal(throttle_wait(&t, 7, 1000 + THROTTLE_WITHIN_S), THROTTLE_FIRST_S);
	assert_int_equal(throttle_wait(&t, 7, 1000 + THROTTLE_WITHIN_S + 59), 1);
	assert_int_equal(throttle_wait(&t, 7, 1000 + THROTTLE_WITHIN_S + 60), 0);
	assert_int_equal(throttle_wait(&t, 8, 1000 + THROTTLE_WITHIN_S), 0);
}

static void test_it_grows_and_is_forgotten(void **state)
{
	static const int64_t waits[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600 };
	static struct throttle t;
	int64_t now = 5000;

	t = (struct throttle){ 0 };
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		fail_times(&t, 7, 5, now);
		assert_int_equal(throttle_wait(&t, 7, now), waits[i]);
		now += waits[i];
	}
	now += THROTTLE_FORGET_S;
	fail_times(&t, 7, 5, now);
	assert_int_equal(throttle_wait(&t, 7, now), 60);
	throttle_passed(&t, 7);
	assert_int_equal(throttle_wait(&t, 7, now), 0);
	fail_times(&t, 7, 4, now);
	assert_int_equal(throttle_wait(&t, 7, now), 0);
}

static void test_the_table_is_bounded(void **state)
{
	static struct throttle t;

	t = (struct throttle){ 0 };
	fail_times(&t, 1, 5, 1000);
	for (uint64_t i = 2; i <= THROTTLE_ROWS; i++)
		throttle_failed(&t, i, 1001);
	assert_int_equal(throttle_wait(&t, 1, 1001), 59); /* full, and nobody was put out */
	fail_times(&t, 2, 4, 1002);
	throttle_failed(&t, 100000, 1003); /* takes the oldest's place, which is 1's, */
	assert_int_equal(throttle_wait(&t, 1, 1003), 0);
	assert_int_equal(throttle_wait(&t, 2, 1003), 59); /* and no other's */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_canon),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_five_within_ten_minutes),
		cmocka_unit_test(test_it_grows_and_is_forgotten),
		cmocka_unit_test(test_the_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
