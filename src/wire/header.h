/* header.h - the header block of a message or of a MIME part: split into fields, byte-exact, and writing
 * of folded fields. The block must use CRLF throughout (the SMTP server refuses anything else). */
#ifndef WIRE_HEADER_H
#define WIRE_HEADER_H

#include "wire/addr.h"

struct field {
	struct str name; /* without the colon and blanks before it */
	struct str body; /* after the colon, folds included, without the final CRLF */
	struct str raw;  /* the whole field with its final CRLF */
};

struct header {
	struct field *fields;
	size_t n;
	struct str block; /* the fields, without the empty line */
};

struct header_limits {
	size_t fields, block_bytes;
};

/* Reads the fields up to the empty line or the end; *ret_body is the rest after it. A line that is no field
 * (no colon, bad name) ends the header: the body begins there, as mail clients do ("flaw" header end); a
 * leading "From " mbox line is skipped. FAIL_LIMIT past the limits. Views point into `in`. */
MUST_CHECK int header_parse(struct str in, const struct header_limits *lim, struct arena *a,
                            struct header *ret, struct str *ret_body, struct fail *f);

/* The first field of that name, or NULL; the next one after `after`. ASCII case ignored. */
const struct field *header_get(const struct header *h, struct str name);
const struct field *header_next(const struct header *h, const struct field *after, struct str name);

/* field body unfolded: CRLF before white space removed, ends trimmed. A copy only where there is a fold. */
struct str header_unfold(struct str body, struct arena *a);

/* A structured value with parameters: Content-Type, Content-Disposition (RFC 2045 5.1, RFC 2231 with
 * continuations and charset). Comments skipped. On a duplicate parameter the first one counts. */
struct param {
	struct str name, value; /* value decoded to UTF-8, without controls */
};
struct typed {
	struct str value; /* "text/plain", lower case, without blanks; empty when unreadable */
	struct param *params;
	size_t n;
};
void header_typed(struct str body, struct arena *a, struct typed *ret);
struct str typed_param(const struct typed *t, struct str name); /* empty when absent */

/* All <msg-id>s of a Message-ID, References or In-Reply-To body, without the brackets, at most `max` (the
 * last ones are kept). What is no msg-id is skipped. */
size_t header_msgids(struct str body, struct arena *a, size_t max, struct str *ret);

/* Every URI between <> of a List-Post, List-Unsubscribe... body (RFC 2369), at most max. */
size_t header_uris(struct str body, struct arena *a, size_t max, struct str *ret);

/* Writing: "Name: value CRLF", folded at 76 where the value has spaces. The value must not hold CR, LF or
 * NUL: those are written as spaces. */
void header_put(struct buf *out, const char *name, struct str value);
void header_put_text(struct buf *out, const char *name, struct str utf8); /* RFC 2047 where needed */
/* A field of addresses, folded between them; names are UTF-8 and printed as phrases. An entry without an
 * address is printed as an empty group named by its name ("name":;). */
void header_put_addrs(struct buf *out, const char *name, const struct addr_entry *entries, size_t n);

#endif
