#include "store/bounces.h"

#include "store/db.h"

int bounce_add(struct store *st, const struct bounce_row *b, struct fail *f)
{
	OWNQ known = q_read(st, "SELECT 1 FROM mailbox WHERE id = ?");
	OWNQ q = q_write(
	        st,
	        "INSERT INTO bounce (mailbox, token_hash, way, reason, hard, status, note, created) VALUES"
	        " (?, nullif(?, x''), ?, ?, ?, ?, ?, ?)");

	q_i64(&known, b->mailbox);
	TRY(q_one(&known, "mailbox", f));
	q_i64(&q, b->mailbox);
	if (b->token.n)
		q_hash(&q, "bounce.token", (uint64_t)b->mailbox, b->token);
	else
		q_blob(&q, STR_NONE);
	q_i64(&q, b->way);
	q_i64(&q, b->reason);
	q_i64(&q, b->hard);
	q_blob(&q, b->status);
	q_sealed(&q, "bounce.note", b->note);
	q_i64(&q, b->at);
	return q_done(&q, f);
}

int bounce_recent(struct store *st, int64_t mailbox, int64_t since, size_t most, struct arena *a,
                  struct bounce_row *ret, size_t *ret_n, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT mailbox, created, way, reason, hard, status, note FROM bounce"
	                    " WHERE mailbox = ? AND created >= ? ORDER BY created DESC, id DESC LIMIT ?");
	bool row = false;
	size_t n = 0;

	q_i64(&q, mailbox);
	q_i64(&q, since);
	q_i64(&q, (int64_t)most);
	for (; n < most; n++) {
		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		ret[n] = (struct bounce_row){ .mailbox = q_col_i64(&q, 0),
			                      .at = q_col_i64(&q, 1),
			                      .way = (enum bounce_way)q_col_i64(&q, 2),
			                      .reason = q_col_i64(&q, 3),
			                      .hard = q_col_i64(&q, 4),
			                      .status = q_col_blob(&q, 5, a) };
		TRY(q_col_sealed(&q, 6, "bounce.note", a, &ret[n].note, f));
	}
	*ret_n = n;
	return OK;
}

int bounce_forget(struct store *st, int64_t mailbox, bool all, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM bounce WHERE mailbox = ? AND (way = 1 OR ?)");

	q_i64(&q, mailbox);
	q_i64(&q, all);
	return q_done(&q, f);
}

#define PAUSE_COLUMNS                                                                                        \
	"id, user, paused, paused_why, probe_at, probes, taken, pause_told, EXISTS (SELECT 1 FROM bounce"    \
	" WHERE bounce.mailbox = mailbox.id AND way = 1)"

static void read_pause(struct q *q, struct pause *ret)
{
	*ret = (struct pause){
		q_col_i64(q, 0), q_col_i64(q, 1), q_col_i64(q, 2), q_col_i64(q, 3),      q_col_i64(q, 4),
		q_col_i64(q, 5), q_col_i64(q, 6), q_col_i64(q, 7), q_col_i64(q, 8) != 0,
	};
}

int pause_get(struct store *st, int64_t mailbox, struct pause *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " PAUSE_COLUMNS " FROM mailbox WHERE id = ?");

	q_i64(&q, mailbox);
	TRY(q_one(&q, "mailbox", f));
	read_pause(&q, ret);
	return OK;
}

int pause_set(struct store *st, const struct pause *p, struct fail *f)
{
	OWNQ q = q_write(st,
	                 "UPDATE mailbox SET paused = ?, paused_why = ?, probe_at = ?, probes = ?, taken = ?,"
	                 " pause_told = ? WHERE id = ?");

	q_i64(&q, p->since);
	q_i64(&q, p->why);
	q_i64(&q, p->probe_at);
	q_i64(&q, p->probes);
	q_i64(&q, p->taken);
	q_i64(&q, p->told);
	q_i64(&q, p->mailbox);
	return q_done(&q, f);
}

int pause_list(struct store *st, size_t most, struct pause *ret, size_t *ret_n, struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT " PAUSE_COLUMNS " FROM mailbox WHERE paused > 0 ORDER BY probe_at LIMIT ?");
	bool row = false;
	size_t n = 0;

	q_i64(&q, (int64_t)most);
	for (; n < most; n++) {
		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		read_pause(&q, &ret[n]);
	}
	*ret_n = n;
	return OK;
}
