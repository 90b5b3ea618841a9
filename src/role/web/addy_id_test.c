/* addy_id_test.c - numbers as UUIDs and back, and what is neither. */
#include "role/web/addy_id.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>

#include <cmocka.h>

static void an_id_comes_back(void **state)
{
	static const uint64_t numbers[] = { 1, 5, 0xffffffffffff, 0x1000000000000, 0xfffffffffffffff };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		OWN(buf) b = BUF(64);
		uint64_t n = 0;

		addy_id_print(ADDY_ALIAS, numbers[i], &b);
		assert_int_equal(b.n, 36);
		assert_true(addy_id_read(buf_str(&b), ADDY_ALIAS, &n) && n == numbers[i]);
		assert_false(addy_id_read(buf_str(&b), ADDY_RECIPIENT, &n));
	}
}

static void what_is_none_is_refused(void **state)
{
	static const char *const none[] = {
		"",
		"5",
		"706f7374-0002-8000-8000-000000000000",
		"706f7374-0002-8000-8000-00000000000",
		"706f7374-0002-8000-8000-0000000000055",
		"706f7374-0002-8000-9000-000000000005",
		"706f7374-0002-4000-8000-000000000005",
		"00000000-0002-8000-8000-000000000005",
		"706f7374-0002-8000-8000-00000000000g",
		"706f7374-0002-8000-8000000-000000005",
	};
	uint64_t n;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(addy_id_read(str_c(none[i]), ADDY_ALIAS, &n));
	assert_true(addy_id_read(STR("706F7374-0002-8000-8000-00000000000A"), ADDY_ALIAS, &n) && n == 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_comes_back),
		cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
