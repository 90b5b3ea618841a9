/* replies_test.c - what is remembered of answers, for how long, and that refused ones go with their messages. */
#include "store/replies.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/fixture_test.h"
#include "store/held.h"
#include "store/people.h"
#include "store/segment.h"
#include "store/upkeep.h"
#include "store/users.h"
#include "sys/memfd.h"

enum { NOW = 1000 * DAY_S };

static void purge(struct store *st, int64_t now)
{
	bool more;

	MUST(upkeep_purge(st, now, &more, NULL));
}

static void promise_4_a_signature_that_spoke_is_known_for_30_days(void **state)
{
	OWNS(store) st = fixture_open(0);
	OWN(arena) a = ARENA;
	struct str got;

	assert_int_equal(spoke_find(st, STR("sig"), &a, &got, NULL), FAIL_ABSENT);
	MUST(spoke_add(st, STR("sig"), STR("message one"), NOW, NULL));
	MUST(spoke_add(st, STR("sig"), STR("message two"), NOW, NULL)); /* the first one stands */
	MUST(spoke_find(st, STR("sig"), &a, &got, NULL));
	assert_true(str_eq(got, STR("message one")));
	assert_int_equal(spoke_find(st, STR("sig2"), &a, &got, NULL), FAIL_ABSENT);
	purge(st, NOW + 30 * DAY_S);
	MUST(spoke_find(st, STR("sig"), &a, &got, NULL));
	purge(st, NOW + 30 * DAY_S + 1);
	assert_int_equal(spoke_find(st, STR("sig"), &a, &got, NULL), FAIL_ABSENT);
}

static void answers_are_known_by_digest_and_reverse_address(void **state)
{
	OWNS(store) st = fixture_open(0);
	OWN(arena) a = ARENA;
	struct str mid;

	MUST(answered_add(st, STR("digest"), STR("r1@relay.example"), STR("M1"), NOW, NULL));
	MUST(answered_add(st, STR("digest"), STR("r1@relay.example"), STR("M2"), NOW, NULL));
	MUST(answered_find(st, STR("digest"), STR("r1@relay.example"), &a, &mid, NULL));
	assert_true(str_eq(mid, STR("M1")));
	assert_int_equal(answered_find(st, STR("digest"), STR("r2@relay.example"), &a, &mid, NULL),
	                 FAIL_ABSENT);
	assert_int_equal(answered_find(st, STR("digestr"), STR("1@relay.example"), &a, &mid, NULL),
	                 FAIL_ABSENT);
	assert_int_equal(seen_find(st, STR("digest"), &a, &mid, NULL),
	                 FAIL_ABSENT); /* not mixed with what came in */
	purge(st, NOW + 30 * DAY_S + 1);
	assert_int_equal(answered_find(st, STR("digest"), STR("r1@relay.example"), &a, &mid, NULL),
	                 FAIL_ABSENT);
}

static void a_token_leads_to_its_answer_for_ten_days(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	const struct sent s = { .mailbox = i.mailbox, .correspondent = i.correspondent, .at = NOW };
	OWN(arena) a = ARENA;
	struct sent got;

	MUST(sent_add(st, STR("token"), &s, NULL));
	MUST(sent_add(st, STR("other"), &s, NULL));
	MUST(sent_find(st, STR("token"), &a, &got, NULL));
	assert_true(got.mailbox == i.mailbox && got.correspondent == i.correspondent && got.at == NOW);
	assert_true(got.user == i.user && str_eq(got.address, STR("bob@home.example")) &&
	            str_eq(got.name, STR("Robert Sender")) && str_eq(got.alias, STR("shop@relay.example")));
	MUST(sent_forget(st, STR("token"), NULL));
	assert_int_equal(sent_find(st, STR("token"), &a, &got, NULL), FAIL_ABSENT);
	MUST(sent_find(st, STR("other"), &a, &got, NULL));
	purge(st, NOW + 10 * DAY_S + 1);
	assert_int_equal(sent_find(st, STR("other"), &a, &got, NULL), FAIL_ABSENT);
	MUST(sent_add(st, STR("third"), &s, NULL));
	MUST(alias_delete(st, i.alias, NULL)); /* takes its correspondents along */
	assert_int_equal(sent_find(st, STR("third"), &a, &got, NULL), FAIL_ABSENT);
}

/* ---- refused answers --------------------------------------------------------------------------------------------- */

