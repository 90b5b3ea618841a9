/* calendar.h - invitations in a message: which parts they are, and how the addresses in them are replaced, so that an answer
 * from the user's calendar goes through the relay. */
#ifndef TRANSFORM_CALENDAR_H
#define TRANSFORM_CALENDAR_H

#include "wire/ical.h"
#include "wire/mime.h"

enum { CALENDAR_MAX = 8 << 20 }; /* bytes */

/* Is this leaf a calendar? By type or by file name. */
bool calendar_is(const struct mime_part *p);

/* Does it stand inside of a multipart/signed, which a change would break? */
bool calendar_is_signed(const struct mime_part *p);

/* Its text, decoded. False when its lines cannot be told, so that what it says to a client is not known: an unknown
 * encoding, UTF-16, UTF-7 and the like, NUL, a CR apart, or more than CALENDAR_MAX. */
bool calendar_read(const struct mime_part *p, struct buf *text);

/* As ical_rewrite, for a text of any length: memory does not grow with it beside `out`. An address without "mailto:", which
 * some clients supply, cannot be mapped: its property is dropped. What the map gives need live during its call only. */
MUST_CHECK int calendar_rewrite(struct str text, struct ical_map map, struct buf *out, struct fail *f);

#endif
