/* show.h - records for people (aligned columns) and for programs (JSON). */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "base/buf.h"

/* records: an ipc list as in ANSWER. JSON: one array of objects; bytes as base64, times as RFC 3339, 0 as null. */
void show_json(struct str records, struct buf *out);
/* A table with a line of titles; `none` is printed when there are no records. */
void show_table(struct str records, const char *none, struct buf *out);
/* One record, a line a field. */
void show_fields(struct str records, struct buf *out);

#endif
