/* file.h - aliases in a file: Postern's own CSV and JSON, what SimpleLogin and addy.io export. Each becomes arguments of core's
 * alias.add; records of alias.export become a file. Pure: nothing here knows whose an alias is. */
#ifndef ALIASFILE_FILE_H
#define ALIASFILE_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

enum { ALIAS_FILE_ROWS_MOST = 50000, ALIAS_FILE_TEXT_MOST = 200 };

struct alias_row {
	size_t number;      /* from 1, the line of names not counted */
	struct str address; /* as the file has it; may be empty or none */
	struct str args;    /* ipc list of pairs */
	const char *wrong;  /* not NULL: this row cannot be read, and why */
	bool shortened;     /* its label or name */
};

/* Gives each row to fn; what *row points to dies with the call. *ret_kind: "postern", "simplelogin", "addy.io". A file that begins
 * with { or [ is JSON. FAIL_SYNTAX: it is none of these, or badly written; FAIL_LIMIT: more than ALIAS_FILE_ROWS_MOST rows. Rows
 * before what is wrong have been given then. */
MUST_CHECK int alias_file_read(struct str text,
                               int (*fn)(void *arg, const struct alias_row *row, struct fail *f), void *arg,
                               const char **ret_kind, struct fail *f);

/* All of them, in the arena. The second row of an address is wrong: it would find the alias of the first one where something is
 * written, and would not where nothing is, so that it is said of the file. */
struct alias_rows {
	struct alias_row *of;
	size_t n;
};
MUST_CHECK int alias_file_rows(struct str text, struct arena *a, struct alias_rows *ret,
                               const char **ret_kind, struct fail *f);

enum alias_format { ALIAS_CSV, ALIAS_JSON, ALIAS_SL_CSV, ALIAS_FORMATS };

/* What a record of alias.export has under that name; empty when it has none. */
struct str alias_record_field(struct str record, const char *want);

/* The text of a file of alias.export's records: begin, each record, end. `first`: of the records. */
void alias_file_begin(enum alias_format format, struct buf *out);
void alias_file_put(enum alias_format format, struct str record, bool first, struct buf *out);
void alias_file_end(enum alias_format format, struct buf *out);

#endif
