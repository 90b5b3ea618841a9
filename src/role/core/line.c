#include "role/core/line.h"

#include "base/clock.h"
#include "base/mem.h"
#include "role/core/txn.h"

#include <assert.h>
#include <stdlib.h>

/* COUNT_TIMES: of the time, what counting may take. */
enum { LOOK_MS = 50, COUNT_TIMES = 30, PATIENCE_MS = 10000 };

struct line_alias {
	struct line_alias *next;
	int64_t alias; /* 0: those that come to be with their first message */
	struct txn *first, **last;
};

struct line_user {
	struct line_user *next;
	int64_t user;
	struct line_alias *first, **last;
};

static int64_t alias_of(const struct txn *t)
{
	return t->n_outputs ? t->outputs[0].alias.id : 0;
}

static struct line_user *user_line(struct line *l, int64_t user)
{
	struct line_user *u = l->first;

	while (u && u->user != user)
		u = u->next;
	if (u)
		return u;
	if (!l->first)
		l->last = &l->first;
	u = xnew(struct line_user);
	*u = (struct line_user){ .user = user, .last = &u->first };
	*l->last = u;
	l->last = &u->next;
	return u;
}

static struct line_alias *alias_line(struct line_user *u, int64_t alias)
{
	struct line_alias *a = u->first;

	while (a && a->alias != alias)
		a = a->next;
	if (a)
		return a;
	a = xnew(struct line_alias);
	*a = (struct line_alias){ .alias = alias, .last = &a->first };
	*u->last = a;
	u->last = &a->next;
	return a;
}

void line_enter(struct core *c, struct txn *t)
{
	struct line_alias *a = alias_line(user_line(&c->line, t->user), alias_of(t));

	t->waits = true;
	t->behind = NULL;
	*a->last = t;
	a->last = &t->behind;
	c->line.waiting++;
}

/* ---- who is next ------------------------------------------------------------------------------------------------ */

static void user_to_end(struct line *l)
{
	struct line_user *u = l->first;

	l->first = u->next;
	u->next = NULL;
	if (!l->first)
		l->last = &l->first;
	if (!u->first) {
		free(u);
		return;
	}
	*l->last = u; /* NOLINT(clang-analyzer-unix.Malloc): one that is freed was taken off the list */
	l->last = &u->next;
}

/* Takes the first message of the user's first alias, which goes to the end. */
static struct txn *take(struct line *l, struct line_user *u)
{
	struct line_alias *a = u->first;
	struct txn *t = a->first;

	a->first = t->behind;
	u->first = a->next;
	a->next = NULL;
	if (!u->first)
		u->last = &u->first;
	if (a->first) {
		*u->last = a;
		u->last = &a->next;
	} else {
		free(a);
	}
	t->waits = false;
	l->waiting--;
	return t;
}

static bool is_held(const struct line *l, int64_t user)
{
	for (size_t i = 0; i < l->n_held; i++)
		if (l->held[i] == user)
			return true;
	return false;
}

static int add_held(void *arg, int64_t user, struct fail *f)
{
	struct line *l = arg;

	if (l->n_held < LINE_HELD)
		l->held[l->n_held++] = user;
	return OK;
}

/* From the store, where nothing can be forgotten: rows end in many ways. */
static void count_fresh(struct core *c, uint64_t now)
{
	struct line *l = &c->line;
	uint64_t took;

	if (now < l->counted_ms)
		return;
	l->n_held = 0;
	if (queue_many_fresh(c->store, LINE_FRESH, add_held, l, NULL) < 0)
		l->n_held = 0;
	took = clock_mono_ms() - now;
	l->counted_ms = now + LOOK_MS + took * COUNT_TIMES;
}

static void too_long(struct txn *t)
{
	txn_fail(t, 451, "4.3.2", "too much mail for this address at once, please try again later", "held");
}

/* The oldest of each alias: those behind it came later. */
static void end_overdue(struct line_user *u, struct line *l, uint64_t now)
{
	for (size_t n = 0; n < LINE_AT_SCRIBE && u->first && now - u->first->first->began_ms >= PATIENCE_MS;
	     n++)
		too_long(take(l, u));
}

static bool serve(struct core *c, struct line_user *u, uint64_t now)
{
	bool held = is_held(&c->line, u->user);
	unsigned at = 0;
	struct peer *p = txn_scribe_of(c, u->user, &at);
	struct fail f = { 0 };
	struct txn *t;
	int r;

	if (held)
		end_overdue(u, &c->line, now);
	if (held || !u->first || (p && c->line.at_scribe[at] >= LINE_AT_SCRIBE))
		return false;
	t = take(&c->line, u);
	r = txn_start(t, &f);
	if (r < 0)
		txn_fail_by(t, r, f.why);
	return true;
}

void line_run(struct core *c)
{
	uint64_t now = clock_mono_ms();
	size_t idle = 0, users = 0;

	if (!c->line.waiting)
		return;
	count_fresh(c, now);
	for (const struct line_user *u = c->line.first; u; u = u->next)
		users++;
	while (c->line.first && idle < users) {
		idle = serve(c, c->line.first, now) ? 0 : idle + 1;
		user_to_end(&c->line);
	}
	if (c->line.waiting)
		timer_set(c->group.ripen, LOOK_MS); /* the loop goes round, and comes by here */
}

void line_leave(struct core *c, struct txn *t)
{
	assert(!t->waits);
	if (t->slot)
		c->line.at_scribe[t->slot - 1]--;
	t->slot = 0;
}
