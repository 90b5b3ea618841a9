/* marks_test.c - pins and the trash, and what else programs of other services ask of the store. */
#include "store/marks.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/fixture_test.h"
#include "store/people.h"
#include "store/usage.h"
#include "store/users.h"

static int gather(void *arg, const struct alias_mark *m, struct fail *f)
{
	buf_addf(arg, "%lld:%d:%lld ", (long long)m->alias, m->pinned, (long long)m->trashed);
	return OK;
}

static void a_mark_is_its_aliass(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias_mark m = { .alias = i.alias, .pinned = true };
	OWN(buf) got = BUF(1000);
	OWN(buf) want = BUF(1000);

	MUST(mark_get(st, i.alias, &m, NULL));
	assert_true(m.alias == i.alias && !m.pinned && !m.trashed);
	m.pinned = true;
	MUST(mark_set(st, &m, NULL));
	m.trashed = 9;
	MUST(mark_set(st, &m, NULL));
	MUST(mark_each(st, i.user, gather, &got, NULL));
	buf_addf(&want, "%lld:1:9 ", (long long)i.alias);
	assert_string_equal(got.p, want.p);
	buf_clear(&got);
	MUST(mark_each(st, i.user + 1, gather, &got, NULL));
	assert_int_equal(got.n, 0);
	MUST(alias_delete(st, i.alias, NULL));
	MUST(mark_each(st, i.user, gather, &got, NULL));
	assert_int_equal(got.n, 0);
}

/* By whichever way: the app knows nothing of a trash. */
static void what_is_switched_on_lies_in_no_trash(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct alias_mark m = { .alias = i.alias, .pinned = true, .trashed = 9 };
	struct alias al;

	MUST(alias_get(st, i.alias, &a, &al, NULL));
	al.state = ALIAS_OFF_REJECT;
	MUST(alias_update(st, &al, NULL));
	MUST(mark_set(st, &m, NULL));
	MUST(alias_update(st, &al, NULL));
	MUST(mark_get(st, i.alias, &m, NULL));
	assert_int_equal(m.trashed, 9);
	al.state = ALIAS_ON;
	MUST(alias_update(st, &al, NULL));
	MUST(mark_get(st, i.alias, &m, NULL));
	assert_true(m.pinned && !m.trashed);
}

/* A number that a program remembers is of what it was, or of nothing. */
static void numbers_are_not_given_out_again(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias al = { .user = i.user, .address = STR("two@relay.example"), .state = ALIAS_ON };
	struct correspondent c = { .kind = CORRESPONDENT_PERSON,
		                   .key = STR("person:x@y.example"),
		                   .address = STR("x@y.example") };
	int64_t id;

	MUST(alias_delete(st, i.alias, NULL));
	MUST(alias_add(st, &al, &id, NULL));
	assert_true(id > i.alias);
	c.alias = id;
	MUST(reverse_add(st, i.user, STR("token2@relay.example"), REVERSE_TAKEN, 3, &c.reverse, NULL));
	MUST(correspondent_add(st, &c, &id, NULL));
	assert_true(id > i.correspondent);
}

static void a_correspondent_goes_with_its_address(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct correspondent c;
	struct reverse r;
	int64_t id;

	MUST(correspondent_latest(st, i.alias, &a, &c, NULL));
	assert_int_equal(c.id, i.correspondent);
	MUST(correspondent_delete(st, i.correspondent, NULL));
	assert_int_equal(correspondent_latest(st, i.alias, &a, &c, NULL), FAIL_ABSENT);
	assert_int_equal(reverse_find(st, STR("token1@relay.example"), &a, &r, NULL), FAIL_ABSENT);
	assert_int_equal(reverse_add(st, i.user, STR("token1@relay.example"), REVERSE_POOL, 3, &id, NULL),
	                 FAIL_EXISTS);
}

/* One address may stand for several: for the others it goes on. */
static void an_address_stands_while_somebody_is_behind_it(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct correspondent c = { .alias = i.alias,
		                   .reverse = i.reverse,
		                   .kind = CORRESPONDENT_PERSON,
		                   .key = STR("person:x@y.example"),
		                   .address = STR("x@y.example"),
		                   .last_used = 50 };
	struct correspondent got;
	int64_t id;

	MUST(correspondent_add(st, &c, &id, NULL));
	MUST(correspondent_latest(st, i.alias, &a, &got, NULL));
	assert_int_equal(got.id, id);
	MUST(correspondent_delete(st, i.correspondent, NULL));
	MUST(correspondent_by_reverse(st, STR("token1@relay.example"), &a, &got, NULL));
	assert_int_equal(got.id, id);
}

