/* catchall.h - which addresses of a user's own domain become aliases on their first mail. Pure. */
#ifndef POLICY_CATCHALL_H
#define POLICY_CATCHALL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "policy/alias.h"

enum { CATCH_PATTERNS_MAX = 32, CATCH_PATTERN_MAX = 64 };

/* Patterns separated by blanks, each of the whole local part: "*" stands for any run of characters, "?" for one. */
struct catch_rule {
	bool on;
	struct str allow; /* empty: everything that deny does not name */
	struct str deny;  /* goes before allow */
};

/* Patterns as somebody wrote them, with blanks or commas between, as they are kept. FAIL_SYNTAX: not of the characters
 * that a local part may have here; FAIL_LIMIT: too many, too long. */
MUST_CHECK int catch_patterns(struct str written, struct buf *out, struct fail *f);

/* local: in lower case. Only plain names (letters, digits, . _ - + =) become aliases by themselves, and never the relay's
 * own. A pattern costs at most CATCH_PATTERN_MAX x 64 steps: there is no nesting to go back through. */
bool catch_allows(const struct catch_rule *r, struct str local);

/* The day's new aliases are made: the sender is to come again. */
struct verdict catch_full(void);

#endif
