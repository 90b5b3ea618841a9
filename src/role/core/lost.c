#include "role/core/lost.h"

#include "role/core/notices.h"
#include "store/bounces.h"
#include "wire/date.h"

enum { HOUR_S = 3600, TEXT_MOST = 8192 };

/* A mailbox that may hear of it: one that works, and another one than that which refused, if there is one. */
struct choice {
	struct core *core;
	int64_t refused;
	int64_t best;
};

static int consider(void *arg, const struct mailbox *m, struct fail *f)
{
	struct choice *w = arg;
	struct pause p;

	TRY(pause_get(w->core->store, m->id, &p, f));
	if (!p.since && notice_reaches(w->core, m) && (!w->best || m->id != w->refused))
		w->best = m->id;
	return OK;
}

/* A letter an hour, whatever is refused: a provider that refuses all would otherwise double the mail. */
static bool told(const struct core *c, int64_t user)
{
	for (size_t n = 0; n < TOLD_MAX; n++)
		if (c->told[n].user == user && core_now(c) - c->told[n].at < HOUR_S)
			return true;
	return false;
}

static void note_told(struct core *c, int64_t user)
{
	struct told *oldest = &c->told[0];

	for (size_t n = 1; n < TOLD_MAX; n++)
		if (c->told[n].at < oldest->at)
			oldest = &c->told[n];
	*oldest = (struct told){ user, core_now(c) };
}

static int write_to(struct core *c, const struct queue_item *i, int64_t mailbox, struct str note,
                    struct str status, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(TEXT_MOST);
	OWN(buf) when = BUF(64);
	struct mailbox m;

	TRY(mailbox_get(c->store, mailbox, &a, &m, f));
	date_print_iso(i->arrived, &when);
	buf_addz(&text, "Postern had taken this message for you, and your mailbox does not:\r\n\r\n");
	notice_line(&text, "from:", i->orig_sender);
	notice_line(&text, "to:", i->alias);
	notice_line(&text, "mailbox:", i->rcpt);
	notice_line(&text, "came:", buf_str(&when));
	notice_words(&text, status, note);
	return notice_of_end(c, NOTICE_LOST, &m, buf_str(&text), i->id, f);
}

int lost_tell(struct core *c, const struct queue_item *i, struct str note, struct str status)
{
	struct choice w = { .core = c, .refused = i->mailbox };
	struct fail f = { 0 };

	TRY(mailbox_each(c->store, i->user, consider, &w, &f));
	if (!w.best || told(c, i->user))
		return FAIL_ABSENT;
	TRY(write_to(c, i, w.best, note, status, &f));
	note_told(c, i->user);
	return OK;
}
