/* html.h - HTML cut into tags and text as browsers cut it (HTML Living Standard 13.2.5, without its repairs), in linear time.
 * Nothing is copied; any bytes are accepted. */
#ifndef WIRE_HTML_H
#define WIRE_HTML_H

#include "base/buf.h"

#include <stdbool.h>

enum html_kind {
	HTML_TEXT,
	HTML_OPEN,
	HTML_CLOSE,
	HTML_RAW, /* the content of script, style and the like: no tags and no references in it */
	HTML_DOCTYPE,
	HTML_COMMENT, /* also processing instructions and whatever else is not shown */
};

struct html_token {
	enum html_kind kind;
	struct str text;  /* HTML_TEXT, HTML_RAW */
	struct str name;  /* of a tag, as written; of the element around HTML_RAW */
	struct str attrs; /* of HTML_OPEN: what html_attribute() reads */
};

struct html {
	struct str left;
	struct str raw; /* name of the element whose content comes next */
};

bool html_next(struct html *h, struct html_token *ret); /* false: the end */

/* The next attribute; value without its quotes, references not read. */
bool html_attribute(struct str *attrs, struct str *ret_name, struct str *ret_value);

/* Reads numeric references and those that could hide a name or an address ("&#64;", "&commat;", "&eacute;"); the others,
 * "&amp;" among them, stay as they are, and html_escape() leaves them. A "&" that begins none becomes "&amp;", so that what is
 * decoded never reads as another reference. */
void html_decode(struct str in, struct buf *out);
void html_escape(struct str in, struct buf *out);

#endif
