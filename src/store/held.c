#include "store/held.h"

#include "base/clock.h"
#include "store/db.h"

/* First what is nothing but a row; then what was told, so that many refusals do not make the letter of this hour forgotten; last
 * the messages. */
static int make_room(struct store *st, int64_t user, struct fail *f)
{
	for (;;) {
		OWNQ q = q_read(st,
		                "SELECT id, (SELECT count(*) FROM held WHERE user = ?1) FROM held"
		                " WHERE user = ?1 ORDER BY (body IS NOT NULL) * 2 + (told > 0), id LIMIT 1");
		int64_t id;
		bool row;

		q_i64(&q, user);
		TRY(q_row(&q, &row, f));
		if (!row || q_col_i64(&q, 1) < HELD_MOST)
			return OK;
		id = q_col_i64(&q, 0);
		q_end(&q);
		TRY(held_delete(st, id, f));
	}
}

int held_add(struct store *st, const struct held *h, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO held (user, mailbox, alias, alias_address, sender, rcpts, account, cause,"
	            " created, size, mid, told)"
	            " VALUES (?, nullif(?, 0), nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	int r;

	TRY(make_room(st, h->user, f));
	q_i64(&q, h->user);
	q_i64(&q, h->mailbox);
	q_i64(&q, h->alias);
	q_sealed(&q, "held.alias", h->alias_address);
	q_sealed(&q, "held.sender", h->sender);
	q_sealed(&q, "held.rcpts", h->rcpts);
	q_i64(&q, h->account);
	q_i64(&q, h->cause);
	q_i64(&q, h->at);
	q_i64(&q, h->size);
	q_blob(&q, h->mid);
	q_i64(&q, h->told);
	r = q_done(&q, f);
	if (r == FAIL_EXISTS) /* the only constraints are on what it hangs on */
		return fail(f, FAIL_ABSENT, "whose answer it was is gone");
	TRY(r);
	*ret_id = store_last_id(st);
	return OK;
}

int held_keep(struct store *st, int64_t id, int64_t body, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE held SET body = ? WHERE id = ?");

	q_i64(&q, body);
	q_i64(&q, id);
	TRY(q_done(&q, f));
	if (store_changes(st))
		return OK;
	TRY(body_delete(st, body, f));
	return fail(f, FAIL_ABSENT, "this answer was deleted meanwhile");
}

#define COLUMNS                                                                                              \
	"id, user, coalesce(mailbox, 0), coalesce(alias, 0), account, cause, created, size, mid,"            \
	" coalesce(body, 0), told, alias_address, sender, rcpts"

static int read_held(struct q *q, struct arena *a, struct held *ret, struct fail *f)
{
	struct held h = {
		.id = q_col_i64(q, 0),
		.user = q_col_i64(q, 1),
		.mailbox = q_col_i64(q, 2),
		.alias = q_col_i64(q, 3),
		.account = q_col_i64(q, 4),
		.cause = q_col_i64(q, 5),
		.at = q_col_i64(q, 6),
		.size = q_col_i64(q, 7),
		.mid = q_col_blob(q, 8, a),
		.body = q_col_i64(q, 9),
		.told = (enum held_told)q_col_i64(q, 10),
	};

	TRY(q_col_sealed(q, 11, "held.alias", a, &h.alias_address, f));
	TRY(q_col_sealed(q, 12, "held.sender", a, &h.sender, f));
	TRY(q_col_sealed(q, 13, "held.rcpts", a, &h.rcpts, f));
	*ret = h;
	return OK;
}

int held_get(struct store *st, int64_t id, struct arena *a, struct held *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM held WHERE id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "refused answer", f));
	return read_held(&q, a, ret, f);
}

/* The body first, so that its file is known to have lost one; what goes with a user or an alias is left to a trigger. */
int held_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT coalesce(body, 0) FROM held WHERE id = ?");
	OWNQ del = q_write(st, "DELETE FROM held WHERE id = ?");
	int64_t body;

	q_i64(&q, id);
	TRY(q_one(&q, "refused answer", f));
	body = q_col_i64(&q, 0);
	q_end(&q);
	if (body)
		TRY(body_delete(st, body, f));
	q_i64(&del, id);
	return q_done(&del, f);
}

int held_each(struct store *st, int64_t user, int (*fn)(void *arg, const struct held *h, struct fail *f),
              void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM held WHERE ?1 = 0 OR user = ?1 ORDER BY id DESC");
	bool row = false;

	q_i64(&q, user);
	for (;;) {
		OWN(arena) a = ARENA;
		struct held h;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_held(&q, &a, &h, f));
		TRY(fn(arg, &h, f));
	}
}

int held_was_told(struct store *st, int64_t user, int64_t alias, int64_t cause, int64_t since, bool *ret,
                  struct fail *f)
{
	OWNQ q = q_read(
	        st, "SELECT 1 FROM held WHERE user = ? AND alias IS nullif(?, 0) AND cause = ? AND told > 0"
	            " AND created > ? LIMIT 1");

	q_i64(&q, user);
	q_i64(&q, alias);
	q_i64(&q, cause);
	q_i64(&q, since);
	return q_row(&q, ret, f);
}

int held_set_told(struct store *st, int64_t id, enum held_told told, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE held SET told = ? WHERE id = ?");

	q_i64(&q, told);
	q_i64(&q, id);
	return q_done(&q, f);
}

int held_untold(struct store *st, int64_t before, int64_t after, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT id FROM held WHERE told = 1 AND created < ? AND id > ? ORDER BY id LIMIT 1");

	q_i64(&q, before);
	q_i64(&q, after);
	TRY(q_one(&q, "refused answer", f));
	*ret_id = q_col_i64(&q, 0);
	return OK;
}

int held_purge(struct store *st, int64_t now, size_t most, size_t *ret_n, struct fail *f)
{
	for (*ret_n = 0; *ret_n < most; (*ret_n)++) {
		OWNQ q = q_read(st, "SELECT id FROM held WHERE created < ? LIMIT 1");
		int64_t id;
		bool row;

		q_i64(&q, now - HELD_DAYS * (int64_t)DAY_S);
		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		id = q_col_i64(&q, 0);
		q_end(&q);
		TRY(held_delete(st, id, f));
	}
	return OK;
}
