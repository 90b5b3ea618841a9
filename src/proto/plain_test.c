#include "proto/plain.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LONGEST = 90, LEFT = 64 + LONGEST }; /* a step and a line are left to the one who looks, at most */

/* By the words of the contract, a byte at a time. Up to where could s be taken? */
static size_t by_hand(struct str s)
{
	size_t whole = 0;

	for (size_t i = 0; i + 1 < s.n; i++) {
		bool cr = s.p[i] == '\r', lf = s.p[i + 1] == '\n';

		if (cr != lf || !s.p[i] || (s.p[i] == '\n' && s.p[i + 1] == '.'))
			break;
		if (s.p[i] == '\n')
			whole = i + 1;
	}
	return s.n && s.p[0] == '\n' ? 0 : whole;
}

/* A line of `length` bytes with its end, again and again. On the heap, so that a sanitizer sees a byte too many. */
static char *text_of(size_t n, size_t length)
{
	char *p = malloc(n ? n : 1);

	for (size_t i = 0; i < n; i++)
		p[i] = i % length == length - 2 ? '\r' : i % length == length - 1 ? '\n' : 'a';
	return p;
}

/* Never more than is right, never ended but behind a line, and little of it left undone. */
static void judge(struct str s)
{
	size_t most = by_hand(s), got = plain_lines(s);

	assert_int_equal(got, plain_lines_anywhere(s));
	if (got > most || (got && s.p[got - 1] != '\n'))
		fail_msg("took %zu of %zu", got, most);
	assert_true(got + LEFT >= most);
}

static void whole_lines_are_found(void **state)
{
	for (size_t length = 2; length < LONGEST; length += 3)
		for (size_t n = 0; n < 400; n++) {
			char *p = text_of(n, length);

			judge(str_of(p, n));
			free(p);
		}
}

static void whatever_stands_apart_is_left_to_be_looked_at(void **state)
{
	static const char odd[] = { '\r', '\n', '\0', '.' };

	for (size_t n = 60; n < 270; n += 7)
		for (size_t at = 0; at < n; at++)
			for (size_t k = 0; k < sizeof(odd); k++) {
				char *p = text_of(n, 37);

				p[at] = odd[k];
				judge(str_of(p, n));
				free(p);
			}
}

static void something_is_found_at_all(void **state)
{
	char *p = text_of(6700, 67);

	assert_true(plain_lines(str_of(p, 6700)) > 6500);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_lines_are_found),
		cmocka_unit_test(whatever_stands_apart_is_left_to_be_looked_at),
		cmocka_unit_test(something_is_found_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
