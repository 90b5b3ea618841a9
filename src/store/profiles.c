#include "store/profiles.h"

#include "store/db.h"

int profile_add(struct store *st, const struct profile *p, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO profile (user, mailbox, state, cipher, sender_alg, critical, "
	                     "not_before, not_after,"
	                     " created, reminded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");

	q_i64(&q, p->user);
	q_i64(&q, p->mailbox);
	q_i64(&q, p->state);
	q_i64(&q, p->cipher);
	q_i64(&q, p->sender_alg);
	q_i64(&q, p->critical);
	q_i64(&q, p->not_before);
	q_i64(&q, p->not_after);
	q_i64(&q, p->created);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

#define COLUMNS                                                                                              \
	"id, user, mailbox, created, state, cipher, sender_alg, critical, not_before, not_after, reminded, " \
	"root,"                                                                                              \
	" intermediate, user_cert, wrapped_ca, intermediate_spki, root_cn, intermediate_cn, domains,"        \
	" (SELECT count(*) FROM sender_cert s WHERE s.profile = p.id),"                                      \
	" (SELECT count(*) FROM sender_cert s JOIN reverse r ON r.id = s.reverse WHERE s.profile = p.id "    \
	"AND r.use = 0)"
#define NO_COUNTS                                                                                            \
	"id, user, mailbox, created, state, cipher, sender_alg, critical, not_before, not_after, reminded, " \
	"root,"                                                                                              \
	" intermediate, user_cert, wrapped_ca, intermediate_spki, root_cn, intermediate_cn, domains, 0, 0"

enum { FIRST_TEXT = 11 };

/* The sealed columns, in the order of the lists above. */
static const struct {
	const char *column;
	size_t offset;
} texts[] = {
	{ "profile.root", offsetof(struct profile, root) },
	{ "profile.intermediate", offsetof(struct profile, intermediate) },
	{ "profile.user_cert", offsetof(struct profile, user_cert) },
	{ "profile.wrapped_ca", offsetof(struct profile, wrapped_ca) },
	{ "profile.intermediate_spki", offsetof(struct profile, intermediate_spki) },
	{ "profile.root_cn", offsetof(struct profile, root_cn) },
	{ "profile.intermediate_cn", offsetof(struct profile, intermediate_cn) },
	{ "profile.domains", offsetof(struct profile, domains) },
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static int read_profile(struct q *q, struct arena *a, struct profile *ret, struct fail *f)
{
	struct profile p = {
		.id = q_col_i64(q, 0),
		.user = q_col_i64(q, 1),
		.mailbox = q_col_i64(q, 2),
		.created = q_col_i64(q, 3),
		.state = (enum profile_state)q_col_i64(q, 4),
		.cipher = q_col_i64(q, 5),
		.sender_alg = q_col_i64(q, 6),
		.critical = q_col_i64(q, 7),
		.not_before = q_col_i64(q, 8),
		.not_after = q_col_i64(q, 9),
		.reminded = q_col_i64(q, 10),
		.certificates = q_col_i64(q, FIRST_TEXT + TEXTS),
		.pool = q_col_i64(q, FIRST_TEXT + TEXTS + 1),
	};

	for (int i = 0; i < TEXTS; i++)
		TRY(q_col_sealed(q, FIRST_TEXT + i, texts[i].column, a,
		                 (struct str *)((char *)&p + texts[i].offset), f));
	*ret = p;
	return OK;
}

int profile_get(struct store *st, int64_t id, struct arena *a, struct profile *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " NO_COUNTS " FROM profile p WHERE id = ?");

	q_i64(&q, id);
	TRY(q_one(&q, "profile", f));
	return read_profile(&q, a, ret, f);
}

int profile_update(struct store *st, const struct profile *p, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE profile SET root = ?, intermediate = ?, user_cert = ?, wrapped_ca = ?,"
	                     " intermediate_spki = ?, root_cn = ?, intermediate_cn = ?, domains = ?, state = "
	                     "? WHERE id = ?");

	for (int i = 0; i < TEXTS; i++)
		q_sealed(&q, texts[i].column, *(const struct str *)((const char *)p + texts[i].offset));
	q_i64(&q, p->state);
	q_i64(&q, p->id);
	return q_done(&q, f);
}

int profile_activate(struct store *st, int64_t id, struct fail *f)
{
	OWNQ off = q_write(st, "UPDATE profile SET state = 4 WHERE state = 3 AND mailbox ="
	                       " (SELECT mailbox FROM profile WHERE id = ?)");
	OWNQ on = q_write(st, "UPDATE profile SET state = 3 WHERE id = ?");

	q_i64(&off, id);
	TRY(q_done(&off, f));
	q_i64(&on, id);
	return q_done(&on, f);
}

int profile_deactivate(struct store *st, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE profile SET state = 4 WHERE id = ? AND state = 3");

	q_i64(&q, id);
	return q_done(&q, f);
}

int profile_reminded(struct store *st, int64_t id, int64_t days, struct fail *f)
{
	OWNQ q = q_write(st, "UPDATE profile SET reminded = ? WHERE id = ?");

	q_i64(&q, days);
	q_i64(&q, id);
	return q_done(&q, f);
}

int profile_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM profile WHERE id = ?");

	q_i64(&q, id);
	return q_done(&q, f);
}

int profile_each(struct store *st, int64_t mailbox,
                 int (*fn)(void *arg, const struct profile *p, struct fail *f), void *arg, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " COLUMNS " FROM profile p WHERE ?1 = 0 OR mailbox = ?1 ORDER BY id");
	bool row = false;

	q_i64(&q, mailbox);
	for (;;) {
		OWN(arena) a = ARENA;
		struct profile p;

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		TRY(read_profile(&q, &a, &p, f));
		TRY(fn(arg, &p, f));
	}
}

