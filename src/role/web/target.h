/* target.h - request targets: a pattern's variables, query parameters, percent-encoding (RFC 3986). Pure. */
#ifndef ROLE_WEB_TARGET_H
#define ROLE_WEB_TARGET_H

#include "base/arena.h"
#include "base/fail.h"

enum { TARGET_VARS = 2 };

struct target_var {
	struct str name, value; /* value decoded, in the arena */
};

/* path: as it came, without the query. Does it have the pattern's form ("/v1/aliases/{address}")? A variable is one segment
 * that is not empty; one that is badly encoded, or holds a control character, fits nothing. */
bool target_fits(const char *pattern, struct str path, struct arena *a,
                 struct target_var ret[static TARGET_VARS], size_t *ret_n);

/* The next "name=value" of a query; false at its end. FAIL: *ret_bad. "+" is a space. */
bool target_param(struct str *query, struct arena *a, struct target_var *ret, bool *ret_bad);

/* %41 -> A; plus: + -> space. False: badly encoded, or a control character. */
bool target_decode(struct str s, bool plus, struct arena *a, struct str *ret);

#endif
