/* headers.h - what becomes of each header field of a message that is relayed to a user. What is not in the table is
 * dropped: a field must earn its place, for some make a client write past the relay, and some name people. */
#ifndef POLICY_HEADERS_H
#define POLICY_HEADERS_H

#include "base/str.h"

enum field_rule {
	FIELD_DROP,      /* gone */
	FIELD_REPLACE,   /* written anew by the relay */
	FIELD_ADDRESSES, /* each address becomes the one that stands for it */
	FIELD_IDS,       /* each Message-ID becomes the one that is told */
	FIELD_URLS,      /* only http and https URIs stay */
	FIELD_TEXT,      /* kept, as text */
	FIELD_LABEL,     /* kept, as text, when there is no at sign in it */
	FIELD_WORD,      /* its first word, of letters, digits and hyphens */
	FIELD_DATE,      /* kept when it can be read, else now */
	FIELD_INNER,     /* describes the content: goes inside, byte for byte */
};

struct field_row {
	const char *name;
	enum field_rule rule;
	const char *reason;
};

/* The row of a field; for an unlisted one a row with FIELD_DROP. Never NULL. */
const struct field_row *field_row(struct str name);
/* All rows; ends with a NULL name. */
extern const struct field_row field_rows[];

#endif
