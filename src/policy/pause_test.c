#include "policy/pause.h"

#include "base/clock.h"
#include "policy/verp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 20000 * DAY_S };

/* `times` failures, the newest now, spread evenly over `span_s`. */
static void mailboxes_are_paused_by_rule(void **state)
{
	static const struct {
		enum bounce_reason reason;
		bool hard;
		size_t times;
		int64_t span_s;
		enum pause_why want;
	} cases[] = {
		{ BOUNCE_UNKNOWN, true, 1, 0, PAUSE_NONE },
		{ BOUNCE_UNKNOWN, true, 2, DAY_S - 1, PAUSE_NONE },
		{ BOUNCE_UNKNOWN, true, 2, DAY_S, PAUSE_UNKNOWN },
		{ BOUNCE_INACTIVE, true, 2, DAY_S, PAUSE_UNKNOWN },
		{ BOUNCE_UNKNOWN, false, 9, 5 * DAY_S, PAUSE_NONE },
		{ BOUNCE_UNKNOWN, true, 4, 1, PAUSE_NONE },
		{ BOUNCE_UNKNOWN, true, 5, 0, PAUSE_UNKNOWN },
		{ BOUNCE_UNKNOWN, true, 2, 11 * DAY_S, PAUSE_NONE }, /* one of them is too old */
		{ BOUNCE_FULL, false, 3, 2 * DAY_S, PAUSE_FULL },
		{ BOUNCE_FULL, true, 60, 2 * DAY_S - 1, PAUSE_NONE },
		{ BOUNCE_FULL, false, 2, 3 * DAY_S, PAUSE_NONE },
		{ BOUNCE_BLOCKED, true, 9, 5 * DAY_S, PAUSE_NONE },
		{ BOUNCE_SPAM, true, 10, 2 * DAY_S, PAUSE_REFUSED },
		{ BOUNCE_SPAM, true, 10, 600, PAUSE_NONE },
		{ BOUNCE_OTHER, true, 10, DAY_S, PAUSE_REFUSED },
		{ BOUNCE_EXPIRED, false, 5, DAY_S, PAUSE_UNREACHABLE },
		{ BOUNCE_NETWORK, true, 4, DAY_S, PAUSE_NONE },
		{ BOUNCE_SIZE, true, 60, 5 * DAY_S, PAUSE_NONE },
		{ BOUNCE_RATE, true, 60, 5 * DAY_S, PAUSE_NONE },
		{ BOUNCE_CONTENT, true, 60, 5 * DAY_S, PAUSE_NONE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bounce_event e[PAUSE_EVENTS];
		int64_t gaps = cases[i].times > 1 ? (int64_t)cases[i].times - 1 : 1;

		for (size_t k = 0; k < cases[i].times; k++)
			e[k] = (struct bounce_event){ NOW - cases[i].span_s * (int64_t)k / gaps,
				                      cases[i].reason, cases[i].hard };
		if (pause_judge(e, cases[i].times, NOW) != cases[i].want)
			fail_msg("case %zu", i);
	}
}

static void reasons_are_not_added_up(void **state)
{
	static const struct bounce_event e[] = { { NOW, BOUNCE_UNKNOWN, true },
		                                 { NOW - DAY_S, BOUNCE_SPAM, true },
		                                 { NOW - 2 * DAY_S, BOUNCE_FULL, true } };

	assert_int_equal(pause_judge(e, 3, NOW), PAUSE_NONE);
	assert_int_equal(pause_judge(e, 0, NOW), PAUSE_NONE);
}

static void waits_grow_to_a_week(void **state)
{
	assert_int_equal(pause_wait(0, DAY_S), DAY_S);
	assert_int_equal(pause_wait(1, DAY_S), 2 * DAY_S);
	assert_int_equal(pause_wait(3, DAY_S), 7 * DAY_S);
	assert_int_equal(pause_wait(1000, DAY_S), 7 * DAY_S);
}

/* What a token says, and for how long: attack 73. */
static void attack_73_a_report_comes_within_ten_days(void **state)
{
	static const struct {
		int64_t day;
		bool want;
	} cases[] = { { 20000, true },  { 19999, true }, { 19990, true }, { 19989, false },
		      { 20001, false }, { 0, false },    { 65535, false } };
	const struct verp v = { 0x123456789abc, 20000, VERP_REPLY, 0xfedcba98 };
	OWN(buf) b = BUF(64);
	struct verp back;

	verp_pack(&v, &b);
	assert_int_equal(b.n, VERP_BYTES);
	assert_true(verp_unpack(buf_str(&b), &back));
	assert_true(back.mailbox == v.mailbox && back.day == v.day && back.kind == v.kind &&
	            back.salt == v.salt);
	assert_false(verp_unpack(str_first(buf_str(&b), VERP_BYTES - 1), &back));
	b.p[8] = 0;
	assert_false(verp_unpack(buf_str(&b), &back));
	b.p[8] = VERP_REPLY + 1;
	assert_false(verp_unpack(buf_str(&b), &back));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct verp at = { 1, cases[i].day, VERP_FORWARD, 0 };

		assert_int_equal(verp_is_current(&at, NOW + 3600), cases[i].want);
	}
}

static void each_why_is_told(void **state)
{
	for (enum pause_why w = 0; w < PAUSE_WHYS; w++) {
		assert_int_equal(pause_word(w)[0] != 0, w > 0);
		assert_int_equal(pause_sentence(w)[0] != 0, w > 0);
	}
	assert_string_equal(pause_word(PAUSE_WHYS), ""); /* a row of another version */
	assert_string_equal(pause_sentence(PAUSE_WHYS), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mailboxes_are_paused_by_rule),
		cmocka_unit_test(reasons_are_not_added_up),
		cmocka_unit_test(waits_grow_to_a_week),
		cmocka_unit_test(each_why_is_told),
		cmocka_unit_test(attack_73_a_report_comes_within_ten_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
