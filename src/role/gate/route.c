#include "role/gate/route.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "role/gate/hop.h"
#include "role/gate/lookup.h"
#include "wire/bounce.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	CLEAR_MS = 5 * MINUTE_S * 1000,
	PRAISES = 100,
	FLOWS = 65536,    /* octets of large messages while nothing else moves: it is slow, and not dead */
	KEPT = 16,        /* and what comes is given back at once, but for so many */
	PACED_MS = 60000, /* a paced route takes what it can send in this time */
	REST_MS = 60000,  /* a domain's route is forgotten after so long without mail */
};

struct route {
	struct route *next;
	struct gate *gate;
	const struct conf_route *conf;
	char *domain;                   /* of mx; "" otherwise */
	struct targets targets;         /* where to connect, in this order */
	size_t at;                      /* the one that is tried now */
	bool later;                     /* one of this round may be there again soon */
	bool fixed;                     /* the target is an address: nothing is looked up */
	struct lookup *lookup;          /* under way */
	struct delivery *first, **last; /* waiting */
	unsigned n_waiting;
	struct hop **hops; /* room for `most` */
	unsigned n_hops, n_opening, most;
	unsigned limit;       /* lowered when one more is refused while others are there, raised by success */
	unsigned good;        /* deliveries since it was changed */
	uint64_t clear_until; /* no TLS before that */
	uint64_t next_ms;     /* by its pace */
	uint64_t moved_ms;    /* when something last went on */
	uint64_t wrote;       /* octets since then, or since it was found stuck; */
	bool flows;           /* they were many when it was */
	struct timer *timer;
};

struct routes {
	struct gate *gate;
	struct route *first;
};

struct gate *route_gate(const struct route *r)
{
	return r->gate;
}

const struct conf_route *route_conf(const struct route *r)
{
	return r->conf;
}

const char *route_name(const struct route *r)
{
	return r->conf->name.p;
}

static uint64_t pace_ms(const struct route *r)
{
	return (uint64_t)r->conf->pace_s * 1000;
}

static void moved(struct route *r)
{
	r->moved_ms = clock_mono_ms();
	r->wrote = 0;
}

void route_wrote(struct route *r, size_t n)
{
	r->wrote += n;
}

/* Looks again when the pace allows the next, or when nothing has moved. */
static void watch_over(struct route *r)
{
	uint64_t now = clock_mono_ms(), wait = r->gate->stuck_ms;

	if (!r->n_waiting)
		return;
	if (r->next_ms > now && r->next_ms - now < wait)
		wait = r->next_ms - now;
	timer_set(r->timer, wait);
}

/* ---- deliveries -------------------------------------------------------------------------------------------------- */

static int delivery_new(const struct deliver *m, int fd, struct delivery **ret, struct fail *f)
{
	OWN(secret) key = SECRET_NONE;
	struct delivery *d;

	TRY(secret_copy(&key, m->body_key.p, m->body_key.n, f));
	d = xnew(struct delivery);
	d->id = m->delivery;
	d->offset = m->offset;
	d->stored = m->stored;
	d->plain = m->plain;
	d->flags = m->flags;
	d->mid = xstrdup(m->mid);
	d->sender = xstrdup(m->sender);
	d->rcpt = xstrdup(m->rcpt);
	d->key = secret_take(&key);
	d->fd = fd;
	d->since_ms = clock_mono_ms();
	*ret = d;
	return OK;
}

void delivery_free(struct delivery *d)
{
	free(d->mid);
	free(d->sender);
	free(d->rcpt);
	secret_done(&d->key);
	close(d->fd);
	free(d);
}

static void report(struct gate *g, uint64_t id, const struct ending *e)
{
	OWN(arena) a = ARENA;
	bool refused = e->outcome != DELIVERY_DONE;

	if (g->core)
		SEND(g->core, delivered, id, e->outcome, e->smtp, e->enhanced, e->note,
		     refused ? bounce_reason_of(e->note, e->enhanced, &a) : BOUNCE_OTHER, e->hop);
}

