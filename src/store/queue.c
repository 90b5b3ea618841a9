#include "store/queue.h"

#include "store/db.h"

int queue_add(struct store *st, const struct queue_item *i, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO queue (mid, body, user, mailbox, kind, sender, rcpt, orig_sender, orig_id, "
	            "alias, "
	            "arrived,"
	            " next_try, tries, expires, flags, dsn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, "
	            "?, ?, ?)");

	q_blob(&q, i->mid);
	q_i64(&q, i->body);
	q_i64(&q, i->user);
	q_i64(&q, i->mailbox);
	q_i64(&q, i->kind);
	q_sealed(&q, "queue.sender", i->sender);
	q_sealed(&q, "queue.rcpt", i->rcpt);
	q_sealed(&q, "queue.orig_sender", i->orig_sender);
	q_sealed(&q, "queue.orig_id", i->orig_id);
	q_sealed(&q, "queue.alias", i->alias);
	q_i64(&q, i->arrived);
	q_i64(&q, i->next_try);
	q_i64(&q, i->expires);
	q_i64(&q, i->flags);
	q_i64(&q, i->dsn);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

#define COLUMNS                                                                                              \
	"q.id, q.body, q.user, q.kind, q.mid, q.arrived, q.next_try, q.tries, q.expires, q.flags, "          \
	"q.status, q.sender,"                                                                                \
	" q.rcpt, q.orig_sender, q.orig_id, q.alias, q.note, b.plain, q.mailbox, q.dsn"

static int read_item(struct q *q, struct arena *a, struct queue_item *ret, struct fail *f)
{
	struct queue_item i = {
		.id = q_col_i64(q, 0),
		.body = q_col_i64(q, 1),
		.user = q_col_i64(q, 2),
		.kind = (enum queue_kind)q_col_i64(q, 3),
		.mid = q_col_blob(q, 4, a),
		.arrived = q_col_i64(q, 5),
		.next_try = q_col_i64(q, 6),
		.tries = q_col_i64(q, 7),
		.expires = q_col_i64(q, 8),
		.flags = q_col_i64(q, 9),
		.status = q_col_blob(q, 10, a),
		.size = q_col_i64(q, 17),
		.mailbox = q_col_i64(q, 18),
		.dsn = q_col_i64(q, 19) != 0,
	};

	TRY(q_col_sealed(q, 11, "queue.sender", a, &i.sender, f));
	TRY(q_col_sealed(q, 12, "queue.rcpt", a, &i.rcpt, f));
	TRY(q_col_sealed(q, 13, "queue.orig_sender", a, &i.orig_sender, f));
	TRY(q_col_sealed(q, 14, "queue.orig_id", a, &i.orig_id, f));
	TRY(q_col_sealed(q, 15, "queue.alias", a, &i.alias, f));
	TRY(q_col_sealed(q, 16, "queue.note", a, &i.note, f));
	*ret = i;
	return OK;
}

int queue_get(struct store *st, int64_t id, struct arena *a, struct queue_item *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM queue q JOIN body b ON b.id = q.body WHERE q.id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "message in the queue", f));
	return read_item(&q, a, ret, f);
}

int queue_fresh(struct store *st, int64_t now, bool (*skip)(void *arg, int64_t id),
                int (*fn)(void *arg, const struct queue_item *i, struct fail *f), void *arg, size_t most,
                struct fail *f)
{
	/* by the index alone: most of them may be under way */
	OWNQ q = q_read(st, "SELECT id FROM queue WHERE next_try <= ? AND tries = 0 ORDER BY next_try, id");
	bool row = false;
	int r;

	q_i64(&q, now);
	while (most) {
		OWN(arena) a = ARENA;
		struct queue_item i;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		if (skip(arg, q_col_i64(&q, 0)))
			continue;
		r = queue_get(st, q_col_i64(&q, 0), &a, &i, f);
		if (r == FAIL_ABSENT)
			continue;
		TRY(r);
		TRY(fn(arg, &i, f));
		most--;
	}
	return OK;
}

bool queue_is_before(const struct queue_place *a, const struct queue_place *b)
{
	return a->next_try < b->next_try || (a->next_try == b->next_try && a->id < b->id);
}

