#include "store/domains.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/db.h"
#include "store/watches.h"

/* Nothing is known of it, and it is looked at when there is time. */
static int begin_watch(struct store *st, int64_t domain, struct str token, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO domain_watch VALUES (?1, ?2, ?3, ?3, ?3, ?3, 0, 0, 0, 0, 0)");

	q_i64(&q, domain);
	q_sealed(&q, "domain_watch.token", token);
	q_i64(&q, WATCH_NEVER_ASKED);
	return q_done(&q, f);
}

int domain_add(struct store *st, const struct domain *d, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO domain (user, name_hash, name, catch_all, allow, deny, per_day, day, made,"
	            " created) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?)");

	q_i64(&q, d->user);
	q_hash(&q, "domain", 0, d->name);
	q_sealed(&q, "domain.name", d->name);
	q_i64(&q, d->catch_all);
	q_sealed(&q, "domain.allow", d->allow);
	q_sealed(&q, "domain.deny", d->deny);
	q_i64(&q, d->per_day);
	q_i64(&q, d->created);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return begin_watch(st, *ret_id, d->token, f);
}

#define COLUMNS "id, user, created, name, catch_all, allow, deny, per_day, day, made"

static int read_one(struct q *q, struct arena *a, struct domain *ret, struct fail *f)
{
	struct domain d = {
		.id = q_col_i64(q, 0),
		.user = q_col_i64(q, 1),
		.created = q_col_i64(q, 2),
		.catch_all = q_col_i64(q, 4),
		.per_day = q_col_i64(q, 7),
		.day = q_col_i64(q, 8),
		.made = q_col_i64(q, 9),
	};

	TRY(q_col_sealed(q, 3, "domain.name", a, &d.name, f));
	TRY(q_col_sealed(q, 5, "domain.allow", a, &d.allow, f));
	TRY(q_col_sealed(q, 6, "domain.deny", a, &d.deny, f));
	*ret = d;
	return OK;
}

int domain_find(struct store *st, struct str name, struct arena *a, struct domain *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM domain WHERE name_hash = ?");

	q_hash(&q, "domain", 0, name);
	TRY(q_one(&q, "domain", f));
	return read_one(&q, a, ret, f);
}

int domain_update(struct store *st, const struct domain *d, struct fail *f)
{
	OWNQ q =
	        q_write(st, "UPDATE domain SET catch_all = ?, allow = ?, deny = ?, per_day = ? WHERE id = ?");

	q_i64(&q, d->catch_all);
	q_sealed(&q, "domain.allow", d->allow);
	q_sealed(&q, "domain.deny", d->deny);
	q_i64(&q, d->per_day);
	q_i64(&q, d->id);
	return q_done(&q, f);
}

int domain_aliases(struct store *st, int64_t id, int64_t *ret_n, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM alias WHERE domain = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "count", f));
	*ret_n = q_col_i64(&q, 0);
	return OK;
}

int domain_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ next = q_write(st, "SELECT id FROM alias WHERE domain = ? LIMIT 1");
	OWNQ q = q_write(st, "DELETE FROM domain WHERE id = ?");
	bool row = true;

	q_i64(&next, id);
	for (;;) {
		int64_t alias;

		TRY(q_row(&next, &row, f));
		if (!row)
			break;
		alias = q_col_i64(&next, 0);
		sqlite3_reset(next.s); /* keeps the parameter */
		TRY(alias_delete(st, alias, f));
	}
	q_i64(&q, id);
	return q_done(&q, f);
}

int domain_each(struct store *st, int64_t user, int (*fn)(void *arg, const struct domain *d, struct fail *f),
                void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM domain WHERE ?1 = 0 OR user = ?1 ORDER BY id");
	bool row = false;

	q_i64(&q, user);
	for (;;) {
		OWN(arena) a = ARENA;
		struct domain d;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_one(&q, &a, &d, f));
		TRY(fn(arg, &d, f));
	}
}

int domain_mailbox_add(struct store *st, int64_t domain, int64_t mailbox, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT OR IGNORE INTO domain_mailbox (domain, mailbox) VALUES (?, ?)");

	q_i64(&q, domain);
	q_i64(&q, mailbox);
	return q_done(&q, f);
}

int domain_mailbox_clear(struct store *st, int64_t domain, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM domain_mailbox WHERE domain = ?");

	q_i64(&q, domain);
	return q_done(&q, f);
}

int domain_count(struct store *st, int64_t id, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE domain SET made = CASE WHEN day = ?2 THEN made + 1 ELSE 1 END, day = ?2"
	                     " WHERE id = ?1 AND (day <> ?2 OR made < per_day) AND per_day > 0");

	q_i64(&q, id);
	q_i64(&q, now / DAY_S);
	TRY(q_done(&q, f));
	return store_changes(st) ? OK : fail(f, FAIL_LIMIT, "the day's new aliases are made");
}