/* A next hop that was full may have room again: one more is tried after a while of success. */
static void praise(struct route *r)
{
	if (r->limit >= r->most || ++r->good < PRAISES)
		return;
	r->good = 0;
	r->limit++;
}

static void end_delivery(struct route *r, struct delivery *d, const struct ending *e)
{
	static const char *const names[] = {
		[DELIVERY_DONE] = "delivered",
		[DELIVERY_LATER] = "deferred",
		[DELIVERY_NEVER] = "failed",
	};

	log_info("mid=%s ev=%s delivery=%" PRIu64 " code=%u enhanced=%.*s bytes=%" PRIu64 " ms=%" PRIu64,
	         d->mid, names[e->outcome], d->id, e->smtp, STR_ARG(e->enhanced), d->plain,
	         clock_mono_ms() - d->since_ms);
	if (e->outcome == DELIVERY_DONE)
		praise(r);
	if (!d->forgotten)
		report(r->gate, d->id, e);
	delivery_free(d);
}

void route_end(struct route *r, struct delivery *d, const struct ending *e)
{
	moved(r);
	end_delivery(r, d, e);
}

static void append(struct route *r, struct delivery *d)
{
	d->next = NULL;
	*r->last = d;
	r->last = &d->next;
	r->n_waiting++;
}

static struct delivery *take_first(struct route *r)
{
	struct delivery *d = r->first;

	if (!d)
		return NULL;
	r->first = d->next;
	if (!r->first)
		r->last = &r->first;
	r->n_waiting--;
	return d;
}

