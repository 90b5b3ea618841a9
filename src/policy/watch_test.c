/* watch_test.c - looks at a domain over days, with a clock and name servers of the test's own. */
#include "policy/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { DAY = 86400, HOUR = 3600, T0 = 20000 * DAY };

/* What a look finds, by its letters: o m w ? for ownership, MX, SPF, DMARC. */
static void look(struct watch_facts *w, const char *found, int64_t now)
{
	enum record_state s[RECORD_KINDS];

	for (size_t i = 0; i < RECORD_KINDS; i++)
		s[i] = found[i] == 'o'   ? RECORD_OK
		       : found[i] == 'm' ? RECORD_MISSING
		       : found[i] == 'w' ? RECORD_WRONG
		                         : RECORD_UNSURE;
	watch_learn(w, s, now, (uint32_t)now * 2654435761u);
}

static struct watch_facts fresh(void)
{
	return (struct watch_facts){ .state = { RECORD_UNSURE, RECORD_UNSURE, RECORD_UNSURE,
		                                RECORD_UNSURE } };
}

/* A row: looks, one a day; since which of them ownership and MX are lost at the end (-1: they are not); on which days letters went. */
static const struct {
	const char *looks[12];
	int lost, elsewhere;
	const char *letters;
} cases[] = {
	{ { "oooo", "oooo" }, -1, -1, "" },
	{ { "oooo", "mooo" }, 1, -1, "" },                          /* one look proves little */
	{ { "oooo", "mooo", "mooo" }, 1, -1, "2" },                 /* the next day: a letter */
	{ { "oooo", "wooo", "????", "wooo" }, 1, -1, "3" },         /* another token is none */
	{ { "oooo", "mooo", "oooo", "mooo" }, 3, -1, "" },          /* it was back */
	{ { "oooo", "????", "????", "????", "????" }, -1, -1, "" }, /* silence is no loss */
	{ { "oooo", "mooo", "????", "????" }, 1, -1, "" },          /* and no letter either */
	{ { "oooo", "?wmm", "?wmm" }, -1, 1, "2" },                 /* MX leads elsewhere */
	{ { "oooo", "ommm", "omoo" }, -1, 1, "2" },                 /* or nowhere */
	{ { "owoo", "owoo", "owoo", "owoo" }, -1, -1, "" },         /* it never led here: its user knows */
	{ { "?wmm", "?ooo", "?wmm", "?wmm" }, -1, 2, "3" },
	{ { "oooo", "oomm", "oomm" }, -1, -1, "" }, /* SPF and DMARC lose no mail */
	{ { "oooo", "mooo", "mooo", "mwoo", "mwoo", "mwoo", "mwoo", "mwoo", "mwoo", "mwoo" }, 1, 3, "29" },
	{ { "oooo", "mooo", "mooo", "oooo", "oooo", "mooo", "mooo", "mooo" },
	  5,
	  -1,
	  "2" }, /* a letter a week */
};

static void test_over_days(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct watch_facts w = fresh();
		char letters[16] = "";

		for (int d = 0; d < 12 && cases[i].looks[d]; d++) {
			bool of[WATCHED_KINDS];
			int64_t now = T0 + d * DAY;

			look(&w, cases[i].looks[d], now);
			if (strcmp(cases[i].looks[d], "????") == 0 || !watch_tell(&w, now, of))
				continue; /* as core does: a letter follows an answer */
			w.told = now;
			snprintf(letters + strlen(letters), sizeof(letters) - strlen(letters), "%d", d);
		}
		if (w.lost[WATCHED_OWNERSHIP] != (cases[i].lost < 0 ? 0 : T0 + cases[i].lost * DAY) ||
		    w.lost[WATCHED_MX] != (cases[i].elsewhere < 0 ? 0 : T0 + cases[i].elsewhere * DAY) ||
		    strcmp(letters, cases[i].letters) != 0)
			fail_msg("case %zu: lost %lld, %lld, letters %s", i, (long long)w.lost[0],
			         (long long)w.lost[1], letters);
	}
}

static void test_letters_end(void **state)
{
	struct watch_facts w = fresh();
	int letters = 0;
	bool of[WATCHED_KINDS];

	look(&w, "oooo", T0);
	for (int d = 1; d < 200; d++) {
		look(&w, "mooo", T0 + d * DAY);
		if (!watch_tell(&w, T0 + d * DAY, of))
			continue;
		assert_true(of[WATCHED_OWNERSHIP] && !of[WATCHED_MX]);
		w.told = T0 + d * DAY;
		letters++;
	}
	assert_int_equal(letters, 5);
	assert_int_equal(w.lost[WATCHED_OWNERSHIP], T0 + DAY);
}

/* Silence: everything stays but the next look, which comes sooner. */
static void test_no_answer_changes_nothing(void **state)
{
	struct watch_facts w = fresh(), before;

	look(&w, "omwo", T0);
	before = w;
	look(&w, "????", T0 + DAY);
	assert_true(w.next >= T0 + DAY + HOUR && w.next < T0 + DAY + 2 * HOUR);
	w.next = before.next;
	assert_memory_equal(&w, &before, sizeof(w));
	look(&w, "?o??", T0 + 2 * DAY);
	assert_true(w.state[RECORD_MX] == RECORD_OK && w.state[RECORD_SPF] == RECORD_WRONG);
	assert_int_equal(w.checked, T0 + 2 * DAY);
}

/* A thousand that were added in one second are spread over eight hours after the first look. */
static void test_looks_are_spread(void **state)
{
	int hours[24] = { 0 };

	for (uint32_t i = 0; i < 1000; i++) {
		struct watch_facts w = fresh();
		static const enum record_state ok[RECORD_KINDS];
		int64_t wait;

		watch_learn(&w, ok, T0, i * 2654435761u);
		wait = w.next - T0;
		assert_true(wait >= 20 * HOUR && wait < 28 * HOUR);
		hours[wait / HOUR - 20]++;
	}
	for (int h = 0; h < 8; h++)
		assert_in_range(hours[h], 60, 200);
}

/* Soon at first, ever more seldom, and over after two weeks: some dozens of looks, whatever the dice say. */
static void test_a_claim_is_looked_for_until_it_is_given_up(void **state)
{
	for (uint32_t dice = 0; dice < 1000000; dice += 99991) {
		int64_t at = watch_claim(T0, T0, dice), pause = at - T0;
		int n = 1;

		assert_true(pause >= 60 && pause <= 90);
		for (;; n++) {
			int64_t next = watch_claim(T0, at, dice);

			if (!next)
				break;
			assert_true(next - at >= pause / 2 && next - at <= 8 * HOUR);
			pause = next - at;
			at = next;
		}
		assert_true(at >= T0 + WATCH_CLAIM_S && at < T0 + WATCH_CLAIM_S + 8 * HOUR);
		assert_true(n > 40 && n < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_over_days),
		cmocka_unit_test(test_a_claim_is_looked_for_until_it_is_given_up),
		cmocka_unit_test(test_letters_end),
		cmocka_unit_test(test_no_answer_changes_nothing),
		cmocka_unit_test(test_looks_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
