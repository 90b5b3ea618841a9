#include "store/trials.h"

#include "base/clock.h"
#include "store/db.h"

int trial_get(struct store *st, int64_t profile, struct trial *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT profile, coalesce(reverse, 0), sent, answer, answered FROM trial"
	                    " WHERE profile = ?");

	q_i64(&q, profile);
	TRY(q_one(&q, "test", f));
	*ret = (struct trial){ q_col_i64(&q, 0), q_col_i64(&q, 1), q_col_i64(&q, 2), q_col_i64(&q, 3),
		               q_col_i64(&q, 4) };
	return OK;
}

int trial_put(struct store *st, const struct trial *t, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT OR REPLACE INTO trial (profile, reverse, sent, answer, answered)"
	                     " VALUES (?, nullif(?, 0), ?, ?, ?)");

	q_i64(&q, t->profile);
	q_i64(&q, t->reverse);
	q_i64(&q, t->sent);
	q_i64(&q, t->answer);
	q_i64(&q, t->answered);
	return q_done(&q, f);
}

int trial_count(struct store *st, int64_t user, int64_t now, int64_t *ret_sum, struct fail *f)
{
	OWNQ q = q_write(st,
	                 "INSERT INTO rate (user, hour, n, messages, bytes, trials) VALUES (?, ?, 0, 0, 0, 1)"
	                 " ON CONFLICT (user, hour) DO UPDATE SET trials = trials + 1 RETURNING trials");

	q_i64(&q, user);
	q_i64(&q, now / HOUR_S);
	TRY(q_one(&q, "rate", f));
	*ret_sum = q_col_i64(&q, 0);
	return OK;
}
