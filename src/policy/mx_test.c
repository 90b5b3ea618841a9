#include "policy/mx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define R(preference, dice, host)                                                                            \
	{                                                                                                    \
		preference, dice, STR_INIT(host)                                                             \
	}

static const struct {
	struct mx_record records[4];
	size_t n;
	enum mx_verdict verdict;
	const char *hosts; /* as they are tried */
} cases[] = {
	{ { R(10, 1, "a") }, 1, MX_HOSTS, "a " },
	{ { R(20, 1, "b"), R(10, 9, "a"), R(30, 0, "c") }, 3, MX_HOSTS, "a b c " },
	{ { R(10, 7, "c"), R(10, 2, "a"), R(10, 5, "b") }, 3, MX_HOSTS, "a b c " },
	{ { R(10, 2, "a"), R(10, 7, "c"), R(5, 9, "x") }, 3, MX_HOSTS, "x a c " },
	{ { R(65535, 4294967295u, "a"), R(0, 0, "b") }, 2, MX_HOSTS, "b a " },
	{ { R(0, 0, "") }, 1, MX_NULL, "" },
	{ { R(0, 0, ""), R(10, 0, "a") }, 2, MX_HOSTS, "a " }, /* RFC 7505 3: no null MX then */
	{ { R(0, 0, ""), R(10, 0, "") }, 2, MX_NULL, "" },
	/* We are "us": nobody who is not better than we are. */
	{ { R(10, 0, "a"), R(20, 0, "US"), R(30, 0, "b") }, 3, MX_HOSTS, "a " },
	{ { R(10, 0, "us"), R(10, 0, "a"), R(30, 0, "b") }, 3, MX_SELF, "" },
	{ { R(10, 0, "a"), R(20, 0, "us"), R(5, 0, "us"), R(1, 0, "c") }, 4, MX_HOSTS, "c " },
};

static void test_order(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mx_record r[4];
		char out[100] = "";
		size_t n = 0, at = 0;

		memcpy(r, cases[i].records, sizeof(r));
		assert_int_equal(mx_order(r, cases[i].n, STR("us"), &n), cases[i].verdict);
		for (size_t k = 0; k < n; k++)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%.*s ", STR_ARG(r[k].host));
		if (strcmp(out, cases[i].hosts) != 0)
			fail_msg("case %zu: %s", i, out);
	}
}

static void test_bound(void **state)
{
	static struct mx_record r[MX_RECORDS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < MX_RECORDS_MAX; i++)
		r[i] = (struct mx_record){ (uint16_t)(MX_RECORDS_MAX - i), 0, STR("h") };
	assert_int_equal(mx_order(r, MX_RECORDS_MAX, STR("us"), &n), MX_HOSTS);
	assert_int_equal(n, MX_HOSTS_MAX);
	assert_int_equal(r[0].preference, 1);
	assert_int_equal(r[MX_HOSTS_MAX - 1].preference, MX_HOSTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_bound) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
