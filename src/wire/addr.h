/* addr.h - one mail address, as SMTP and message headers write it (RFC 5321 4.1.2, RFC 5322 3.4, RFC 6531).
 * One strict reading: source routes are read and dropped, comments are skipped, quoted local parts are
 * unquoted, domain literals are accepted as domains but never as ours. NUL, CR, LF and other controls are
 * FAIL_SYNTAX, as are bad UTF-8, empty parts, a dot at an end, a domain label of more than 63 bytes, a local
 * part of more than 64 bytes and a domain of more than 255. */
#ifndef WIRE_ADDR_H
#define WIRE_ADDR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

struct addr {
	struct str local;  /* unquoted; may hold any printable byte, UTF-8 */
	struct str domain; /* without a final dot; as written (A-label or U-label) */
};

/* "local@domain" and nothing else. Views point into `in`, or into `a` where unquoting had to copy. */
MUST_CHECK int addr_parse(struct str in, struct arena *a, struct addr *ret, struct fail *f);

/* The path of MAIL FROM or RCPT TO with its angle brackets: "<a@b>", "<@x,@y:a@b>", "<>" (ret->local and
 * ret->domain both empty), "<postmaster>" (domain empty; only when allow_postmaster). ret_rest is what
 * follows the '>' (parameters). Never "a@b" without brackets. */
MUST_CHECK int addr_path(struct str in, bool allow_postmaster, struct arena *a, struct addr *ret,
                         struct str *ret_rest, struct fail *f);

bool addr_is_null(const struct addr *a);

/* Appends local@domain, quoting the local part where RFC 5321 wants it. print is a fixed point of parse. */
void addr_print(const struct addr *a, struct buf *out);

/* The form that is hashed and compared: everything ASCII-lower-cased, local part unquoted as far as it may
 * be, domain without final dot. Two spellings of one address give the same key. */
void addr_key(const struct addr *a, struct buf *out);
bool addr_eq(const struct addr *a, const struct addr *b); /* by key */

bool addr_is_ascii(const struct addr *a);

/* One entry of a To, Cc, From... header. */
struct addr_entry {
	struct str name;  /* display name, decoded to UTF-8 (RFC 2047, quoted-string); may be empty */
	struct addr addr; /* empty in an empty group or where the entry could not be read */
	struct str raw;   /* the bytes of the entry as they stood */
	bool broken;      /* there is text but no readable address in it */
};

enum { ADDR_LIST_MAX = 2000 };

/* Reads an address list field body (RFC 5322 3.4, with obsolete forms, groups flattened). It never fails on
 * content: what cannot be read becomes an entry with `broken` set. FAIL_LIMIT past ADDR_LIST_MAX entries.
 * Results and copies live in the arena. */
MUST_CHECK int addr_list(struct str body, struct arena *a, struct addr_entry **ret, size_t *ret_n,
                         struct fail *f);

#endif
