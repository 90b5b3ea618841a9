#include "store/people.h"

#include "base/clock.h"
#include "store/db.h"

#define COLUMNS                                                                                              \
	"c.id, c.alias, c.reverse, c.created, c.last_used, c.kind, c.address, c.name, c.reply_to, "          \
	"c.reply_asked,"                                                                                     \
	" r.address"

static int read_one(struct q *q, struct arena *a, struct correspondent *ret, struct fail *f)
{
	struct correspondent c = {
		.id = q_col_i64(q, 0),
		.alias = q_col_i64(q, 1),
		.reverse = q_col_i64(q, 2),
		.created = q_col_i64(q, 3),
		.last_used = q_col_i64(q, 4),
		.kind = (enum correspondent_kind)q_col_i64(q, 5),
	};

	TRY(q_col_sealed(q, 6, "correspondent.address", a, &c.address, f));
	TRY(q_col_sealed(q, 7, "correspondent.name", a, &c.name, f));
	TRY(q_col_sealed(q, 8, "correspondent.reply_to", a, &c.reply_to, f));
	TRY(q_col_sealed(q, 9, "correspondent.reply_asked", a, &c.reply_asked, f));
	TRY(q_col_sealed(q, 10, "reverse.address", a, &c.reverse_address, f));
	*ret = c;
	return OK;
}

int correspondent_find(struct store *st, int64_t alias, struct str key, struct arena *a,
                       struct correspondent *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM correspondent c JOIN reverse r ON r.id = c.reverse"
	                    " WHERE c.alias = ? AND c.key_hash = ?");

	q_i64(&q, alias);
	q_hash(&q, "correspondent", (uint64_t)alias, key);
	TRY(q_one(&q, "correspondent", f));
	return read_one(&q, a, ret, f);
}

int correspondent_add(struct store *st, const struct correspondent *c, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO correspondent (alias, key_hash, kind, address, name, reply_to, "
	                     "reply_asked, reverse,"
	                     " created, last_used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	q_i64(&q, c->alias);
	q_hash(&q, "correspondent", (uint64_t)c->alias, c->key);
	q_i64(&q, c->kind);
	q_sealed(&q, "correspondent.address", c->address);
	q_sealed(&q, "correspondent.name", c->name);
	q_sealed(&q, "correspondent.reply_to", c->reply_to);
	q_sealed(&q, "correspondent.reply_asked", c->reply_asked);
	q_i64(&q, c->reverse);
	q_i64(&q, c->created);
	q_i64(&q, c->last_used);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

int correspondent_by_reverse(struct store *st, struct str address, struct arena *a, struct correspondent *ret,
                             struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM reverse r JOIN correspondent c ON c.reverse = r.id"
	                    " WHERE r.address_hash = ?");

	q_hash(&q, "address", 0, address);
	TRY(q_one(&q, "correspondent", f));
	return read_one(&q, a, ret, f);
}

int correspondent_get(struct store *st, int64_t id, struct arena *a, struct correspondent *ret,
                      struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM correspondent c JOIN reverse r ON r.id = c.reverse"
	                    " WHERE c.id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "correspondent", f));
	return read_one(&q, a, ret, f);
}

static struct speaker read_speaker(struct q *q)
{
	return (struct speaker){ .correspondent = q_col_i64(q, 0),
		                 .alias = q_col_i64(q, 1),
		                 .user = q_col_i64(q, 2),
		                 .reverse = q_col_i64(q, 3),
		                 .trial = q_col_i64(q, 4),
		                 .trial_sent = q_col_i64(q, 5) };
}

/* Of nobody's address as much is read as of somebody else's, so that time does not tell them apart: exactly one of the first two
 * statements finds a row, and the third looks through the mailboxes of an alias. What stands in for nobody is not given on. */
int speaker_find(struct store *st, struct str reverse, struct str sender, struct speaker *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT coalesce(c.id, 0), coalesce(c.alias, 0), r.user, r.id,"
	                    " coalesce(t.profile, 0), coalesce(t.sent, 0) FROM reverse r"
	                    " LEFT JOIN correspondent c ON c.reverse = r.id AND r.use = 1 AND c.kind <> 3"
	                    " LEFT JOIN trial t ON t.reverse = r.id AND r.use = 4"
	                    " WHERE r.address_hash = ? AND (c.id IS NOT NULL OR t.profile IS NOT NULL)");
	OWNQ n = q_read(st, "SELECT c.id, c.alias, r.user, r.id, 0, 0 FROM correspondent c JOIN reverse r"
	                    " ON r.id = c.reverse WHERE c.id = ? * (SELECT max(id) FROM correspondent)");
	OWNQ m = q_read(st, "SELECT m.id FROM mailbox m WHERE m.id IN (SELECT mailbox FROM alias_mailbox"
	                    " WHERE alias = ?1 UNION ALL SELECT mailbox FROM profile WHERE id = ?3)"
	                    " AND (m.address_hash = ?2 OR EXISTS (SELECT 1 FROM mailbox_sender s"
	                    " WHERE s.mailbox = m.id AND s.address_hash = ?2)) LIMIT 1");
	struct speaker s = { 0 };
	bool known = false, row = false;

	q_hash(&q, "address", 0, reverse);
	TRY(q_row(&q, &known, f));
	q_i64(&n, !known);
	TRY(q_row(&n, &row, f));
	if (known || row)
		s = read_speaker(known ? &q : &n);
	q_i64(&m, s.alias);
	q_hash(&m, "address", 0, sender);
	q_i64(&m, s.trial);
	TRY(q_row(&m, &row, f));
	if (row)
		s.mailbox = q_col_i64(&m, 0);
	*ret = known ? s : (struct speaker){ 0 };
	return OK;
}

