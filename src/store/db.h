/* db.h - private to store/: statements, binding, sealed and hashed columns. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "store/segment.h"
#include "store/store.h"

#include <sqlite3.h>

enum { STATEMENTS = 512, SEALED_MAX = 1 << 20 };

struct store {
	sqlite3 *db;
	const struct store_cipher *cipher;
	struct store_options o;
	struct segments *segments;
	struct {
		const char *sql; /* a literal: its address is the key */
		sqlite3_stmt *stmt;
	} cache[STATEMENTS];
	bool open_group;
	int lock_fd;
	int log_fd; /* of SQLite's log: it has no way to sync it later by */
};

/* A prepared statement, reset and unbound. `sql` must be a string literal. Bind with 1, 2, ... */
struct q {
	struct store *st;
	sqlite3_stmt *s;
	int at; /* next parameter */
	int bad;
};
struct q q_read(struct store *st, const char *sql);
struct q q_write(struct store *st, const char *sql); /* opens the group when none is open */

void q_i64(struct q *q, int64_t v);
void q_blob(struct q *q, struct str v);
void q_sealed(struct q *q, const char *column, struct str v);
void q_hash(struct q *q, const char *use, uint64_t scope, struct str v);

/* Steps once. q_row: *ret says whether there is a row. q_done: no row wanted; FAIL_EXISTS when a unique index refuses. */
MUST_CHECK int q_row(struct q *q, bool *ret, struct fail *f);
MUST_CHECK int q_done(struct q *q, struct fail *f);
/* One row: FAIL_ABSENT with `what` when there is none. */
MUST_CHECK int q_one(struct q *q, const char *what, struct fail *f);
void q_end(struct q *q); /* resets: no read transaction stays open */
#define OWNQ __attribute__((cleanup(q_end))) struct q

int64_t q_col_i64(struct q *q, int col);
struct str q_col_blob(struct q *q, int col, struct arena *a);
MUST_CHECK int q_col_sealed(struct q *q, int col, const char *column, struct arena *a, struct str *ret,
                            struct fail *f);

int64_t store_last_id(struct store *st);
int64_t store_changes(struct store *st);
MUST_CHECK int store_fail(struct store *st, int rc, const char *what, struct fail *f);
MUST_CHECK int store_exec(struct store *st, const char *sql, struct fail *f);
/* The same for one statement, a literal, that is run again and again: it is prepared once. */
MUST_CHECK int store_run(struct store *st, const char *sql, struct fail *f);
MUST_CHECK int store_begin(struct store *st, struct fail *f); /* opens the group when none is open */
MUST_CHECK int schema_migrate(struct store *st, struct fail *f);
void store_step(struct store *st);

#endif
