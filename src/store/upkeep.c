#include "store/upkeep.h"

#include "base/clock.h"
#include "store/db.h"
#include "store/events.h"
#include "store/held.h"
#include "store/sessions.h"
#include "store/trials.h"

/* What is kept how long, and why not shorter. ?1 is the oldest time that stays; at most ?2 rows a call. */
// clang-format off
static const struct {
	const char *what;
	int days;
	const char *sql;
} kinds[] = {
	{ "msgid", 180, /* threads go on for months */
	  "DELETE FROM msgid WHERE hash IN (SELECT hash FROM msgid WHERE created < ?1 LIMIT ?2)" },
	{ "seen", 30, /* a sender retries for days, an attacker replays later */
	  "DELETE FROM seen WHERE digest IN (SELECT digest FROM seen WHERE created < ?1 LIMIT ?2)" },
	{ "spoke", 30, /* longer than a signature is fresh: policy/reply.h */
	  "DELETE FROM spoke WHERE signature_hash IN (SELECT signature_hash FROM spoke WHERE created < ?1 LIMIT ?2)" },
	{ "sent", 10, /* as long as its token is good: policy/verp.h */
	  "DELETE FROM sent WHERE token_hash IN (SELECT token_hash FROM sent WHERE created < ?1 LIMIT ?2)" },
	{ "activity", 30, /* the charts of a month */
	  "DELETE FROM activity WHERE (alias, hour) IN (SELECT alias, hour FROM activity WHERE hour < ?1 / 3600 LIMIT ?2)" },
	{ "event", EVENT_DAYS, /* the same, in words */
	  EVENT_GONE },
	{ "bounce", 30, /* what an operator or a user asks about last week */
	  "DELETE FROM bounce WHERE id IN (SELECT id FROM bounce WHERE created < ?1 LIMIT ?2)" },
	{ "mailbox", 7, /* named over the web and never shown to be theirs */
	  "DELETE FROM mailbox WHERE id IN (SELECT id FROM mailbox WHERE verified = 0 AND created < ?1 LIMIT ?2)" },
	{ "trial", 7, /* policy/trial.h: an address that nobody may answer any more; what came of it stays */
	  TRIAL_GONE },
	{ "domain_claim", 30, /* named over the web and never shown to be theirs */
	  "DELETE FROM domain_claim WHERE id IN (SELECT id FROM domain_claim WHERE created < ?1 LIMIT ?2)" },
	{ "rate", 1, /* counted by the hour */
	  "DELETE FROM rate WHERE (user, hour) IN (SELECT user, hour FROM rate WHERE hour < ?1 / 3600 LIMIT ?2)" },
};
// clang-format on

enum { PURGE_ROWS = 1000 };

int upkeep_purge(struct store *st, int64_t now, bool *ret_more, struct fail *f)
{
	bool more = false;
	size_t n;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		OWNQ q = q_write(st, kinds[i].sql);

		q_i64(&q, now - (int64_t)kinds[i].days * DAY_S);
		q_i64(&q, PURGE_ROWS);
		TRY(q_done(&q, f));
		more = more || store_changes(st) >= PURGE_ROWS;
	}
	TRY(session_purge(st, now, SESSION_IDLE_S, f));
	TRY(held_purge(st, now, PURGE_ROWS, &n, f)); /* with their bodies */
	*ret_more = more || n >= PURGE_ROWS;
	return OK;
}

int upkeep_sums(struct store *st, struct store_sums *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT (SELECT count(*) FROM user), (SELECT count(*) FROM mailbox),"
	                    " (SELECT n FROM tally WHERE name = 'alias'),"
	                    " (SELECT n FROM tally WHERE name = 'correspondent'),"
	                    " (SELECT count(*) FROM profile WHERE state = 3),"
	                    " (SELECT n FROM tally WHERE name = 'queue'),"
	                    " (SELECT n FROM tally WHERE name = 'queue_bytes'),"
	                    " (SELECT count(*) FROM reverse WHERE use = 0), (SELECT count(*) FROM spare),"
	                    " coalesce((SELECT arrived FROM queue ORDER BY id LIMIT 1), 0)");

	TRY(q_one(&q, "sums", f));
	*ret = (struct store_sums){ q_col_i64(&q, 0), q_col_i64(&q, 1), q_col_i64(&q, 2), q_col_i64(&q, 3),
		                    q_col_i64(&q, 4), q_col_i64(&q, 5), q_col_i64(&q, 6), q_col_i64(&q, 7),
		                    q_col_i64(&q, 8), q_col_i64(&q, 9) };
	return OK;
}
