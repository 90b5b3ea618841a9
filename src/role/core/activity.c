#include "role/core/activity.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "policy/event.h"
#include "role/core/txn.h"

/* ---- in memory --------------------------------------------------------------------------------------------------- */

static bool is_same(const struct noted *a, const struct event *e)
{
	return a->alias == e->alias && a->correspondent == e->correspondent && a->user == e->user &&
	       a->way == e->way && a->what == e->what && a->at / HOUR_S == e->at / HOUR_S &&
	       str_eq(str_c(a->why), e->why);
}

static struct noted *place_for(struct core *c, const struct event *e)
{
	struct notes *all = c->notes;
	size_t i = 0;

	while (i < all->n && !is_same(&all->of[i], e))
		i++;
	if (i == NOTED_MAX) {
		activity_settle(c);
		i = 0;
	}
	if (i == all->n) {
		all->of[all->n++] = (struct noted){
			.user = e->user,
			.alias = e->alias,
			.correspondent = e->correspondent,
			.at = e->at,
			.way = e->way,
			.what = e->what,
			.why = e->why.n ? e->why.p : "",
		};
	}
	return &all->of[i];
}

void activity_note(struct core *c, const struct event *e)
{
	struct noted *n;

	if (!c->notes)
		c->notes = xnew(struct notes);
	n = place_for(c, e);
	n->n += e->n ? e->n : 1;
	n->bytes += e->bytes;
	n->at = e->at > n->at ? e->at : n->at;
	if (!e->correspondent && e->who.n && e->who.n <= sizeof(n->who)) {
		memcpy(n->who, e->who.p, e->who.n);
		n->who_n = e->who.n;
	}
}

static int settle_one(struct core *c, const struct noted *n, struct fail *f)
{
	const struct event e = {
		.user = n->user,
		.alias = n->alias,
		.correspondent = n->correspondent,
		.way = n->way,
		.what = n->what,
		.why = str_c(n->why),
		.who = str_of(n->who, n->who_n),
		.at = n->at,
		.n = n->n,
		.bytes = n->bytes,
	};

	TRY(events_add(c->store, &e, f));
	if (n->way == EVENT_OUT || !n->alias)
		return OK;
	if (n->what == EVENT_REFUSED)
		return alias_note(c->store, n->alias, n->at, ACTIVITY_REFUSED, n->n, f);
	return n->what == EVENT_DROPPED ? alias_note(c->store, n->alias, n->at, ACTIVITY_DROPPED, n->n, f)
	                                : OK;
}

void activity_settle(struct core *c)
{
	struct notes *all = c->notes;

	if (!all || !all->n)
		return;
	for (size_t i = 0; i < all->n; i++) {
		struct fail f = { 0 };
		int e = settle_one(c, &all->of[i], &f);

		if (e < 0 && e != FAIL_ABSENT &&
		    e != FAIL_EXISTS) /* the alias is gone, and its activity with it */
			log_fail(LOG_WARN, "activity", &f);
	}
	all->n = 0;
	core_dirty(c);
}

/* ---- what happened ----------------------------------------------------------------------------------------------- */

/* Words that are about this transaction rather than about the alias: whoever sent it comes again at once. */
static bool is_of_the_moment(const char *why)
{
	static const char *const words[] = { "other-way", "plans", "own-copy" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(str_c(why), str_c(words[i])))
			return true;
	return false;
}

/* A correspondent whom the alias has met by this key. 0: nobody. */
static int64_t met(struct core *c, int64_t alias, struct str key)
{
	OWN(arena) a = ARENA;
	struct correspondent p;

	return alias && key.n && correspondent_find(c->store, alias, key, &a, &p, NULL) == OK ? p.id : 0;
}

static int64_t met_by_address(struct core *c, int64_t alias, struct str address)
{
	const struct who_facts facts = { .from = address };
	OWN(arena) a = ARENA;
	struct who w = { 0 };

	if (!address.n)
		return 0;
	who_wrote(&facts, &a, &w);
	return w.kind == WHO_PERSON ? met(c, alias, w.key) : 0;
}

static void judged(struct core *c, const struct alias *al, int64_t correspondent, struct str sender,
                   const struct verdict *v)
{
	if ((al->id || al->user) && v->kind != VERDICT_ACCEPT && !is_of_the_moment(v->why))
		activity_note(
		        c, &(struct event){ .user = al->user,
		                            .alias = al->id,
		                            .correspondent = correspondent,
		                            .what = v->kind == VERDICT_DROP ? EVENT_DROPPED : EVENT_REFUSED,
		                            .why = str_c(v->why),
		                            .who = sender,
		                            .at = core_now(c) });
}

void activity_judged(struct core *c, const struct rcpt *r, struct str sender)
{
	/* Only who was blocked is looked up: to ask an alias that is off costs a stranger nothing, and us little. */
	bool known = str_eq(str_c(r->verdict.why), STR("blocked"));

	judged(c, &r->alias, known ? met_by_address(c, r->alias.id, sender) : 0, sender, &r->verdict);
}

void activity_blocked(struct core *c, const struct alias *al, const struct who *w, struct str sender,
                      const struct verdict *v)
{
	judged(c, al, w->kind == WHO_SHARED ? 0 : met(c, al->id, w->key), w->address.n ? w->address : sender,
	       v);
}

/* Copies for several mailboxes of one alias stand side by side: one of them counts. */
static bool is_first_copy(const struct txn *t, size_t i)
{
	return !i || t->outputs[i - 1].alias.id != t->outputs[i].alias.id;
}

void activity_kept(struct core *c, const struct txn *t)
{
	for (size_t i = 0; i < t->n_outputs; i++) {
		const struct output *o = &t->outputs[i];

		if (t->reply ? o->dropped : t->origin != TXN_MAIL || !is_first_copy(t, i))
			continue;
		activity_note(c, &(struct event){ .user = o->alias.user,
		                                  .alias = o->alias.id,
		                                  .correspondent = o->correspondent,
		                                  .way = t->reply ? EVENT_OUT : EVENT_IN,
		                                  .what = EVENT_RELAYED,
		                                  .at = t->arrived,
		                                  .bytes = (int64_t)t->size });
	}
}

void activity_failed(struct core *c, const struct txn *t, int smtp, const char *why)
{
	struct event_reason r = event_reason(str_c(why));

	if (t->origin != TXN_MAIL || !c->store)
		return;
	if (smtp >= 500 && !event_is_word(str_c(why)))
		r = event_reason(STR("malformed"));
	for (size_t i = 0; i < t->n_outputs; i++) {
		const struct verdict v = { .kind = VERDICT_REFUSE, .why = r.word };

		if (is_first_copy(t, i))
			judged(c, &t->outputs[i].alias, 0, t->sender, &v);
	}
}

void activity_delivery(struct core *c, const struct queue_item *i, enum event_what what, uint32_t reason)
{
	bool out = i->kind == QUEUE_REPLY;
	struct str who = out ? i->rcpt : i->orig_sender;
	OWN(arena) a = ARENA;
	struct alias al = { 0 };

	if (!out && i->kind != QUEUE_FORWARD)
		return;
	if (alias_find(c->store, i->alias, &a, &al, NULL) < 0)
		return; /* deleted meanwhile */
	activity_note(c, &(struct event){ .user = al.user,
	                                  .alias = al.id,
	                                  .correspondent = met_by_address(c, al.id, who),
	                                  .way = out ? EVENT_OUT : EVENT_IN,
	                                  .what = what,
	                                  .why = str_c(event_bounce_word(reason)),
	                                  .who = who,
	                                  .at = core_now(c) });
}
