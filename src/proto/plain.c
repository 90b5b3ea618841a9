#include "proto/plain.h"

#include <string.h>

enum { STEP = 64 };

/* Without a branch, for the compiler to take as many bytes at once as the processor can. Reads one byte more. */
static bool is_plain(const unsigned char *p)
{
	unsigned char bad = 0;

	for (size_t i = 0; i < STEP; i++) {
		unsigned char here = p[i], next = p[i + 1];
		unsigned char apart = (here == '\r') ^ (next == '\n');
		unsigned char dot = (here == '\n') & (next == '.');

		bad |= apart | dot | (here == '\0');
	}
	return !bad;
}

size_t plain_lines(struct str s)
{
	size_t n = 0, last;

	if (!s.n || s.p[0] == '\n')
		return 0;
	while (s.n - n > STEP && is_plain((const unsigned char *)s.p + n))
		n += STEP;
	last = str_rchr(str_first(s, n), '\n');
	return last < n ? last + 1 : 0;
}
