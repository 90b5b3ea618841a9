/* event_test.c - every reason that something can be refused for has a sentence, and is found by its word. */
#include "policy/event.h"

#include "base/clock.h"
#include "policy/alias.h"
#include "policy/block.h"
#include "policy/catchall.h"
#include "policy/quota.h"
#include "policy/reply.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>

#include <cmocka.h>

static void assert_said(const char *word)
{
	struct event_reason r = event_reason(str_c(word));

	assert_true(event_is_word(str_c(word)));
	assert_string_equal(r.word, word);
	assert_true(strlen(r.says) > 20);
}

static void verdicts_are_explained(void **state)
{
	const struct alias_box expired = { true, 1, false }, bare = { false, 0, false };
	const struct alias_facts facts[] = {
		{ .state = GATE_OFF_REJECT },
		{ .state = GATE_OFF_DROP },
		{ .state = GATE_ON, .expires_at = 1, .count_left = -1 },
		{ .state = GATE_ON, .idle_days = 1, .count_left = -1 },
		{ .state = GATE_ON, .count_left = 0 },
		{ .state = GATE_ON, .count_left = -1 },
		{ .state = GATE_ON, .count_left = -1, .boxes = &expired, .n_boxes = 1 },
		{ .state = GATE_ON, .count_left = -1, .boxes = &bare, .n_boxes = 1 },
	};
	const struct quota one = { { 1, 0, 1, 0 } }, full = { { 1, 0, 0, 0 } }, none = { 0 };

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		struct verdict v = alias_judge(&facts[i], 100 * DAY_S, 3);

		assert_int_not_equal(v.kind, VERDICT_ACCEPT);
		assert_said(v.why);
	}
	assert_said(block_refused(true).why);
	assert_said(block_dropped().why);
	assert_said(catch_full().why);
	assert_said(quota_judge(&one, &full, 0).why);
	assert_said(quota_judge(&one, &none, 5).why);
}

static void answers_are_explained_in_their_own_words(void **state)
{
	for (unsigned i = REPLY_FINE + 1; i < REPLY_CAUSES; i++) {
		const struct reply_row *row = reply_row((enum reply_cause)i);

		assert_said(row->word);
		assert_string_equal(event_reason(str_c(row->word)).says, row->why);
		assert_string_equal(event_reason(str_c(row->word)).remedy, row->remedy);
	}
}

static void what_the_other_side_said_is_explained(void **state)
{
	for (uint32_t i = 0; i < BOUNCE_REASONS; i++)
		assert_said(event_bounce_word(i));
	assert_string_equal(event_bounce_word(BOUNCE_REASONS), "there-other");
	assert_string_equal(event_bounce_word(UINT32_MAX), "there-other");
}

static void another_word_is_trouble(void **state)
{
	assert_string_equal(event_reason(STR("fine")).word, "trouble");
	assert_string_equal(event_reason(STR("<b>x</b>")).word, "trouble");
	assert_false(event_is_word(STR("disk I/O error")));
	assert_string_equal(event_reason(STR("")).says, "");
	assert_true(event_is_word(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_explained),
		cmocka_unit_test(answers_are_explained_in_their_own_words),
		cmocka_unit_test(what_the_other_side_said_is_explained),
		cmocka_unit_test(another_word_is_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
