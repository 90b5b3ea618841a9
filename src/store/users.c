#include "store/users.h"

#include "store/db.h"

int user_add(struct store *st, struct str name, int64_t now, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO user (name_hash, name, created) VALUES (?, ?, ?)");

	q_hash(&q, "user.name", 0, name);
	q_sealed(&q, "user.name", name);
	q_i64(&q, now);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

int user_find(struct store *st, struct str name, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id FROM user WHERE name_hash = ?");

	q_hash(&q, "user.name", 0, name);
	TRY(q_one(&q, "user", f));
	*ret_id = q_col_i64(&q, 0);
	return OK;
}

int user_name(struct store *st, int64_t id, struct arena *a, struct str *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT name FROM user WHERE id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "user", f));
	return q_col_sealed(&q, 0, "user.name", a, ret, f);
}

int user_delete(struct store *st, int64_t id, struct fail *f)
{
	/* Addresses that were given out are never given to anybody else. */
	OWNQ gone = q_write(
	        st, "INSERT OR IGNORE INTO address_gone SELECT address_hash FROM alias WHERE user = ?1"
	            " UNION ALL SELECT address_hash FROM reverse WHERE user = ?1");
	OWNQ q = q_write(st, "DELETE FROM user WHERE id = ?");
	OWNQ c =
	        q_write(st, "DELETE FROM correspondent WHERE alias IN (SELECT id FROM alias WHERE user = ?)");

	q_i64(&gone, id);
	TRY(q_done(&gone, f));
	q_i64(&c, id);
	TRY(q_done(&c, f));
	q_i64(&q, id);
	TRY(q_done(&q, f));
	return store_changes(st) ? OK : fail(f, FAIL_ABSENT, "there is no such user");
}

int user_each(struct store *st, int (*fn)(void *arg, const struct user *u, struct fail *f), void *arg,
              struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id, name, created, (SELECT count(*) FROM mailbox WHERE user = u.id),"
	                    " (SELECT count(*) FROM alias WHERE user = u.id) FROM user u ORDER BY id");
	bool row = false;

	for (;;) {
		OWN(arena) a = ARENA;
		struct user u = { 0 };

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		u.id = q_col_i64(&q, 0);
		TRY(q_col_sealed(&q, 1, "user.name", &a, &u.name, f));
		u.created = q_col_i64(&q, 2);
		u.mailboxes = q_col_i64(&q, 3);
		u.aliases = q_col_i64(&q, 4);
		TRY(fn(arg, &u, f));
	}
}

int mailbox_add(struct store *st, int64_t user, struct str address, bool clear_ok, int64_t now,
                int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO mailbox (user, address_hash, address, clear_ok, created) VALUES "
	                     "(?, ?, ?, ?, ?)");

	q_i64(&q, user);
	q_hash(&q, "address", 0, address);
	q_sealed(&q, "mailbox.address", address);
	q_i64(&q, clear_ok);
	q_i64(&q, now);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

#define MAILBOX_COLUMNS                                                                                      \
	"m.id, m.user, m.created, m.address, m.clear_ok,"                                                    \
	" coalesce((SELECT p.id FROM profile p WHERE p.mailbox = m.id AND p.state = 3), 0),"                 \
	" m.reply_rule, m.reply_clear, m.replies_told, m.verified, m.hide_subject, m.pad_sizes"

static int read_mailbox(struct q *q, struct arena *a, struct mailbox *ret, struct fail *f)
{
	struct mailbox m = { .id = q_col_i64(q, 0), .user = q_col_i64(q, 1), .created = q_col_i64(q, 2) };

	TRY(q_col_sealed(q, 3, "mailbox.address", a, &m.address, f));
	m.clear_ok = q_col_i64(q, 4);
	m.active_profile = q_col_i64(q, 5);
	m.reply_rule = q_col_i64(q, 6);
	m.reply_clear = q_col_i64(q, 7);
	m.replies_told = q_col_i64(q, 8);
	m.verified = q_col_i64(q, 9);
	m.hide_subject = q_col_i64(q, 10);
	m.pad_sizes = q_col_i64(q, 11);
	*ret = m;
	return OK;
}

int mailbox_find(struct store *st, struct str address, struct arena *a, struct mailbox *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.address_hash = ?");

	q_hash(&q, "address", 0, address);
	TRY(q_one(&q, "mailbox", f));
	return read_mailbox(&q, a, ret, f);
}

