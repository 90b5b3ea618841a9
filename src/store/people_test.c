/* people_test.c - what is remembered of correspondents, and what stops at them. */
#include "store/people.h"

#include "base/clock.h"
#include "store/fixture_test.h"

static void what_a_correspondent_asks_is_kept_apart(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct correspondent old, new, got;

	MUST(correspondent_by_reverse(st, STR("token1@relay.example"), &a, &old, NULL));
	assert_int_equal(old.id, i.correspondent);
	new = old;
	new.reply_asked = STR("answers@desk.example");
	new.last_used = 7;
	MUST(correspondent_touch(st, &old, &new, NULL));
	MUST(store_commit(st, NULL));
	MUST(correspondent_by_reverse(st, STR("token1@relay.example"), &a, &got, NULL));
	assert_true(str_eq(got.reply_asked, STR("answers@desk.example")) && !got.reply_to.n);
	assert_true(got.last_used == 7 && str_eq(got.name, STR("Robert Sender")));
}

static void only_what_changed_or_aged_is_written(void **state)
{
	OWNS(store) st = fixture_open(0);
	OWN(arena) a = ARENA;
	struct correspondent old, new, got;

	(void)fixture_fill(st);
	MUST(correspondent_by_reverse(st, STR("token1@relay.example"), &a, &old, NULL));
	new = old;
	new.last_used = old.last_used + DAY_S - 1;
	MUST(correspondent_touch(st, &old, &new, NULL));
	MUST(correspondent_by_reverse(st, STR("token1@relay.example"), &a, &got, NULL));
	assert_int_equal(got.last_used, old.last_used);
	new.last_used = old.last_used + DAY_S;
	MUST(correspondent_touch(st, &old, &new, NULL));
	MUST(correspondent_by_reverse(st, STR("token1@relay.example"), &a, &got, NULL));
	assert_int_equal(got.last_used, old.last_used + DAY_S);
}

static void a_reverse_address_of_nobody_is_absent(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct correspondent got;
	int64_t id;

	MUST(reverse_add(st, i.user, STR("spare@relay.example"), REVERSE_POOL, 3, &id, NULL));
	assert_int_equal(correspondent_by_reverse(st, STR("spare@relay.example"), &a, &got, NULL),
	                 FAIL_ABSENT);
	assert_int_equal(correspondent_by_reverse(st, STR("shop@relay.example"), &a, &got, NULL),
	                 FAIL_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_a_correspondent_asks_is_kept_apart, fixture_fresh),
		cmocka_unit_test_setup(only_what_changed_or_aged_is_written, fixture_fresh),
		cmocka_unit_test_setup(a_reverse_address_of_nobody_is_absent, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
