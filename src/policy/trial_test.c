#include "policy/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	struct trial_facts facts;
	const char *word;
} cases[] = {
	{ { true, true, TRIAL_BY_USER }, "both" },
	{ { true, false, TRIAL_BY_USER }, "signed" },
	{ { true, true, TRIAL_BY_NOBODY }, "encrypted" },
	{ { true, false, TRIAL_BY_NOBODY }, "clear" },
	{ { true, true, TRIAL_BY_OTHER }, "other-key" },
	{ { true, false, TRIAL_BY_OTHER }, "other-key" },
	{ { true, true, TRIAL_FALSELY }, "broken" },
	{ { true, false, TRIAL_FALSELY }, "broken" },
	/* whatever is said beside it */
	{ { false, true, TRIAL_BY_USER }, "unopened" },
	{ { false, false, TRIAL_BY_NOBODY }, "unopened" },
};

static void an_answer_becomes_one_word(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(trial_word(trial_judge(&cases[i].facts)), cases[i].word);
	assert_string_equal(trial_word(TRIAL_NONE), "none");
	assert_string_equal(trial_word((enum trial_answer)99), "none"); /* of a newer store */
}

static void nothing_unsigned_takes_back_what_a_signature_has_shown(void **state)
{
	for (unsigned last = 0; last < TRIAL_ANSWERS; last++)
		for (unsigned next = 0; next < TRIAL_ANSWERS; next++) {
			bool shown = last == TRIAL_BOTH || last == TRIAL_SIGNED;
			bool shows = next == TRIAL_BOTH || next == TRIAL_SIGNED;

			assert_int_equal(trial_replaces((enum trial_answer)last, (enum trial_answer)next),
			                 shows || !shown);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_becomes_one_word),
		cmocka_unit_test(nothing_unsigned_takes_back_what_a_signature_has_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
