/* date.h - RFC 5322 3.3 date-time. */
#ifndef WIRE_DATE_H
#define WIRE_DATE_H

#include "base/buf.h"

/* "Mon, 23 Nov 2026 12:00:00 +0000", always in UTC. */
void date_print(int64_t utc, struct buf *out);
/* Lenient about obsolete forms; false when unreadable. */
bool date_parse(struct str in, int64_t *ret_utc);
/* RFC 3339 "2026-11-23T12:00:00Z", for people and JSON. */
void date_print_iso(int64_t utc, struct buf *out);
bool date_parse_iso(struct str in, int64_t *ret_utc); /* also a bare "2026-11-23" (midnight UTC) */

#endif
