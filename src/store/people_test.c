/* people_test.c - what is remembered of correspondents, and what stops at them. */
#include "store/people.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/blocks.h"
#include "store/fixture_test.h"
#include "store/profiles.h"
#include "store/users.h"

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

static int64_t blocks_of(struct store *st)
{
	OWN(arena) a = ARENA;
	struct alias al;

	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	return al.blocks;
}

static int tell_blocked(void *arg, const struct correspondent *c, struct fail *f)
{
	*(int64_t *)arg = c->blocked;
	return OK;
}

static void a_block_is_of_one_alias_and_can_be_lifted(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	const struct block drop = { STR("bob@home.example"), BLOCK_DROP, 5 },
	                   refuse = { STR("Bob"), BLOCK_REFUSE, 6 };
	struct str bob = STR("person:bob@home.example"), home = STR("domain:home.example");
	enum block_how how;
	int64_t told = -1;

	assert_int_equal(blocks_of(st), 0);
	MUST(block_set(st, i.alias, home, &drop, 9, NULL));
	MUST(block_set_correspondent(st, i.alias, i.correspondent, &drop, 9, NULL));
	assert_int_equal(blocks_of(st), 2);
	MUST(block_find(st, i.alias, bob, &how, NULL)); /* by the row or by the name: it is one */
	assert_int_equal(how, BLOCK_DROP);
	MUST(block_set(st, i.alias, bob, &refuse, 9, NULL));
	MUST(block_find(st, i.alias, bob, &how, NULL));
	assert_true(how == BLOCK_REFUSE && blocks_of(st) == 2);
	MUST(correspondent_each(st, i.alias, tell_blocked, &told, NULL));
	assert_int_equal(told, BLOCK_REFUSE);
	MUST(block_find(st, i.alias + 1, bob, &how, NULL));
	assert_int_equal(how, BLOCK_NONE);
	MUST(block_lift_correspondent(st, i.alias, i.correspondent, NULL));
	assert_int_equal(block_lift(st, i.alias, bob, NULL), FAIL_ABSENT);
	assert_int_equal(block_lift_correspondent(st, i.alias, i.correspondent, NULL), FAIL_ABSENT);
	MUST(block_lift(st, i.alias, home, NULL));
	assert_int_equal(blocks_of(st), 0);
}

static void blocks_are_bounded_and_go_with_their_alias(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	const struct block b = { STR("x"), BLOCK_DROP, 5 };
	enum block_how how;

	MUST(block_set(st, i.alias, STR("domain:a.example"), &b, 2, NULL));
	MUST(block_set(st, i.alias, STR("domain:b.example"), &b, 2, NULL));
	assert_int_equal(block_set(st, i.alias, STR("domain:c.example"), &b, 2, NULL), FAIL_LIMIT);
	MUST(alias_delete(st, i.alias, NULL));
	MUST(store_commit(st, NULL));
	MUST(block_find(st, i.alias, STR("domain:a.example"), &how, NULL));
	assert_int_equal(how, BLOCK_NONE);
}

static void only_a_sender_of_its_mailboxes_stands_behind_a_reverse_address(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct speaker s;
	int64_t other_user, other_box, id;

	MUST(mailbox_sender_add(st, i.mailbox, STR("ali@work.example"), NULL));
	MUST(user_add(st, STR("mallory"), 5, &other_user, NULL));
	MUST(mailbox_add(st, other_user, STR("mallory@mailbox.example"), false, 5, &other_box, NULL));
	MUST(reverse_add(st, i.user, STR("spare@relay.example"), REVERSE_POOL, 3, &id, NULL));
	const struct {
		struct str reverse, sender;
		bool known, speaks;
	} cases[] = {
		{ STR("token1@relay.example"), STR("alice@mailbox.example"), true, true },
		{ STR("token1@relay.example"), STR("ali@work.example"), true, true },
		{ STR("token1@relay.example"), STR("mallory@mailbox.example"), true, false },
		{ STR("token1@relay.example"), STR(""), true, false },
		{ STR("token2@relay.example"), STR("alice@mailbox.example"), false, false },
		{ STR("spare@relay.example"), STR("alice@mailbox.example"), false, false },
		{ STR("shop@relay.example"), STR("alice@mailbox.example"), false, false },
	};

	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		MUST(speaker_find(st, cases[n].reverse, cases[n].sender, &s, NULL));
		assert_int_equal(s.correspondent, cases[n].known ? i.correspondent : 0);
		assert_int_equal(s.alias, cases[n].known ? i.alias : 0);
		assert_int_equal(s.mailbox, cases[n].speaks ? i.mailbox : 0);
	}
	MUST(mailbox_speaks_for(st, i.user, STR("ali@work.example"), NULL));
	assert_int_equal(mailbox_speaks_for(st, other_user, STR("ali@work.example"), NULL), FAIL_ABSENT);
	assert_int_equal(mailbox_speaks_for(st, i.user, STR(""), NULL), FAIL_ABSENT);
}

/* The address that strangers past the bound share takes no answers: whom would they reach? */
static void the_shared_address_is_nobodys(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct correspondent c = { .alias = i.alias, .kind = CORRESPONDENT_SHARED, .key = STR("shared") };
	struct speaker s;

	MUST(reverse_add(st, i.user, STR("shared@relay.example"), REVERSE_TAKEN, 3, &c.reverse, NULL));
	MUST(correspondent_add(st, &c, &c.id, NULL));
	MUST(speaker_find(st, STR("shared@relay.example"), STR("alice@mailbox.example"), &s, NULL));
	assert_int_equal(s.correspondent, 0);
}

