/* password.h - what an app password looks like: 25 characters of base32, 125 random bits, shown in five groups. */
#ifndef POLICY_PASSWORD_H
#define POLICY_PASSWORD_H

#include "base/buf.h"

enum { PASSWORD_CHARS = 25, PASSWORD_RANDOM = 16, PASSWORD_SHOWN = 29 };

/* "abcde-fghij-klmno-pqrst-uvwxy" of random bytes; `out` has room for PASSWORD_SHOWN at least. The caller wipes it. */
void password_print(const uint8_t random[static PASSWORD_RANDOM], struct buf *out);

/* What is hashed of what somebody types: without hyphens and blanks, lower case. False: it can be no password, and *ret_n is
 * 0. `to` is the caller's to wipe. */
bool password_canon(struct str typed, char to[static PASSWORD_CHARS], size_t *ret_n);

#endif
