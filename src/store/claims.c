#include "store/claims.h"

#include "store/db.h"

#define COLUMNS "id, user, created, name, token"

int claim_add(struct store *st, const struct claim *c, struct fail *f)
{
	OWNQ q = q_write(
	        st,
	        "INSERT INTO domain_claim (user, name_hash, name, token, created) VALUES (?, ?, ?, ?, ?)");

	q_i64(&q, c->user);
	q_hash(&q, "domain", 0, c->name);
	q_sealed(&q, "domain_claim.name", c->name);
	q_sealed(&q, "domain_claim.token", c->token);
	q_i64(&q, c->created);
	return q_done(&q, f);
}

static int read_one(struct q *q, struct arena *a, struct claim *ret, struct fail *f)
{
	*ret = (struct claim){ .id = q_col_i64(q, 0), .user = q_col_i64(q, 1), .created = q_col_i64(q, 2) };
	TRY(q_col_sealed(q, 3, "domain_claim.name", a, &ret->name, f));
	return q_col_sealed(q, 4, "domain_claim.token", a, &ret->token, f);
}

int claim_find(struct store *st, int64_t user, struct str name, struct arena *a, struct claim *ret,
               struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM domain_claim WHERE user = ? AND name_hash = ?");

	q_i64(&q, user);
	q_hash(&q, "domain", 0, name);
	TRY(q_one(&q, "domain", f));
	return read_one(&q, a, ret, f);
}

int claim_each(struct store *st, int64_t user, int (*fn)(void *arg, const struct claim *c, struct fail *f),
               void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM domain_claim WHERE user = ? ORDER BY id");
	bool row = false;

	q_i64(&q, user);
	for (;;) {
		OWN(arena) a = ARENA;
		struct claim c;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_one(&q, &a, &c, f));
		TRY(fn(arg, &c, f));
	}
}

int claim_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM domain_claim WHERE id = ?");

	q_i64(&q, id);
	return q_done(&q, f);
}

int claims_fall(struct store *st, struct str name, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM domain_claim WHERE name_hash = ?");

	q_hash(&q, "domain", 0, name);
	return q_done(&q, f);
}