int mailbox_get(struct store *st, int64_t id, struct arena *a, struct mailbox *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "mailbox", f));
	return read_mailbox(&q, a, ret, f);
}

int mailbox_set_clear(struct store *st, int64_t id, bool clear_ok, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE mailbox SET clear_ok = ? WHERE id = ?");

	q_i64(&q, clear_ok);
	q_i64(&q, id);
	return q_done(&q, f);
}

int mailbox_set_telling(struct store *st, int64_t id, bool hide_subject, bool pad_sizes, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE mailbox SET hide_subject = ?, pad_sizes = ? WHERE id = ?");

	q_i64(&q, hide_subject);
	q_i64(&q, pad_sizes);
	q_i64(&q, id);
	return q_done(&q, f);
}

int mailbox_set_replies(struct store *st, int64_t id, int64_t rule, bool clear, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE mailbox SET reply_rule = ?, reply_clear = ? WHERE id = ?");

	q_i64(&q, rule);
	q_i64(&q, clear);
	q_i64(&q, id);
	return q_done(&q, f);
}

int mailbox_replies_told(struct store *st, int64_t id, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE mailbox SET replies_told = ? WHERE id = ?");

	q_i64(&q, now);
	q_i64(&q, id);
	return q_done(&q, f);
}

int mailbox_aliases(struct store *st, int64_t id, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM alias_mailbox WHERE mailbox = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "count", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int mailbox_share(struct store *st, int64_t from, int64_t to, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT OR IGNORE INTO alias_mailbox (alias, mailbox)"
	                     " SELECT alias, ?2 FROM alias_mailbox WHERE mailbox = ?1");

	q_i64(&q, from);
	q_i64(&q, to);
	return q_done(&q, f);
}

int mailbox_lone_alias(struct store *st, int64_t id, int64_t *ret_alias, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT alias FROM alias_mailbox l WHERE mailbox = ?1 AND NOT EXISTS (SELECT 1"
	                    " FROM alias_mailbox o WHERE o.alias = l.alias AND o.mailbox <> ?1) LIMIT 1");

	q_i64(&q, id);
	TRY(q_one(&q, "alias", f));
	*ret_alias = q_col_i64(&q, 0);
	return OK;
}

int mailbox_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM mailbox WHERE id = ?");

	q_i64(&q, id);
	return q_done(&q, f);
}

int mailbox_speaks_for(struct store *st, int64_t user, struct str address, struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT 1 FROM mailbox m WHERE m.user = ?1 AND (m.address_hash = ?2 OR EXISTS"
	                " (SELECT 1 FROM mailbox_sender s WHERE s.mailbox = m.id AND s.address_hash = ?2))");

	q_i64(&q, user);
	q_hash(&q, "address", 0, address);
	return q_one(&q, "own address", f);
}

int mailbox_addresses(struct store *st, int64_t user,
                      int (*fn)(void *arg, int64_t mailbox, struct str address, struct fail *f), void *arg,
                      struct fail *f)
{
	OWNQ q = q_read(
	        st, "SELECT id, 0, address FROM mailbox WHERE user = ?1 UNION ALL"
	            " SELECT s.mailbox, 1, s.address FROM mailbox_sender s JOIN mailbox m ON m.id = s.mailbox"
	            " WHERE m.user = ?1");
	bool row = false;

	q_i64(&q, user);
	for (;;) {
		OWN(arena) a = ARENA;
		struct str address;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(q_col_sealed(&q, 2, q_col_i64(&q, 1) ? "mailbox_sender.address" : "mailbox.address", &a,
		                 &address, f));
		TRY(fn(arg, q_col_i64(&q, 0), address, f));
	}
}

int mailbox_sender_add(struct store *st, int64_t id, struct str address, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO mailbox_sender (mailbox, address_hash, address) VALUES (?, ?, ?)");

	q_i64(&q, id);
	q_hash(&q, "address", 0, address);
	q_sealed(&q, "mailbox_sender.address", address);
	return q_done(&q, f);
}

int mailbox_each(struct store *st, int64_t user,
                 int (*fn)(void *arg, const struct mailbox *m, struct fail *f), void *arg, struct fail *f)
{
	OWNQ q = q_read(
	        st, "SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE ?1 = 0 OR m.user = ?1 ORDER BY m.id");
	bool row = false;

	q_i64(&q, user);
	for (;;) {
		OWN(arena) a = ARENA;
		struct mailbox m;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_mailbox(&q, &a, &m, f));
		TRY(fn(arg, &m, f));
	}
}
