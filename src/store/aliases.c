#include "store/aliases.h"

#include "base/clock.h"
#include "store/db.h"

int alias_is_free(struct store *st, struct str address, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT 1 FROM address_gone WHERE address_hash = ?1"
	                    " UNION ALL SELECT 1 FROM alias WHERE address_hash = ?1"
	                    " UNION ALL SELECT 1 FROM reverse WHERE address_hash = ?1"
	                    " UNION ALL SELECT 1 FROM mailbox WHERE address_hash = ?1");
	bool row = false;

	q_hash(&q, "address", 0, address);
	TRY(q_row(&q, &row, f));
	return row ? fail(f, FAIL_EXISTS, "this address is or was in use") : OK;
}

int alias_add(struct store *st, const struct alias *al, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO alias (user, domain, origin, address_hash, address, state, "
	            "expires_at, idle_days,"
	            " count_left, last_used, used, label, from_name, created, messages_hour, messages_day,"
	            " bytes_hour, bytes_day)"
	            " VALUES (?, nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?)");

	TRY(alias_is_free(st, al->address, f));
	q_i64(&q, al->user);
	q_i64(&q, al->domain);
	q_i64(&q, al->origin);
	q_hash(&q, "address", 0, al->address);
	q_sealed(&q, "alias.address", al->address);
	q_i64(&q, al->state);
	q_i64(&q, al->expires_at);
	q_i64(&q, al->idle_days);
	q_i64(&q, al->count_left);
	q_sealed(&q, "alias.label", al->label);
	q_sealed(&q, "alias.from_name", al->from_name);
	q_i64(&q, al->created);
	for (int i = 0; i < USAGE_KINDS; i++)
		q_i64(&q, al->most.n[i]);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

#define LIMITS_OF(t) t ".messages_hour, " t ".messages_day, " t ".bytes_hour, " t ".bytes_day"
#define ALIAS_COLUMNS                                                                                        \
	"a.id, a.user, a.created, a.address, a.label, a.state, a.expires_at, a.idle_days, a.count_left,"     \
	" a.last_used, a.used, coalesce(a.domain, 0), a.origin, a.blocks, a.told, " LIMITS_OF(               \
	        "a") ", " LIMITS_OF("u") ", a.from_name, a.answered, a.removed"
#define FROM_ALIAS " FROM alias a JOIN user u ON u.id = a.user"

static int read_alias(struct q *q, struct arena *a, struct alias *ret, struct fail *f)
{
	struct alias al = {
		.id = q_col_i64(q, 0),
		.user = q_col_i64(q, 1),
		.created = q_col_i64(q, 2),
		.state = (enum alias_state)q_col_i64(q, 5),
		.expires_at = q_col_i64(q, 6),
		.idle_days = q_col_i64(q, 7),
		.count_left = q_col_i64(q, 8),
		.last_used = q_col_i64(q, 9),
		.used = q_col_i64(q, 10),
		.domain = q_col_i64(q, 11),
		.origin = (enum alias_origin)q_col_i64(q, 12),
		.blocks = q_col_i64(q, 13),
		.told = q_col_i64(q, 14),
		.answered = q_col_i64(q, 16 + 2 * USAGE_KINDS),
		.removed = q_col_i64(q, 17 + 2 * USAGE_KINDS),
	};

	for (int i = 0; i < USAGE_KINDS; i++) {
		al.most.n[i] = q_col_i64(q, 15 + i);
		al.user_most.n[i] = q_col_i64(q, 15 + USAGE_KINDS + i);
	}
	TRY(q_col_sealed(q, 3, "alias.address", a, &al.address, f));
	TRY(q_col_sealed(q, 4, "alias.label", a, &al.label, f));
	TRY(q_col_sealed(q, 15 + 2 * USAGE_KINDS, "alias.from_name", a, &al.from_name, f));
	*ret = al;
	return OK;
}

int alias_find(struct store *st, struct str address, struct arena *a, struct alias *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " ALIAS_COLUMNS FROM_ALIAS " WHERE a.address_hash = ?");

	q_hash(&q, "address", 0, address);
	TRY(q_one(&q, "alias", f));
	return read_alias(&q, a, ret, f);
}

int alias_get(struct store *st, int64_t id, struct arena *a, struct alias *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " ALIAS_COLUMNS FROM_ALIAS " WHERE a.id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "alias", f));
	return read_alias(&q, a, ret, f);
}

