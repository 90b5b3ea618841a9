/* recovery.h - the master key as text for paper: 56 letters and digits of base32 in groups of four, the last of them a
 * checksum that finds a slip of the pen. */
#ifndef CLI_RECOVERY_H
#define CLI_RECOVERY_H

#include "base/buf.h"
#include "base/secret.h"

enum { RECOVERY_KEY = 32, RECOVERY_LETTERS = 56 };

void recovery_print(const struct secret *key, struct buf *out);
/* Case, blanks and dashes do not matter, and 0, 1, 8 are read as o, l, b. FAIL_SYNTAX: not such a text; FAIL_FORGED: the checksum is wrong. */
MUST_CHECK int recovery_parse(struct str text, struct secret *ret, struct fail *f);

#endif
