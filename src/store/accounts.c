#include "store/accounts.h"

#include "store/db.h"

/* ---- passwords and second factors -------------------------------------------------------------------------------- */

int account_set(struct store *st, int64_t user, const struct account_salt *s, struct str proof, int64_t now,
                struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO account (user, salt, memory, passes, lanes, proof_hash, created)"
	            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user) DO UPDATE SET salt = excluded.salt,"
	            " memory = excluded.memory, passes = excluded.passes, lanes = excluded.lanes,"
	            " proof_hash = excluded.proof_hash");

	q_i64(&q, user);
	q_blob(&q, s->salt);
	q_i64(&q, s->memory);
	q_i64(&q, s->passes);
	q_i64(&q, s->lanes);
	q_hash(&q, "account.proof", (uint64_t)user, proof);
	q_i64(&q, now);
	return q_done(&q, f);
}

/* No hash is the empty one. */
int account_make(struct store *st, int64_t user, int64_t now, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT OR IGNORE INTO account (user, salt, memory, passes, lanes, proof_hash, created)"
	            " VALUES (?, x'', 0, 0, 0, x'', ?)");

	q_i64(&q, user);
	q_i64(&q, now);
	return q_done(&q, f);
}

int account_no_password(struct store *st, int64_t user, struct fail *f)
{
	OWNQ q = q_write(st,
	                 "UPDATE account SET salt = x'', memory = 0, passes = 0, lanes = 0, proof_hash = x''"
	                 " WHERE user = ?");

	q_i64(&q, user);
	return q_done(&q, f);
}

int account_get(struct store *st, int64_t user, struct arena *a, struct account *ret, struct fail *f)
{
	OWNQ q =
	        q_read(st, "SELECT salt, memory, passes, lanes, totp, secret, totp_step, created FROM account"
	                   " WHERE user = ?");
	struct account ac = { .user = user };

	q_i64(&q, user);
	TRY(q_one(&q, "account", f));
	ac.salt = (struct account_salt){ q_col_blob(&q, 0, a), q_col_i64(&q, 1), q_col_i64(&q, 2),
		                         q_col_i64(&q, 3) };
	ac.totp = q_col_i64(&q, 4);
	TRY(q_col_sealed(&q, 5, "account.secret", a, &ac.secret, f));
	ac.totp_step = q_col_i64(&q, 6);
	ac.created = q_col_i64(&q, 7);
	*ret = ac;
	return OK;
}

/* What is compared is a keyed hash: how far two of them agree tells nothing. */
int account_proves(struct store *st, int64_t user, struct str proof, bool *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT 1 FROM account WHERE user = ? AND proof_hash = ?");

	q_i64(&q, user);
	q_hash(&q, "account.proof", (uint64_t)user, proof);
	return q_row(&q, ret, f);
}

int account_totp(struct store *st, int64_t user, struct str secret, bool in_force, int64_t step,
                 struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE account SET secret = ?, totp = ?, totp_step = ? WHERE user = ?");

	q_sealed(&q, "account.secret", secret);
	q_i64(&q, in_force);
	q_i64(&q, step);
	q_i64(&q, user);
	return q_done(&q, f);
}

/* ---- recovery codes ---------------------------------------------------------------------------------------------- */

static int recovery_add(struct store *st, int64_t user, struct str code, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO recovery (user, code_hash) VALUES (?, ?)");

	q_i64(&q, user);
	q_hash(&q, "recovery.code", (uint64_t)user, code);
	return q_done(&q, f);
}

int recovery_set(struct store *st, int64_t user, const struct str *codes, size_t n, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM recovery WHERE user = ?");

	q_i64(&q, user);
	TRY(q_done(&q, f));
	for (size_t i = 0; i < n; i++)
		TRY(recovery_add(st, user, codes[i], f));
	return OK;
}

int recovery_use(struct store *st, int64_t user, struct str code, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM recovery WHERE user = ? AND code_hash = ?");

	q_i64(&q, user);
	q_hash(&q, "recovery.code", (uint64_t)user, code);
	TRY(q_done(&q, f));
	return store_changes(st) ? OK : fail(f, FAIL_ABSENT, "there is no such recovery code");
}

