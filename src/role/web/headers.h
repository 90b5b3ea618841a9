/* headers.h - the fields that are on every answer, whoever makes it: nothing inline, nothing evaluated, nothing from elsewhere, in
 * nobody's frame, and no word to others of where somebody was. */
#ifndef ROLE_WEB_HEADERS_H
#define ROLE_WEB_HEADERS_H

#include "base/str.h"

struct header {
	const char *name, *value;
	bool https; /* only where browsers come by it */
};

extern const struct header headers_always[]; /* ends with a NULL name */

#endif
