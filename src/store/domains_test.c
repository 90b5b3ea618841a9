/* domains_test.c - users' own domains, and the aliases that come to be in them. */
#include "store/domains.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/fixture_test.h"
#include "store/users.h"
#include "store/watches.h"

#include <stdio.h>

static int64_t own_domain(struct store *st, int64_t user, int64_t per_day)
{
	const struct domain d = { .user = user,
		                  .name = STR("own.example"),
		                  .catch_all = true,
		                  .allow = STR("shop-*"),
		                  .per_day = per_day };
	int64_t id;

	MUST(domain_add(st, &d, &id, NULL));
	return id;
}

static int64_t caught(struct store *st, int64_t user, int64_t domain, struct str address)
{
	const struct alias al = { .user = user,
		                  .domain = domain,
		                  .origin = ALIAS_CAUGHT,
		                  .address = address,
		                  .state = ALIAS_ON,
		                  .count_left = -1 };
	int64_t id;

	MUST(alias_add(st, &al, &id, NULL));
	return id;
}

static void a_domain_is_one_users(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t bob, id = own_domain(st, i.user, 5);
	const struct domain again = { .name = STR("own.example") };
	struct domain d = again;
	OWN(arena) a = ARENA;

	MUST(user_add(st, STR("bob-user"), 1, &bob, NULL));
	d.user = bob;
	assert_int_equal(domain_add(st, &d, &(int64_t){ 0 }, NULL), FAIL_EXISTS);
	MUST(domain_find(st, STR("own.example"), &a, &d, NULL));
	assert_true(d.id == id && d.user == i.user && d.catch_all && d.per_day == 5);
	assert_true(str_eq(d.allow, STR("shop-*")) && !d.deny.n && str_eq(d.name, STR("own.example")));
	assert_int_equal(domain_find(st, STR("sub.own.example"), &a, &d, NULL), FAIL_ABSENT);
	d.id = id;
	d.catch_all = false;
	d.deny = STR("x?");
	MUST(domain_update(st, &d, NULL));
	MUST(domain_find(st, STR("own.example"), &a, &d, NULL));
	assert_true(!d.catch_all && str_eq(d.deny, STR("x?")));
}

static void new_aliases_are_bounded_by_the_day(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t id = own_domain(st, i.user, 2), closed;
	const struct domain none = { .user = i.user, .name = STR("closed.example") };

	MUST(domain_count(st, id, 5 * DAY_S, NULL));
	MUST(domain_count(st, id, 6 * DAY_S - 1, NULL));
	assert_int_equal(domain_count(st, id, 6 * DAY_S - 1, NULL), FAIL_LIMIT);
	MUST(domain_count(st, id, 6 * DAY_S, NULL));
	MUST(domain_count(st, id, 6 * DAY_S, NULL));
	assert_int_equal(domain_count(st, id, 6 * DAY_S, NULL), FAIL_LIMIT);
	MUST(domain_add(st, &none, &closed, NULL));
	assert_int_equal(domain_count(st, closed, 5 * DAY_S, NULL), FAIL_LIMIT);
}

static void a_caught_alias_has_the_domains_mailboxes(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t id = own_domain(st, i.user, 2), alias = caught(st, i.user, id, STR("shop-1@own.example"));
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	OWN(arena) a = ARENA;
	struct alias al;
	size_t n;

	MUST(domain_mailbox_add(st, id, i.mailbox, NULL));
	MUST(domain_mailboxes(st, id, &a, boxes, &n, NULL));
	assert_true(n == 1 && boxes[0].mailbox == i.mailbox);
	MUST(alias_mailboxes_inherit(st, alias, id, NULL));
	MUST(alias_mailboxes(st, alias, &a, boxes, &n, NULL));
	assert_true(n == 1 && boxes[0].mailbox == i.mailbox);
	MUST(alias_find(st, STR("shop-1@own.example"), &a, &al, NULL));
	assert_true(al.domain == id && al.origin == ALIAS_CAUGHT);
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	assert_true(al.domain == 0 && al.origin == ALIAS_GIVEN);
}

