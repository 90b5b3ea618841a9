#include "store/events.h"

#include "base/clock.h"
#include "store/db.h"

/* ---- adding ------------------------------------------------------------------------------------------------------ */

static void bind_key(struct q *q, const struct event *e)
{
	q_i64(q, e->user);
	q_i64(q, e->at / HOUR_S);
	q_i64(q, e->alias);
	q_i64(q, e->correspondent);
	q_i64(q, e->way);
	q_i64(q, e->what);
	q_blob(q, e->why);
	q_i64(q, e->at);
	q_i64(q, e->n);
	q_i64(q, e->bytes);
	q_sealed(q, "event.who", e->who);
}

/* No column of an index changes: one page is written. *ret: there was a row. */
static int fold(struct store *st, const struct event *e, bool *ret, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE event SET at = max(at, ?8), n = n + ?9, bytes = bytes + ?10,"
	                     " who = CASE WHEN length(?11) > 0 THEN ?11 ELSE who END"
	                     " WHERE user = ?1 AND hour = ?2 AND alias IS nullif(?3, 0) AND correspondent = "
	                     "?4 AND way = ?5"
	                     " AND what = ?6 AND why = ?7");

	bind_key(&q, e);
	TRY(q_done(&q, f));
	*ret = store_changes(st) > 0;
	return OK;
}

static int insert(struct store *st, const struct event *e, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO event (user, hour, alias, correspondent, way, what, why, at, n, bytes, who)"
	            " VALUES (?1, ?2, nullif(?3, 0), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
	int r;

	bind_key(&q, e);
	r = q_done(&q, f);
	return r == FAIL_EXISTS /* the only constraints are on what it hangs on */
	               ? fail(f, FAIL_ABSENT, "whose it was is gone")
	               : r;
}

static int rows_of_hour(struct store *st, const struct event *e, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM event WHERE user = ? AND hour = ?");

	q_i64(&q, e->user);
	q_i64(&q, e->at / HOUR_S);
	TRY(q_one(&q, "events", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

/* At the first row of an hour and at every 64th after it: whoever makes few rows, and whoever makes many. */
static int trim(struct store *st, int64_t user, int64_t rows, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE user = ?"
	                     " ORDER BY hour DESC, id DESC LIMIT -1 OFFSET ?)");

	if (rows % EVENT_TRIM)
		return OK;
	q_i64(&q, user);
	q_i64(&q, EVENT_MOST);
	return q_done(&q, f);
}

int events_add(struct store *st, const struct event *e, struct fail *f)
{
	struct event all = *e;
	int64_t rows;
	bool folded;

	TRY(fold(st, e, &folded, f));
	if (folded)
		return OK;
	TRY(rows_of_hour(st, e, &rows, f));
	TRY(trim(st, e->user, rows, f));
	if (rows < EVENT_HOUR_MOST)
		return insert(st, e, f);
	all.alias = all.correspondent = 0;
	all.who = STR("");
	TRY(fold(st, &all, &folded, f));
	return folded ? OK : insert(st, &all, f);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int read_one(struct q *q, struct arena *a, struct event *ret, struct fail *f)
{
	struct event e = {
		.id = q_col_i64(q, 0),
		.user = q_col_i64(q, 1),
		.alias = q_col_i64(q, 2),
		.correspondent = q_col_i64(q, 3),
		.way = (enum event_way)q_col_i64(q, 4),
		.what = (enum event_what)q_col_i64(q, 5),
		.why = q_col_blob(q, 6, a),
		.at = q_col_i64(q, 7),
		.n = q_col_i64(q, 8),
		.bytes = q_col_i64(q, 9),
	};

	TRY(q_col_sealed(q, 10, "event.who", a, &e.who, f));
	TRY(q_col_sealed(q, 11, "alias.address", a, &e.alias_address, f));
	TRY(q_col_sealed(q, 12, "correspondent.address", a, &e.address, f));
	TRY(q_col_sealed(q, 13, "correspondent.name", a, &e.name, f));
	TRY(q_col_sealed(q, 14, "reverse.address", a, &e.reverse, f));
	*ret = e;
	return OK;
}

/* An hour is sorted at a time: `at` stands in no index, because it changes with each message. */
#define SELECT                                                                                               \
	"SELECT e.id, e.user, coalesce(e.alias, 0), e.correspondent, e.way, e.what, e.why, e.at, e.n,"       \
	" e.bytes, e.who, a.address, c.address, c.name, r.address FROM event e"
#define BESIDE                                                                                               \
	" LEFT JOIN alias a ON a.id = e.alias LEFT JOIN correspondent c ON c.id = e.correspondent"           \
	" LEFT JOIN reverse r ON r.id = c.reverse WHERE e.user = ?1 AND e.hour <= ?2 / 3600"                 \
	" AND (e.at < ?2 OR (e.at = ?2 AND e.id < ?3)) AND (?4 = 0 OR (1 << (e.what + 8 * e.way)) & ?4)"
#define NEWEST " ORDER BY e.hour DESC, e.at DESC, e.id DESC LIMIT ?5"

int events_each(struct store *st, const struct event_page *p,
                int (*fn)(void *arg, const struct event *e, struct fail *f), void *arg, struct fail *f)
{
	OWNQ all = q_read(st, SELECT " INDEXED BY event_key" BESIDE NEWEST);
	OWNQ one = q_read(st, SELECT " INDEXED BY event_alias" BESIDE " AND e.alias = ?6" NEWEST);
	struct q *q = p->alias ? &one : &all;
	bool row = false;

	q_i64(q, p->user);
	q_i64(q, p->before_at ? p->before_at : INT64_MAX);
	q_i64(q, p->before_at ? p->before_id : INT64_MAX);
	q_i64(q, p->kinds);
	q_i64(q, p->limit);
	if (p->alias)
		q_i64(q, p->alias);
	for (;;) {
		OWN(arena) a = ARENA;
		struct event e;

		TRY(q_row(q, &row, f));
		if (!row)
			return OK;
		TRY(read_one(q, &a, &e, f));
		TRY(fn(arg, &e, f));
	}
}

int events_last(struct store *st, int64_t alias, struct event_last *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT coalesce(max(CASE WHEN way = 0 AND what = 1 THEN at END), 0),"
	                    " coalesce(max(CASE WHEN way = 1 AND what = 1 THEN at END), 0),"
	                    " coalesce(max(CASE WHEN way = 0 AND what IN (2, 3) THEN at END), 0)"
	                    " FROM event WHERE alias = ?");

	q_i64(&q, alias);
	TRY(q_one(&q, "events", f));
	*ret = (struct event_last){ q_col_i64(&q, 0), q_col_i64(&q, 1), q_col_i64(&q, 2) };
	return OK;
}
