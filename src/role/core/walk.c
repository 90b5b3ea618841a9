#include "role/core/walk.h"

#include "base/clock.h"
#include "base/log.h"
#include "role/core/queue_in.h"

/* While others are served a look takes less than a fiftieth of the time. */
enum { LOOK = 128, LOOKS_AT_ONCE = 4, BUSY_MS = 25, SWEEP_S = 300, KEPT_S = 3600 };

enum way { AHEAD, BACK, PROBES };

struct walk {
	struct core *core;
	enum way way;
	const struct core_site *only; /* PROBES */
	int64_t now;
	bool held; /* ended for want of room, or because enough ask */
};

/* Most often nothing is known of any. */
static struct core_site *site_of(struct core *c, struct str rcpt, bool add)
{
	OWN(arena) a = ARENA;
	struct core_site *s = NULL;
	struct str name;

	if (!c->sites.n && !add)
		return NULL;
	name = site_name(c, rcpt, &a);
	s = sites_find(&c->sites, name);
	return s || !add ? s : sites_add(&c->sites, name);
}

struct core_site *walk_site(struct core *c, struct str rcpt)
{
	return site_of(c, rcpt, false);
}

static bool has_room(const struct core *c, enum way way)
{
	return c->n_retried < RETRIED_MAX && (way != BACK || c->n_waited < WAITED_MAX);
}

static int send_tried(struct walk *w, int64_t id, struct core_site *s, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct queue_item i;
	int r = queue_get(w->core->store, id, &a, &i, f);

	return r == FAIL_ABSENT ? OK : r < 0 ? r : queue_send(w->core, &i, s, w->way == BACK, f);
}

/* Whatever waits for the same site goes first, so that what is ahead leaves its messages to the walk back. */
static int pass(struct walk *w, const struct queue_item *i, struct core_site *s, struct fail *f)
{
	struct core *c = w->core;
	bool go = !s || ((w->way != AHEAD || !s->waits) && site_may_go(&s->site, w->now));
	bool over = s && s->site.state == SITE_ASLEEP && i->expires <= w->now;

	if (!go && !over && w->way != PROBES) {
		site_waits(s, i);
		return OK;
	}
	w->held = (!go && !over) || !has_room(c, w->way);
	if (w->held)
		return FAIL_AGAIN;
	if (go)
		return send_tried(w, i->id, s, f);
	queue_add_delivery(c, i)->unsent = OVERDUE;
	return OK;
}

static int walk_one(void *arg, const struct queue_item *i, struct fail *f)
{
	struct walk *w = arg;
	struct core *c = w->core;
	struct core_site *s;

	if (!i->tries || queue_under_way(c, i->id))
		return OK;
	s = site_of(c, i->rcpt, w->way == AHEAD);
	if ((w->way == BACK && !s) || (w->way == PROBES && s != w->only))
		return OK;
	return pass(w, i, s, f);
}

/* *ret_end: nothing is left in this way. */
static int walk(struct walk *w, struct queue_place *at, bool *ret_end, struct fail *f)
{
	struct walks *all = &w->core->walks;

	*ret_end = false;
	TRY(queue_walk(w->core->store, w->now, at, walk_one, w, LOOK, ret_end, f));
	*ret_end = *ret_end || (w->way != AHEAD && !queue_is_before(at, &all->ahead));
	all->more = all->more || (!*ret_end && !w->held);
	return OK;
}

static int walk_ahead(struct core *c, int64_t now, struct fail *f)
{
	struct walk w = { .core = c, .way = AHEAD, .now = now };
	bool end;

	return walk(&w, &c->walks.ahead, &end, f);
}

static int walk_back(struct core *c, int64_t now, struct fail *f)
{
	struct walk w = { .core = c, .way = BACK, .now = now };
	bool end;

	if (!c->walks.going_back)
		return OK;
	TRY(walk(&w, &c->walks.back, &end, f));
	c->walks.going_back = !end;
	return OK;
}

static void go_back_to(struct core *c, const struct core_site *s)
{
	struct walks *w = &c->walks;

	if (!w->going_back || queue_is_before(&s->first, &w->back))
		w->back = s->first;
	w->going_back = true;
}

/* ---- sites ------------------------------------------------------------------------------------------------------ */

static int64_t sweep_s(const struct core *c)
{
	return c->conf->retry_s[0] < SWEEP_S ? c->conf->retry_s[0] : SWEEP_S;
}

static int64_t sweep_at(const struct core *c, const struct core_site *s)
{
	return s->ends == INT64_MAX || s->ends > s->swept + sweep_s(c) ? s->ends : s->swept + sweep_s(c);
}

/* A message ends at its time, also while its site sleeps. */
static void sweep(struct core *c, struct core_site *s, int64_t now)
{
	s->swept = now;
	s->ends = INT64_MAX; /* told anew by what is passed */
	go_back_to(c, s);
}

