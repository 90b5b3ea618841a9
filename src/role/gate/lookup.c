#include "role/gate/lookup.h"

#include "base/mem.h"
#include "crypto/aead.h"
#include "policy/mx.h"
#include "sys/dns.h"
#include "wire/dns.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 30000, FAMILIES = 2, SMTP_PORT = 25 };

struct host {
	struct str name;
	struct ask {
		struct lookup *lookup;
		struct dns_query *query;
		struct dns_answer answer;
		enum dns_type type;
	} asks[FAMILIES];
};

struct lookup {
	struct gate *gate;
	const struct conf_route *route;
	lookup_fn *fn;
	void *arg;
	struct arena arena;
	struct conf_target target;
	struct dns_query *mx;
	struct host hosts[MX_HOSTS_MAX];
	size_t n_hosts;
	unsigned open;             /* questions without an answer */
	bool unsure;               /* a server said nothing, or nonsense: it may be otherwise later */
	bool nowhere;              /* an address was left out */
	const struct ending *over; /* decided before the timer tells it */
	struct timer *timer;
};

static const struct ending no_answer = { DELIVERY_LATER, 451, STR_INIT("4.4.3"),
	                                 STR_INIT("the name servers give no answer for the domain"),
	                                 HOP_UNSAID };
static const struct ending no_domain = { DELIVERY_NEVER, 550, STR_INIT("5.1.2"),
	                                 STR_INIT("the domain does not exist"), HOP_UNSAID };
static const struct ending no_name = { DELIVERY_NEVER, 550, STR_INIT("5.1.2"),
	                               STR_INIT("the domain is no name that DNS knows"), HOP_UNSAID };
static const struct ending no_host = { DELIVERY_NEVER, 550, STR_INIT("5.4.4"),
	                               STR_INIT("the domain has no mail server with an address"),
	                               HOP_UNSAID };
static const struct ending null_mx = { DELIVERY_NEVER, 556, STR_INIT("5.1.10"),
	                               STR_INIT("the domain takes no mail (null MX)"), HOP_UNSAID };
static const struct ending loops = { DELIVERY_NEVER, 550, STR_INIT("5.4.6"),
	                             STR_INIT("the domain's mail server is this machine"), HOP_UNSAID };
static const struct ending no_server = { DELIVERY_LATER, 451, STR_INIT("4.4.3"),
	                                 STR_INIT("the server of this route has no address in DNS"),
	                                 HOP_UNSAID };

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void forget_questions(struct lookup *l)
{
	dns_query_free(TAKE(l->mx));
	for (size_t i = 0; i < l->n_hosts; i++)
		for (int k = 0; k < FAMILIES; k++)
			dns_query_free(TAKE(l->hosts[i].asks[k].query));
	l->open = 0;
}

void lookup_free(struct lookup *l)
{
	if (!l)
		return;
	forget_questions(l);
	timer_free(l->timer);
	arena_done(&l->arena);
	free(l);
}

static void give_up(struct lookup *l, const struct ending *why)
{
	struct targets none = { 0 };

	/* What the operator named is there again once that is set right: nobody's mail is returned for it. */
	if (l->target.kind == CONF_TARGET_HOST)
		why = &no_server;
	forget_questions(l);
	l->fn(l->arg, &none, why);
}