int recovery_count(struct store *st, int64_t user, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM recovery WHERE user = ?");

	q_i64(&q, user);
	TRY(q_one(&q, "count", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

/* ---- invitations ------------------------------------------------------------------------------------------------- */

int invite_add(struct store *st, struct str token, const struct invite *i, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO invite (token_hash, user, expires) VALUES (?, nullif(?, 0), ?)");

	q_hash(&q, "invite.token", 0, token);
	q_i64(&q, i->user);
	q_i64(&q, i->expires);
	return q_done(&q, f);
}

int invite_find(struct store *st, struct str token, int64_t now, struct invite *ret, struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT coalesce(user, 0), expires FROM invite WHERE token_hash = ? AND expires > ?");

	q_hash(&q, "invite.token", 0, token);
	q_i64(&q, now);
	TRY(q_one(&q, "invitation", f));
	*ret = (struct invite){ q_col_i64(&q, 0), q_col_i64(&q, 1) };
	return OK;
}

int invite_use(struct store *st, struct str token, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM invite WHERE token_hash = ?");

	q_hash(&q, "invite.token", 0, token);
	TRY(q_done(&q, f));
	return store_changes(st) ? OK : fail(f, FAIL_ABSENT, "there is no such invitation");
}

int invite_end_all(struct store *st, int64_t user, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM invite WHERE user = ?");

	q_i64(&q, user);
	return q_done(&q, f);
}

int invite_count(struct store *st, int64_t now, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM invite WHERE user IS NULL AND expires > ?");

	q_i64(&q, now);
	TRY(q_one(&q, "count", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

/* ---- codes that were mailed -------------------------------------------------------------------------------------- */

int mailbox_code_get(struct store *st, int64_t mailbox, struct mailbox_code *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT created, tries, mailed, day_begun FROM mailbox_code WHERE mailbox = ?");

	q_i64(&q, mailbox);
	TRY(q_one(&q, "code", f));
	*ret = (struct mailbox_code){ q_col_i64(&q, 0), q_col_i64(&q, 1), q_col_i64(&q, 2),
		                      q_col_i64(&q, 3) };
	return OK;
}

int mailbox_code_set(struct store *st, int64_t mailbox, struct str code, const struct mailbox_code *m,
                     struct fail *f)
{
	OWNQ q =
	        q_write(st, "INSERT OR REPLACE INTO mailbox_code (mailbox, code_hash, created, tries, mailed,"
	                    " day_begun) VALUES (?, ?, ?, ?, ?, ?)");

	q_i64(&q, mailbox);
	q_hash(&q, "mailbox.code", (uint64_t)mailbox, code);
	q_i64(&q, m->created);
	q_i64(&q, m->tries);
	q_i64(&q, m->mailed);
	q_i64(&q, m->day_begun);
	return q_done(&q, f);
}

int mailbox_code_try(struct store *st, int64_t mailbox, struct str code, bool *ret, struct fail *f)
{
	OWNQ right = q_read(st, "SELECT 1 FROM mailbox_code WHERE mailbox = ? AND code_hash = ?");
	OWNQ count = q_write(st, "UPDATE mailbox_code SET tries = tries + 1 WHERE mailbox = ?");

	q_i64(&count, mailbox);
	TRY(q_done(&count, f));
	q_i64(&right, mailbox);
	q_hash(&right, "mailbox.code", (uint64_t)mailbox, code);
	return q_row(&right, ret, f);
}

int mailbox_verified(struct store *st, int64_t mailbox, bool verified, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE mailbox SET verified = ? WHERE id = ?");
	OWNQ gone = q_write(st, "DELETE FROM mailbox_code WHERE mailbox = ?1 AND ?2 = 1");

	q_i64(&q, verified);
	q_i64(&q, mailbox);
	TRY(q_done(&q, f));
	q_i64(&gone, mailbox);
	q_i64(&gone, verified);
	return q_done(&gone, f);
}
