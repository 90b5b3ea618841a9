#include "role/core/expiry.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/expiry.h"
#include "role/core/notices.h"
#include "store/expiry.h"
#include "store/profiles.h"
#include "wire/date.h"

_Static_assert(EXPIRY_LEAD_S == 604800 && EXPIRY_LEAD_MESSAGES == 3 && TOLD_END == 8,
               "the indexes of store/expiry.h find what policy/expiry.h says");

enum { USERS_AT_ONCE = 20, LISTED_BYTES = 48 * 1024 };

/* ---- words ------------------------------------------------------------------------------------------------------- */

struct letter {
	struct core *core;
	struct buf soon, ended;
	struct buf marks; /* struct mark, of those that it tells of */
	bool wanted;
};

struct mark {
	int64_t alias, told;
};

static void letter_done(struct letter *l)
{
	buf_done(&l->soon);
	buf_done(&l->ended);
	buf_done(&l->marks);
}

static void write_line(const struct alias *al, const struct expiry *e, struct buf *b)
{
	OWN(buf) at = BUF(64);

	date_print_iso(e->at, &at);
	buf_addz(b, "  ");
	buf_add(b, al->address);
	if (al->label.n)
		buf_addf(b, " (%.*s)", STR_ARG(al->label));
	if (e->cause == TOLD_COUNT && e->what == EXPIRY_ENDED)
		buf_addz(b, ": has taken the last of its messages\r\n");
	else if (e->cause == TOLD_COUNT)
		buf_addf(b, ": takes %lld more message%s\r\n", (long long)al->count_left,
		         al->count_left == 1 ? "" : "s");
	else
		buf_addf(b, ": %.10s%s\r\n", at.p, e->cause == TOLD_IDLE ? ", for want of mail" : "");
}

static void write_letter(const struct letter *l, struct buf *b)
{
	if (l->soon.n) {
		buf_addz(b, "These aliases of yours end soon (days are UTC):\r\n\r\n");
		buf_add(b, buf_str(&l->soon));
		buf_addz(b, "\r\n");
	}
	if (l->ended.n) {
		buf_addz(b, "These have ended; mail to them is refused as if they had never been:\r\n\r\n");
		buf_add(b, buf_str(&l->ended));
		buf_addz(b, "\r\n");
	}
}

/* ---- one user ---------------------------------------------------------------------------------------------------- */

static int list_one(void *arg, const struct alias *al, struct fail *f)
{
	struct letter *l = arg;
	const struct expiry_facts facts = { .created = al->created,
		                            .last_used = al->last_used,
		                            .used = al->used,
		                            .expires_at = al->expires_at,
		                            .idle_days = al->idle_days,
		                            .count_left = al->count_left,
		                            .told = al->told };
	struct expiry e = expiry_judge(&facts, core_now(l->core));
	const struct mark mark = { al->id, e.told };

	if (e.what == EXPIRY_NOTHING || l->soon.n + l->ended.n > LISTED_BYTES)
		return OK; /* too many for one letter: tomorrow's */
	write_line(al, &e, e.what == EXPIRY_ENDED ? &l->ended : &l->soon);
	buf_add(&l->marks, str_of(&mark, sizeof(mark)));
	return OK;
}

/* They were told, or do not want to be. */
static int mark_all(struct core *c, struct str marks, struct fail *f)
{
	struct mark m;

	for (; marks.n >= sizeof(m); marks = str_from(marks, sizeof(m))) {
		memcpy(&m, marks.p, sizeof(m));
		TRY(expiry_mark(c->store, m.alias, m.told, f));
	}
	return OK;
}

struct search {
	struct core *core;
	struct arena *arena;
	struct mailbox found;
};

/* The first one that mail can be sealed for today. */
static int consider(void *arg, const struct mailbox *m, struct fail *f)
{
	struct search *s = arg;
	struct profile p;

	if (s->found.id || !m->active_profile)
		return OK;
	TRY(profile_get(s->core->store, m->active_profile, s->arena, &p, f));
	if (p.not_after <= core_now(s->core))
		return OK;
	s->found = *m;
	s->found.address = arena_str(s->arena, m->address);
	return OK;
}

static int tell_user(struct core *c, int64_t user, struct fail *f)
{
	OWN(letter) l = { .core = c,
		          .soon = BUF(2 * LISTED_BYTES),
		          .ended = BUF(2 * LISTED_BYTES),
		          .marks = BUF(LISTED_BYTES) };
	OWN(buf) text = BUF(3 * LISTED_BYTES);
	OWN(arena) a = ARENA;
	struct search s = { c, &a, { 0 } };

	/* Should the letter be lost, its aliases are in tomorrow's: they are marked when it is kept. */
	core_dirty(c);
	TRY(expiry_user_told(c->store, user, core_now(c), f));
	TRY(expiry_wanted(c->store, user, &l.wanted, f));
	TRY(mailbox_each(c->store, user, consider, &s, f));
	if (l.wanted && !s.found.id)
		return OK; /* nothing is written that cannot be sealed: tomorrow, perhaps */
	TRY(expiry_each(c->store, user, core_now(c), list_one, &l, f));
	if (!l.wanted || !l.marks.n)
		return mark_all(c, buf_str(&l.marks), f);
	write_letter(&l, &text);
	log_info("ev=expiry-notice user=%lld aliases=%zu", (long long)user, l.marks.n / sizeof(struct mark));
	return notice_send(c, NOTICE_ALIASES_END, &s.found, buf_str(&text), mark_all, buf_str(&l.marks), f);
}

int expiry_tell(struct core *c, bool *ret_more, struct fail *f)
{
	int64_t users[USERS_AT_ONCE], now = core_now(c);
	size_t n = 0;

	TRY(expiry_users(c->store, now, now - DAY_S, USERS_AT_ONCE, users, &n, f));
	for (size_t i = 0; i < n; i++) {
		struct fail why = { 0 };

		if (tell_user(c, users[i], &why) < 0)
			log_fail(LOG_WARN, "expiry-notice", &why);
	}
	*ret_more = n == USERS_AT_ONCE;
	return OK;
}
