#include "role/gate/budget.h"
#include "role/gate/spool.h"

#include "base/mem.h"
#include "sys/memfd.h"

#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct endpoint from(const char *z)
{
	struct endpoint e;
	struct fail f = { 0 };

	assert_int_equal(endpoint_parse(str_c(z), &e, &f), OK);
	return e;
}

/* One row enters one connection, or leaves that of an earlier row; limits: 6 in all, 2 of one client. */
static void test_connections(void **state)
{
	static const struct {
		const char *who; /* NULL: `row` leaves */
		size_t row;
		enum budget_verdict want;
	} rows[] = {
		{ "192.0.2.1:25", 0, BUDGET_ENTERED },
		{ "192.0.2.1:4711", 0, BUDGET_ENTERED },
		{ "192.0.2.1:25", 0, BUDGET_CLIENT_FULL },
		{ "192.0.2.2:25", 0, BUDGET_ENTERED },
		{ "[2001:db8:1:2::1]:25", 0, BUDGET_ENTERED },
		{ "[2001:db8:1:2:ffff::9]:25", 0, BUDGET_ENTERED }, /* the same /64 */
		{ "[2001:db8:1:2:3::]:25", 0, BUDGET_CLIENT_FULL },
		{ "[2001:db8:1:3::1]:25", 0, BUDGET_ENTERED },
		{ "192.0.2.3:25", 0, BUDGET_FULL },
		{ NULL, 0, BUDGET_ENTERED },
		{ "192.0.2.1:25", 0, BUDGET_ENTERED },
		{ NULL, 3, BUDGET_ENTERED },
		{ NULL, 4, BUDGET_ENTERED },
		{ "192.0.2.3:25", 0, BUDGET_ENTERED },
	};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	struct budget_client *in[N] = { NULL };
	struct budget *b = budget_new(&(struct budget_limits){ 0, 6, 2 });

	for (size_t i = 0; i < N; i++) {
		if (rows[i].who) {
			struct endpoint e = from(rows[i].who);

			assert_int_equal(budget_enter(b, &e, &in[i]), rows[i].want);
		} else {
			budget_leave(b, TAKE(in[rows[i].row]));
		}
	}
	for (size_t i = 0; i < N; i++)
		if (in[i])
			budget_leave(b, in[i]);
	budget_free(b);
}

static void test_bytes(void **state)
{
	struct budget *b = budget_new(&(struct budget_limits){ 100, 1, 1 });

	assert_true(budget_take(b, 60));
	assert_false(budget_take(b, 41));
	assert_false(budget_take(b, UINT64_MAX));
	assert_true(budget_take(b, 40));
	assert_false(budget_take(b, 1));
	budget_give(b, 60);
	assert_int_equal(budget_left(b), 60);
	budget_give(b, 40);
	budget_free(b);
}

static void test_spool(void **state)
{
	enum { MIB = 1 << 20 };
	struct budget *b = budget_new(&(struct budget_limits){ 2 * MIB, 1, 1 });
	char *bytes = xalloc(MIB);
	struct spool one = SPOOL_NONE, two = SPOOL_NONE;
	struct fail f = { 0 };
	struct map m;

	memset(bytes, 'x', MIB);
	assert_int_equal(spool_open(&one, b, 2 * MIB + 1, &f), FAIL_AGAIN); /* declared more than there is */
	assert_int_equal(spool_open(&one, b, 2 * MIB, &f), OK);
	assert_int_equal(spool_open(&two, b, MIB, &f), OK); /* what is declared is not set apart */
	assert_int_equal(spool_add(&one, STR("a small one\r\n"), &f), OK);
	assert_true(budget_left(b) >= 2 * MIB - 8192);
	assert_int_equal(spool_add(&two, str_of(bytes, MIB), &f), OK);
	assert_int_equal(spool_add(&two, str_of(bytes, MIB), &f), FAIL_AGAIN);
	assert_int_equal(two.fd, -1);
	assert_true(budget_left(b) >= 2 * MIB - 4096); /* given back at once, without a close */
	spool_close(&two);

	assert_int_equal(spool_seal(&one, NULL, &f), OK);
	assert_int_equal(memfd_add(one.fd, STR("more"), &f), FAIL_SYS);
	assert_int_equal(memfd_map(one.fd, &m, &f), OK);
	assert_true(str_eq(map_str(&m), STR("a small one\r\n")));
	map_done(&m);
	spool_forget(&one);
	assert_true(budget_left(b) < 2 * MIB);
	spool_close(&one);
	assert_int_equal(budget_left(b), 2 * MIB);
	budget_free(b);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
