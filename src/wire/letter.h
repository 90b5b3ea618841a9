/* letter.h - characters as names and words are compared: "RENÉ Muller" is "René Müller", in whichever of Unicode's two forms
 * (composed, or letter and accent apart) it is written. Latin, Greek and Cyrillic; others are compared as they are. Pure. */
#ifndef WIRE_LETTER_H
#define WIRE_LETTER_H

#include "base/str.h"

#include <stdint.h>

enum {
	LETTER_NOTHING = 0 /* seen by nobody: an accent apart, a soft hyphen, a blank of no width */,
	LETTER_BLANK = ' '
};

/* The character at s.p[i], i < s.n: in lower case, without its accent; every blank is LETTER_BLANK. ret_n: its bytes. A byte
 * that is no UTF-8 is itself. */
uint32_t letter_at(struct str s, size_t i, size_t *ret_n);

/* Does a word go on here? s.p[i] begins, or s.p[i - 1] ends a letter or a digit. */
bool letter_begins(struct str s, size_t i);
bool letter_ends(struct str s, size_t i);

/* Without what nobody sees and what turns the direction of writing: "invoice\u202efdp.exe". A copy in `out`. */
struct buf;
void letter_visible(struct str in, struct buf *out);

#endif