static struct held a_refusal(const struct ids *i, int64_t at)
{
	return (struct held){ .user = i->user,
		              .mailbox = i->mailbox,
		              .alias = i->alias,
		              .alias_address = STR("shop@relay.example"),
		              .sender = STR("alice@mailbox.example"),
		              .rcpts = STR("list"),
		              .account = 7,
		              .cause = 3,
		              .at = at,
		              .size = 99,
		              .mid = STR("MID"),
		              .told = HELD_TO_TELL };
}

static int64_t add_body(struct store *st)
{
	OWNFD fd = -1;
	struct body b = { .stored = 5, .plain = 5, .key = STR("0123456789abcdef0123456789abcdef") };
	int64_t id;

	MUST(memfd_of(STR("plain"), &fd, NULL));
	MUST(body_add(st, fd, &b, &id, NULL));
	return id;
}

static bool has_body(struct store *st, int64_t id)
{
	OWN(arena) a = ARENA;
	OWNFD fd = -1;
	struct body b;
	uint64_t offset;

	return body_get(st, id, &a, &b, &fd, &offset, NULL) == OK;
}

static int count(void *arg, const struct held *h, struct fail *f)
{
	(*(size_t *)arg)++;
	return OK;
}

static size_t how_many(struct store *st, int64_t user)
{
	size_t n = 0;

	MUST(held_each(st, user, count, &n, NULL));
	return n;
}

static void a_refusal_is_kept_with_its_message(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct held h = a_refusal(&i, NOW), got;
	OWN(arena) a = ARENA;
	int64_t id, body;

	MUST(held_add(st, &h, &id, NULL));
	body = add_body(st);
	MUST(held_keep(st, id, body, NULL));
	MUST(held_get(st, id, &a, &got, NULL));
	assert_true(got.user == i.user && got.mailbox == i.mailbox && got.alias == i.alias &&
	            got.account == 7 && got.cause == 3 && got.at == NOW && got.size == 99 &&
	            got.body == body && got.told == HELD_TO_TELL);
	assert_true(str_eq(got.alias_address, h.alias_address) && str_eq(got.sender, h.sender) &&
	            str_eq(got.rcpts, h.rcpts) && str_eq(got.mid, h.mid));
	MUST(held_delete(st, id, NULL));
	assert_int_equal(held_get(st, id, &a, &got, NULL), FAIL_ABSENT);
	assert_int_equal(held_delete(st, id, NULL), FAIL_ABSENT);
	assert_false(has_body(st, body));
	body = add_body(st); /* comes when the row has gone */
	assert_int_equal(held_keep(st, id, body, NULL), FAIL_ABSENT);
	assert_false(has_body(st, body));
}

/* Whatever takes the row takes the message: its key must not outlive it. */
static void promise_9_a_message_goes_with_whatever_it_hangs_on(void **state)
{
	for (int what = 0; what < 3; what++) {
		fixture_fresh(state);
		OWNS(store) st = fixture_open(0);
		struct ids i = fixture_fill(st);
		struct held h = a_refusal(&i, NOW);
		int64_t id, body = add_body(st);

		MUST(held_add(st, &h, &id, NULL));
		MUST(held_keep(st, id, body, NULL));
		assert_true(has_body(st, body));
		if (what == 0)
			MUST(user_delete(st, i.user, NULL));
		else if (what == 1)
			MUST(mailbox_delete(st, i.mailbox, NULL));
		else
			MUST(alias_delete(st, i.alias, NULL));
		assert_int_equal(how_many(st, 0), 0);
		assert_false(has_body(st, body));
	}
}

static void refusals_end_after_a_week(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct held old = a_refusal(&i, NOW - HELD_DAYS * DAY_S - 1),
	            fresh = a_refusal(&i, NOW - HELD_DAYS * DAY_S);
	int64_t id, body = add_body(st);

	MUST(held_add(st, &old, &id, NULL));
	MUST(held_keep(st, id, body, NULL));
	MUST(held_add(st, &fresh, &id, NULL));
	purge(st, NOW);
	assert_int_equal(how_many(st, i.user), 1);
	assert_false(has_body(st, body));
}