static bool is_done_with(const struct core *c, const struct core_site *s, int64_t now)
{
	if (s->waits || s->site.probes)
		return false;
	return s->site.state == SITE_ASLEEP ? now > s->site.until + KEPT_S : !c->walks.going_back;
}

static int ask(struct core *c, struct core_site *s, int64_t now, struct fail *f)
{
	struct walk w = { .core = c, .way = PROBES, .only = s, .now = now };
	bool end;

	TRY(walk(&w, &s->first, &end, f));
	s->waits = !end;
	return OK;
}

static int look_at_sites(struct core *c, int64_t now, struct fail *f)
{
	unsigned asked = 0;

	for (struct core_site *s = sites_next(&c->sites, NULL), *next; s; s = next) {
		next = sites_next(&c->sites, s);
		if (is_done_with(c, s, now)) {
			sites_drop(&c->sites, s);
			continue;
		}
		if (!s->waits)
			continue;
		if (s->site.state == SITE_ASLEEP && now >= sweep_at(c, s))
			sweep(c, s, now);
		if (s->site.state == SITE_AWAKE || !site_may_go(&s->site, now) || !has_room(c, PROBES))
			continue;
		if (asked++ < LOOKS_AT_ONCE)
			TRY(ask(c, s, now, f));
		else
			c->walks.more = true;
	}
	return OK;
}

static bool others_are_served(const struct core *c)
{
	return c->txns || group_is_awaited(c) || c->n_deliveries > c->n_retried;
}

int walk_on(struct core *c, struct fail *f)
{
	struct walks *w = &c->walks;
	int64_t now = core_now(c);
	uint64_t ms = clock_mono_ms();

	if (now < w->walked)
		walk_anew(c);
	if (w->more && ms < w->next_ms)
		return OK;
	w->walked = now;
	w->more = false;
	TRY(walk_ahead(c, now, f));
	TRY(walk_back(c, now, f));
	TRY(look_at_sites(c, now, f));
	w->next_ms = ms + (others_are_served(c) ? BUSY_MS : 0);
	return OK;
}

int64_t walk_next(const struct core *c, int64_t now)
{
	int64_t next = INT64_MAX;

	for (const struct core_site *s = NULL; (s = sites_next(&c->sites, s));) {
		int64_t at = s->site.state == SITE_ASLEEP && s->site.until < sweep_at(c, s) ? s->site.until
		                                                                            : sweep_at(c, s);

		if (s->waits && s->site.state == SITE_ASLEEP && at < next)
			next = at > now ? at : now + 1;
	}
	return next;
}

void walk_anew(struct core *c)
{
	for (struct core_site *s = NULL; (s = sites_next(&c->sites, s));)
		s->waits = false;
	c->walks = (struct walks){ 0 };
}

void walk_wake_all(struct core *c)
{
	sites_drop_all(&c->sites);
	walk_anew(c);
}

/* ---- what is learnt --------------------------------------------------------------------------------------------- */

static void say(const struct core_site *s, int64_t now)
{
	struct str name = str_c(s->name);
	size_t space = str_chr(name, ' ');

	log_info("ev=site route=%.*s site=%s state=%s pauses=%lld next_s=%lld",
	         STR_ARG(str_first(name, space)), log_mask(str_from(name, space)),
	         s->site.state == SITE_ASLEEP ? "asleep" : "awake", (long long)s->site.pauses,
	         (long long)(s->site.state == SITE_ASLEEP ? s->site.until - now : 0));
}

static void fell(struct core *c, struct core_site *s, int64_t now, uint16_t dice)
{
	enum site_state before = s->site.state;

	if (before == SITE_ASLEEP && now < s->site.until)
		return;
	site_dead(&s->site, c->conf->retry_s, c->conf->n_retry, now, dice);
	say(s, now);
	if (before != SITE_AWAKE || !c->walks.going_back)
		return;
	if (!s->waits || queue_is_before(&c->walks.back, &s->first))
		s->first = c->walks.back; /* what was not sent again when it fell */
	s->waits = true;
}

static void spoke(struct core *c, struct core_site *s, int64_t now)
{
	bool slept = s->site.pauses > 0;

	site_spoke(&s->site);
	if (slept)
		say(s, now);
	if (s->waits)
		go_back_to(c, s);
	s->waits = false;
	s->ends = INT64_MAX;
}

void walk_told(struct core *c, uint64_t probe, struct str rcpt, enum delivery_hop hop, uint16_t dice)
{
	struct core_site *s = probe ? sites_numbered(&c->sites, probe) : NULL;
	int64_t now = core_now(c);

	if (s)
		site_back(&s->site);
	else if (rcpt.n && hop != HOP_UNSAID)
		s = site_of(c, rcpt, hop == HOP_DEAD);
	if (s && hop == HOP_UNSAID)
		site_unsaid(&s->site, c->conf->retry_s, c->conf->n_retry, now, dice);
	if (s && hop == HOP_DEAD)
		fell(c, s, now, dice);
	if (s && hop == HOP_SPOKE)
		spoke(c, s, now);
}
