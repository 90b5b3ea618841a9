#include "store/usage.h"

#include "base/clock.h"
#include "store/db.h"

int user_limits_get(struct store *st, int64_t user, struct usage *ret, struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT messages_hour, messages_day, bytes_hour, bytes_day FROM user WHERE id = ?");

	q_i64(&q, user);
	TRY(q_one(&q, "user", f));
	for (int i = 0; i < USAGE_KINDS; i++)
		ret->n[i] = q_col_i64(&q, i);
	return OK;
}

int user_limits_set(struct store *st, int64_t user, const struct usage *most, struct fail *f)
{
	OWNQ q = q_write(st,
	                 "UPDATE user SET messages_hour = ?, messages_day = ?, bytes_hour = ?, bytes_day = ?"
	                 " WHERE id = ?");

	for (int i = 0; i < USAGE_KINDS; i++)
		q_i64(&q, most->n[i]);
	q_i64(&q, user);
	return q_done(&q, f);
}

static int read_sums(struct q *q, int64_t of, int64_t now, struct usage *ret, struct fail *f)
{
	q_i64(q, of);
	q_i64(q, now / HOUR_S);
	TRY(q_one(q, "usage", f));
	for (int i = 0; i < USAGE_KINDS; i++)
		ret->n[i] = q_col_i64(q, i);
	return OK;
}

#define SUMS(messages)                                                                                       \
	"SELECT coalesce(sum(CASE WHEN hour = ?2 THEN " messages " END), 0), coalesce(sum(" messages         \
	"), 0),"                                                                                             \
	" coalesce(sum(CASE WHEN hour = ?2 THEN bytes END), 0), coalesce(sum(bytes), 0)"

int usage_of_alias(struct store *st, int64_t alias, int64_t now, struct usage *ret, struct fail *f)
{
	OWNQ q = q_read(st, SUMS("forwarded") " FROM activity WHERE alias = ?1 AND hour > ?2 - 24");

	return read_sums(&q, alias, now, ret, f);
}

int usage_of_user(struct store *st, int64_t user, int64_t now, struct usage *ret, struct fail *f)
{
	OWNQ q = q_read(st, SUMS("messages") " FROM rate WHERE user = ?1 AND hour > ?2 - 24");

	return read_sums(&q, user, now, ret, f);
}

int usage_user_add(struct store *st, int64_t user, int64_t now, uint64_t bytes, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO rate (user, hour, n, messages, bytes) VALUES (?1, ?2, 0, 1, ?3)"
	            " ON CONFLICT (user, hour) DO UPDATE SET messages = messages + 1, bytes = bytes + ?3");

	q_i64(&q, user);
	q_i64(&q, now / HOUR_S);
	q_i64(&q, (int64_t)bytes);
	return q_done(&q, f);
}

int usage_answers(struct store *st, int64_t user, int64_t now, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT coalesce(sum(answers), 0) FROM rate WHERE user = ? AND hour = ?");

	q_i64(&q, user);
	q_i64(&q, now / HOUR_S);
	TRY(q_one(&q, "usage", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int usage_answered(struct store *st, int64_t user, int64_t now, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO rate (user, hour, n, messages, bytes, answers) VALUES (?, ?, 0, 0, 0, 1)"
	            " ON CONFLICT (user, hour) DO UPDATE SET answers = answers + 1");

	q_i64(&q, user);
	q_i64(&q, now / HOUR_S);
	return q_done(&q, f);
}

static int read_days(struct q *q, int64_t of, int64_t since,
                     int (*fn)(void *arg, const struct usage_day *d, struct fail *f), void *arg,
                     struct fail *f)
{
	bool row = false;

	q_i64(q, of);
	q_i64(q, since);
	for (;;) {
		struct usage_day d;

		TRY(q_row(q, &row, f));
		if (!row)
			return OK;
		d = (struct usage_day){ q_col_i64(q, 0), q_col_i64(q, 1), q_col_i64(q, 2),
			                q_col_i64(q, 3), q_col_i64(q, 4), q_col_i64(q, 5) };
		TRY(fn(arg, &d, f));
	}
}

#define DAYS                                                                                                 \
	"SELECT hour / 24 AS day, sum(forwarded), sum(dropped), sum(refused), sum(answered),"                \
	" sum(bytes) FROM activity"
#define BY_DAY " AND hour >= ?2 * 24 GROUP BY day ORDER BY day DESC"

int usage_days(struct store *st, int64_t user, int64_t alias, int64_t since,
               int (*fn)(void *arg, const struct usage_day *d, struct fail *f), void *arg, struct fail *f)
{
	OWNQ one = q_read(st, DAYS " WHERE alias = ?1" BY_DAY);
	OWNQ all = q_read(st, DAYS " WHERE alias IN (SELECT id FROM alias WHERE user = ?1)" BY_DAY);

	return alias ? read_days(&one, alias, since, fn, arg, f) : read_days(&all, user, since, fn, arg, f);
}

int usage_blocked(struct store *st, int64_t alias, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT coalesce(sum(dropped + refused), 0) FROM activity WHERE alias = ?");

	q_i64(&q, alias);
	TRY(q_one(&q, "activity", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int usage_sums(struct store *st, int64_t user, struct user_sums *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*), coalesce(sum(state = 1), 0), coalesce(sum(used), 0),"
	                    " coalesce(sum(answered), 0), (SELECT coalesce(sum(t.dropped + t.refused), 0)"
	                    " FROM alias b JOIN activity t ON t.alias = b.id WHERE b.user = ?1)"
	                    " FROM alias WHERE user = ?1");

	q_i64(&q, user);
	TRY(q_one(&q, "sums", f));
	*ret = (struct user_sums){ q_col_i64(&q, 0), q_col_i64(&q, 1), q_col_i64(&q, 2), q_col_i64(&q, 3),
		                   q_col_i64(&q, 4) };
	return OK;
}
