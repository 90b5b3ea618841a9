#include "role/gate/route.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "role/gate/hop.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLEAR_MS = 5 * MINUTE_S * 1000, PRAISES = 100 };

struct route {
	struct route *next;
	struct gate *gate;
	struct endpoint to;
	char *name;
	struct delivery *first, **last; /* waiting */
	unsigned n_waiting;
	struct hop **hops; /* room for conf.connections */
	unsigned n_hops, n_opening;
	unsigned limit;       /* lowered when one more is refused while others are there, raised by success */
	unsigned good;        /* deliveries since it was changed */
	uint64_t clear_until; /* no TLS before that */
};

struct routes {
	struct gate *gate;
	struct route *first;
};

struct gate *route_gate(const struct route *r)
{
	return r->gate;
}

const struct endpoint *route_endpoint(const struct route *r)
{
	return &r->to;
}

const char *route_name(const struct route *r)
{
	return r->name;
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
	if (g->core)
		SEND(g->core, delivered, id, e->outcome, e->smtp, e->enhanced, e->note);
}

/* A next hop that was full may have room again: one more is tried after a while of success. */
static void praise(struct route *r)
{
	if (r->limit >= r->gate->conf->connections || ++r->good < PRAISES)
		return;
	r->good = 0;
	r->limit++;
}

void route_end(struct route *r, struct delivery *d, const struct ending *e)
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

/* Opens connections while more wait than will come free by those that are being opened. */
static void staff(struct route *r)
{
	bool in_clear = clock_mono_ms() < r->clear_until;

	while (r->n_waiting > r->n_opening && r->n_hops < r->limit) {
		r->hops[r->n_hops++] = hop_new(r, in_clear);
		r->n_opening++;
	}
}

void route_opened(struct route *r)
{
	assert(r->n_opening > 0);
	r->n_opening--;
}

struct delivery *route_next(struct route *r)
{
	return take_first(r);
}

void route_spoils_tls(struct route *r)
{
	r->clear_until = clock_mono_ms() + CLEAR_MS;
}

static void fail_waiting(struct route *r, const struct ending *why)
{
	const struct ending e = { DELIVERY_LATER, why->smtp, why->enhanced, why->note };
	struct delivery *d;

	while ((d = take_first(r)))
		route_end(r, d, &e);
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
		r->limit = r->gate->conf->connections;
}

void route_closed(struct route *r, struct hop *h, bool opened, const struct ending *why)
{
	forget_hop(r, h);
	if (!opened)
		r->n_opening--;
	if (!opened && why && r->n_hops) {
		r->limit = r->n_hops;
		r->good = 0;
	} else if (!opened && why) {
		fail_waiting(r, why);
	}
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

static int find_route(struct routes *all, struct str name, struct route **ret, struct fail *f)
{
	struct endpoint to;
	struct route *r = all->first;

	while (r && !str_eq(str_c(r->name), name))
		r = r->next;
	if (!r) {
		TRY(endpoint_parse(name, &to, f));
		r = xnew(struct route);
		r->gate = all->gate;
		r->to = to;
		r->name = xstrdup(name);
		r->last = &r->first;
		r->limit = all->gate->conf->connections;
		r->hops = xalloc(r->limit * sizeof(struct hop *));
		r->next = all->first;
		all->first = r;
	}
	*ret = r;
	return OK;
}

static bool wake_idle(struct route *r)
{
	for (unsigned i = r->n_hops; i > 0; i--) {
		if (hop_is_idle(r->hops[i - 1])) {
			hop_wake(r->hops[i - 1]);
			return true;
		}
	}
	return false;
}

void routes_deliver(struct routes *all, const struct deliver *m, int fd)
{
	struct delivery *d = NULL;
	struct route *r = NULL;
	struct fail f = { 0 };
	int e = find_route(all, m->route, &r, &f);

	if (e == OK)
		e = delivery_new(m, fd, &d, &f);
	if (e != OK) {
		const struct fail_face *face = fail_face(FAIL_SYS);
		const struct ending end = { DELIVERY_LATER, (uint32_t)face->smtp, str_c(face->enhanced),
			                    str_c(f.why) };

		log_fail(LOG_ERROR, "deliver", &f);
		report(all->gate, m->delivery, &end);
		close(fd);
		return;
	}
	append(r, d);
	if (!wake_idle(r))
		staff(r);
}

static void clear_route(struct route *r, bool all)
{
	struct delivery *d;

	while ((d = take_first(r)))
		delivery_free(d);
	for (unsigned i = r->n_hops; i > 0; i--) {
		struct hop *h = r->hops[i - 1];

		if (!all && hop_forget(h))
			continue;
		forget_hop(r, h);
		hop_free(h);
	}
	r->n_opening = 0;
}

void routes_road_ended(struct routes *all)
{
	for (struct route *r = all->first; r; r = r->next)
		clear_route(r, false);
}

void routes_free(struct routes *all)
{
	if (!all)
		return;
	while (all->first) {
		struct route *r = all->first;

		all->first = r->next;
		clear_route(r, true);
		free(r->hops);
		free(r->name);
		free(r);
	}
	free(all);
}
