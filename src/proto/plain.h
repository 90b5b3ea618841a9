/* plain.h - the lines of a body that need no thought, found many bytes at a time. */
#ifndef PROTO_PLAIN_H
#define PROTO_PLAIN_H

#include "base/str.h"

/* Bytes at the start of s, up to and with a CR LF, in which no CR, LF or NUL stands apart and behind which, as behind each
 * CR LF in them, no dot begins a line. 0: there are none, or too few to be worth it; then one has to look. What
 * the first byte means, which may be in the middle of a line, is for the caller: a dot there, or the LF of a CR before, is not
 * seen. */
size_t plain_lines(struct str s);
/* The same as processors without AVX2 have it: for tests. */
size_t plain_lines_anywhere(struct str s);

#endif
