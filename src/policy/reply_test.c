#include "policy/reply.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 20000 * DAY_S };

/* The answer of an ordinary client: encrypted with CBC, signed with the user's key an hour ago. */
static struct reply_facts ordinary(void)
{
	return (struct reply_facts){ .rule = REPLY_REQUIRED,
		                     .encrypted = true,
		                     .cbc = true,
		                     .signature = SPEAKS_USER,
		                     .signed_utc = NOW - HOUR_S,
		                     .clear_ok = true };
}

#define CASE(want, ...)                                                                                      \
	{                                                                                                    \
		struct reply_facts f = ordinary();                                                           \
		__VA_ARGS__;                                                                                 \
		if (reply_judge(&f, NOW) != (want))                                                          \
			fail_msg("line %d: %s, wanted %s", __LINE__, reply_row(reply_judge(&f, NOW))->word,  \
			         reply_row(want)->word);                                                     \
	}

static void promise_4_required_wants_a_registered_signature(void **state)
{
	CASE(REPLY_FINE, (void)0);
	CASE(REPLY_FINE, f.encrypted = f.cbc = false);
	CASE(REPLY_UNSIGNED, f.signature = SPEAKS_NOBODY);
	CASE(REPLY_UNSIGNED, f.signature = SPEAKS_NOBODY; f.encrypted = f.cbc = false);
	CASE(REPLY_UNSIGNED, f.signature = SPEAKS_NOBODY; f.cbc = false);
	CASE(REPLY_UNSIGNED, f.signature = SPEAKS_NOBODY; f.trusted_host = true);
	CASE(REPLY_FOREIGN, f.signature = SPEAKS_OTHER);
	CASE(REPLY_FOREIGN, f.signature = SPEAKS_OTHER; f.trusted_host = true);
	CASE(REPLY_BROKEN, f.signature = SPEAKS_FALSELY);
	CASE(REPLY_UNSIGNED, f.signature = SPEAKS_NOBODY;
	     f.rule = (enum reply_rule)0); /* an unknown rule is the strict one */
	CASE(REPLY_UNSIGNED, f.signature = SPEAKS_NOBODY; f.rule = (enum reply_rule)7; f.trusted_host = true);
}

static void promise_4_relaxed_wants_a_signature_or_a_trusted_host(void **state)
{
#define RELAXED(want, ...) CASE(want, f.rule = REPLY_RELAXED; __VA_ARGS__)
	RELAXED(REPLY_FINE, (void)0);
	RELAXED(REPLY_UNTRUSTED, f.signature = SPEAKS_NOBODY);
	RELAXED(REPLY_UNTRUSTED, f.signature = SPEAKS_NOBODY; f.encrypted = f.cbc = false);
	RELAXED(REPLY_FOREIGN, f.signature = SPEAKS_OTHER);
	RELAXED(REPLY_BROKEN, f.signature = SPEAKS_FALSELY; f.trusted_host = true);
	RELAXED(REPLY_FINE, f.signature = SPEAKS_NOBODY; f.trusted_host = true; f.encrypted = f.cbc = false);
	RELAXED(REPLY_FINE, f.signature = SPEAKS_NOBODY; f.trusted_host = true; f.cbc = false);
	RELAXED(REPLY_FINE, f.signature = SPEAKS_OTHER; f.trusted_host = true; f.encrypted = f.cbc = false);
	/* EFAIL: what can be altered unseen is never acted on, whoever brought it */
	RELAXED(REPLY_ALTERABLE, f.signature = SPEAKS_NOBODY; f.trusted_host = true);
	RELAXED(REPLY_ALTERABLE, f.signature = SPEAKS_OTHER; f.trusted_host = true);
}

