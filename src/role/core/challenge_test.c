/* challenge_test.c - what core gives out is known again for its purpose, for its time, and once. The clock and the keyed hash are
 * the test's own. */
#include "role/core/challenge.h"

#include "crypto/aead.h"
#include "role/core/keys.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

enum { NOW = 1800000000 };

static int64_t now = NOW;
static struct core core;
static struct request q;
static struct asker asker;

int64_t core_now(const struct core *c)
{
	return now;
}

void keys_hash(const struct core *c, const char *use, uint64_t scope, struct str data, uint8_t ret[static 32])
{
	OWN(buf) all = BUF(4096);

	buf_addf(&all, "the key of a test %s %llu ", use, (unsigned long long)scope);
	buf_add(&all, data);
	assert_int_equal(EVP_Digest(all.p, all.n, ret, NULL, EVP_sha256(), NULL), 1);
}

static int fresh(void **state)
{
	now = NOW;
	free(core.challenges);
	core.challenges = NULL;
	asker = (struct asker){ .session = { .id = 7 } };
	q = (struct request){ .core = &core, .asker = &asker };
	return 0;
}

static int done(void **state)
{
	arena_done(&q.arena);
	return 0;
}

static struct str given(enum challenge_for what, const char *bound)
{
	struct str word = STR("");

	assert_int_equal(challenge_new(&q, what, str_c(bound), &word, NULL), OK);
	assert_int_equal(word.n, CHALLENGE_CHARS);
	return word;
}

static void assert_known(bool want, enum challenge_for what, const char *bound, struct str word)
{
	struct fail f = { 0 };
	int r = challenge_check(&q, what, str_c(bound), word, "passkey", &f);

	assert_int_equal(r, want ? OK : FAIL_DENIED);
	assert_true(want || str_eq(str_c(q.bad_arg), STR("passkey")));
}

static void for_its_purpose_alone(void **state)
{
	struct str word = given(CHALLENGE_SIGN_UP, "alice\ntoken");

	assert_known(true, CHALLENGE_SIGN_UP, "alice\ntoken", word);
	assert_known(false, CHALLENGE_SIGN_UP, "alice\ntoken2", word);
	assert_known(false, CHALLENGE_SIGN_UP, "", word);
	for (int what = CHALLENGE_SIGN_IN; what <= CHALLENGE_PROVEN; what++)
		assert_known(what == CHALLENGE_SIGN_UP, (enum challenge_for)what, "alice\ntoken", word);
	assert_false(str_eq(word, given(CHALLENGE_SIGN_UP, "alice\ntoken")));
}

static void for_five_minutes(void **state)
{
	struct str word = given(CHALLENGE_SIGN_IN, "");

	now = NOW + CHALLENGE_LIFE_S - 1;
	assert_known(true, CHALLENGE_SIGN_IN, "", word);
	now = NOW + CHALLENGE_LIFE_S;
	assert_known(false, CHALLENGE_SIGN_IN, "", word);
}

static void once(void **state)
{
	struct str word = given(CHALLENGE_SIGN_IN, ""), other = given(CHALLENGE_SIGN_IN, "");
	char same[CHALLENGE_CHARS];

	assert_int_equal(challenge_take(&q, word, NULL), OK);
	assert_known(false, CHALLENGE_SIGN_IN, "", word);
	assert_known(true, CHALLENGE_SIGN_IN, "", other);
	/* the last character has two bits that say nothing */
	for (int i = 0; i < 128; i++) {
		memcpy(same, word.p, sizeof(same));
		same[CHALLENGE_CHARS - 1] = (char)i;
		assert_known(false, CHALLENGE_SIGN_IN, "", str_of(same, sizeof(same)));
	}
}

static void not_in_another_process(void **state)
{
	struct str word = given(CHALLENGE_SIGN_IN, "");

	free(core.challenges);
	core.challenges = NULL;
	assert_known(false, CHALLENGE_SIGN_IN, "", word);
}

static void every_byte_counts(void **state)
{
	struct str word = given(CHALLENGE_SIGN_IN, "");
	char other[CHALLENGE_CHARS + 1];

	for (size_t i = 0; i < CHALLENGE_CHARS; i++) {
		memcpy(other, word.p, CHALLENGE_CHARS);
		other[i] = other[i] == 'A' ? 'Q' : 'A';
		if (i < CHALLENGE_CHARS - 1)
			assert_known(false, CHALLENGE_SIGN_IN, "", str_of(other, CHALLENGE_CHARS));
	}
	memcpy(other, word.p, CHALLENGE_CHARS);
	other[CHALLENGE_CHARS] = 'A';
	for (size_t n = 0; n <= CHALLENGE_CHARS + 1; n++)
		assert_known(n == CHALLENGE_CHARS, CHALLENGE_SIGN_IN, "", str_of(other, n));
	assert_known(false, CHALLENGE_SIGN_IN, "", STR("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"));
	assert_int_equal(challenge_take(&q, STR("short"), NULL), FAIL_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(for_its_purpose_alone, fresh, done),
		cmocka_unit_test_setup_teardown(for_five_minutes, fresh, done),
		cmocka_unit_test_setup_teardown(once, fresh, done),
		cmocka_unit_test_setup_teardown(not_in_another_process, fresh, done),
		cmocka_unit_test_setup_teardown(every_byte_counts, fresh, done)
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	free(core.challenges);
	return r;
}