int alias_update(struct store *st, const struct alias *al, struct fail *f)
{
	OWNQ q = q_write(
	        st, "UPDATE alias SET told = CASE WHEN expires_at = ?2 AND idle_days = ?3 AND count_left = ?4"
	            " THEN told ELSE 0 END, state = ?1, expires_at = ?2, idle_days = ?3, count_left = ?4, "
	            "label = ?5,"
	            " messages_hour = ?6, messages_day = ?7, bytes_hour = ?8, bytes_day = ?9, from_name = "
	            "?10 WHERE id = ?11");

	q_i64(&q, al->state);
	q_i64(&q, al->expires_at);
	q_i64(&q, al->idle_days);
	q_i64(&q, al->count_left);
	q_sealed(&q, "alias.label", al->label);
	for (int i = 0; i < USAGE_KINDS; i++)
		q_i64(&q, al->most.n[i]);
	q_sealed(&q, "alias.from_name", al->from_name);
	q_i64(&q, al->id);
	return q_done(&q, f);
}

int alias_delete(struct store *st, int64_t id, struct fail *f)
{
	/* Neither the alias nor the addresses that stood for its correspondents are ever given out again. */
	OWNQ gone = q_write(
	        st, "INSERT OR IGNORE INTO address_gone SELECT address_hash FROM alias WHERE id = ?1"
	            " UNION ALL SELECT r.address_hash FROM correspondent c JOIN reverse r ON r.id = c.reverse"
	            " WHERE c.alias = ?1");
	OWNQ reverse = q_write(st, "SELECT reverse FROM correspondent WHERE alias = ? LIMIT 1");
	OWNQ own = q_write(st, "DELETE FROM reverse WHERE use = 3 AND address_hash ="
	                       " (SELECT address_hash FROM alias WHERE id = ?)");
	OWNQ del = q_write(st, "DELETE FROM alias WHERE id = ?");
	bool row = true;

	q_i64(&gone, id);
	TRY(q_done(&gone, f));
	q_i64(&own, id);
	TRY(q_done(&own, f));
	q_i64(&reverse, id);
	while (row) {
		OWNQ c = q_write(st, "DELETE FROM correspondent WHERE reverse = ?");
		OWNQ r = q_write(st, "DELETE FROM reverse WHERE id = ?");
		int64_t which;

		TRY(q_row(&reverse, &row, f));
		if (!row)
			break;
		which = q_col_i64(&reverse, 0);
		sqlite3_reset(reverse.s); /* keeps the parameter */
		q_i64(&c, which);
		TRY(q_done(&c, f));
		q_i64(&r, which);
		TRY(q_done(&r, f));
	}
	q_i64(&del, id);
	return q_done(&del, f);
}

/* Which of a user's, by what is not sealed. */
#define CHOSEN                                                                                               \
	" FROM alias a WHERE a.user = ?1 AND (?2 = 0 OR (?2 >> a.state) & 1)"                                \
	" AND (?3 = 0 OR EXISTS (SELECT 1 FROM alias_mark m WHERE m.alias = a.id AND m.trashed > 0) = (?3 "  \
	"= 2))"                                                                                              \
	" AND (?4 = 0 OR EXISTS (SELECT 1 FROM alias_mark m WHERE m.alias = a.id AND m.pinned) = (?4 = 2))"
/* Sorted are numbers alone: rows are long. */
#define PAGE_OF(order)                                                                                       \
	"SELECT " ALIAS_COLUMNS FROM_ALIAS " WHERE a.id IN (SELECT a.id" CHOSEN " ORDER BY " order           \
	" LIMIT ?6 OFFSET ?5) ORDER BY " order

