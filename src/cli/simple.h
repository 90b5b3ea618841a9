/* simple.h - commands that are one request and its answer. */
#ifndef CLI_SIMPLE_H
#define CLI_SIMPLE_H

#include "cli/ask.h"

/* Runs the request and prints its records: a table (or `none`), or JSON. */
MUST_CHECK int simple_list(struct ask *a, struct cli *c, const char *none, struct fail *f);
/* Runs the request and prints a sentence; with --json the records. */
MUST_CHECK int simple_do(struct ask *a, struct cli *c, struct fail *f, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* Runs the request: its first record a line a field, the others as a table below; or JSON. */
MUST_CHECK int simple_show(struct ask *a, struct cli *c, struct fail *f);
/* The options of BOUNDS as arguments. */
void simple_bounds(struct ask *a, const struct cli *c);
#define BOUNDS                                                                                               \
	{ "messages-hour", "N", "messages an hour; unlimited or default (policy in the configuration)" },    \
	        { "messages-day", "N", "messages in 24 hours" },                                             \
	        { "bytes-hour", "SIZE", "bytes an hour: 10MiB" },                                            \
	{                                                                                                    \
		"bytes-day", "SIZE", "bytes in 24 hours"                                                     \
	}
void print_out(const struct buf *b);
void print_json(struct str records);

#endif
