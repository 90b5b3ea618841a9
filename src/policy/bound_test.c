#include "policy/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct bound ten = { 10, 900 };
static struct bound_table table;

static const uint8_t *key(unsigned i)
{
	static uint8_t k[BOUND_KEY];

	memset(k, 0, sizeof(k));
	memcpy(k, &i, sizeof(i));
	return k;
}

static int clean(void **state)
{
	memset(&table, 0, sizeof(table));
	return 0;
}

static void count(unsigned i, unsigned times, int64_t now)
{
	while (times--)
		bound_count(&table, &ten, key(i), now);
}

static void so_many_and_no_more_until_the_time_is_over(void **state)
{
	count(1, 9, 1000);
	assert_false(bound_reached(&table, &ten, key(1), 1000));
	count(1, 1, 1800);
	assert_true(bound_reached(&table, &ten, key(1), 1899));
	assert_false(bound_reached(&table, &ten, key(2), 1899));
	assert_false(bound_reached(&table, &ten, key(1), 1900));
	count(1, 1, 1900); /* begins anew */
	assert_false(bound_reached(&table, &ten, key(1), 1900));
	count(1, 9, 1950);
	assert_true(bound_reached(&table, &ten, key(1), 1950));
	bound_forget(&table, key(1));
	assert_false(bound_reached(&table, &ten, key(1), 1950));
}

/* Whoever has many addresses cannot have a count forgotten that still holds, whether it has reached its bound or not. */
static void a_flood_of_others_forgets_nothing_that_counts(void **state)
{
	count(1, 10, 1000);
	count(2, 9, 1000);
	for (unsigned i = 100; i < 100 + 3 * BOUND_ROWS; i++)
		count(i, 3, 1001 + i % 500);
	assert_true(bound_reached(&table, &ten, key(1), 1502));
	count(2, 1, 1502);
	assert_true(bound_reached(&table, &ten, key(2), 1502));
}

static void to_ask_is_not_to_count(void **state)
{
	count(1, 10, 1000);
	for (unsigned i = 100; i < 100 + 2 * BOUND_ROWS; i++)
		assert_false(bound_reached(&table, &ten, key(i), 1000));
	assert_true(bound_reached(&table, &ten, key(1), 1000));
}

static void the_newest_of_a_flood_are_counted_too(void **state)
{
	for (unsigned i = 1; i <= BOUND_ROWS; i++)
		count(i, 2, 1000);
	count(BOUND_ROWS + 1, 10, 1001); /* takes the place of one */
	assert_true(bound_reached(&table, &ten, key(BOUND_ROWS + 1), 1001));
}

static void an_address_is_its_network(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::ffff:2", true },
		{ "2001:db8::1", "2001:0DB8:0:0:1::", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "unix", "unix", true },
		{ "unix", "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t a[BOUND_NET], b[BOUND_NET];
		size_t n = bound_net(str_c(rows[i].a), a), m = bound_net(str_c(rows[i].b), b);

		assert_int_equal(n == m && memcmp(a, b, n) == 0, rows[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(so_many_and_no_more_until_the_time_is_over, clean),
		cmocka_unit_test_setup(a_flood_of_others_forgets_nothing_that_counts, clean),
		cmocka_unit_test_setup(to_ask_is_not_to_count, clean),
		cmocka_unit_test_setup(the_newest_of_a_flood_are_counted_too, clean),
		cmocka_unit_test(an_address_is_its_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