static void what_was_deleted_stays_deleted(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t id = own_domain(st, i.user, 2), alias = caught(st, i.user, id, STR("shop-1@own.example")), n;

	caught(st, i.user, id, STR("shop-2@own.example"));
	MUST(domain_aliases(st, id, &n, NULL));
	assert_int_equal(n, 2);
	assert_int_equal(alias_is_free(st, STR("shop-1@own.example"), NULL), FAIL_EXISTS);
	MUST(alias_delete(st, alias, NULL));
	assert_int_equal(alias_is_free(st, STR("shop-1@own.example"), NULL), FAIL_EXISTS);
	assert_int_equal(alias_is_free(st, STR("shop-3@own.example"), NULL), OK);
	MUST(domain_delete(st, id, NULL));
	own_domain(st, i.user, 2);
	assert_int_equal(alias_is_free(st, STR("shop-2@own.example"), NULL), FAIL_EXISTS);
	MUST(store_commit(st, NULL));
}

static void a_user_goes_with_domains_and_aliases(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t id = own_domain(st, i.user, 2);
	OWN(arena) a = ARENA;
	struct domain d;

	caught(st, i.user, id, STR("shop-1@own.example"));
	MUST(domain_mailbox_add(st, id, i.mailbox, NULL));
	MUST(user_delete(st, i.user, NULL));
	MUST(store_commit(st, NULL));
	assert_int_equal(domain_find(st, STR("own.example"), &a, &d, NULL), FAIL_ABSENT);
	assert_int_equal(alias_is_free(st, STR("shop-1@own.example"), NULL), FAIL_EXISTS);
	MUST(user_add(st, STR("another-user"), 1, &id, NULL));
	assert_int_not_equal(id, i.user); /* what is hashed or wrapped for the one is not the other's */
}

static void a_domain_is_watched_from_the_beginning(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	const struct domain shown = { .user = i.user, .name = STR("shown.example"), .token = STR("t0ken") };
	int64_t own = own_domain(st, i.user, 2), other;
	struct domain_due due[3];
	struct domain_watch w, again;
	OWN(arena) a = ARENA;
	size_t n;

	MUST(domain_add(st, &shown, &other, NULL));
	MUST(domain_watch_get(st, own, &a, &w, NULL));
	assert_true(!w.token.n && !w.checked && !w.next && !w.told && !w.lost[0] && !w.lost[1]);
	for (size_t k = 0; k < WATCH_STATES; k++)
		assert_int_equal(w.state[k], WATCH_NEVER_ASKED);
	MUST(domain_watch_due(st, 0, 3, &a, due, &n, NULL));
	assert_true(n == 2 && due[0].domain == own && str_eq(due[1].name, STR("shown.example")));
	MUST(domain_watch_due(st, 0, 1, &a, due, &n, NULL));
	assert_int_equal(n, 1);

	/* What is set is read again, each in its place; the token stays. */
	w = (struct domain_watch){
		.domain = other, .state = { 0, 1, 2, 3 }, .lost = { 4, 5 }, .checked = 6, .next = 7, .told = 8
	};
	MUST(domain_watch_set(st, &w, NULL));
	MUST(domain_watch_get(st, other, &a, &again, NULL));
	assert_true(str_eq(again.token, STR("t0ken")));
	again.token = w.token;
	assert_memory_equal(&w, &again, sizeof(w));
	MUST(domain_watch_due(st, 6, 3, &a, due, &n, NULL));
	assert_true(n == 1 && due[0].domain == own);
	MUST(domain_watch_due(st, 7, 3, &a, due, &n, NULL));
	assert_int_equal(n, 2);

	MUST(domain_delete(st, other, NULL));
	assert_int_equal(domain_watch_get(st, other, &a, &w, NULL), FAIL_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_domain_is_one_users, fixture_fresh),
		cmocka_unit_test_setup(new_aliases_are_bounded_by_the_day, fixture_fresh),
		cmocka_unit_test_setup(a_caught_alias_has_the_domains_mailboxes, fixture_fresh),
		cmocka_unit_test_setup(what_was_deleted_stays_deleted, fixture_fresh),
		cmocka_unit_test_setup(a_domain_is_watched_from_the_beginning, fixture_fresh),
		cmocka_unit_test_setup(a_user_goes_with_domains_and_aliases, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
