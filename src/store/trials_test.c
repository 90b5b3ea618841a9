/* trials_test.c - test letters: who may answer one, what stays of it, and that its address goes. */
#include "store/trials.h"

#include "base/clock.h"
#include "store/fixture_test.h"
#include "store/people.h"
#include "store/profiles.h"
#include "store/upkeep.h"
#include "store/users.h"

enum { NOW = 1000 * DAY_S };

static int64_t add_reverse(struct store *st, int64_t user, const char *address, int64_t at)
{
	int64_t id = 0;

	MUST(reverse_add(st, user, str_c(address), REVERSE_TEST, at, &id, NULL));
	return id;
}

static struct speaker speaker(struct store *st, const char *address, const char *sender)
{
	struct speaker s;

	MUST(speaker_find(st, str_c(address), str_c(sender), &s, NULL));
	return s;
}

static bool is_there(struct store *st, int64_t reverse)
{
	OWN(arena) a = ARENA;
	struct reverse r;

	return reverse_get(st, reverse, &a, &r, NULL) == OK;
}

static void its_address_knows_the_mailbox_of_its_profile_alone(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t r = add_reverse(st, i.user, "test@relay.example", NOW);
	struct speaker s;

	s = speaker(st, "test@relay.example", "alice@mailbox.example");
	assert_true(!s.trial && !s.correspondent && !s.mailbox); /* no letter has left yet */
	MUST(trial_put(st, &(struct trial){ i.profile, r, NOW, 0, 0 }, NULL));
	s = speaker(st, "test@relay.example", "alice@mailbox.example");
	assert_true(s.trial == i.profile && s.mailbox == i.mailbox && s.user == i.user && s.reverse == r);
	assert_true(s.trial_sent == NOW && !s.correspondent);
	assert_int_equal(speaker(st, "test@relay.example", "mallory@mailbox.example").mailbox, 0);
	s = speaker(st, "token1@relay.example", "alice@mailbox.example"); /* the others as before */
	assert_true(!s.trial && s.correspondent == i.correspondent && s.mailbox == i.mailbox);
}

static void what_came_of_it_outlives_its_address(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t r = add_reverse(st, i.user, "test@relay.example", NOW);
	int64_t older = add_reverse(st, i.user, "older@relay.example", NOW - 8 * DAY_S);
	struct trial t;
	bool more;

	assert_int_equal(trial_get(st, i.profile, &t, NULL), FAIL_ABSENT);
	MUST(trial_put(st, &(struct trial){ i.profile, r, NOW, 3, NOW + 5 }, NULL));
	MUST(upkeep_purge(st, NOW + 7 * DAY_S, &more, NULL));
	assert_true(is_there(st, r) && !is_there(st, older));
	MUST(trial_put(st, &(struct trial){ i.profile, r, NOW + DAY_S, 3, NOW + 5 }, NULL)); /* sent again */
	MUST(upkeep_purge(st, NOW + 8 * DAY_S, &more, NULL));
	assert_true(is_there(st, r));
	MUST(upkeep_purge(st, NOW + 8 * DAY_S + 1, &more, NULL));
	assert_false(is_there(st, r));
	MUST(trial_get(st, i.profile, &t, NULL));
	assert_true(t.reverse == 0 && t.sent == NOW + DAY_S && t.answer == 3 && t.answered == NOW + 5);
	MUST(profile_deactivate(st, i.profile, NULL));
	MUST(profile_delete(st, i.profile, NULL));
	assert_int_equal(trial_get(st, i.profile, &t, NULL), FAIL_ABSENT);
}

static void letters_are_counted_by_user_and_hour(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t sum = 0;

	for (int64_t n = 1; n <= 3; n++) {
		MUST(trial_count(st, i.user, NOW, &sum, NULL));
		assert_int_equal(sum, n);
	}
	MUST(trial_count(st, i.user, NOW + HOUR_S, &sum, NULL));
	assert_int_equal(sum, 1);
	MUST(trial_count(st, i.user + 1, NOW, &sum, NULL));
	assert_int_equal(sum, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(its_address_knows_the_mailbox_of_its_profile_alone, fixture_fresh),
		cmocka_unit_test_setup(what_came_of_it_outlives_its_address, fixture_fresh),
		cmocka_unit_test_setup(letters_are_counted_by_user_and_hour, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
