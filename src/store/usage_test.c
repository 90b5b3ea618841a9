/* usage_test.c - what came, by the hour and the day. */
#include "store/usage.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/fixture_test.h"
#include "store/people.h"
#include "store/upkeep.h"

enum { NOW = 1000 * DAY_S + 30 * MINUTE_S };

static void assert_usage(const struct usage *u, int64_t mh, int64_t md, int64_t bh, int64_t bd)
{
	assert_int_equal(u->n[0], mh);
	assert_int_equal(u->n[1], md);
	assert_int_equal(u->n[2], bh);
	assert_int_equal(u->n[3], bd);
}

static void an_hour_and_a_day_are_summed(void **state)
{
	static const int64_t ages_h[] = { 0, 0, 1, 23, 24, 50 };
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct usage u;

	for (size_t k = 0; k < sizeof(ages_h) / sizeof(ages_h[0]); k++) {
		MUST(alias_used(st, i.alias, NOW - ages_h[k] * HOUR_S, 100, NULL));
		MUST(usage_user_add(st, i.user, NOW - ages_h[k] * HOUR_S, 10, NULL));
	}
	MUST(alias_note(st, i.alias, NOW, ACTIVITY_REFUSED, 5, NULL));
	MUST(usage_of_alias(st, i.alias, NOW, &u, NULL));
	assert_usage(&u, 2, 4, 200, 400);
	MUST(usage_of_user(st, i.user, NOW, &u, NULL));
	assert_usage(&u, 2, 4, 20, 40);
	MUST(usage_of_alias(st, i.alias + 1, NOW, &u, NULL));
	assert_usage(&u, 0, 0, 0, 0);
	MUST(usage_of_user(st, i.user, NOW + DAY_S, &u, NULL));
	assert_usage(&u, 0, 0, 0, 0);
}

static void new_correspondents_are_counted_apart(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct usage u;
	int64_t sum;

	MUST(usage_user_add(st, i.user, NOW, 10, NULL));
	MUST(rate_add(st, i.user, NOW, 1, &sum, NULL));
	assert_int_equal(sum, 1);
	MUST(usage_of_user(st, i.user, NOW, &u, NULL));
	assert_usage(&u, 1, 1, 10, 10);
}

static void bounds_are_kept(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	const struct usage most = { { 5, -1, 0, 7 } }, own = { { 1, 2, 3, 4 } };
	OWN(arena) a = ARENA;
	struct alias al;
	struct usage u;

	MUST(user_limits_get(st, i.user, &u, NULL));
	assert_usage(&u, 0, 0, 0, 0);
	MUST(user_limits_set(st, i.user, &most, NULL));
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	assert_usage(&al.user_most, 5, -1, 0, 7);
	assert_usage(&al.most, 0, 0, 0, 0);
	al.most = own;
	MUST(alias_update(st, &al, NULL));
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	assert_usage(&al.most, 1, 2, 3, 4);
}

struct days {
	struct usage_day d[9];
	size_t n;
};

static int take_day(void *arg, const struct usage_day *d, struct fail *f)
{
	struct days *all = arg;

	all->d[all->n++] = *d;
	return OK;
}

static void days_are_told_the_newest_first(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias other = { .user = i.user, .address = STR("two@relay.example"), .state = ALIAS_ON };
	struct days one = { 0 }, all = { 0 };

	MUST(alias_add(st, &other, &other.id, NULL));
	MUST(alias_used(st, i.alias, NOW, 100, NULL));
	MUST(alias_used(st, i.alias, NOW + 5 * HOUR_S, 50, NULL));
	MUST(alias_note(st, i.alias, NOW, ACTIVITY_DROPPED, 1, NULL));
	MUST(alias_note(st, i.alias, NOW, ACTIVITY_REFUSED, 3, NULL));
	MUST(alias_answered(st, i.alias, NOW, 2, NULL));
	MUST(alias_used(st, i.alias, NOW - 2 * DAY_S, 7, NULL));
	MUST(alias_used(st, i.alias, NOW - 20 * DAY_S, 7, NULL));
	MUST(alias_used(st, other.id, NOW, 1, NULL));
	MUST(usage_days(st, 0, i.alias, NOW / DAY_S - 13, take_day, &one, NULL));
	assert_int_equal(one.n, 2);
	assert_true(one.d[0].day == NOW / DAY_S && one.d[0].forwarded == 2 && one.d[0].bytes == 150);
	assert_true(one.d[0].dropped == 1 && one.d[0].refused == 3 && one.d[0].answered == 1);
	assert_true(one.d[1].day == NOW / DAY_S - 2 && one.d[1].forwarded == 1);
	MUST(usage_days(st, i.user, 0, NOW / DAY_S - 13, take_day, &all, NULL));
	assert_true(all.n == 2 && all.d[0].forwarded == 3 && all.d[0].bytes == 151);
}

static void old_hours_are_purged(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct days left = { 0 };
	bool more;

	MUST(alias_used(st, i.alias, NOW - 40 * DAY_S, 7, NULL));
	MUST(alias_used(st, i.alias, NOW, 7, NULL));
	MUST(upkeep_purge(st, NOW, &more, NULL));
	MUST(usage_days(st, 0, i.alias, 0, take_day, &left, NULL));
	assert_true(left.n == 1 && left.d[0].day == NOW / DAY_S);
}

static void answers_are_counted_by_the_hour(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct usage u;
	int64_t n = -1;

	MUST(usage_answers(st, i.user, NOW, &n, NULL));
	assert_int_equal(n, 0);
	MUST(usage_answered(st, i.user, NOW, NULL));
	MUST(usage_answered(st, i.user, NOW, NULL));
	MUST(usage_answered(st, i.user, NOW + HOUR_S, NULL));
	MUST(usage_answers(st, i.user, NOW, &n, NULL));
	assert_int_equal(n, 2);
	MUST(usage_answers(st, i.user + 1, NOW, &n, NULL));
	assert_int_equal(n, 0);
	MUST(usage_of_user(st, i.user, NOW, &u, NULL)); /* what came in is something else */
	assert_int_equal(u.n[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_hour_and_a_day_are_summed, fixture_fresh),
		cmocka_unit_test_setup(new_correspondents_are_counted_apart, fixture_fresh),
		cmocka_unit_test_setup(answers_are_counted_by_the_hour, fixture_fresh),
		cmocka_unit_test_setup(bounds_are_kept, fixture_fresh),
		cmocka_unit_test_setup(days_are_told_the_newest_first, fixture_fresh),
		cmocka_unit_test_setup(old_hours_are_purged, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
