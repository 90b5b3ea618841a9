#include "policy/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { KIB = 1024, MIB = 1024 * 1024 };

static const struct {
	uint64_t bytes, class;
} cases[] = {
	{ 0, 8 * KIB },
	{ 1, 8 * KIB },
	{ 8 * KIB, 8 * KIB },
	{ 8 * KIB + 1, 10 * KIB },
	{ 15 * KIB, 16 * KIB },
	{ 16 * KIB + 1, 20 * KIB },
	{ 33 * KIB, 40 * KIB },
	{ MIB - 1, MIB },
	{ MIB, MIB },
	{ MIB + 1, MIB + 32 * KIB },            /* Padmé: E = 20, S = 5, so the last 15 bits are 0 */
	{ 10 * MIB + 1, 10 * MIB + 256 * KIB }, /* E = 23, S = 5 */
	{ 40 * MIB + 1, 41 * MIB },             /* E = 25, S = 5 */
};

static void promise_7_attack_58_each_size_has_its_class(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(size_class(cases[i].bytes), cases[i].class);
}

static void promise_7_classes_are_few_and_not_much_larger(void **state)
{
	uint64_t last = 0, classes = 0;

	for (uint64_t n = 1; n < 64 * MIB; n += n / 500 + 1) {
		uint64_t c = size_class(n);

		assert_true(c >= n && c >= last);
		assert_int_equal(size_class(c), c);
		if (n > 8 * KIB)
			assert_true(n < MIB ? (c - n) * 4 <= n : (c - n) * 32 <= n);
		classes += c != last;
		last = c;
	}
	assert_true(classes <= 1 + 7 * 4 + 6 * 32 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_7_attack_58_each_size_has_its_class),
		cmocka_unit_test(promise_7_classes_are_few_and_not_much_larger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
