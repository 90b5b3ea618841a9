#include "store/rotate.h"

#include "store/db.h"

/* The id of its master key stands in clear in each wrapped key, after its version (crypto/wrap.c). */
#define OTHERS(column) " AND length(" column ") > 8 AND substr(" column ", 2, 8) <> ? ORDER BY id"
#define STORE_ROWS                                                                                           \
	"(SELECT 1 AS id, value FROM meta WHERE key = 'wrapped_column' UNION ALL"                            \
	" SELECT 2, value FROM meta WHERE key = 'wrapped_hash')"

static const struct {
	const char *read, *last, *change;
} tables[] = {
	[WRAPPED_STORE_KEYS] = { "SELECT id, value FROM " STORE_ROWS
	                         " WHERE id > ? AND id <= ?" OTHERS("value"),
	                         "SELECT max(id) FROM " STORE_ROWS,
	                         "UPDATE meta SET value = ? WHERE key ="
	                         " CASE ? WHEN 1 THEN 'wrapped_column' ELSE 'wrapped_hash' END AND value = "
	                         "?" },
	[WRAPPED_CA] = { "SELECT id, wrapped_ca FROM profile WHERE id > ? AND id <= ? AND length(wrapped_ca) "
	                 "> 8"
	                 " AND ? IS NOT NULL ORDER BY id",
	                 "SELECT coalesce(max(id), 0) FROM profile",
	                 "UPDATE profile SET wrapped_ca = ? WHERE id = ? AND wrapped_ca = ?" },
	[WRAPPED_LEAF] = { "SELECT id, wrapped FROM sender_cert WHERE id > ? AND id <= ?" OTHERS("wrapped"),
	                   "SELECT coalesce(max(id), 0) FROM sender_cert",
	                   "UPDATE sender_cert SET wrapped = ? WHERE id = ? AND wrapped = ?" },
	[WRAPPED_SPARE] = { "SELECT id, wrapped FROM spare WHERE id > ? AND id <= ?" OTHERS("wrapped"),
	                    "SELECT coalesce(max(id), 0) FROM spare",
	                    "UPDATE spare SET wrapped = ? WHERE id = ? AND wrapped = ?" },
};

static int last_of(struct store *st, enum wrapped_table table, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, tables[table].last);

	TRY(q_one(&q, "table", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int wrapped_read(struct store *st, enum wrapped_table table, int64_t after, struct str master_id,
                 struct arena *a, struct wrapped ret[static WRAPPED_MOST], size_t *ret_n, int64_t *ret_last,
                 struct fail *f)
{
	OWNQ q = q_read(st, tables[table].read);
	size_t n = 0;
	bool row;

	TRY(last_of(st, table, ret_last, f));
	q_i64(&q, after);
	q_i64(&q, after + WRAPPED_MOST);
	q_blob(&q, master_id);
	TRY(q_row(&q, &row, f));
	while (row && n < WRAPPED_MOST) {
		ret[n] = (struct wrapped){ table, q_col_i64(&q, 0), q_col_blob(&q, 1, a), STR_NONE };
		ret[n].bytes = ret[n].stored;
		if (table == WRAPPED_CA) /* a sealed column, as the others of its row */
			TRY(q_col_sealed(&q, 1, "profile.wrapped_ca", a, &ret[n].bytes, f));
		if (!str_eq(str_first(str_from(ret[n].bytes, 1), master_id.n), master_id))
			n++;
		TRY(q_row(&q, &row, f));
	}
	*ret_n = n;
	return OK;
}

int wrapped_change(struct store *st, const struct wrapped *was, struct str fresh, struct fail *f)
{
	OWNQ q = q_write(st, tables[was->table].change);

	if (was->table == WRAPPED_CA)
		q_sealed(&q, "profile.wrapped_ca", fresh);
	else
		q_blob(&q, fresh);
	q_i64(&q, was->id);
	q_blob(&q, was->stored);
	return q_done(&q, f);
}

int wrapped_all(struct store *st, struct str master_id, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE meta SET value = ? WHERE key = 'master_id'");

	q_blob(&q, master_id);
	return q_done(&q, f);
}