static int walk_aliases(struct q *q, int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg,
                        struct fail *f)
{
	bool row = false;

	for (;;) {
		OWN(arena) a = ARENA;
		struct alias al;

		TRY(q_row(q, &row, f));
		if (!row)
			return OK;
		TRY(read_alias(q, &a, &al, f));
		TRY(fn(arg, &al, f));
	}
}

static void choose(struct q *q, int64_t user, const struct alias_page *p)
{
	q_i64(q, user);
	q_i64(q, p->states);
	q_i64(q, p->trashed);
	q_i64(q, p->pinned);
}

int alias_page(struct store *st, int64_t user, const struct alias_page *p,
               int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg, int64_t *ret_total,
               struct fail *f)
{
	static const char *const orders[ALIAS_ORDERS][2] = {
		[ALIAS_BY_AGE] = { PAGE_OF("a.id"), PAGE_OF("a.id DESC") },
		[ALIAS_BY_LAST_USE] = { PAGE_OF("a.last_used, a.id"),
		                        PAGE_OF("a.last_used DESC, a.id DESC") },
		[ALIAS_BY_USE] = { PAGE_OF("a.used, a.id"), PAGE_OF("a.used DESC, a.id DESC") },
	};
	OWNQ count = q_read(st, "SELECT count(*)" CHOSEN);
	OWNQ q = q_read(st, orders[p->order][p->down]);

	choose(&count, user, p);
	TRY(q_one(&count, "count", f));
	*ret_total = q_col_i64(&count, 0);
	choose(&q, user, p);
	q_i64(&q, p->offset);
	q_i64(&q, p->limit);
	return walk_aliases(&q, fn, arg, f);
}

int alias_each(struct store *st, int64_t user, int (*fn)(void *arg, const struct alias *al, struct fail *f),
               void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " ALIAS_COLUMNS FROM_ALIAS " WHERE ?1 = 0 OR a.user = ?1 ORDER BY a.id");

	q_i64(&q, user);
	return walk_aliases(&q, fn, arg, f);
}

int alias_after(struct store *st, int64_t user, int64_t after, int64_t limit,
                int (*fn)(void *arg, const struct alias *al, struct fail *f), void *arg, struct fail *f)
{
	OWNQ all = q_read(
	        st, "SELECT " ALIAS_COLUMNS FROM_ALIAS " WHERE a.id > ?2 AND ?1 = 0 ORDER BY a.id LIMIT ?3");
	OWNQ own = q_read(st, "SELECT " ALIAS_COLUMNS FROM_ALIAS
	                      " WHERE a.user = ?1 AND a.id > ?2 ORDER BY a.id LIMIT ?3");
	struct q *q = user ? &own : &all;

	q_i64(q, user);
	q_i64(q, after);
	q_i64(q, limit);
	return walk_aliases(q, fn, arg, f);
}

int alias_mailbox_add(struct store *st, int64_t alias, int64_t mailbox, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT OR IGNORE INTO alias_mailbox (alias, mailbox) VALUES (?, ?)");

	q_i64(&q, alias);
	q_i64(&q, mailbox);
	return q_done(&q, f);
}

int alias_mailbox_clear(struct store *st, int64_t alias, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM alias_mailbox WHERE alias = ?");

	q_i64(&q, alias);
	return q_done(&q, f);
}

#define BOXES_OF(link, owner)                                                                                \
	"SELECT m.id, m.clear_ok, m.address, coalesce(p.id, 0), coalesce(p.not_after, 0), m.paused,"         \
	" m.hide_subject, m.created, m.pad_sizes"                                                            \
	" FROM " link " l JOIN mailbox m ON m.id = l.mailbox"                                                \
	" LEFT JOIN profile p ON p.mailbox = m.id AND p.state = 3 WHERE l." owner " = ? AND m.verified"      \
	" ORDER BY m.id"

static int read_boxes(struct q *q, int64_t owner, struct arena *a, struct alias_mailbox *ret, size_t *ret_n,
                      struct fail *f)
{
	bool row = false;
	size_t n = 0;