static void promise_4_a_signature_is_good_once_and_not_for_ever(void **state)
{
	CASE(REPLY_REUSED, f.reused = true);
	CASE(REPLY_REUSED, f.reused = true; f.released = true);
	CASE(REPLY_REUSED, f.reused = true; f.signed_utc = 1);
	CASE(REPLY_FINE, f.signed_utc = NOW - REPLY_SIGNED_MOST_DAYS * DAY_S);
	CASE(REPLY_STALE, f.signed_utc = NOW - REPLY_SIGNED_MOST_DAYS * DAY_S - 1);
	CASE(REPLY_FINE, f.signed_utc = NOW + REPLY_AHEAD_MOST_S);
	CASE(REPLY_STALE, f.signed_utc = NOW + REPLY_AHEAD_MOST_S + 1);
	CASE(REPLY_STALE, f.signed_utc = 0); /* would be good for ever */
	CASE(REPLY_STALE, f.signed_utc = 1; f.rule = REPLY_RELAXED; f.trusted_host = true);
	CASE(REPLY_STALE, f.signed_utc = INT64_MIN); /* a forked process may tell any number */
	CASE(REPLY_STALE, f.signed_utc = INT64_MAX);
	CASE(REPLY_FINE, f.signed_utc = 1; f.released = true);
	/* nothing is forgotten before it is too old anyway */
	assert_true(REPLY_SIGNED_MOST_DAYS * DAY_S + REPLY_AHEAD_MOST_S < REPLY_REPEAT_DAYS * DAY_S);
}

static void promise_4_submission_speaks_from_its_own_aliases(void **state)
{
#define SUBMITTED(want, ...)                                                                                 \
	CASE(want, f.submitted = true; f.signature = SPEAKS_NOBODY;                                          \
	     f.encrypted = f.cbc = f.clear_ok = false; f.signed_utc = 0; __VA_ARGS__)
	SUBMITTED(REPLY_FINE, (void)0);
	SUBMITTED(REPLY_FINE, f.rule = REPLY_RELAXED);
	SUBMITTED(REPLY_NOT_ALIAS, f.not_alias = true);
	SUBMITTED(REPLY_NOT_ALIAS, f.not_alias = true; f.released = true);
	SUBMITTED(REPLY_ENDED, f.ended = true);
	SUBMITTED(REPLY_OWN_MAIL, f.own_mail = true);
	SUBMITTED(REPLY_STRANGERS, f.strangers = true);
}

static void promise_6_what_would_name_the_user_is_refused(void **state)
{
	CASE(REPLY_OWN_MAIL, f.own_mail = true);
	CASE(REPLY_STRANGERS, f.strangers = true);
	CASE(REPLY_MIXED, f.mixed = true);
	CASE(REPLY_ENDED, f.ended = true);
	CASE(REPLY_IN_CLEAR, f.encrypted = f.cbc = f.clear_ok = false);
	CASE(REPLY_FINE, f.clear_ok = false); /* encrypted */
	/* who speaks comes first; what cannot be released before what can */
	CASE(REPLY_UNSIGNED, f.signature = SPEAKS_NOBODY;
	     f.ended = f.mixed = f.strangers = f.own_mail = true);
	CASE(REPLY_ENDED, f.ended = f.mixed = f.strangers = f.own_mail = true; f.signed_utc = 1);
	CASE(REPLY_STRANGERS, f.strangers = f.own_mail = true; f.signed_utc = 1);
	CASE(REPLY_STALE, f.own_mail = true; f.signed_utc = 1);
}

