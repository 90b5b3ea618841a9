/* ical.h - the property lines of an iCalendar object (RFC 5545 3.1) that hold a calendar user address:
 * ORGANIZER, ATTENDEE, and the parameters SENT-BY, DELEGATED-TO, DELEGATED-FROM, MEMBER, DIR and EMAIL
 * that name one. Everything else passes byte for byte. */
#ifndef WIRE_ICAL_H
#define WIRE_ICAL_H

#include "wire/addr.h"

/* Asked for each address found. Returns the address to write in its place (in the arena), or a null
 * address to drop the property (or the parameter). */
struct ical_map {
	struct addr (*map)(void *self, const struct addr *found);
	void *self;
};

/* Reads folded lines, rewrites "mailto:" values and refolds only the lines that changed. FAIL_LIMIT when
 * out is full. Also finds addresses without rewriting when out is NULL. */
MUST_CHECK int ical_rewrite(struct str in, struct ical_map map, struct arena *a, struct buf *out,
                            struct fail *f);

#endif
