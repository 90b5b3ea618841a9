/* bounces_test.c - failures of mailboxes and their pauses. */
#include "store/bounces.h"

#include "base/clock.h"
#include "store/fixture_test.h"
#include "store/upkeep.h"
#include "store/users.h"

enum { NOW = 1000 * DAY_S };

static struct bounce_row row(int64_t mailbox, int64_t at, enum bounce_way way, struct str token)
{
	return (struct bounce_row){ .mailbox = mailbox,
		                    .at = at,
		                    .way = way,
		                    .reason = 1,
		                    .hard = 1,
		                    .status = STR("5.1.1"),
		                    .note = STR("550 no such user"),
		                    .token = token };
}

static size_t count(struct store *st, int64_t mailbox, int64_t since)
{
	OWN(arena) a = ARENA;
	struct bounce_row r[10];
	size_t n;

	MUST(bounce_recent(st, mailbox, since, 10, &a, r, &n, NULL));
	return n;
}

static int64_t a_mailbox(struct store *st, struct ids i)
{
	int64_t id;

	MUST(mailbox_add(st, i.user, STR("second@mailbox.example"), false, NOW, &id, NULL));
	return id;
}

static void a_report_counts_once(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t m = a_mailbox(st, i);
	struct bounce_row r = row(m, NOW, BOUNCED_LATER, STR("token"));
	OWN(arena) a = ARENA;
	struct bounce_row got[10];
	size_t n;

	MUST(bounce_add(st, &r, NULL));
	assert_int_equal(bounce_add(st, &r, NULL), FAIL_EXISTS);
	r.token = STR("");
	r.at++;
	MUST(bounce_add(st, &r, NULL));
	MUST(bounce_add(st, &r, NULL));
	assert_int_equal(count(st, m, 0), 3);
	assert_int_equal(count(st, m, NOW + 1), 2);
	MUST(bounce_recent(st, m, 0, 10, &a, got, &n, NULL));
	assert_true(got[0].at == NOW + 1 && got[2].at == NOW && got[2].way == BOUNCED_LATER);
	assert_true(str_eq(got[2].note, STR("550 no such user")) && str_eq(got[2].status, STR("5.1.1")));
	r.mailbox = m + 100;
	assert_int_equal(bounce_add(st, &r, NULL), FAIL_ABSENT);
}

static void success_forgets_what_it_disproves(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t m = a_mailbox(st, i);
	struct bounce_row r = row(m, NOW, BOUNCED_LATER, STR("token"));

	MUST(bounce_add(st, &r, NULL));
	r = row(m, NOW, BOUNCED_AT_ONCE, STR(""));
	MUST(bounce_add(st, &r, NULL));
	MUST(bounce_forget(st, m, false, NULL));
	assert_int_equal(count(st, m, 0), 1);
	MUST(bounce_forget(st, m, true, NULL));
	assert_int_equal(count(st, m, 0), 0);
}

static void pauses_are_kept_and_listed(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct pause p, list[4];
	size_t n;

	p.mailbox = a_mailbox(st, i);
	MUST(pause_get(st, p.mailbox, &p, NULL));
	assert_true(p.user == i.user && !p.since && !p.why && !p.probes && !p.taken && !p.told);
	MUST(pause_list(st, 4, list, &n, NULL));
	assert_int_equal(n, 0);
	p.since = NOW;
	p.why = 2;
	p.probe_at = NOW + 5;
	p.probes = 3;
	p.taken = 7;
	p.told = 1;
	MUST(pause_set(st, &p, NULL));
	MUST(pause_list(st, 4, list, &n, NULL));
	assert_int_equal(n, 1);
	assert_memory_equal(&list[0], &p, sizeof(p));
}

static void old_failures_are_purged(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t m = a_mailbox(st, i);
	struct bounce_row r = row(m, NOW - 31 * DAY_S, BOUNCED_LATER, STR("old"));
	bool more;

	MUST(bounce_add(st, &r, NULL));
	r = row(m, NOW - 29 * DAY_S, BOUNCED_LATER, STR("new"));
	MUST(bounce_add(st, &r, NULL));
	MUST(upkeep_purge(st, NOW, &more, NULL));
	assert_int_equal(count(st, m, 0), 1);
	MUST(mailbox_delete(st, m, NULL));
	assert_int_equal(count(st, m, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_report_counts_once, fixture_fresh),
		cmocka_unit_test_setup(success_forgets_what_it_disproves, fixture_fresh),
		cmocka_unit_test_setup(pauses_are_kept_and_listed, fixture_fresh),
		cmocka_unit_test_setup(old_failures_are_purged, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