static void on_timer(void *arg)
{
	struct lookup *l = arg;

	give_up(l, l->over ? l->over : &no_answer);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static uint16_t port_of(const struct lookup *l)
{
	uint32_t port = l->target.port ? l->target.port : l->route->port;

	return (uint16_t)(port ? port : SMTP_PORT);
}

/* The k-th address of one family. ATTACKS: an MX that leads to the machine itself reaches what listens there alone. */
static void add_address(struct lookup *l, const struct host *h, int family, size_t k, struct targets *out)
{
	const struct dns_answer *a = &h->asks[family].answer;
	struct target t = { 0 };
	struct fail f = { 0 };

	if (k >= a->n || out->n == TARGETS_MAX ||
	    endpoint_of(a->records[k].address, port_of(l), &t.to, &f) < 0)
		return;
	if (l->target.kind == CONF_TARGET_MX && !l->route->local && endpoint_is_nowhere(&t.to)) {
		l->nowhere = true;
		return;
	}
	snprintf(t.name, sizeof(t.name), "%.*s", STR_ARG(h->name));
	out->at[out->n++] = t;
}

/* Host by host; of each the families in turn. */
static void finish(struct lookup *l)
{
	struct targets t = { xalloc(TARGETS_MAX * sizeof(struct target)), 0 };

	for (size_t i = 0; i < l->n_hosts; i++)
		for (size_t k = 0; k < HOST_ADDRESSES_MAX / FAMILIES; k++)
			for (int family = 0; family < FAMILIES; family++)
				add_address(l, &l->hosts[i], family, k, &t);
	if (t.n) {
		forget_questions(l);
		l->fn(l->arg, &t, NULL);
		return;
	}
	free(t.at);
	give_up(l, l->unsure ? &no_answer : l->nowhere ? &loops : &no_host);
}

static bool read_answer(struct lookup *l, struct str packet, enum dns_type type, struct dns_answer *ret)
{
	struct dns_answer a = { 0 };
	struct fail f = { 0 };

	if (dns_answer_read(packet, type, &l->arena, &a, &f) < 0 ||
	    (a.code != DNS_OK && a.code != DNS_NXDOMAIN))
		return false;
	*ret = a;
	return true;
}

static void on_address(void *arg, struct str packet)
{
	struct ask *q = arg;
	struct lookup *l = q->lookup;

	if (!read_answer(l, packet, q->type, &q->answer))
		l->unsure = true;
	if (--l->open == 0)
		finish(l);
}

static void ask_hosts(struct lookup *l)
{
	static const enum dns_type types[FAMILIES] = { DNS_AAAA, DNS_A };

	l->open = (unsigned)l->n_hosts * FAMILIES;
	for (size_t i = 0; i < l->n_hosts; i++) {
		for (int k = 0; k < FAMILIES; k++) {
			struct ask *q = &l->hosts[i].asks[k];

			q->lookup = l;
			q->type = types[k];
			q->query = dns_ask(l->gate->dns, arena_z(&l->arena, l->hosts[i].name), q->type,
			                   on_address, q);
		}
	}
}

/* ---- MX ---------------------------------------------------------------------------------------------------------- */

static void roll(struct mx_record *r)
{
	if (random_bytes(&r->dice, sizeof(r->dice), NULL) < 0)
		r->dice = 0;
}

static void take_records(struct lookup *l, const struct dns_answer *a)
{
	struct mx_record *r = arena_alloc(&l->arena, a->n * sizeof(*r));
	enum mx_verdict v;

	for (size_t i = 0; i < a->n; i++) {
		r[i] = (struct mx_record){ .preference = a->records[i].preference,
			                   .host = a->records[i].host };
		roll(&r[i]);
	}
	v = mx_order(r, a->n, l->gate->conf->hostname, &l->n_hosts);
	if (v != MX_HOSTS) {
		l->n_hosts = 0;
		give_up(l, v == MX_NULL ? &null_mx : &loops);
		return;
	}
	for (size_t i = 0; i < l->n_hosts; i++)
		l->hosts[i].name = r[i].host;
	ask_hosts(l);
}

static void on_mx(void *arg, struct str packet)
{
	struct lookup *l = arg;
	struct dns_answer a;

	if (!read_answer(l, packet, DNS_MX, &a))
		give_up(l, &no_answer);
	else if (a.code == DNS_NXDOMAIN)
		give_up(l, &no_domain);
	else if (a.n)
		take_records(l, &a);
	else
		ask_hosts(l); /* the domain itself, which stands there already */
}

/* Literals and U-labels are not looked up. */
static bool is_dns_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return s.n && s.n < 254;
}

struct lookup *lookup_new(struct gate *g, const struct conf_route *r, struct str domain, lookup_fn *fn,
                          void *arg)
{
	struct lookup *l = xnew(struct lookup);
	struct fail f = { 0 };

	*l = (struct lookup){ .gate = g, .route = r, .fn = fn, .arg = arg };
	l->timer = timer_new(g->loop, on_timer, l);
	timer_set(l->timer, PATIENCE_MS);
	if (conf_target(r->to, &l->target, &f) < 0 || !g->dns) {
		l->over = &no_answer;
		timer_set(l->timer, 0);
		return l;
	}
	if (l->target.kind == CONF_TARGET_HOST)
		domain = l->target.host;
	l->hosts[0].name = arena_str(&l->arena, domain);
	l->n_hosts = 1;
	if (l->target.kind == CONF_TARGET_HOST) {
		ask_hosts(l);
	} else if (is_dns_name(domain)) {
		l->mx = dns_ask(g->dns, arena_z(&l->arena, domain), DNS_MX, on_mx, l);
	} else {
		l->over = &no_name;
		timer_set(l->timer, 0);
	}
	return l;
}