static void sums_are_of_one_user(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct user_sums s;
	int64_t n;

	MUST(alias_used(st, i.alias, 100 * HOUR_S, 10, NULL));
	MUST(alias_answered(st, i.alias, 100 * HOUR_S, 0, NULL));
	MUST(alias_note(st, i.alias, 100 * HOUR_S, ACTIVITY_DROPPED, 2, NULL));
	MUST(alias_note(st, i.alias, 101 * HOUR_S, ACTIVITY_REFUSED, 3, NULL));
	MUST(usage_blocked(st, i.alias, &n, NULL));
	assert_int_equal(n, 5);
	MUST(usage_sums(st, i.user, &s, NULL));
	assert_true(s.aliases == 1 && s.active == 1 && s.forwarded == 1 && s.answered == 1 && s.blocked == 5);
	MUST(usage_sums(st, i.user + 1, &s, NULL));
	assert_true(!s.aliases && !s.active && !s.forwarded && !s.answered && !s.blocked);
}

static void aliases_of_a_mailbox(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t other, n, alias;

	MUST(mailbox_add(st, i.user, STR("al@mailbox.example"), false, 5, &other, NULL));
	MUST(mailbox_lone_alias(st, i.mailbox, &alias, NULL));
	assert_int_equal(alias, i.alias);
	MUST(mailbox_share(st, i.mailbox, other, NULL));
	MUST(mailbox_share(st, i.mailbox, other, NULL));
	MUST(mailbox_aliases(st, other, &n, NULL));
	assert_int_equal(n, 1);
	assert_int_equal(mailbox_lone_alias(st, i.mailbox, &alias, NULL), FAIL_ABSENT);
}

static int note_id(void *arg, const struct alias *al, struct fail *f)
{
	buf_addf(arg, "%lld ", (long long)al->id);
	return OK;
}

/* 1 has no mark, 2 is pinned, 3 lies in the trash, 4 both. */
static void pages_by_marks(void **state)
{
	static const struct {
		enum alias_marked trashed, pinned;
		const char *want;
		int64_t total;
	} rows[] = {
		{ MARKED_OR_NOT, MARKED_OR_NOT, "1 2 3 4 ", 4 },
		{ NOT_MARKED, MARKED_OR_NOT, "1 2 ", 2 },
		{ MARKED, MARKED_OR_NOT, "3 4 ", 2 },
		{ MARKED_OR_NOT, MARKED, "2 4 ", 2 },
		{ NOT_MARKED, MARKED, "2 ", 1 },
		{ NOT_MARKED, NOT_MARKED, "1 ", 1 },
		{ MARKED, MARKED, "4 ", 1 },
	};
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias al = { .user = i.user, .state = ALIAS_ON, .count_left = -1 };
	const char *const more[] = { "b@relay.example", "c@relay.example", "d@relay.example" };

	for (int64_t k = 0; k < 3; k++) {
		struct alias_mark m = { 0, k != 1, k ? 5 : 0 };

		al.address = str_c(more[k]);
		MUST(alias_add(st, &al, &m.alias, NULL));
		MUST(mark_set(st, &m, NULL));
	}
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct alias_page p = { .limit = 10, .trashed = rows[k].trashed, .pinned = rows[k].pinned };
		OWN(buf) got = BUF(256);
		int64_t total;

		MUST(alias_page(st, i.user, &p, note_id, &got, &total, NULL));
		assert_string_equal(got.n ? got.p : "", rows[k].want);
		assert_int_equal(total, rows[k].total);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_mark_is_its_aliass, fixture_fresh),
		cmocka_unit_test_setup(what_is_switched_on_lies_in_no_trash, fixture_fresh),
		cmocka_unit_test_setup(numbers_are_not_given_out_again, fixture_fresh),
		cmocka_unit_test_setup(a_correspondent_goes_with_its_address, fixture_fresh),
		cmocka_unit_test_setup(an_address_stands_while_somebody_is_behind_it, fixture_fresh),
		cmocka_unit_test_setup(sums_are_of_one_user, fixture_fresh),
		cmocka_unit_test_setup(aliases_of_a_mailbox, fixture_fresh),
		cmocka_unit_test_setup(pages_by_marks, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
