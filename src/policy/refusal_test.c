#include "policy/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Kept or not, and under however long a number. */
static const int64_t kept[] = { 0, 1, 12345678901, INT64_MAX };

static void attack_06_every_letter_has_one_size(void **state)
{
	for (unsigned c = 0; c < REPLY_CAUSES; c++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
			OWN(buf) out = BUF(REFUSAL_BYTES * 2);

			buf_addz(&out, "before");
			refusal_print((enum reply_cause)c, kept[i], 7, &out);
			if (out.over || out.n != REFUSAL_BYTES + strlen("before"))
				fail_msg("%s: %zu bytes", reply_row((enum reply_cause)c)->word, out.n);
		}
}

/* All that the user is to read, whatever has become of the lines. */
static struct str flat(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] != ' ' && in.p[i] != '\r' && in.p[i] != '\n')
			buf_addc(out, in.p[i]);
	return buf_str(out);
}

static bool says(struct str letter, const char *words)
{
	OWN(buf) whole = BUF(REFUSAL_BYTES);
	OWN(buf) wanted = BUF(REFUSAL_BYTES);
	struct str all = flat(letter, &whole);

	return str_find(all, flat(str_c(words), &wanted)) < all.n;
}

static void it_says_why_and_what_to_do(void **state)
{
	for (unsigned c = 0; c < REPLY_CAUSES; c++) {
		const struct reply_row *row = reply_row((enum reply_cause)c);
		OWN(buf) out = BUF(REFUSAL_BYTES);

		refusal_print((enum reply_cause)c, 47, 7, &out);
		assert_true(says(buf_str(&out), row->why) && says(buf_str(&out), row->remedy));
		assert_int_equal(says(buf_str(&out), "keeps this answer for 7 days"), row->releasable);
		assert_int_equal(says(buf_str(&out), "postern reply release 47"), row->releasable);
		assert_true(says(buf_str(&out), "postern reply list"));
	}
}

static void its_lines_are_short(void **state)
{
	for (unsigned c = 0; c < REPLY_CAUSES; c++) {
		OWN(buf) out = BUF(REFUSAL_BYTES);
		struct str left;

		refusal_print((enum reply_cause)c, INT64_MAX, 7, &out);
		assert_true(str_is_ascii(buf_str(&out)) && str_ends(buf_str(&out), STR("\r\n")));
		for (left = buf_str(&out); left.n;) {
			struct str line = str_cut(&left, '\n');

			if (line.n > REFUSAL_WIDTH + 10 || !str_ends(line, STR("\r")))
				fail_msg("\"%.*s\"", STR_ARG(line));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_06_every_letter_has_one_size),
		cmocka_unit_test(it_says_why_and_what_to_do),
		cmocka_unit_test(its_lines_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
