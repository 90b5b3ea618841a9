#include "store/blocks.h"

#include "store/db.h"

/* How many there are stands with the alias, so that one without any costs no look-up. */
static int count(struct store *st, int64_t alias, struct fail *f)
{
	OWNQ q = q_write(
	        st, "UPDATE alias SET blocks = (SELECT count(*) FROM block WHERE alias = ?1) WHERE id = ?1");

	q_i64(&q, alias);
	return q_done(&q, f);
}

static int check_room(struct store *st, int64_t alias, int64_t most, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT blocks FROM alias WHERE id = ?");

	q_i64(&q, alias);
	TRY(q_one(&q, "alias", f));
	return q_col_i64(&q, 0) < most ? OK
	                               : fail(f, FAIL_LIMIT, "at most %lld may be blocked", (long long)most);
}

#define ANEW " ON CONFLICT (alias, key_hash) DO UPDATE SET how = excluded.how, what = excluded.what"

static int set(struct q *q, const struct block *b, struct fail *f)
{
	q_sealed(q, "block.what", b->what);
	q_i64(q, b->how);
	q_i64(q, b->created);
	return q_done(q, f);
}

int block_set(struct store *st, int64_t alias, struct str key, const struct block *b, int64_t most,
              struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO block (alias, key_hash, what, how, created) VALUES (?, ?, ?, ?, ?)" ANEW);

	TRY(check_room(st, alias, most, f));
	q_i64(&q, alias);
	q_hash(&q, "correspondent", (uint64_t)alias, key);
	TRY(set(&q, b, f));
	return count(st, alias, f);
}

int block_set_correspondent(struct store *st, int64_t alias, int64_t correspondent, const struct block *b,
                            int64_t most, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO block (alias, key_hash, what, how, created)"
	                     " SELECT alias, key_hash, ?2, ?3, ?4 FROM correspondent WHERE id = ?1" ANEW);

	TRY(check_room(st, alias, most, f));
	q_i64(&q, correspondent);
	TRY(set(&q, b, f));
	return count(st, alias, f);
}

int block_lift(struct store *st, int64_t alias, struct str key, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM block WHERE alias = ? AND key_hash = ?");

	q_i64(&q, alias);
	q_hash(&q, "correspondent", (uint64_t)alias, key);
	TRY(q_done(&q, f));
	if (!store_changes(st))
		return fail(f, FAIL_ABSENT, "this is not blocked");
	return count(st, alias, f);
}

int block_lift_correspondent(struct store *st, int64_t alias, int64_t correspondent, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM block WHERE alias = ? AND key_hash ="
	                     " (SELECT key_hash FROM correspondent WHERE id = ?)");

	q_i64(&q, alias);
	q_i64(&q, correspondent);
	TRY(q_done(&q, f));
	if (!store_changes(st))
		return fail(f, FAIL_ABSENT, "this is not blocked");
	return count(st, alias, f);
}

int block_find(struct store *st, int64_t alias, struct str key, enum block_how *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT how FROM block WHERE alias = ? AND key_hash = ?");
	bool row = false;

	q_i64(&q, alias);
	q_hash(&q, "correspondent", (uint64_t)alias, key);
	TRY(q_row(&q, &row, f));
	*ret = row ? (enum block_how)q_col_i64(&q, 0) : BLOCK_NONE;
	return OK;
}

int block_each(struct store *st, int64_t alias, int (*fn)(void *arg, const struct block *b, struct fail *f),
               void *arg, struct fail *f)
{
	OWNQ q =
	        q_read(st, "SELECT what, how, created FROM block WHERE alias = ? ORDER BY created, key_hash");
	bool row = false;

	q_i64(&q, alias);
	for (;;) {
		OWN(arena) a = ARENA;
		struct block b = { 0 };

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(q_col_sealed(&q, 0, "block.what", &a, &b.what, f));
		b.how = (enum block_how)q_col_i64(&q, 1);
		b.created = q_col_i64(&q, 2);
		TRY(fn(arg, &b, f));
	}
}