	q_i64(q, owner);
	for (; n < ALIAS_MAILBOXES_MAX; n++) {
		TRY(q_row(q, &row, f));
		if (!row)
			break;
		ret[n].mailbox = q_col_i64(q, 0);
		ret[n].clear_ok = q_col_i64(q, 1);
		TRY(q_col_sealed(q, 2, "mailbox.address", a, &ret[n].address, f));
		ret[n].profile = q_col_i64(q, 3);
		ret[n].profile_not_after = q_col_i64(q, 4);
		ret[n].paused = q_col_i64(q, 5);
		ret[n].hide_subject = q_col_i64(q, 6);
		ret[n].created = q_col_i64(q, 7);
		ret[n].pad_sizes = q_col_i64(q, 8);
	}
	*ret_n = n;
	return OK;
}

int alias_mailboxes(struct store *st, int64_t alias, struct arena *a, struct alias_mailbox *ret,
                    size_t *ret_n, struct fail *f)
{
	OWNQ q = q_read(st, BOXES_OF("alias_mailbox", "alias"));

	return read_boxes(&q, alias, a, ret, ret_n, f);
}

int domain_mailboxes(struct store *st, int64_t domain, struct arena *a, struct alias_mailbox *ret,
                     size_t *ret_n, struct fail *f)
{
	OWNQ q = q_read(st, BOXES_OF("domain_mailbox", "domain"));

	return read_boxes(&q, domain, a, ret, ret_n, f);
}

int alias_mailboxes_inherit(struct store *st, int64_t alias, int64_t domain, struct fail *f)
{
	OWNQ q = q_write(st,
	                 "INSERT INTO alias_mailbox SELECT ?, mailbox FROM domain_mailbox WHERE domain = ?");

	q_i64(&q, alias);
	q_i64(&q, domain);
	return q_done(&q, f);
}

struct counts {
	int64_t forwarded, dropped, refused, answered;
	uint64_t bytes;
};

static int add_activity(struct store *st, int64_t id, int64_t now, struct counts n, struct fail *f)
{
	OWNQ q =
	        q_write(st, "INSERT INTO activity (alias, hour, forwarded, dropped, refused, answered, bytes)"
	                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (alias, hour) DO UPDATE SET"
	                    " forwarded = forwarded + ?3, dropped = dropped + ?4, refused = refused + ?5,"
	                    " answered = answered + ?6, bytes = bytes + ?7");

	q_i64(&q, id);
	q_i64(&q, now / HOUR_S);
	q_i64(&q, n.forwarded);
	q_i64(&q, n.dropped);
	q_i64(&q, n.refused);
	q_i64(&q, n.answered);
	q_i64(&q, (int64_t)n.bytes);
	return q_done(&q, f);
}

int alias_used(struct store *st, int64_t id, int64_t now, uint64_t bytes, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE alias SET last_used = ?, used = used + 1, told = told & ~2,"
	                     " count_left = CASE WHEN count_left > 0 THEN count_left - 1 ELSE count_left END "
	                     "WHERE id = ?");

	q_i64(&q, now);
	q_i64(&q, id);
	TRY(q_done(&q, f));
	return add_activity(st, id, now, (struct counts){ .forwarded = 1, .bytes = bytes }, f);
}

int alias_answered(struct store *st, int64_t id, int64_t now, int64_t removed, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE alias SET last_used = ?, answered = answered + 1, removed = removed + ?"
	                     " WHERE id = ?");

	q_i64(&q, now);
	q_i64(&q, removed);
	q_i64(&q, id);
	TRY(q_done(&q, f));
	return add_activity(st, id, now, (struct counts){ .answered = 1 }, f);
}

int alias_note(struct store *st, int64_t id, int64_t now, enum activity what, int64_t n, struct fail *f)
{
	return add_activity(st, id, now,
	                    (struct counts){ .dropped = what == ACTIVITY_DROPPED ? n : 0,
	                                     .refused = what == ACTIVITY_REFUSED ? n : 0 },
	                    f);
}
