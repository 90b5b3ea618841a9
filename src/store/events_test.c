/* events_test.c - what happened to mail, an hour and a reason a row. */
#include "store/events.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/db.h"
#include "store/fixture_test.h"
#include "store/people.h"
#include "store/upkeep.h"
#include "store/users.h"

enum { NOW = 1000 * DAY_S + 30 * MINUTE_S };

static struct event relayed(const struct ids *i, int64_t at)
{
	return (struct event){ .user = i->user,
		               .alias = i->alias,
		               .correspondent = i->correspondent,
		               .what = EVENT_RELAYED,
		               .at = at,
		               .n = 1,
		               .bytes = 10 };
}

static struct event refused(const struct ids *i, int64_t at, struct str who)
{
	return (struct event){ .user = i->user,
		               .alias = i->alias,
		               .what = EVENT_REFUSED,
		               .why = STR("off"),
		               .who = who,
		               .at = at,
		               .n = 1 };
}

static int print(void *arg, const struct event *e, struct fail *f)
{
	buf_addf(arg, "%d:%d:%.*s:%lld:%lld:%lld:%.*s%.*s\n", e->way, e->what, STR_ARG(e->why),
	         (long long)(e->at - NOW), (long long)e->n, (long long)e->bytes, STR_ARG(e->address),
	         STR_ARG(e->who));
	return OK;
}

static void assert_list(struct store *st, struct event_page p, const char *want)
{
	OWN(buf) got = BUF(1 << 20);

	p.limit = p.limit ? p.limit : 100;
	MUST(events_each(st, &p, print, &got, NULL));
	assert_string_equal(got.n ? got.p : "", want);
}

static void an_hour_is_one_row(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct event e = relayed(&i, NOW);

	MUST(events_add(st, &e, NULL));
	e.at = NOW + 60;
	e.n = 3;
	MUST(events_add(st, &e, NULL));
	e.at = NOW + 30; /* a clock that went back */
	MUST(events_add(st, &e, NULL));
	assert_list(st, (struct event_page){ .user = i.user }, "0:1::60:7:30:bob@home.example\n");
	e = relayed(&i, NOW + HOUR_S);
	MUST(events_add(st, &e, NULL));
	e.way = EVENT_OUT;
	MUST(events_add(st, &e, NULL));
	assert_list(st, (struct event_page){ .user = i.user },
	            "1:1::3600:1:10:bob@home.example\n0:1::3600:1:10:bob@home.example\n"
	            "0:1::60:7:30:bob@home.example\n");
}

/* Whoever tries a thousand senders makes one row, in which the last of them stands. */
static void strangers_share_a_row(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	char who[32];

	for (int k = 0; k < 1000; k++) {
		struct event e;

		snprintf(who, sizeof(who), "s%d@spam.example", k);
		e = refused(&i, NOW, str_c(k == 999 ? "" : who)); /* nobody to name: the one before stays */
		MUST(events_add(st, &e, NULL));
	}
	assert_list(st, (struct event_page){ .user = i.user }, "0:2:off:0:1000:0:s998@spam.example\n");
}

static void a_page_begins_after_the_one_before(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias other = { .user = i.user, .address = STR("two@relay.example"), .state = ALIAS_ON };
	struct event a = relayed(&i, NOW), b = refused(&i, NOW, STR("x@y.example")),
	             c = relayed(&i, NOW - DAY_S);

	MUST(alias_add(st, &other, &other.id, NULL));
	c.alias = other.id;
	MUST(events_add(st, &c, NULL)); /* id 1 */
	MUST(events_add(st, &a, NULL)); /* 2 */
	MUST(events_add(st, &b, NULL)); /* 3: of the same second */
	assert_list(st, (struct event_page){ .user = i.user, .limit = 1 }, "0:2:off:0:1:0:x@y.example\n");
	assert_list(st, (struct event_page){ .user = i.user, .limit = 1, .before_at = NOW, .before_id = 3 },
	            "0:1::0:1:10:bob@home.example\n");
	assert_list(st, (struct event_page){ .user = i.user, .before_at = NOW, .before_id = 2 },
	            "0:1::-86400:1:10:bob@home.example\n");
	assert_list(st, (struct event_page){ .user = i.user, .alias = other.id },
	            "0:1::-86400:1:10:bob@home.example\n");
	assert_list(st, (struct event_page){ .user = i.user, .kinds = EVENT_BIT(EVENT_OUT, EVENT_REFUSED) },
	            "");
	assert_list(st, (struct event_page){ .user = i.user, .kinds = EVENT_BIT(EVENT_IN, EVENT_REFUSED) },
	            "0:2:off:0:1:0:x@y.example\n");
	assert_list(st,
	            (struct event_page){
	                    .user = i.user, .alias = other.id, .kinds = EVENT_BIT(EVENT_IN, EVENT_REFUSED) },
	            "");
}

