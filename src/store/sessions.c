#include "store/sessions.h"

#include "store/db.h"

#define ALIVE "(expires = 0 OR expires > ?2) AND (kind <> 1 OR last_used > ?3)"

int session_add(struct store *st, struct str token, const struct session *s, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO session (user, token_hash, kind, scopes, label, created, last_used,"
	                     " expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");

	q_i64(&q, s->user);
	q_hash(&q, "session.token", 0, token);
	q_i64(&q, s->kind);
	q_i64(&q, s->scopes);
	q_sealed(&q, "session.label", s->label);
	q_i64(&q, s->created);
	q_i64(&q, s->last_used);
	q_i64(&q, s->expires);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

static struct session read_session(struct q *q)
{
	return (struct session){ .id = q_col_i64(q, 0),
		                 .user = q_col_i64(q, 1),
		                 .kind = (enum session_kind)q_col_i64(q, 2),
		                 .scopes = q_col_i64(q, 3),
		                 .created = q_col_i64(q, 4),
		                 .last_used = q_col_i64(q, 5),
		                 .expires = q_col_i64(q, 6) };
}

#define SESSION_COLUMNS "id, user, kind, scopes, created, last_used, expires"

int session_find(struct store *st, struct str token, int64_t now, int64_t idle_s, struct session *ret,
                 struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " SESSION_COLUMNS " FROM session WHERE token_hash = ?1 AND " ALIVE);

	q_hash(&q, "session.token", 0, token);
	q_i64(&q, now);
	q_i64(&q, now - idle_s);
	TRY(q_one(&q, "session", f));
	*ret = read_session(&q);
	return OK;
}

int session_used(struct store *st, int64_t id, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE session SET last_used = ? WHERE id = ?");

	q_i64(&q, now);
	q_i64(&q, id);
	return q_done(&q, f);
}

int session_end(struct store *st, int64_t user, enum session_kind kind, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM session WHERE user = ? AND kind = ? AND id = ?");

	q_i64(&q, user);
	q_i64(&q, kind);
	q_i64(&q, id);
	TRY(q_done(&q, f));
	return store_changes(st) ? OK : fail(f, FAIL_ABSENT, "there is no such session");
}

int session_end_others(struct store *st, int64_t user, enum session_kind kind, int64_t but, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM session WHERE user = ? AND kind = ? AND id <> ?");

	q_i64(&q, user);
	q_i64(&q, kind);
	q_i64(&q, but);
	return q_done(&q, f);
}

int session_keep(struct store *st, int64_t user, enum session_kind kind, int64_t n, struct fail *f)
{
	OWNQ q = q_write(st,
	                 "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE user = ? AND kind = ?"
	                 " ORDER BY last_used DESC, id DESC LIMIT -1 OFFSET ?)");

	q_i64(&q, user);
	q_i64(&q, kind);
	q_i64(&q, n);
	return q_done(&q, f);
}

int session_count(struct store *st, int64_t user, enum session_kind kind, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM session WHERE user = ? AND kind = ?");

	q_i64(&q, user);
	q_i64(&q, kind);
	TRY(q_one(&q, "count", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int session_each(struct store *st, int64_t user, enum session_kind kind, int64_t now,
                 int (*fn)(void *arg, const struct session *s, struct fail *f), void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " SESSION_COLUMNS ", label FROM session WHERE user = ? AND kind = ?"
	                    " AND (expires = 0 OR expires > ?) ORDER BY id DESC");
	bool row = false;

	q_i64(&q, user);
	q_i64(&q, kind);
	q_i64(&q, now);
	for (;;) {
		OWN(arena) a = ARENA;
		struct session s;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		s = read_session(&q);
		TRY(q_col_sealed(&q, 7, "session.label", &a, &s.label, f));
		TRY(fn(arg, &s, f));
	}
}

int session_purge(struct store *st, int64_t now, int64_t idle_s, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM session WHERE (expires > 0 AND expires <= ?1) OR (kind = 1 AND "
	                     "last_used <= ?2)");
	OWNQ i = q_write(st, "DELETE FROM invite WHERE expires <= ?");

	q_i64(&q, now);
	q_i64(&q, now - idle_s);
	TRY(q_done(&q, f));
	q_i64(&i, now);
	return q_done(&i, f);
}
