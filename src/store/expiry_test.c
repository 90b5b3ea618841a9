/* expiry_test.c - aliases that end are found, and only they. */
#include "store/expiry.h"

#include "base/clock.h"
#include "store/fixture_test.h"
#include "store/users.h"

#include <stdio.h>

enum { NOW = 1000 * DAY_S };
#define DAYS(n) ((n) * (int64_t)DAY_S)

static int64_t add(struct store *st, int64_t user, const char *name, int64_t expires, int64_t idle,
                   int64_t count)
{
	struct alias al = { .user = user,
		            .state = ALIAS_ON,
		            .expires_at = expires,
		            .idle_days = idle,
		            .count_left = count,
		            .created = NOW - DAYS(100) };
	char address[64];

	snprintf(address, sizeof(address), "%s@relay.example", name);
	al.address = str_c(address);
	MUST(alias_add(st, &al, &al.id, NULL));
	return al.id;
}

static int collect(void *arg, const struct alias *al, struct fail *f)
{
	struct buf *b = arg;

	buf_add(b, str_first(al->address, str_chr(al->address, '@')));
	buf_addc(b, ' ');
	return OK;
}

static void assert_due(struct store *st, int64_t user, int64_t now, const char *want)
{
	OWN(buf) b = BUF(4096);

	MUST(expiry_each(st, user, now, collect, &b, NULL));
	if (!str_eq(buf_str(&b), str_c(want)))
		fail_msg("\"%.*s\", not \"%s\"", STR_ARG(buf_str(&b)), want);
}

static void what_ends_is_found_by_each_cause(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t few, count;

	add(st, i.user, "never", 0, 0, -1);
	add(st, i.user, "date-later", NOW + DAYS(8), 0, -1);
	add(st, i.user, "date-soon", NOW + DAYS(7), 0, -1);
	add(st, i.user, "date-past", NOW - 5, 0, -1);
	add(st, i.user, "idle-later", 0, 108, -1);
	add(st, i.user, "idle-soon", 0, 107, -1);
	few = add(st, i.user, "count-unused", 0, 0, 2);
	count = add(st, i.user, "count-soon", 0, 0, 4);
	assert_due(st, i.user, NOW, "date-soon date-past idle-soon ");
	MUST(alias_used(st, few, NOW - DAYS(50), 1, NULL));
	MUST(alias_used(st, count, NOW - DAYS(50), 1, NULL));
	assert_due(st, i.user, NOW, "date-soon date-past idle-soon count-unused count-soon ");
	assert_due(st, i.user + 1, NOW, "");
	assert_due(st, i.user, NOW + DAYS(1),
	           "date-later date-soon date-past idle-later idle-soon count-unused count-soon ");
}

static void what_was_told_is_told_no_more_until_it_ends(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t date = add(st, i.user, "date", NOW + DAYS(5), 0, -1),
	        idle = add(st, i.user, "idle", 0, 105, -1);
	struct alias al;
	OWN(arena) a = ARENA;

	assert_due(st, i.user, NOW, "date idle ");
	MUST(expiry_mark(st, date, 1, NULL));
	MUST(expiry_mark(st, idle, 2, NULL));
	assert_due(st, i.user, NOW, "");
	assert_due(st, i.user, NOW + DAYS(5), "date idle ");
	MUST(alias_used(st, idle, NOW, 1, NULL)); /* used again: it ends another day, and is told of again */
	assert_due(st, i.user, NOW + DAYS(5), "date ");
	assert_due(st, i.user, NOW + DAYS(98), "date idle ");
	MUST(expiry_mark(st, date, 1 | 8, NULL));
	assert_due(st, i.user, NOW + DAYS(5), "");
	MUST(alias_find(st, STR("date@relay.example"), &a, &al, NULL));
	al.label = STR("another label");
	MUST(alias_update(st, &al, NULL));
	assert_due(st, i.user, NOW + DAYS(5), "");
	al.expires_at = NOW + DAYS(6);
	MUST(alias_update(st, &al, NULL));
	assert_due(st, i.user, NOW + DAYS(5), "date ");
	al.state = ALIAS_OFF_DROP; /* what the user turned off is no news */
	MUST(alias_update(st, &al, NULL));
	assert_due(st, i.user, NOW + DAYS(9), "");
}

static void a_user_is_written_to_once_a_day(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t users[4], bob;
	bool wanted;
	size_t n;

	MUST(user_add(st, STR("bob-user"), 1, &bob, NULL));
	add(st, i.user, "one", NOW, 0, -1);
	add(st, i.user, "two", NOW, 0, 0);
	add(st, bob, "three", NOW, 0, -1);
	MUST(expiry_users(st, NOW - DAYS(30), NOW - DAYS(31), 4, users, &n, NULL));
	assert_int_equal(n, 1); /* a count is used up whenever it is asked */
	MUST(expiry_users(st, NOW, NOW - DAYS(1), 4, users, &n, NULL));
	assert_int_equal(n, 2);
	MUST(expiry_users(st, NOW, NOW - DAYS(1), 1, users, &n, NULL));
	assert_int_equal(n, 1);
	MUST(expiry_user_told(st, i.user, NOW, NULL));
	MUST(expiry_users(st, NOW, NOW - DAYS(1), 4, users, &n, NULL));
	assert_true(n == 1 && users[0] == bob);
	MUST(expiry_users(st, NOW + DAYS(1), NOW, 4, users, &n, NULL));
	assert_int_equal(n, 2);
	MUST(expiry_wanted(st, bob, &wanted, NULL));
	assert_true(wanted);
	MUST(expiry_want(st, bob, false, NULL));
	MUST(expiry_wanted(st, bob, &wanted, NULL));
	assert_false(wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_ends_is_found_by_each_cause, fixture_fresh),
		cmocka_unit_test_setup(what_was_told_is_told_no_more_until_it_ends, fixture_fresh),
		cmocka_unit_test_setup(a_user_is_written_to_once_a_day, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
