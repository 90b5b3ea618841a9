#include "store/claims.h"

#include "store/db.h"

#define COLUMNS "id, user, created, name, token, ownership, mx, spf, dmarc, checked, next_look"

int claim_add(struct store *st, const struct claim *c, struct fail *f)
{
	OWNQ q = q_write(
	        st,
	        "INSERT INTO domain_claim (user, name_hash, name, token, created, ownership, mx, spf, dmarc,"
	        " checked, next_look) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?6, 0, ?7)");

	q_i64(&q, c->user);
	q_hash(&q, "domain", 0, c->name);
	q_sealed(&q, "domain_claim.name", c->name);
	q_sealed(&q, "domain_claim.token", c->token);
	q_i64(&q, c->created);
	q_i64(&q, WATCH_NEVER_ASKED);
	q_i64(&q, c->next);
	return q_done(&q, f);
}

static int read_one(struct q *q, struct arena *a, struct claim *ret, struct fail *f)
{
	*ret = (struct claim){ .id = q_col_i64(q, 0), .user = q_col_i64(q, 1), .created = q_col_i64(q, 2) };
	for (size_t i = 0; i < WATCH_STATES; i++)
		ret->state[i] = q_col_i64(q, 5 + (int)i);
	ret->checked = q_col_i64(q, 9);
	ret->next = q_col_i64(q, 10);
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

int claim_set(struct store *st, const struct claim *c, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE domain_claim SET ownership = ?, mx = ?, spf = ?, dmarc = ?, checked = ?,"
	                     " next_look = ? WHERE id = ?");

	for (size_t i = 0; i < WATCH_STATES; i++)
		q_i64(&q, c->state[i]);
	q_i64(&q, c->checked);
	q_i64(&q, c->next);
	q_i64(&q, c->id);
	return q_done(&q, f);
}

int claim_due(struct store *st, int64_t now, size_t most, struct arena *a, struct claim *ret, size_t *ret_n,
              struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM domain_claim WHERE next_look > 0 AND next_look <= ?"
	                    " ORDER BY next_look, id LIMIT ?");
	bool row = false;
	size_t n = 0;

	q_i64(&q, now);
	q_i64(&q, (int64_t)most);
	for (; n < most; n++) {
		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		TRY(read_one(&q, a, &ret[n], f));
	}
	*ret_n = n;
	return OK;
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
