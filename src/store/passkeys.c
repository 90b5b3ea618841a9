#include "store/passkeys.h"

#include "store/db.h"

#define COLUMNS "id, user, credential, alg, a, b, count, transports, name, created, last_used"

static int has_room(struct store *st, int64_t user, struct fail *f)
{
	int64_t n;

	TRY(passkey_count(st, user, &n, f));
	return n < PASSKEYS_MAX ? OK
	                        : fail(f, FAIL_LIMIT, "you have %d passkeys: remove one first", PASSKEYS_MAX);
}

int passkey_add(struct store *st, const struct passkey *p, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO passkey (user, credential_hash, credential, alg, a, b, count, transports,"
	            " name, created, last_used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");

	TRY(has_room(st, p->user, f));
	q_i64(&q, p->user);
	q_hash(&q, "passkey.credential", 0, p->credential);
	q_sealed(&q, "passkey.credential", p->credential);
	q_i64(&q, p->alg);
	q_sealed(&q, "passkey.a", p->a);
	q_sealed(&q, "passkey.b", p->b);
	q_i64(&q, p->count);
	q_sealed(&q, "passkey.transports", p->transports);
	q_sealed(&q, "passkey.name", p->name);
	q_i64(&q, p->created);
	return q_done(&q, f);
}

static int read_one(struct q *q, struct arena *a, struct passkey *ret, struct fail *f)
{
	*ret = (struct passkey){ .id = q_col_i64(q, 0),
		                 .user = q_col_i64(q, 1),
		                 .alg = (int)q_col_i64(q, 3),
		                 .count = q_col_i64(q, 6),
		                 .created = q_col_i64(q, 9),
		                 .last_used = q_col_i64(q, 10) };
	TRY(q_col_sealed(q, 2, "passkey.credential", a, &ret->credential, f));
	TRY(q_col_sealed(q, 4, "passkey.a", a, &ret->a, f));
	TRY(q_col_sealed(q, 5, "passkey.b", a, &ret->b, f));
	TRY(q_col_sealed(q, 7, "passkey.transports", a, &ret->transports, f));
	return q_col_sealed(q, 8, "passkey.name", a, &ret->name, f);
}

int passkey_find(struct store *st, struct str credential, struct arena *a, struct passkey *ret,
                 struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM passkey WHERE credential_hash = ?");

	q_hash(&q, "passkey.credential", 0, credential);
	TRY(q_one(&q, "passkey", f));
	return read_one(&q, a, ret, f);
}

int passkey_each(struct store *st, int64_t user,
                 int (*fn)(void *arg, const struct passkey *p, struct fail *f), void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM passkey WHERE user = ? ORDER BY id");
	bool row = false;

	q_i64(&q, user);
	for (;;) {
		OWN(arena) a = ARENA;
		struct passkey p;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_one(&q, &a, &p, f));
		TRY(fn(arg, &p, f));
	}
}

int passkey_count(struct store *st, int64_t user, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM passkey WHERE user = ?");

	q_i64(&q, user);
	TRY(q_one(&q, "count", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int passkey_used(struct store *st, int64_t id, int64_t count, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE passkey SET count = ?, last_used = ? WHERE id = ?");

	q_i64(&q, count);
	q_i64(&q, now);
	q_i64(&q, id);
	return q_done(&q, f);
}

static int was_there(struct store *st, int64_t id, struct fail *f)
{
	return store_changes(st) ? OK : fail(f, FAIL_ABSENT, "there is no passkey %lld", (long long)id);
}

int passkey_rename(struct store *st, int64_t user, int64_t id, struct str name, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE passkey SET name = ? WHERE user = ? AND id = ?");

	q_sealed(&q, "passkey.name", name);
	q_i64(&q, user);
	q_i64(&q, id);
	TRY(q_done(&q, f));
	return was_there(st, id, f);
}

int passkey_delete(struct store *st, int64_t user, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM passkey WHERE user = ? AND id = ?");

	q_i64(&q, user);
	q_i64(&q, id);
	TRY(q_done(&q, f));
	return was_there(st, id, f);
}

int passkey_end_all(struct store *st, int64_t user, int64_t but, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM passkey WHERE user = ? AND id <> ?");

	q_i64(&q, user);
	q_i64(&q, but);
	return q_done(&q, f);
}