static void promise_4_a_release_waives_only_what_is_safe(void **state)
{
	CASE(REPLY_FINE, f.released = f.own_mail = true);
	CASE(REPLY_FINE, f.released = true; f.encrypted = f.cbc = f.clear_ok = false);
	CASE(REPLY_FINE, f.released = f.own_mail = true; f.signed_utc = 1;
	     f.encrypted = f.cbc = f.clear_ok = false);
	CASE(REPLY_UNSIGNED, f.released = true; f.signature = SPEAKS_NOBODY);
	CASE(REPLY_FOREIGN, f.released = true; f.signature = SPEAKS_OTHER);
	CASE(REPLY_BROKEN, f.released = true; f.signature = SPEAKS_FALSELY);
	RELAXED(REPLY_UNTRUSTED, f.released = true; f.signature = SPEAKS_NOBODY);
	RELAXED(REPLY_ALTERABLE, f.released = f.trusted_host = true; f.signature = SPEAKS_NOBODY);
	CASE(REPLY_STRANGERS, f.released = f.strangers = f.own_mail = true);
	CASE(REPLY_MIXED, f.released = f.mixed = true);
	CASE(REPLY_ENDED, f.released = f.ended = true);
	for (unsigned i = 0; i < REPLY_CAUSES; i++)
		assert_int_equal(reply_row((enum reply_cause)i)->releasable,
		                 i == REPLY_STALE || i == REPLY_IN_CLEAR || i == REPLY_OWN_MAIL);
}

static void every_cause_has_its_words(void **state)
{
	for (unsigned i = 0; i < REPLY_CAUSES; i++) {
		const struct reply_row *r = reply_row((enum reply_cause)i);

		assert_int_equal(reply_by_word(str_c(r->word)), i);
		assert_int_equal(i == REPLY_FINE ? 250 : r->smtp >= 550 ? 550 : 0, r->smtp);
		assert_true(r->enhanced[0] == (i == REPLY_FINE ? '2' : '5') && strlen(r->enhanced) == 5);
		assert_true(*r->sentence && strlen(r->sentence) < 200 && !strchr(r->sentence, '@'));
		assert_true(*r->why && *r->remedy && !strchr(r->why, '\n') && !strchr(r->why, '\r') &&
		            !strchr(r->remedy, '\r'));
	}
	assert_int_equal(reply_by_word(STR("")), REPLY_CAUSES);
	assert_int_equal(reply_by_word(STR("UNOPENED")), REPLY_CAUSES);
}

/* Nobody who has not proved to be the user can tell by the answer how far an altered message got. */
static void promise_5_refusals_of_unknown_speakers_read_alike(void **state)
{
	static const enum reply_cause alike[] = { REPLY_UNSIGNED,  REPLY_FOREIGN,   REPLY_BROKEN,
		                                  REPLY_UNTRUSTED, REPLY_ALTERABLE, REPLY_REUSED,
		                                  REPLY_STALE };
	const struct reply_row *first = reply_row(REPLY_UNOPENED);

	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		const struct reply_row *r = reply_row(alike[i]);

		assert_int_equal(r->smtp, first->smtp);
		assert_string_equal(r->enhanced, first->enhanced);
		assert_string_equal(r->sentence, first->sentence);
	}
}

/* What core asks before it looks anything up: nothing that stands in the content may change it. */
static void promise_6_who_speaks_is_known_without_the_content(void **state)
{
	for (unsigned bits = 0; bits < 16; bits++) {
		struct reply_facts f = ordinary();

		f.strangers = bits & 1;
		f.mixed = bits & 2;
		f.own_mail = bits & 4;
		f.ended = bits & 8;
		assert_int_equal(reply_who(&f), REPLY_FINE);
		f.signature = SPEAKS_NOBODY;
		assert_int_equal(reply_who(&f), REPLY_UNSIGNED);
		assert_int_equal(reply_judge(&f, NOW), REPLY_UNSIGNED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_4_required_wants_a_registered_signature),
		cmocka_unit_test(promise_4_relaxed_wants_a_signature_or_a_trusted_host),
		cmocka_unit_test(promise_4_a_signature_is_good_once_and_not_for_ever),
		cmocka_unit_test(promise_4_submission_speaks_from_its_own_aliases),
		cmocka_unit_test(promise_6_what_would_name_the_user_is_refused),
		cmocka_unit_test(promise_4_a_release_waives_only_what_is_safe),
		cmocka_unit_test(promise_6_who_speaks_is_known_without_the_content),
		cmocka_unit_test(every_cause_has_its_words),
		cmocka_unit_test(promise_5_refusals_of_unknown_speakers_read_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