static int read_waiting(struct q *q, struct arena *a, struct queue_item *ret, struct fail *f)
{
	*ret = (struct queue_item){ .id = q_col_i64(q, 0),
		                    .next_try = q_col_i64(q, 1),
		                    .tries = q_col_i64(q, 2),
		                    .expires = q_col_i64(q, 3) };
	return q_col_sealed(q, 4, "queue.rcpt", a, &ret->rcpt, f);
}

/* In two halves: of (next_try, id) > (?, ?) SQLite looks the first alone up, and a million may be due at the same second. */
#define WAITING(where) "SELECT id, next_try, tries, expires, rcpt FROM queue WHERE " where

int queue_walk(struct store *st, int64_t now, struct queue_place *at,
               int (*fn)(void *arg, const struct queue_item *i, struct fail *f), void *arg, size_t most,
               bool *ret_end, struct fail *f)
{
	OWNQ q = q_read(st, WAITING("next_try = ?1 AND id > ?2") " UNION ALL " WAITING(
	                            "next_try > ?1 AND next_try <= ?3") " ORDER BY next_try, id");
	bool row = true;

	q_i64(&q, at->next_try);
	q_i64(&q, at->id);
	q_i64(&q, now);
	for (; most; most--) {
		OWN(arena) a = ARENA;
		struct queue_item i;
		int r;

		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		TRY(read_waiting(&q, &a, &i, f));
		r = fn(arg, &i, f);
		if (r == FAIL_AGAIN)
			break;
		TRY(r);
		*at = (struct queue_place){ i.next_try, i.id };
	}
	*ret_end = !row;
	return OK;
}

int queue_next(struct store *st, int64_t now, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT next_try FROM queue WHERE next_try > ? ORDER BY next_try LIMIT 1");
	bool row = false;

	q_i64(&q, now);
	TRY(q_row(&q, &row, f));
	*ret = row ? q_col_i64(&q, 0) : INT64_MAX;
	return OK;
}

/* As a rule there are not so many at all, which an index tells. */
static int are_many_fresh(struct store *st, int64_t many, bool *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM (SELECT 1 FROM queue WHERE tries = 0 LIMIT ?)");

	q_i64(&q, many);
	TRY(q_one(&q, "sum", f));
	*ret = q_col_i64(&q, 0) >= many;
	return OK;
}

int queue_many_fresh(struct store *st, int64_t many, int (*fn)(void *arg, int64_t user, struct fail *f),
                     void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT user FROM queue WHERE tries = 0 GROUP BY user HAVING count(*) >= ?");
	bool row;

	TRY(are_many_fresh(st, many, &row, f));
	q_i64(&q, many);
	while (row) {
		TRY(q_row(&q, &row, f));
		if (row)
			TRY(fn(arg, q_col_i64(&q, 0), f));
	}
	return OK;
}

int queue_find(struct store *st, struct str mid, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id FROM queue WHERE mid = ?");

	q_blob(&q, mid);
	TRY(q_one(&q, "message in the queue", f));
	*ret_id = q_col_i64(&q, 0);
	return OK;
}

int queue_retry(struct store *st, int64_t id, int64_t next_try, struct str status, struct str note,
                struct fail *f)
{
	OWNQ q = q_write(
	        st, "UPDATE queue SET next_try = ?, tries = tries + 1, status = ?, note = ? WHERE id = ?");

	q_i64(&q, next_try);
	q_blob(&q, status);
	q_sealed(&q, "queue.note", note);
	q_i64(&q, id);
	return q_done(&q, f);
}

int queue_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM queue WHERE id = ? RETURNING body");
	int64_t body;

	q_i64(&q, id);
	TRY(q_one(&q, "message in the queue", f));
	body = q_col_i64(&q, 0);
	q_end(&q);
	return body_delete(st, body, f);
}

int queue_flush(struct store *st, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE queue SET next_try = ?1 WHERE next_try > ?1");

	q_i64(&q, now);
	return q_done(&q, f);
}

int queue_each(struct store *st, int (*fn)(void *arg, const struct queue_item *i, struct fail *f), void *arg,
               struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM queue q JOIN body b ON b.id = q.body ORDER BY q.id");
	bool row = false;

	for (;;) {
		OWN(arena) a = ARENA;
		struct queue_item i;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_item(&q, &a, &i, f));
		TRY(fn(arg, &i, f));
	}
}