/* A stranger can cause refusals without a message; what the user may let go is not pushed out by those. */
static void a_user_has_a_hundred_and_messages_stay_longest(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct held h = a_refusal(&i, NOW), got;
	OWN(arena) a = ARENA;
	int64_t first, id, body = add_body(st), other;

	MUST(user_add(st, STR("other"), 1, &other, NULL));
	MUST(held_add(st, &h, &first, NULL));
	MUST(held_keep(st, first, body, NULL));
	for (int n = 0; n < HELD_MOST + 20; n++)
		MUST(held_add(st, &h, &id, NULL));
	assert_int_equal(how_many(st, i.user), HELD_MOST);
	MUST(held_get(st, first, &a, &got, NULL));
	MUST(held_get(st, id, &a, &got, NULL));
	assert_int_equal(held_get(st, first + 1, &a, &got, NULL), FAIL_ABSENT);
	h.user = other;
	h.mailbox = h.alias = 0;
	MUST(held_add(st, &h, &id, NULL));
	assert_int_equal(how_many(st, i.user), HELD_MOST);
	assert_int_equal(how_many(st, other), 1);
	assert_int_equal(how_many(st, 0), HELD_MOST + 1);
	h.user = 12345;
	assert_int_equal(held_add(st, &h, &id, NULL), FAIL_ABSENT);
}

static void many_refusals_do_not_make_a_letter_forgotten(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct held h = a_refusal(&i, NOW);
	int64_t id;
	bool told;

	h.told = HELD_TOLD;
	MUST(held_add(st, &h, &id, NULL));
	h.told = HELD_QUIET;
	for (int n = 0; n < HELD_MOST + 20; n++)
		MUST(held_add(st, &h, &id, NULL));
	MUST(held_was_told(st, i.user, i.alias, h.cause, NOW - HOUR_S, &told, NULL));
	assert_true(told);
}

static void one_of_a_kind_is_told_in_an_hour(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct held h = a_refusal(&i, NOW);
	int64_t id, found;
	bool told;

	h.told = HELD_QUIET;
	MUST(held_add(st, &h, &id, NULL));
	MUST(held_was_told(st, i.user, i.alias, 3, NOW - HOUR_S, &told, NULL));
	assert_false(told);
	assert_int_equal(held_untold(st, NOW + 1, 0, &found, NULL), FAIL_ABSENT);
	MUST(held_set_told(st, id, HELD_TO_TELL, NULL));
	MUST(held_untold(st, NOW + 1, 0, &found, NULL));
	assert_int_equal(found, id);
	assert_int_equal(held_untold(st, NOW + 1, id, &found, NULL), FAIL_ABSENT);
	assert_int_equal(held_untold(st, NOW, 0, &found, NULL), FAIL_ABSENT);
	MUST(held_set_told(st, id, HELD_TOLD, NULL));
	MUST(held_was_told(st, i.user, i.alias, 3, NOW - HOUR_S, &told, NULL));
	assert_true(told);
	MUST(held_was_told(st, i.user, i.alias, 3, NOW, &told, NULL));
	assert_false(told);
	MUST(held_was_told(st, i.user, i.alias, 4, NOW - HOUR_S, &told, NULL));
	assert_false(told);
	MUST(held_was_told(st, i.user, 0, 3, NOW - HOUR_S, &told, NULL));
	assert_false(told);
}

static void settings_of_answers(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct mailbox m;
	struct alias al;

	MUST(mailbox_get(st, i.mailbox, &a, &m, NULL));
	assert_true(m.reply_rule == 1 && m.reply_clear &&
	            !m.replies_told); /* the strict rule, and readable ones are taken */
	MUST(mailbox_set_replies(st, i.mailbox, 2, false, NULL));
	MUST(mailbox_replies_told(st, i.mailbox, NOW, NULL));
	MUST(mailbox_get(st, i.mailbox, &a, &m, NULL));
	assert_true(m.reply_rule == 2 && !m.reply_clear && m.replies_told == NOW);
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	assert_int_equal(al.from_name.n, 0);
	al.from_name = STR("The Shop");
	MUST(alias_update(st, &al, NULL));
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	assert_true(str_eq(al.from_name, STR("The Shop")) && str_eq(al.label, STR("bookshop-label")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(promise_4_a_signature_that_spoke_is_known_for_30_days, fixture_fresh),
		cmocka_unit_test_setup(answers_are_known_by_digest_and_reverse_address, fixture_fresh),
		cmocka_unit_test_setup(a_token_leads_to_its_answer_for_ten_days, fixture_fresh),
		cmocka_unit_test_setup(a_refusal_is_kept_with_its_message, fixture_fresh),
		cmocka_unit_test(promise_9_a_message_goes_with_whatever_it_hangs_on),
		cmocka_unit_test_setup(refusals_end_after_a_week, fixture_fresh),
		cmocka_unit_test_setup(a_user_has_a_hundred_and_messages_stay_longest, fixture_fresh),
		cmocka_unit_test_setup(many_refusals_do_not_make_a_letter_forgotten, fixture_fresh),
		cmocka_unit_test_setup(one_of_a_kind_is_told_in_an_hour, fixture_fresh),
		cmocka_unit_test_setup(settings_of_answers, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
