#include "store/db.h"

#include <assert.h>
#include <stdlib.h>

int store_fail(struct store *st, int rc, const char *what, struct fail *f)
{
	int base = rc & 0xff;
	int code = base == SQLITE_CONSTRAINT ? FAIL_EXISTS : base == SQLITE_NOMEM ? FAIL_BUG : FAIL_SYS;

	return fail(f, code, "%s: %s", what, st->db ? sqlite3_errmsg(st->db) : sqlite3_errstr(rc));
}

int store_exec(struct store *st, const char *sql, struct fail *f)
{
	int rc = sqlite3_exec(st->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? OK : store_fail(st, rc, "database", f);
}

void store_step(struct store *st)
{
	if (st->o.step)
		st->o.step();
}

static sqlite3_stmt *cached(struct store *st, const char *sql)
{
	size_t at = ((uintptr_t)sql >> 4) % STATEMENTS;

	for (size_t i = 0; i < STATEMENTS; i++, at = (at + 1) % STATEMENTS) {
		if (st->cache[at].sql == sql)
			return st->cache[at].stmt;
		if (st->cache[at].sql)
			continue;
		if (sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->cache[at].stmt,
		                       NULL) != SQLITE_OK)
			return NULL;
		st->cache[at].sql = sql;
		return st->cache[at].stmt;
	}
	assert(!"more statements than places for them");
	return NULL;
}

/* On a full disk SQLite may end the whole transaction by itself. What follows must not be kept alone, row by row: the
 * group is lost, and is told so at its end. */
static bool group_is_lost(const struct store *st)
{
	return st->open_group && sqlite3_get_autocommit(st->db);
}

struct q q_read(struct store *st, const char *sql)
{
	struct q q = { st, cached(st, sql), 1, SQLITE_OK };

	if (!q.s)
		q.bad = sqlite3_errcode(st->db) == SQLITE_OK ? SQLITE_ERROR : sqlite3_errcode(st->db);
	return q;
}

int store_run(struct store *st, const char *sql, struct fail *f)
{
	OWNQ q = q_read(st, sql);

	return q_done(&q, f);
}

int store_begin(struct store *st, struct fail *f)
{
	if (!st->open_group)
		TRY(store_run(st, "BEGIN IMMEDIATE", f));
	st->open_group = true;
	return OK;
}

struct q q_write(struct store *st, const char *sql)
{
	if (store_begin(st, NULL) < 0 || group_is_lost(st))
		return (struct q){ st, NULL, 1, SQLITE_FULL };
	return q_read(st, sql);
}

static void bound(struct q *q, int rc)
{
	if (rc != SQLITE_OK && q->bad == SQLITE_OK)
		q->bad = rc;
	q->at++;
}

void q_i64(struct q *q, int64_t v)
{
	bound(q, q->bad ? q->bad : sqlite3_bind_int64(q->s, q->at, v));
}

void q_blob(struct q *q, struct str v)
{
	bound(q, q->bad ? q->bad : sqlite3_bind_blob64(q->s, q->at, v.n ? v.p : "", v.n, SQLITE_TRANSIENT));
}

/* An empty value is stored as an empty one: that somebody has no label is no secret. */
void q_sealed(struct q *q, const char *column, struct str v)
{
	OWN(buf) out = BUF(SEALED_MAX);

	if (v.n && q->st->cipher->seal(q->st->cipher->self, column, v, &out, NULL) < 0)
		q->bad = SQLITE_ERROR;
	q_blob(q, buf_str(&out));
}

void q_hash(struct q *q, const char *use, uint64_t scope, struct str v)
{
	uint8_t h[32];

	q->st->cipher->hash(q->st->cipher->self, use, scope, v, h);
	q_blob(q, str_of(h, sizeof(h)));
}

int q_row(struct q *q, bool *ret, struct fail *f)
{
	int rc = q->bad ? q->bad : sqlite3_step(q->s);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_fail(q->st, rc, "query", f);
	*ret = rc == SQLITE_ROW;
	return OK;
}

int q_done(struct q *q, struct fail *f)
{
	bool row;

	return q_row(q, &row, f);
}

int q_one(struct q *q, const char *what, struct fail *f)
{
	bool row;

	TRY(q_row(q, &row, f));
	return row ? OK : fail(f, FAIL_ABSENT, "there is no such %s", what);
}

void q_end(struct q *q)
{
	if (!q->s)
		return;
	sqlite3_reset(q->s);
	sqlite3_clear_bindings(q->s);
}

int64_t q_col_i64(struct q *q, int col)
{
	return sqlite3_column_int64(q->s, col);
}

struct str q_col_blob(struct q *q, int col, struct arena *a)
{
	const void *p = sqlite3_column_blob(q->s, col);

	return arena_str(a, str_of(p, (size_t)sqlite3_column_bytes(q->s, col)));
}

int q_col_sealed(struct q *q, int col, const char *column, struct arena *a, struct str *ret, struct fail *f)
{
	OWN(buf) out = BUF(SEALED_MAX);
	const void *p = sqlite3_column_blob(q->s, col);
	struct str sealed = str_of(p, (size_t)sqlite3_column_bytes(q->s, col));

	if (sealed.n)
		TRY(q->st->cipher->open(q->st->cipher->self, column, sealed, &out, f));
	*ret = arena_str(a, buf_str(&out));
	return OK;
}

int64_t store_last_id(struct store *st)
{
	return sqlite3_last_insert_rowid(st->db);
}

int64_t store_changes(struct store *st)
{
	return sqlite3_changes64(st->db);
}
