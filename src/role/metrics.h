/* metrics.h - the fields of the answer to "stat": what each is for a person, and as which metric a collector reads it. */
#ifndef ROLE_METRICS_H
#define ROLE_METRICS_H

#include "base/buf.h"

enum unit { PLAIN, BYTES, SECONDS, YES_NO };

/* A row: the server's field; where and as what a person reads it; the metric, of the family before its brace. */
struct metric {
	const char *field, *section, *label;
	enum unit unit;
	const char *name, *type, *help;
};
extern const struct metric metrics[]; /* ends with a NULL field */

/* The answer's one record in Prometheus' text format, version 0.0.4. */
void metrics_prometheus(struct str record, struct buf *out);

#endif
