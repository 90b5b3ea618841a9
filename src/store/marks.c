#include "store/marks.h"

#include "store/db.h"

static struct alias_mark read_mark(struct q *q)
{
	return (struct alias_mark){ q_col_i64(q, 0), q_col_i64(q, 1) != 0, q_col_i64(q, 2) };
}

int mark_get(struct store *st, int64_t alias, struct alias_mark *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT alias, pinned, trashed FROM alias_mark WHERE alias = ?");
	bool row = false;

	q_i64(&q, alias);
	TRY(q_row(&q, &row, f));
	*ret = row ? read_mark(&q) : (struct alias_mark){ .alias = alias };
	return OK;
}

int mark_set(struct store *st, const struct alias_mark *m, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO alias_mark (alias, pinned, trashed) VALUES (?1, ?2, ?3)"
	                     " ON CONFLICT (alias) DO UPDATE SET pinned = ?2, trashed = ?3");

	q_i64(&q, m->alias);
	q_i64(&q, m->pinned);
	q_i64(&q, m->trashed);
	return q_done(&q, f);
}

int mark_each(struct store *st, int64_t user,
              int (*fn)(void *arg, const struct alias_mark *m, struct fail *f), void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT m.alias, m.pinned, m.trashed FROM alias a JOIN alias_mark m"
	                    " ON m.alias = a.id WHERE a.user = ? ORDER BY a.id");
	bool row = false;

	q_i64(&q, user);
	for (;;) {
		struct alias_mark m;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		m = read_mark(&q);
		TRY(fn(arg, &m, f));
	}
}
