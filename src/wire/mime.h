/* mime.h - the part structure of a message by byte offsets, found in one linear pass over the text without
 * copying or decoding (RFC 2046). It serves edits that must leave every other byte alone. Where two
 * readings of broken MIME are possible the parts are those that a lenient client sees (the first
 * Content-Type counts, a missing close delimiter ends with the parent). */
#ifndef WIRE_MIME_H
#define WIRE_MIME_H

#include "wire/header.h"

enum mime_cte { CTE_7BIT, CTE_8BIT, CTE_BINARY, CTE_QP, CTE_BASE64, CTE_OTHER };

struct mime_part {
	struct mime_part *child, *next, *parent; /* first child, next sibling */
	struct header header;
	struct typed type; /* text/plain where absent (message/rfc822 inside multipart/digest) */
	struct typed disposition;
	struct str filename; /* UTF-8, from either header; empty when none */
	enum mime_cte cte;
	struct str whole; /* header and body, as in the message, without the boundary's CRLF */
	struct str body;
	unsigned depth;
};

struct mime_limits {
	unsigned depth, parts;
	struct header_limits header;
};

/* message/rfc822 (and message/global) parts are walked into. FAIL_LIMIT past a limit; never FAIL_SYNTAX.
 * `in` must outlive the result. */
MUST_CHECK int mime_parse(struct str in, const struct mime_limits *lim, struct arena *a,
                          struct mime_part **ret_root, struct fail *f);

/* The next part in document order within root's tree; NULL at the end. */
struct mime_part *mime_next(const struct mime_part *root, struct mime_part *p);

/* Decoded body of a leaf, appended to out; FAIL_SYNTAX only for CTE_OTHER. Junk in base64 and QP is skipped
 * as clients do. */
MUST_CHECK int mime_decode(const struct mime_part *p, struct buf *out, struct fail *f);
/* Encodes text for the part's own cte (7bit and 8bit copy, with CRLF kept). */
void mime_encode(enum mime_cte cte, struct str in, struct buf *out);

#endif