int correspondent_touch(struct store *st, const struct correspondent *old, const struct correspondent *new,
                        struct fail *f)
{
	bool fresh = str_eq(old->name, new->name) && str_eq(old->reply_to, new->reply_to) &&
	             str_eq(old->reply_asked, new->reply_asked) && new->last_used - old->last_used < DAY_S;
	OWNQ q = fresh ? (struct q){ 0 }
	               : q_write(st, "UPDATE correspondent SET name = ?, reply_to = ?, reply_asked = ?,"
	                             " last_used = ? WHERE id = ?");

	if (fresh)
		return OK;
	q_sealed(&q, "correspondent.name", new->name);
	q_sealed(&q, "correspondent.reply_to", new->reply_to);
	q_sealed(&q, "correspondent.reply_asked", new->reply_asked);
	q_i64(&q, new->last_used);
	q_i64(&q, old->id);
	return q_done(&q, f);
}

int correspondent_each(struct store *st, int64_t alias,
                       int (*fn)(void *arg, const struct correspondent *c, struct fail *f), void *arg,
                       struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS
	                    ", coalesce(b.how, 0) FROM correspondent c JOIN reverse r ON r.id = c.reverse"
	                    " LEFT JOIN block b ON b.alias = c.alias AND b.key_hash = c.key_hash"
	                    " WHERE c.alias = ? ORDER BY c.id");
	bool row = false;

	q_i64(&q, alias);
	for (;;) {
		OWN(arena) a = ARENA;
		struct correspondent c;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_one(&q, &a, &c, f));
		c.blocked = q_col_i64(&q, 11);
		TRY(fn(arg, &c, f));
	}
}

int correspondent_latest(struct store *st, int64_t alias, struct arena *a, struct correspondent *ret,
                         struct fail *f)
{
	OWNQ q =
	        q_read(st, "SELECT " COLUMNS " FROM correspondent c JOIN reverse r ON r.id = c.reverse"
	                   " WHERE c.alias = ? AND c.kind <> 3 ORDER BY c.last_used DESC, c.id DESC LIMIT 1");

	q_i64(&q, alias);
	TRY(q_one(&q, "correspondent", f));
	return read_one(&q, a, ret, f);
}