/* ---- sender certificates --------------------------------------------------------------------------------------- */

int sender_cert_add(struct store *st, const struct sender_cert *c, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO sender_cert (reverse, profile, cert, wrapped, not_after) VALUES "
	                     "(?, ?, ?, ?, ?)");

	q_i64(&q, c->reverse);
	q_i64(&q, c->profile);
	q_sealed(&q, "sender_cert.cert", c->cert);
	q_blob(&q, c->wrapped);
	q_i64(&q, c->not_after);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

int sender_cert_find(struct store *st, int64_t reverse, int64_t profile, struct arena *a,
                     struct sender_cert *ret, struct fail *f)
{
	OWNQ q = q_read(
	        st, "SELECT id, cert, wrapped, not_after FROM sender_cert WHERE reverse = ? AND profile = ?");
	struct sender_cert c = { .reverse = reverse, .profile = profile };

	q_i64(&q, reverse);
	q_i64(&q, profile);
	TRY(q_one(&q, "certificate", f));
	c.id = q_col_i64(&q, 0);
	TRY(q_col_sealed(&q, 1, "sender_cert.cert", a, &c.cert, f));
	c.wrapped = q_col_blob(&q, 2, a);
	c.not_after = q_col_i64(&q, 3);
	*ret = c;
	return OK;
}

int sender_cert_each(struct store *st, int64_t reverse,
                     int (*fn)(void *arg, const struct sender_cert *c, int64_t user, struct fail *f),
                     void *arg, struct fail *f)
{
	OWNQ q =
	        q_read(st, "SELECT s.id, s.profile, s.cert, s.wrapped, s.not_after, p.user FROM sender_cert s"
	                   " JOIN profile p ON p.id = s.profile WHERE s.reverse = ? ORDER BY s.id DESC");
	bool row = false;

	q_i64(&q, reverse);
	for (;;) {
		OWN(arena) a = ARENA;
		struct sender_cert c = { .reverse = reverse };

		TRY(q_row(&q, &row, f));
		if (!row)
			return OK;
		c.id = q_col_i64(&q, 0);
		c.profile = q_col_i64(&q, 1);
		TRY(q_col_sealed(&q, 2, "sender_cert.cert", &a, &c.cert, f));
		c.wrapped = q_col_blob(&q, 3, &a);
		c.not_after = q_col_i64(&q, 4);
		TRY(fn(arg, &c, q_col_i64(&q, 5), f));
	}
}

int sender_cert_delete(struct store *st, int64_t id, struct fail *f)
{
	OWNQ q = q_write(st, "DELETE FROM sender_cert WHERE id = ?");

	q_i64(&q, id);
	return q_done(&q, f);
}

#define POOL_SIZE                                                                                            \
	"(SELECT count(*) FROM reverse r JOIN sender_cert s ON s.reverse = r.id AND s.profile = p.id"        \
	" WHERE r.user = p.user AND r.use = 0)"

int pool_count(struct store *st, int64_t profile, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT " POOL_SIZE " FROM profile p WHERE p.id = ? AND p.state = 3");

	q_i64(&q, profile);
	TRY(q_one(&q, "active profile", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}

void pool_pass(struct pool_look *l, int64_t profile)
{
	if (l->n_passed < POOL_LOOK)
		l->passed[l->n_passed++] = profile;
}

static bool was_passed(const struct pool_look *l, int64_t profile)
{
	for (size_t i = 0; i < l->n_passed; i++)
		if (l->passed[i] == profile)
			return true;
	return false;
}

int pool_hungry(struct store *st, int64_t wanted, struct pool_look *l, int64_t *ret_profile, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT p.id, " POOL_SIZE " FROM profile p WHERE p.id > ? AND p.state = 3"
	                    " ORDER BY p.id LIMIT ?");
	int64_t last = 0, found = 0, least = wanted;
	bool row = false;
	int n = 0;

	q_i64(&q, l->at);
	q_i64(&q, POOL_LOOK);
	for (;; n++) {
		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		last = q_col_i64(&q, 0);
		if (q_col_i64(&q, 1) < least && !was_passed(l, last)) {
			least = q_col_i64(&q, 1);
			found = last;
		}
	}
	if (found) {
		*ret_profile = found;
		return OK;
	}
	*l = (struct pool_look){ .at = n == POOL_LOOK ? last : 0 };
	return fail(f, FAIL_ABSENT, "none of these pools is hungry");
}

/* ---- spare keys ------------------------------------------------------------------------------------------------ */

int spare_add(struct store *st, int64_t alg, struct str wrapped, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO spare (alg, wrapped) VALUES (?, ?)");

	q_i64(&q, alg);
	q_blob(&q, wrapped);
	return q_done(&q, f);
}

int spare_take(struct store *st, int64_t alg, struct arena *a, struct str *ret_wrapped, struct fail *f)
{
	OWNQ q = q_write(
	        st, "DELETE FROM spare WHERE id = (SELECT id FROM spare WHERE alg = ? ORDER BY id LIMIT 1)"
	            " RETURNING wrapped");

	q_i64(&q, alg);
	TRY(q_one(&q, "spare key", f));
	*ret_wrapped = q_col_blob(&q, 0, a);
	return OK;
}

int spare_count(struct store *st, int64_t alg, int64_t *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT count(*) FROM spare WHERE alg = ?");

	q_i64(&q, alg);
	TRY(q_one(&q, "spare key", f));
	*ret = q_col_i64(&q, 0);
	return OK;
}
