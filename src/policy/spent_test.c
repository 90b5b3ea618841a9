#include "policy/spent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct spent all;

static const uint8_t *key(unsigned i)
{
	static uint8_t k[SPENT_KEY];

	memset(k, 0, sizeof(k));
	memcpy(k, &i, sizeof(i));
	return k;
}

static int clean(void **state)
{
	memset(&all, 0, sizeof(all));
	return 0;
}

static void what_was_used_is_known_for_its_time(void **state)
{
	assert_false(spent_is(&all, key(0), 1)); /* a free row is nobody's */
	assert_true(spent_add(&all, key(1), 300, 0));
	assert_true(spent_is(&all, key(1), 299));
	assert_false(spent_is(&all, key(2), 299));
	assert_false(spent_is(&all, key(1), 300));
}

/* Many more never push out one that is still good: then nothing is taken. */
static void nothing_is_forgotten_early(void **state)
{
	for (unsigned i = 0; i < SPENT_ROWS; i++)
		assert_true(spent_add(&all, key(i), 300 + i, i));
	assert_false(spent_add(&all, key(SPENT_ROWS), 600, 299));
	for (unsigned i = 0; i < SPENT_ROWS; i += 97)
		assert_true(spent_is(&all, key(i), 299));
	assert_true(spent_add(&all, key(SPENT_ROWS), 600, 300));
	assert_false(spent_add(&all, key(SPENT_ROWS + 1), 600, 300));
	assert_true(spent_is(&all, key(SPENT_ROWS), 300) && spent_is(&all, key(1), 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup(what_was_used_is_known_for_its_time,
		                                                   clean),
		                            cmocka_unit_test_setup(nothing_is_forgotten_early, clean) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
