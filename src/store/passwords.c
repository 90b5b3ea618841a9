#include "store/passwords.h"

#include "base/clock.h"
#include "store/db.h"

/* The hash needs no slowness: a password has 125 random bits, of which no dictionary knows any. It is keyed as all hashes
 * here are, so that a stolen database does not even tell whether a guess was right. */
static void bind_secret(struct q *q, struct str secret)
{
	q_hash(q, "app_password.secret", 0, secret);
}

static int has_room(struct store *st, int64_t mailbox, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM app_password WHERE mailbox = ?");

	q_i64(&q, mailbox);
	TRY(q_one(&q, "count", f));
	return q_col_i64(&q, 0) < PASSWORDS_MAX
	               ? OK
	               : fail(f, FAIL_LIMIT, "the mailbox has %d app passwords already", PASSWORDS_MAX);
}

int password_add(struct store *st, int64_t mailbox, struct str name, struct str secret, int64_t now,
                 struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO app_password (mailbox, name_hash, name, secret_hash, created, last_used)"
	            " VALUES (?, ?, ?, ?, ?, 0)");

	TRY(has_room(st, mailbox, f));
	q_i64(&q, mailbox);
	q_hash(&q, "app_password.name", (uint64_t)mailbox, name);
	q_sealed(&q, "app_password.name", name);
	bind_secret(&q, secret);
	q_i64(&q, now);
	return q_done(&q, f);
}

int password_delete(struct store *st, int64_t mailbox, struct str name, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM app_password WHERE mailbox = ? AND name_hash = ?");

	q_i64(&q, mailbox);
	q_hash(&q, "app_password.name", (uint64_t)mailbox, name);
	TRY(q_done(&q, f));
	return store_changes(st) ? OK : fail(f, FAIL_ABSENT, "there is no such app password");
}

#define OF_USER "mailbox IN (SELECT id FROM mailbox WHERE user = ?)"

int password_end_all(struct store *st, int64_t user, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM app_password WHERE " OF_USER);

	q_i64(&q, user);
	return q_done(&q, f);
}

int password_count(struct store *st, int64_t user, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM app_password WHERE " OF_USER);

	q_i64(&q, user);
	TRY(q_one(&q, "count", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

int password_each(struct store *st, int64_t mailbox,
                  int (*fn)(void *arg, const struct app_password *p, struct fail *f), void *arg,
                  struct fail *f)
{
	OWNQ q = q_read(st, "SELECT id, mailbox, name, created, last_used FROM app_password WHERE mailbox = ?"
	                    " ORDER BY id");
	bool row = false;

	q_i64(&q, mailbox);
	for (;;) {
		OWN(arena) a = ARENA;
		struct app_password p = { 0 };

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		p.id = q_col_i64(&q, 0);
		p.mailbox = q_col_i64(&q, 1);
		TRY(q_col_sealed(&q, 2, "app_password.name", &a, &p.name, f));
		p.created = q_col_i64(&q, 3);
		p.last_used = q_col_i64(&q, 4);
		TRY(fn(arg, &p, f));
	}
}

/* One look-up by the secret's hash; whose it is is compared in what was found. Both hashes are always made. */
int password_find(struct store *st, struct str address, struct str secret, struct app_password *ret,
                  struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT p.id, p.mailbox, p.created, p.last_used, m.address_hash = ?1"
	                " FROM app_password p JOIN mailbox m ON m.id = p.mailbox WHERE p.secret_hash = ?2");
	bool row = false;

	q_hash(&q, "address", 0, address);
	bind_secret(&q, secret);
	TRY(q_row(&q, &row, f));
	if (!row || !q_col_i64(&q, 4))
		return fail(f, FAIL_ABSENT, "the name or the password is wrong");
	*ret = (struct app_password){ .id = q_col_i64(&q, 0),
		                      .mailbox = q_col_i64(&q, 1),
		                      .created = q_col_i64(&q, 2),
		                      .last_used = q_col_i64(&q, 3) };
	return OK;
}

int password_used(struct store *st, const struct app_password *p, int64_t now, bool *ret_changed,
                  struct fail *f)
{
	int64_t day = now - now % DAY_S;

	*ret_changed = false;
	if (p->last_used == day)
		return OK;
	OWNQ q = q_write(st, "UPDATE app_password SET last_used = ? WHERE id = ?");

	q_i64(&q, day);
	q_i64(&q, p->id);
	TRY(q_done(&q, f));
	*ret_changed = true;
	return OK;
}
