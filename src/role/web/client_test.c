#include "role/web/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct clients all;

static int clean(void **state)
{
	memset(&all, 0, sizeof(all));
	return 0;
}

static bool may(const char *client, uint64_t ms)
{
	return client_may(&all, str_c(client), CLIENT_PASSWORD, ms);
}

static void ten_at_once_and_one_in_five_seconds(void **state)
{
	for (int i = 0; i < 10; i++)
		assert_true(may("192.0.2.1", 1000));
	assert_false(may("192.0.2.1", 1000));
	assert_true(may("192.0.2.2", 1000));
	assert_false(may("192.0.2.1", 5999));
	assert_true(may("192.0.2.1", 6000));
	assert_false(may("192.0.2.1", 6000));
	assert_true(client_may(&all, STR("192.0.2.1"), CLIENT_REQUEST, 6000));
}

/* Whoever has one address of a /64 has them all. */
static void a_network_is_one_client(void **state)
{
	char z[64];

	for (int i = 0; i < 10; i++) {
		snprintf(z, sizeof(z), "2001:db8:1:2::%x", (unsigned)i + 1);
		assert_true(may(z, 1000));
	}
	assert_false(may("2001:db8:1:2:ffff::9", 1000));
	assert_true(may("2001:db8:1:3::1", 1000));
}

static void others_do_not_give_a_new_bucket(void **state)
{
	char z[64];

	for (int i = 0; i < 10; i++)
		assert_true(may("192.0.2.1", 1000));
	for (unsigned i = 0; i < 4 * CLIENTS_MAX; i++) {
		snprintf(z, sizeof(z), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		assert_true(may(z, 1001));
	}
	assert_false(may("192.0.2.1", 1002));
}

static void the_proxys_word_is_the_last_one(void **state)
{
	static const struct {
		const char *forwarded, *peer, *want;
	} rows[] = {
		{ "192.0.2.1", "127.0.0.1", "192.0.2.1" },
		{ "203.0.113.9, 192.0.2.1", "127.0.0.1", "192.0.2.1" },
		{ "192.0.2.1, nonsense", "127.0.0.1", "127.0.0.1" },
		{ "", "127.0.0.1", "127.0.0.1" },
		{ "2001:db8::1", "127.0.0.1", "2001:db8::1" },
		{ " 192.0.2.1 ", "unix", "192.0.2.1" },
		{ "203.0.113.9, 192.0.2.1:4711", "127.0.0.1", "192.0.2.1" },
		{ "192.0.2.1:0", "unix", "192.0.2.1" },
		{ "[2001:db8::1]:443", "127.0.0.1", "2001:db8::1" },
		{ "[2001:db8::1]", "127.0.0.1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "unix", "::ffff:192.0.2.1" },
		{ "[::ffff:192.0.2.1]:65535", "unix", "::ffff:192.0.2.1" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(str_eq(client_of(str_c(rows[i].forwarded), str_c(rows[i].peer)),
		                   str_c(rows[i].want)));
}

/* One bucket for all of it: that of the proxy. */
static void nonsense_is_no_client(void **state)
{
	static const char *const rows[] = {
		"dead.beef",
		"abc1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.456",
		"192.0.2.1:",
		"192.0.2.1:x",
		"192.0.2.1:65536",
		"192.0.2.1:123456",
		"192.0.2.1:1:2",
		"192.0.2.1 :1",
		"192.0.2.1x",
		"[192.0.2.1]:1",
		"[192.0.2.1]",
		"[2001:db8::1",
		"[2001:db8::1]443",
		"[2001:db8::1]:",
		"[2001:db8::1]:-1",
		"[[2001:db8::1]]",
		"2001:db8::1]:443",
		"[]:443",
		"[",
		"]",
		":",
		":443",
		"2001:db8:1:2:3:4:5:6:443",
		"fe80::1%1",
		"unknown",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(str_eq(client_of(str_c(rows[i]), STR("127.0.0.1")), STR("127.0.0.1")));
	assert_true(str_eq(client_of(STR("192.0.2.1\0x"), STR("127.0.0.1")), STR("127.0.0.1")));
}

static bool may_from(const char *begin, unsigned n)
{
	char z[64];

	snprintf(z, sizeof(z), "%s%u", begin, n);
	return client_may(&all, client_of(str_c(z), STR("unix")), CLIENT_PASSWORD, 1000);
}

/* Another port, or another nonsense, is not another client; a neighbour is. */
static void a_port_makes_nobody_another(void **state)
{
	static const struct {
		const char *same, *other;
	} rows[] = {
		{ "203.0.113.9:", "203.0.113.8:" },
		{ "1.1.1.1:", "1.1.1.2:" },
		{ "[2001:db8:1:2::1]:", "[2001:db8:1:3::1]:" },
		{ "ab", "192.0.2.1:" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned n = 0; n < 10; n++)
			assert_true(may_from(rows[i].same, n * 1111));
		assert_false(may_from(rows[i].same, 40000));
		assert_true(may_from(rows[i].other, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ten_at_once_and_one_in_five_seconds, clean),
		cmocka_unit_test_setup(a_network_is_one_client, clean),
		cmocka_unit_test_setup(others_do_not_give_a_new_bucket, clean),
		cmocka_unit_test(the_proxys_word_is_the_last_one),
		cmocka_unit_test(nonsense_is_no_client),
		cmocka_unit_test_setup(a_port_makes_nobody_another, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