/* The alias's own certificate hangs on a row that no look-up finds, and goes with the alias. */
static void an_alias_is_no_reverse_address_of_its_own(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct reverse r;
	struct speaker s;
	int64_t first, again;

	MUST(reverse_self(st, i.user, STR("shop@relay.example"), 3, &first, NULL));
	MUST(reverse_self(st, i.user, STR("shop@relay.example"), 4, &again, NULL));
	assert_int_equal(first, again);
	assert_int_equal(reverse_find(st, STR("shop@relay.example"), &a, &r, NULL), FAIL_ABSENT);
	assert_int_equal(reverse_take(st, i.user, 0, &a, &r, NULL), FAIL_ABSENT);
	MUST(speaker_find(st, STR("shop@relay.example"), STR("alice@mailbox.example"), &s, NULL));
	assert_int_equal(s.correspondent, 0);
	MUST(alias_delete(st, i.alias, NULL));
	MUST(reverse_self(st, i.user, STR("shop@relay.example"), 5, &again, NULL));
	assert_int_not_equal(first, again);
}

static int gather(void *arg, int64_t mailbox, struct str address, struct fail *f)
{
	buf_addf(arg, "%lld:%.*s ", (long long)mailbox, STR_ARG(address));
	return OK;
}

static void a_users_own_addresses_are_told(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(buf) got = BUF(1000);
	OWN(buf) want = BUF(1000);
	int64_t other_user, other_box;

	MUST(mailbox_sender_add(st, i.mailbox, STR("ali@work.example"), NULL));
	MUST(user_add(st, STR("mallory"), 5, &other_user, NULL));
	MUST(mailbox_add(st, other_user, STR("mallory@mailbox.example"), false, 5, &other_box, NULL));
	MUST(mailbox_addresses(st, i.user, gather, &got, NULL));
	buf_addf(&want, "%lld:alice@mailbox.example %lld:ali@work.example ", (long long)i.mailbox,
	         (long long)i.mailbox);
	assert_string_equal(got.p, want.p);
}

/* An active profile of a user of its own, so many of whose addresses are ready. */
static int64_t pool_of(struct store *st, const char *user, int64_t ready)
{
	struct profile p = { .state = PROFILE_ACTIVE };
	OWN(buf) address = BUF(100);

	MUST(user_add(st, str_c(user), 5, &p.user, NULL));
	buf_addf(&address, "%s@mailbox.example", user);
	MUST(mailbox_add(st, p.user, buf_str(&address), false, 5, &p.mailbox, NULL));
	MUST(profile_add(st, &p, &p.id, NULL));
	for (; ready; ready--) {
		struct sender_cert c = { .profile = p.id, .cert = STR("c"), .wrapped = STR("w") };

		buf_clear(&address);
		buf_addf(&address, "%s-%lld@relay.example", user, (long long)ready);
		MUST(reverse_add(st, p.user, buf_str(&address), REVERSE_POOL, 3, &c.reverse, NULL));
		MUST(sender_cert_add(st, &c, &c.id, NULL));
	}
	return p.id;
}

/* The emptiest pool is filled first; the one for which nothing can be made is passed over alone, also by those below it. */
static void a_pool_that_cannot_be_filled_starves_no_other(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t low, stuck, high, full, got;
	struct pool_look l = { 0 };

	MUST(profile_deactivate(st, i.profile, NULL));
	low = pool_of(st, "low", 2);
	stuck = pool_of(st, "stuck", 0);
	high = pool_of(st, "high", 1);
	full = pool_of(st, "full", 3);
	assert_true(low < stuck && stuck < high && high < full);
	MUST(pool_hungry(st, 3, &l, &got, NULL));
	assert_int_equal(got, stuck);
	pool_pass(&l, stuck);
	MUST(pool_hungry(st, 3, &l, &got, NULL));
	assert_int_equal(got, high);
	pool_pass(&l, high);
	MUST(pool_hungry(st, 3, &l, &got, NULL));
	assert_int_equal(got, low);
	pool_pass(&l, low);
	assert_int_equal(pool_hungry(st, 3, &l, &got, NULL), FAIL_ABSENT);
	assert_int_equal(l.at, 0);
	MUST(pool_hungry(st, 3, &l, &got, NULL)); /* the next round tries it again */
	assert_int_equal(got, stuck);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_a_correspondent_asks_is_kept_apart, fixture_fresh),
		cmocka_unit_test_setup(only_what_changed_or_aged_is_written, fixture_fresh),
		cmocka_unit_test_setup(a_block_is_of_one_alias_and_can_be_lifted, fixture_fresh),
		cmocka_unit_test_setup(blocks_are_bounded_and_go_with_their_alias, fixture_fresh),
		cmocka_unit_test_setup(a_reverse_address_of_nobody_is_absent, fixture_fresh),
		cmocka_unit_test_setup(only_a_sender_of_its_mailboxes_stands_behind_a_reverse_address,
		                       fixture_fresh),
		cmocka_unit_test_setup(the_shared_address_is_nobodys, fixture_fresh),
		cmocka_unit_test_setup(an_alias_is_no_reverse_address_of_its_own, fixture_fresh),
		cmocka_unit_test_setup(a_users_own_addresses_are_told, fixture_fresh),
		cmocka_unit_test_setup(a_pool_that_cannot_be_filled_starves_no_other, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