void route_put_back(struct route *r, struct delivery *d)
{
	d->again = true;
	d->next = r->first;
	if (!r->first)
		r->last = &d->next;
	r->first = d;
	r->n_waiting++;
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

static void on_found(void *arg, struct targets *t, const struct ending *why);

/* Opens connections while more wait than will come free by those that are being opened. One after the other where there
 * is a pace: it is not for want of connections that the mail waits. */
static void staff(struct route *r)
{
	uint64_t now = clock_mono_ms();

	watch_over(r);
	if (!r->n_waiting || r->lookup || now < r->next_ms)
		return;
	if (!r->fixed && !r->n_hops && !r->targets.n) {
		r->lookup = lookup_new(r->gate, r->conf, str_c(r->domain), on_found, r);
		return;
	}
	while (r->n_waiting > r->n_opening && r->n_hops < r->limit) {
		r->hops[r->n_hops++] = hop_new(r, &r->targets.at[r->at], now < r->clear_until);
		r->n_opening++;
		if (r->conf->pace_s)
			break;
	}
}

/* The next round begins with the best server again, looked up anew. */
static void end_round(struct route *r)
{
	r->at = 0;
	r->later = false;
	if (!r->fixed) {
		free(TAKE(r->targets.at));
		r->targets.n = 0;
	}
}

void route_opened(struct route *r, const struct hop *h)
{
	assert(r->n_opening > 0);
	r->n_opening--;
	moved(r);
}

struct delivery *route_next(struct route *r)
{
	struct delivery *d;
	uint64_t now = clock_mono_ms();

	if (now < r->next_ms) {
		watch_over(r);
		return NULL;
	}
	d = take_first(r);
	if (d) {
		r->next_ms = now + pace_ms(r);
		moved(r);
	}
	if (r->conf->pace_s)
		watch_over(r);
	return d;
}

void route_spoils_tls(struct route *r)
{
	r->clear_until = clock_mono_ms() + CLEAR_MS;
}

static void end_waiting(struct route *r, const struct ending *why)
{
	struct ending e = *why;
	struct delivery *d;

	e.hop = why->outcome == DELIVERY_LATER ? HOP_DEAD
	                                       : HOP_UNSAID; /* a domain that is none fails for good */
	while ((d = take_first(r)))
		route_end(r, d, &e);
}

static void on_found(void *arg, struct targets *t, const struct ending *why)
{
	struct route *r = arg;

	lookup_free(TAKE(r->lookup));
	moved(r);
	if (!t->n) {
		log_info("ev=lookup route=%s state=failed code=%u enhanced=%.*s",
		         log_quote(str_c(route_name(r))), why->smtp, STR_ARG(why->enhanced));
		end_waiting(r, why);
		return;
	}
	free(r->targets.at);
	r->targets = *t;
	r->at = 0;
	staff(r);
}

static void forget_hop(struct route *r, const struct hop *h)
{
	for (unsigned i = 0; i < r->n_hops; i++) {
		if (r->hops[i] == h) {
			r->hops[i] = r->hops[--r->n_hops];
			break;
		}
	}
	if (!r->n_hops)
		r->limit = r->most;
}

/* The address does not take connections. Others that do, or the next one, or nobody. */
static void not_opened(struct route *r, const struct target *t, const struct ending *why)
{
	struct ending e = *why;

	r->later |= why->outcome == DELIVERY_LATER;
	if (t == &r->targets.at[r->at] && r->at + 1 < r->targets.n) {
		r->at++;
	} else if (r->n_hops) {
		r->limit = r->n_hops;
		r->good = 0;
	} else {
		e.outcome = r->later ? DELIVERY_LATER : e.outcome;
		end_round(r);
		end_waiting(r, &e);
	}
}

void route_closed(struct route *r, struct hop *h, bool opened, const struct ending *why)
{
	forget_hop(r, h);
	if (!opened)
		r->n_opening--;
	if (!opened && why)
		not_opened(r, hop_target(h), why);
	else if (!r->n_hops && opened)
		end_round(r);
	hop_free(h); /* after its words were used */
	staff(r);
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

struct routes *routes_new(struct gate *g)
{
	struct routes *all = xnew(struct routes);

	all->gate = g;
	return all;
}

static void clear_route(struct route *r, bool all)
{
	struct delivery *d;

	while ((d = take_first(r)))
		delivery_free(d);
	lookup_free(TAKE(r->lookup));
	for (unsigned i = r->n_hops; i > 0; i--) {
		struct hop *h = r->hops[i - 1];

		if (!all && hop_forget(h))
			continue;
		forget_hop(r, h);
		hop_free(h);
	}
	r->n_opening = 0;
	if (!r->n_hops)
		end_round(r);
}

static void route_free(struct route *r)
{
	clear_route(r, true);
	timer_free(r->timer);
	free(r->targets.at);
	free(r->hops);
	free(r->domain);
	free(r);
}

/* Nobody's domain is kept for longer than there is mail for it. */
static void forget_resting(struct routes *all)
{
	uint64_t now = clock_mono_ms();

	for (struct route **p = &all->first; *p;) {
		struct route *r = *p;

		if (!*r->domain || r->n_hops || r->n_waiting || r->lookup || now - r->moved_ms < REST_MS) {
			p = &r->next;
			continue;
		}
		*p = r->next;
		route_free(r);
	}
}

static void give_back(struct route *r, struct delivery *d, enum delivery_hop hop)
{
	const struct ending busy = { DELIVERY_LATER, 451, STR("4.4.5"),
		                     STR("the next hop is slow or paced, and others wait"), hop };

	end_delivery(r, d, &busy);
}

static bool is_stuck(const struct route *r)
{
	return clock_mono_ms() >= r->moved_ms + r->gate->stuck_ms + pace_ms(r);
}

/* Core lets a dead destination sleep, and all that is for it. */
static enum delivery_hop why_stuck(const struct route *r)
{
	return r->flows ? HOP_UNSAID : HOP_DEAD;
}

/* One that has had its time says QUIT when it is woken, and another is needed. */
static bool wake_idle(struct route *r)
{
	for (unsigned i = r->n_hops; i > 0; i--) {
		struct hop *h = i <= r->n_hops ? r->hops[i - 1] : NULL;
		bool spent = h && hop_is_spent(h);

		if (!h || !hop_is_idle(h))
			continue;
		hop_wake(h);
		if (!spent)
			return true;
	}
	return false;
}

static void on_timer(void *arg)
{
	struct route *r = arg;
	struct delivery *d;

	if (clock_mono_ms() >= r->next_ms && r->n_waiting && !wake_idle(r))
		staff(r);
	if (is_stuck(r)) {
		r->flows = r->wrote >= FLOWS;
		r->wrote = 0;
		for (unsigned n = r->n_waiting; n && (d = take_first(r)); n--)
			give_back(r, d, why_stuck(r));
	}
	watch_over(r);
}

/* A numeric target needs no look-up, now or later. */
static int fix_target(struct route *r, struct fail *f)
{
	struct conf_target kind;
	struct target *t;

	TRY(conf_target(r->conf->to, &kind, f));
	r->fixed = kind.kind == CONF_TARGET_ENDPOINT;
	if (!r->fixed)
		return OK;
	t = xnew(struct target);
	r->targets = (struct targets){ t, 1 };
	TRY(endpoint_parse(r->conf->to, &t->to, f));
	endpoint_host(&t->to, t->name, sizeof(t->name));
	return OK;
}

static int add_route(struct routes *all, const struct conf_route *conf, struct str domain, struct route **ret,
                     struct fail *f)
{
	struct route *r = xnew(struct route);
	int e;

	*r = (struct route){ .gate = all->gate, .conf = conf, .domain = xstrdup(domain), .last = &r->first };
	r->most = r->limit = conf->connections ? conf->connections : all->gate->conf->connections;
	r->hops = xalloc(r->limit * sizeof(struct hop *));
	r->timer = timer_new(all->gate->loop, on_timer, r);
	moved(r);
	e = fix_target(r, f);
	if (e < 0) {
		route_free(r);
		return e;
	}
	r->next = all->first;
	all->first = r;
	*ret = r;
	return OK;
}

static int find_route(struct routes *all, const struct deliver *m, struct route **ret, struct fail *f)
{
	const struct conf_route *conf = conf_route_named(all->gate->conf, m->route);
	struct str domain = str_from(m->rcpt, str_rchr(m->rcpt, '@') + 1);
	struct route *r = all->first;

	if (!conf)
		return fail(f, FAIL_ABSENT, "no route of the name %.*s", STR_ARG(m->route));
	if (!str_eq(conf->to, STR("mx")))
		domain = STR("");
	while (r && (r->conf != conf || !str_eq_nocase(str_c(r->domain), domain)))
		r = r->next;
	*ret = r;
	return r ? OK : add_route(all, conf, domain, ret, f);
}

void routes_deliver(struct routes *all, const struct deliver *m, int fd)
{
	struct delivery *d = NULL;
	struct route *r = NULL;
	struct fail f = { 0 };
	int e;

	forget_resting(all);
	e = find_route(all, m, &r, &f);
	if (e == OK)
		e = delivery_new(m, fd, &d, &f);
	if (e != OK) {
		const struct fail_face *face = fail_face(FAIL_SYS);
		const struct ending end = { DELIVERY_LATER, (uint32_t)face->smtp, str_c(face->enhanced),
			                    str_c(f.why), HOP_UNSAID };

		log_fail(LOG_ERROR, "deliver", &f);
		report(all->gate, m->delivery, &end);
		close(fd);
		return;
	}
	if (!r->n_waiting && !r->n_hops && !r->lookup)
		moved(r); /* it is not from before that nothing moved */
	if (is_stuck(r) && r->n_waiting >= KEPT) {
		give_back(r, d, why_stuck(r));
		return;
	}
	if (r->conf->pace_s && r->n_waiting * pace_ms(r) >= PACED_MS) {
		give_back(r, d, HOP_UNSAID);
		return;
	}
	append(r, d);
	if (clock_mono_ms() < r->next_ms || !wake_idle(r))
		staff(r);
}

void routes_road_ended(struct routes *all)
{
	for (struct route *r = all->first; r; r = r->next)
		clear_route(r, false);
}

uint64_t routes_connections(const struct routes *all)
{
	uint64_t n = 0;

	for (const struct route *r = all->first; r; r = r->next)
		n += r->n_hops;
	return n;
}

void routes_free(struct routes *all)
{
	if (!all)
		return;
	while (all->first) {
		struct route *r = all->first;

		all->first = r->next;
		route_free(r);
	}
	free(all);
}