#define STANDS_ALONE                                                                                         \
	" FROM correspondent c JOIN reverse r ON r.id = c.reverse WHERE c.id = ?1 AND NOT EXISTS"            \
	" (SELECT 1 FROM correspondent o WHERE o.reverse = c.reverse AND o.id <> c.id)"

int correspondent_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ look = q_read(st, "SELECT r.id" STANDS_ALONE);
	OWNQ gone = q_write(st, "INSERT OR IGNORE INTO address_gone SELECT r.address_hash" STANDS_ALONE);
	OWNQ c = q_write(st, "DELETE FROM correspondent WHERE id = ?");
	OWNQ r = q_write(st, "DELETE FROM reverse WHERE id = ?");
	int64_t reverse = 0;
	bool alone = false;

	q_i64(&look, id);
	TRY(q_row(&look, &alone, f));
	if (alone)
		reverse = q_col_i64(&look, 0);
	q_end(&look);
	look.s = NULL;
	q_i64(&gone, id);
	TRY(q_done(&gone, f));
	q_i64(&c, id);
	TRY(q_done(&c, f));
	q_i64(&r, reverse);
	return q_done(&r, f);
}

/* ---- reverse addresses ----------------------------------------------------------------------------------------- */

int reverse_add(struct store *st, int64_t user, struct str address, enum reverse_use use, int64_t now,
                int64_t *ret_id, struct fail *f)
{
	OWNQ known = q_read(st, "SELECT 1 FROM address_gone WHERE address_hash = ?1"
	                        " UNION ALL SELECT 1 FROM alias WHERE address_hash = ?1");
	OWNQ q = q_write(
	        st, "INSERT INTO reverse (user, address_hash, address, use, created) VALUES (?, ?, ?, ?, ?)");
	bool row = false;

	q_hash(&known, "address", 0, address);
	TRY(q_row(&known, &row, f));
	if (row)
		return fail(f, FAIL_EXISTS, "this address is or was in use");
	q_i64(&q, user);
	q_hash(&q, "address", 0, address);
	q_sealed(&q, "reverse.address", address);
	q_i64(&q, use);
	q_i64(&q, now);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

static int read_reverse(struct q *q, struct arena *a, struct reverse *ret, struct fail *f)
{
	struct reverse r = { q_col_i64(q, 0), q_col_i64(q, 1), { 0 }, (enum reverse_use)q_col_i64(q, 3) };

	TRY(q_col_sealed(q, 2, "reverse.address", a, &r.address, f));
	*ret = r;
	return OK;
}

int reverse_find(struct store *st, struct str address, struct arena *a, struct reverse *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id, user, address, use FROM reverse WHERE address_hash = ? AND use <> 3");

	q_hash(&q, "address", 0, address);
	TRY(q_one(&q, "reverse address", f));
	return read_reverse(&q, a, ret, f);
}

int reverse_get(struct store *st, int64_t id, struct arena *a, struct reverse *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id, user, address, use FROM reverse WHERE id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "reverse address", f));
	return read_reverse(&q, a, ret, f);
}

int reverse_self(struct store *st, int64_t user, struct str alias, int64_t now, int64_t *ret_id,
                 struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id FROM reverse WHERE address_hash = ? AND user = ? AND use = 3");
	OWNQ add = { 0 };
	bool row = false;

	q_hash(&q, "address", 0, alias);
	q_i64(&q, user);
	TRY(q_row(&q, &row, f));
	if (row) {
		*ret_id = q_col_i64(&q, 0);
		return OK;
	}
	add = q_write(
	        st, "INSERT INTO reverse (user, address_hash, address, use, created) VALUES (?, ?, ?, 3, ?)");
	q_i64(&add, user);
	q_hash(&add, "address", 0, alias);
	q_sealed(&add, "reverse.address", alias);
	q_i64(&add, now);
	TRY(q_done(&add, f));
	*ret_id = store_last_id(st);
	return OK;
}

