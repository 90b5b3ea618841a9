/* show.h - records for people (aligned columns) and for programs (JSON). */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "base/buf.h"
#include "base/own.h"

/* Records of our own, in the form in which the server's come (ANSWER in ipc/schema.h): fields, then show_end(). */
struct show_records {
	struct buf list, record;
};
#define SHOW_RECORDS ((struct show_records){ BUF(1 << 20), BUF(1 << 20) })
void show_records_done(struct show_records *r);
void show_text(struct show_records *r, const char *name, struct str v);
void show_number(struct show_records *r, const char *name, int64_t v);
void show_time(struct show_records *r, const char *name, int64_t v);
void show_bool(struct show_records *r, const char *name, bool v);
void show_end(struct show_records *r);

/* The fields of a record, one after the other; false at its end. */
struct show_cell {
	struct str key, type, value;
};
bool show_next(struct str *record, struct show_cell *ret);

/* Text for a terminal: what could steer it (controls, changes of writing direction) and what is no UTF-8 becomes U+FFFD.
 * Names and notes come from strangers. */
void show_clean(struct str s, struct buf *out);

/* records: an ipc list as in ANSWER. JSON: one array of objects; bytes as base64, times as RFC 3339, 0 as null. */
void show_json(struct str records, struct buf *out);
/* A table with a line of titles; `none` is printed when there are no records. */
void show_table(struct str records, const char *none, struct buf *out);
/* One record, a line a field. */
void show_fields(struct str records, struct buf *out);
/* {"error": "absent", "why": ..., "argument": ... or null} */
void show_error(int code, struct str why, struct str argument, struct buf *out);

#endif
