#include "store/expiry.h"

#include "store/db.h"

/* Each part has an index of its own, which holds only aliases that can end and of whose end nobody was told. */
#define DUE(columns)                                                                                         \
	"SELECT " columns " FROM alias WHERE " EXPIRY_HAS_DATE " AND " EXPIRY_BY_DATE                        \
	" <= ?1 AND (told & 1 = 0 OR expires_at <= ?1)"                                                      \
	" UNION SELECT " columns " FROM alias WHERE " EXPIRY_HAS_IDLE " AND " EXPIRY_BY_IDLE                 \
	" <= ?1 AND (told & 2 = 0 OR max(created, last_used) + idle_days * 86400 <= ?1)"                     \
	" UNION SELECT " columns " FROM alias WHERE " EXPIRY_HAS_COUNT                                       \
	" AND count_left <= 3 AND (count_left = 0 OR (told & 4 = 0 AND used > 0))"

int expiry_users(struct store *st, int64_t now, int64_t before, size_t most, int64_t *ret, size_t *ret_n,
                 struct fail *f)
{
	OWNQ q = q_read(st, "SELECT d.user FROM (" DUE("user") ") d JOIN user u ON u.id = d.user"
	                                                       " WHERE u.expiry_told <= ?2 LIMIT ?3");
	bool row = false;
	size_t n = 0;

	q_i64(&q, now);
	q_i64(&q, before);
	q_i64(&q, (int64_t)most);
	for (; n < most; n++) {
		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		ret[n] = q_col_i64(&q, 0);
	}
	*ret_n = n;
	return OK;
}

int expiry_each(struct store *st, int64_t user, int64_t now,
                int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg, struct fail *f)
{
	OWNQ q =
	        q_read(st, "SELECT address FROM alias WHERE user = ?2 AND id IN (" DUE("id") ") ORDER BY id");
	bool row = false;

	q_i64(&q, now);
	q_i64(&q, user);
	for (;;) {
		OWN(arena) a = ARENA;
		struct str address;
		struct alias al;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(q_col_sealed(&q, 0, "alias.address", &a, &address, f));
		TRY(alias_find(st, address, &a, &al, f));
		TRY(fn(arg, &al, f));
	}
}

int expiry_mark(struct store *st, int64_t alias, int64_t told, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE alias SET told = ? WHERE id = ?");

	q_i64(&q, told);
	q_i64(&q, alias);
	return q_done(&q, f);
}

int expiry_user_told(struct store *st, int64_t user, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE user SET expiry_told = ? WHERE id = ?");

	q_i64(&q, now);
	q_i64(&q, user);
	return q_done(&q, f);
}

int expiry_wanted(struct store *st, int64_t user, bool *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT expiry_notices FROM user WHERE id = ?");

	q_i64(&q, user);
	TRY(q_one(&q, "user", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int expiry_want(struct store *st, int64_t user, bool wanted, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE user SET expiry_notices = ? WHERE id = ?");

	q_i64(&q, wanted);
	q_i64(&q, user);
	return q_done(&q, f);
}
