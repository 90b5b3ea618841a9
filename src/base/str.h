/* str.h - a view of bytes: never owns, not NUL-terminated, may hold any byte. Passed by value. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

/* What is written for another. */
struct str_pair {
	struct str from, to;
};

#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 }) /* a literal, as an expression */
#define STR_INIT(lit)                                                                                        \
	{                                                                                                    \
		"" lit, sizeof(lit) - 1                                                                      \
	} /* a literal, as a static initialiser */
#define STR_NONE ((struct str){ NULL, 0 })

/* for printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_of(const void *p, size_t n)
{
	return (struct str){ p, n };
}
struct str str_c(const char *z); /* of a NUL-terminated string; NULL is empty */

bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only, whatever the locale */
int str_cmp(struct str a, struct str b);        /* as memcmp, the shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* The part from offset n on; the whole of it, empty, when n is past the end. */
struct str str_from(struct str s, size_t n);
struct str str_first(struct str s, size_t n);
/* At most n bytes, and no UTF-8 character cut in two. */
struct str str_first_utf8(struct str s, size_t n);
struct str str_trim(struct str s); /* without SP, TAB, CR and LF at both ends */

/* Offset of the first c, or s.n. */
size_t str_chr(struct str s, char c);
size_t str_rchr(struct str s, char c);            /* of the last c, or s.n */
size_t str_find(struct str s, struct str needle); /* or s.n; linear time */

/* Cuts s at the first `sep`: returns what stands before it and leaves the rest in *s; without one
 * the whole is returned and *s is left empty with p NULL. */
struct str str_cut(struct str *s, char sep);

bool str_is_ascii(struct str s); /* no byte above 127 */
bool str_is_utf8(struct str s);  /* well-formed, shortest form, no surrogates (RFC 3629) */

/* Decimal, no sign, no spaces, no overflow. */
bool str_u64(struct str s, uint64_t *ret_value);

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

#endif
