#include "store/replies.h"

#include "store/db.h"

int spoke_find(struct store *st, struct str signature, struct arena *a, struct str *ret_message,
               struct fail *f)
{
	OWNQ q = q_read(st, "SELECT message FROM spoke WHERE signature_hash = ?");

	q_hash(&q, "spoke", 0, signature);
	TRY(q_one(&q, "signature", f));
	return q_col_sealed(&q, 0, "spoke.message", a, ret_message, f);
}

int spoke_add(struct store *st, struct str signature, struct str message, int64_t now, struct fail *f)
{
	OWNQ q = q_write(st,
	                 "INSERT OR IGNORE INTO spoke (signature_hash, message, created) VALUES (?, ?, ?)");

	q_hash(&q, "spoke", 0, signature);
	q_sealed(&q, "spoke.message", message);
	q_i64(&q, now);
	return q_done(&q, f);
}

/* In the table of messages that were seen, under a use of their own. A digest has no fixed place to end: its length goes
 * before it, so that no pair reads like another. */
static void answered_hash(struct q *q, struct str digest, struct str reverse)
{
	OWN(buf) b = BUF(2048);

	buf_addf(&b, "%zu:", digest.n);
	buf_add(&b, digest);
	buf_add(&b, reverse);
	q_hash(q, "answered", 0, buf_str(&b));
}

int answered_find(struct store *st, struct str digest, struct str reverse, struct arena *a,
                  struct str *ret_mid, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT mid FROM seen WHERE digest = ?");

	answered_hash(&q, digest, reverse);
	TRY(q_one(&q, "answer", f));
	*ret_mid = q_col_blob(&q, 0, a);
	return OK;
}

int answered_add(struct store *st, struct str digest, struct str reverse, struct str mid, int64_t now,
                 struct fail *f)
{
	OWNQ q = q_write(st, "INSERT OR IGNORE INTO seen (digest, mid, created) VALUES (?, ?, ?)");

	answered_hash(&q, digest, reverse);
	q_blob(&q, mid);
	q_i64(&q, now);
	return q_done(&q, f);
}

int sent_add(struct store *st, struct str token, const struct sent *s, struct fail *f)
{
	OWNQ q = q_write(
	        st, "INSERT INTO sent (token_hash, mailbox, correspondent, created) VALUES (?, ?, ?, ?)");

	q_hash(&q, "sent", 0, token);
	q_i64(&q, s->mailbox);
	q_i64(&q, s->correspondent);
	q_i64(&q, s->at);
	return q_done(&q, f);
}

int sent_find(struct store *st, struct str token, struct arena *a, struct sent *ret, struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT s.mailbox, s.correspondent, s.created, a.user, c.address, c.name, a.address"
	                " FROM sent s JOIN correspondent c ON c.id = s.correspondent"
	                " JOIN alias a ON a.id = c.alias WHERE s.token_hash = ?");
	struct sent s;

	q_hash(&q, "sent", 0, token);
	TRY(q_one(&q, "answer", f));
	s = (struct sent){ .mailbox = q_col_i64(&q, 0),
		           .correspondent = q_col_i64(&q, 1),
		           .at = q_col_i64(&q, 2),
		           .user = q_col_i64(&q, 3) };
	TRY(q_col_sealed(&q, 4, "correspondent.address", a, &s.address, f));
	TRY(q_col_sealed(&q, 5, "correspondent.name", a, &s.name, f));
	TRY(q_col_sealed(&q, 6, "alias.address", a, &s.alias, f));
	*ret = s;
	return OK;
}

int sent_forget(struct store *st, struct str token, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM sent WHERE token_hash = ?");

	q_hash(&q, "sent", 0, token);
	return q_done(&q, f);
}
