#include "policy/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint32_t waits[] = { 60, 300, 900, 3600 };

static unsigned let_go(struct site *s, int64_t now, unsigned asked)
{
	unsigned n = 0;

	for (unsigned i = 0; i < asked; i++) {
		if (!site_may_go(s, now))
			continue;
		(void)site_goes(s);
		n++;
	}
	return n;
}

static void fall(struct site *s, int64_t now)
{
	while (s->probes)
		site_back(s);
	site_dead(s, waits, 4, now, 0);
}

static void a_few_ask_and_the_rest_waits(void **state)
{
	struct site s = { 0 };

	assert_int_equal(let_go(&s, 0, 1000), SITE_PROBES);
	fall(&s, 0);
	assert_int_equal(s.state, SITE_ASLEEP);
	assert_int_equal(let_go(&s, s.until - 1, 1000), 0);
	assert_int_equal(let_go(&s, s.until, 1000), SITE_PROBES);
}

static void pauses_grow_to_the_longest(void **state)
{
	struct site s = { 0 };
	int64_t now = 0, before = 0;

	for (int i = 0; i < 10; i++) {
		int64_t pause;

		let_go(&s, now, 1);
		fall(&s, now);
		pause = s.until - now;
		assert_true(pause >= before && pause <= SITE_MOST_S);
		before = pause;
		now = s.until;
	}
	assert_int_equal(before, SITE_MOST_S);
}

/* Hundreds of messages that were under way when it fell come back one after the other: one pause. */
static void what_fails_within_a_pause_is_the_same_failure(void **state)
{
	struct site s = { 0 }, once;

	fall(&s, 0);
	once = s;
	for (int i = 0; i < 300; i++)
		site_dead(&s, waits, 4, 1, 65535);
	assert_int_equal(s.until, once.until);
	assert_int_equal(s.pauses, once.pauses);
}

static void an_answer_ends_it_whenever_it_comes(void **state)
{
	struct site s = { 0 };

	for (int i = 0; i < 5; i++)
		fall(&s, i * 10000);
	site_spoke(&s); /* by what had been sent before */
	assert_int_equal(let_go(&s, 40001, 1000), 1000);
	fall(&s, 40002);
	assert_true(s.until <= 40002 + 66); /* from the first pause on */
}

static void a_probe_that_says_nothing_leaves_all_as_it_was(void **state)
{
	struct site s = { 0 };

	fall(&s, 0);
	assert_int_equal(let_go(&s, 100, 2), 2);
	site_back(&s);
	site_unsaid(&s, waits, 4, 101, 0);
	assert_int_equal(s.state, SITE_ASKED); /* another one is still under way */
	site_back(&s);
	site_unsaid(&s, waits, 4, 102, 0);
	assert_int_equal(s.state, SITE_ASLEEP);
	assert_int_equal(s.pauses, 1);
	site_spoke(&s);
	site_unsaid(&s, waits, 4, 103, 0);
	assert_int_equal(s.state, SITE_AWAKE);
}

static void chance_spreads_the_pauses(void **state)
{
	struct site low = { 0 }, high = { 0 };

	site_dead(&low, waits, 4, 0, 0);
	site_dead(&high, waits, 4, 0, 12);
	assert_true(low.until < high.until);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_ask_and_the_rest_waits),
		cmocka_unit_test(pauses_grow_to_the_longest),
		cmocka_unit_test(what_fails_within_a_pause_is_the_same_failure),
		cmocka_unit_test(an_answer_ends_it_whenever_it_comes),
		cmocka_unit_test(a_probe_that_says_nothing_leaves_all_as_it_was),
		cmocka_unit_test(chance_spreads_the_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