static void another_users_are_not_told(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct event e = relayed(&i, NOW);
	int64_t bob;

	MUST(user_add(st, STR("bob-user"), NOW, &bob, NULL));
	MUST(events_add(st, &e, NULL));
	assert_list(st, (struct event_page){ .user = bob }, "");
	assert_list(st, (struct event_page){ .user = bob, .alias = i.alias },
	            ""); /* also with an alias of another's */
}

static int64_t rows(struct store *st)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM event");

	MUST(q_one(&q, "events", NULL));
	return q_col_i64(&q, 0);
}

static void they_go_with_what_they_are_of(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct event e = relayed(&i, NOW), none = refused(&i, NOW, STR(""));

	none.alias = 0;
	MUST(events_add(st, &e, NULL));
	MUST(events_add(st, &none, NULL));
	MUST(correspondent_delete(st, i.correspondent, NULL)); /* that something came stays, not from whom */
	assert_list(st, (struct event_page){ .user = i.user }, "0:2:off:0:1:0:\n0:1::0:1:10:\n");
	MUST(alias_delete(st, i.alias, NULL));
	assert_list(st, (struct event_page){ .user = i.user }, "0:2:off:0:1:0:\n");
	assert_int_equal(events_add(st, &e, NULL), FAIL_ABSENT);
	MUST(user_delete(st, i.user, NULL));
	assert_int_equal(rows(st), 0);
	assert_int_equal(events_add(st, &none, NULL), FAIL_ABSENT);
}

static void old_ones_are_purged(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct event e = relayed(&i, NOW - 31 * DAY_S);
	bool more;

	MUST(events_add(st, &e, NULL));
	e.at = NOW - 29 * DAY_S;
	MUST(events_add(st, &e, NULL));
	MUST(upkeep_purge(st, NOW, &more, NULL));
	assert_false(more);
	assert_int_equal(rows(st), 1);
	MUST(upkeep_purge(st, NOW + 3 * DAY_S, &more, NULL));
	assert_int_equal(rows(st), 0);
}

/* Many correspondents in one hour are told by reasons alone from some number on; many hours push the oldest out. */
static void rows_of_a_user_are_bounded(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	const struct event_page first = { .user = i.user, .limit = 1 };
	struct event e = relayed(&i, NOW);

	for (int64_t k = 1; k <= EVENT_HOUR_MOST + 50; k++) {
		e.correspondent = k;
		MUST(events_add(st, &e, NULL));
	}
	assert_int_equal(rows(st), EVENT_HOUR_MOST + 1);
	assert_list(st, first, "0:1::0:50:500:\n");
	for (int64_t hour = 1; hour <= 12; hour++)
		for (int64_t k = 1; k <= EVENT_HOUR_MOST; k++) {
			e = relayed(&i, NOW + hour * HOUR_S);
			e.correspondent = k;
			MUST(events_add(st, &e, NULL));
		}
	assert_in_range(rows(st), EVENT_MOST, EVENT_MOST + EVENT_TRIM);
	assert_list(st, (struct event_page){ .user = i.user, .before_at = NOW + HOUR_S - 1 }, "");
}

static void the_last_ones_of_an_alias(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct event e = relayed(&i, NOW), no = refused(&i, NOW + 5, STR("")), drop = no;
	struct event_last l = { 0 };

	MUST(events_last(st, i.alias, &l, NULL));
	assert_true(!l.in && !l.out && !l.blocked);
	MUST(events_add(st, &e, NULL));
	e.at += 7;
	e.way = EVENT_OUT;
	MUST(events_add(st, &e, NULL));
	MUST(events_add(st, &no, NULL));
	drop.what = EVENT_DROPPED;
	drop.at += 1;
	MUST(events_add(st, &drop, NULL));
	MUST(events_last(st, i.alias, &l, NULL));
	assert_true(l.in == NOW && l.out == NOW + 7 && l.blocked == NOW + 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_hour_is_one_row, fixture_fresh),
		cmocka_unit_test_setup(strangers_share_a_row, fixture_fresh),
		cmocka_unit_test_setup(a_page_begins_after_the_one_before, fixture_fresh),
		cmocka_unit_test_setup(another_users_are_not_told, fixture_fresh),
		cmocka_unit_test_setup(they_go_with_what_they_are_of, fixture_fresh),
		cmocka_unit_test_setup(old_ones_are_purged, fixture_fresh),
		cmocka_unit_test_setup(rows_of_a_user_are_bounded, fixture_fresh),
		cmocka_unit_test_setup(the_last_ones_of_an_alias, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
