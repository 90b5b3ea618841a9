/* csv.h - comma-separated values (RFC 4180), read a record at a time and written so that a spreadsheet takes no cell for a formula.
 * Pure. */
#ifndef ALIASFILE_CSV_H
#define ALIASFILE_CSV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

enum { CSV_CELLS_MOST = 64, CSV_CELL_MOST = 4096 };

struct csv {
	struct str left;
	char separator;
	size_t line; /* that the next record begins in, from 1 */
};

/* A byte order mark is passed over. Where the first line has no comma but semicolons or tabs, those separate: spreadsheets write
 * them where a comma stands in numbers. */
struct csv csv_open(struct str text);

/* The next record that is not an empty line: *ret_n cells in ret, views of the text or of the arena, without the guard that csv_cell
 * writes. 0 cells: the end. Lines end in LF or CRLF, within quotes too. FAIL_SYNTAX: a quote that does not end, or text behind one
 * that did; FAIL_LIMIT: more than CSV_CELLS_MOST cells, or one of more than CSV_CELL_MOST bytes. Both name the line. */
MUST_CHECK int csv_next(struct csv *c, struct arena *a, struct str ret[static CSV_CELLS_MOST], size_t *ret_n,
                        struct fail *f);

/* One cell; the first of a record has nothing before it. What begins with = + - @, an apostrophe, a tab or a line end gets an
 * apostrophe before it. */
void csv_cell(struct buf *out, struct str cell, bool first);
void csv_end(struct buf *out); /* of a record: CRLF */

#endif