int reverse_take(struct store *st, int64_t user, int64_t with_profile, struct arena *a, struct reverse *ret,
                 struct fail *f)
{
	OWNQ q = q_read(
	        st,
	        "SELECT r.id, r.user, r.address, r.use FROM reverse r WHERE r.user = ?1 AND r.use = 0 AND"
	        " (?2 = 0 OR EXISTS (SELECT 1 FROM sender_cert s WHERE s.reverse = r.id AND s.profile = ?2))"
	        " LIMIT 1");
	OWNQ u = q_write(st, "UPDATE reverse SET use = 1 WHERE id = ?");
	struct reverse r;

	q_i64(&q, user);
	q_i64(&q, with_profile);
	TRY(q_one(&q, "reverse address in the pool", f));
	TRY(read_reverse(&q, a, &r, f));
	q_i64(&u, r.id);
	TRY(q_done(&u, f));
	r.use = REVERSE_TAKEN;
	*ret = r;
	return OK;
}

int reverse_bare(struct store *st, int64_t user, int64_t profile, struct arena *a, struct reverse *ret,
                 struct fail *f)
{
	OWNQ q = q_read(
	        st, "SELECT r.id, r.user, r.address, r.use FROM reverse r WHERE r.user = ?1 AND r.use = 0 AND"
	            " NOT EXISTS (SELECT 1 FROM sender_cert s WHERE s.reverse = r.id AND s.profile = ?2) "
	            "LIMIT 1");

	q_i64(&q, user);
	q_i64(&q, profile);
	TRY(q_one(&q, "reverse address in the pool", f));
	return read_reverse(&q, a, ret, f);
}

int reverse_notice(struct store *st, int64_t user, struct arena *a, struct reverse *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id, user, address, use FROM reverse WHERE user = ? AND use = 2");

	q_i64(&q, user);
	TRY(q_one(&q, "notice address", f));
	return read_reverse(&q, a, ret, f);
}

/* ---- Message-IDs, rates, what was seen ------------------------------------------------------------------------- */

static const char *const ways[] = { "", "msgid.in", "msgid.out" };

int msgid_put(struct store *st, int64_t user, enum msgid_way way, struct str told, struct str original,
              int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT OR IGNORE INTO msgid (hash, value, created) VALUES (?, ?, ?)");

	q_hash(&q, ways[way], (uint64_t)user, told);
	q_sealed(&q, "msgid.value", original);
	q_i64(&q, now);
	return q_done(&q, f);
}

int msgid_get(struct store *st, int64_t user, enum msgid_way way, struct str told, struct arena *a,
              struct str *ret_original, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT value FROM msgid WHERE hash = ?");

	q_hash(&q, ways[way], (uint64_t)user, told);
	TRY(q_one(&q, "message id", f));
	return q_col_sealed(&q, 0, "msgid.value", a, ret_original, f);
}

int rate_add(struct store *st, int64_t user, int64_t now, int64_t n, int64_t *ret_sum, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO rate (user, hour, n, messages, bytes) VALUES (?1, ?2, ?3, 0, 0)"
	                     " ON CONFLICT (user, hour) DO UPDATE SET n = n + ?3 RETURNING n");

	q_i64(&q, user);
	q_i64(&q, now / HOUR_S);
	q_i64(&q, n);
	TRY(q_one(&q, "rate", f));
	*ret_sum = q_col_i64(&q, 0);
	return OK;
}

int seen_find(struct store *st, struct str digest, struct arena *a, struct str *ret_mid, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT mid FROM seen WHERE digest = ?");

	q_hash(&q, "seen", 0, digest);
	TRY(q_one(&q, "message", f));
	*ret_mid = q_col_blob(&q, 0, a);
	return OK;
}

int seen_add(struct store *st, struct str digest, struct str mid, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT OR REPLACE INTO seen (digest, mid, created) VALUES (?, ?, ?)");

	q_hash(&q, "seen", 0, digest);
	q_blob(&q, mid);
	q_i64(&q, now);
	return q_done(&q, f);
}
