#include "sys/dns.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/loop_base.h"
#include "sys/sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unbound-event.h>
#include <unbound.h>

enum { PACKET_MAX = 65535, CLASS_IN = 1 };

struct dns {
	struct ub_ctx *ctx;
	struct loop *loop;
};

struct dns_query {
	struct dns *dns;
	dns_fn *fn;
	void *arg;
	int id;
	bool asked; /* its answer is still to come */
	struct buf packet;
	struct timer *told; /* the answer is told from the loop, also where it was at hand */
};

/* Only what was asked is believed, nothing is validated yet, and answers are forgotten within the hour. A server that
 * did not answer is asked again after a minute at most. */
static const struct {
	const char *name, *value;
} options[] = {
	{ "module-config:", "iterator" }, { "do-not-query-localhost:", "no" },
	{ "msg-cache-size:", "1m" },      { "rrset-cache-size:", "2m" },
	{ "msg-cache-slabs:", "1" },      { "rrset-cache-slabs:", "1" },
	{ "infra-cache-slabs:", "1" },    { "key-cache-slabs:", "1" },
	{ "cache-max-ttl:", "3600" },     { "cache-max-negative-ttl:", "60" },
	{ "infra-host-ttl:", "60" },      { "edns-buffer-size:", "1232" },
	{ "harden-glue:", "yes" },
};

static int refused(struct fail *f, const char *what, int e)
{
	return fail(f, FAIL_SYS, "DNS: %s: %s", what, ub_strerror(e));
}

/* libunbound writes ports behind an "@". */
static int add_server(struct ub_ctx *ctx, struct str text, struct fail *f)
{
	struct endpoint e;
	char host[INET6_ADDRSTRLEN], line[INET6_ADDRSTRLEN + 8];
	unsigned port;
	int r;

	TRY(endpoint_parse(text, &e, f));
	endpoint_host(&e, host, sizeof(host));
	port = e.addr.ss_family == AF_INET ? ((const struct sockaddr_in *)&e.addr)->sin_port
	                                   : ((const struct sockaddr_in6 *)&e.addr)->sin6_port;
	snprintf(line, sizeof(line), "%s@%u", host, ntohs((uint16_t)port));
	r = ub_ctx_set_fwd(ctx, line);
	return r ? refused(f, line, r) : OK;
}

static void warmed(void *arg, int rcode, void *packet, int n, int sec, char *why, int limited)
{
	*(bool *)arg = true;
}

/* The first question makes all that the library needs; this one is answered without the network. */
static int warm(struct dns *d, struct fail *f)
{
	bool done = false;
	int id = 0, r = ub_resolve_event(d->ctx, "localhost.", 1, CLASS_IN, &done, warmed, &id);

	if (r)
		return refused(f, "start", r);
	return done ? OK : fail(f, FAIL_SYS, "DNS: start: no answer at once");
}

static int set_up(struct dns *d, const struct str *servers, size_t n, struct fail *f)
{
	(void)ub_ctx_debugout(d->ctx, NULL); /* what it has to say names domains */
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int r = ub_ctx_set_option(d->ctx, options[i].name, options[i].value);

		if (r)
			return refused(f, options[i].name, r);
	}
	for (size_t i = 0; i < n; i++)
		TRY(add_server(d->ctx, servers[i], f));
	return warm(d, f);
}

int dns_new(struct loop *l, const struct str *servers, size_t n, struct dns **ret, struct fail *f)
{
	struct dns *d = xnew(struct dns);
	int r = OK;

	d->loop = l;
	d->ctx = ub_ctx_create_event(loop_event_base(l));
	if (!d->ctx)
		r = fail(f, FAIL_SYS, "DNS: no library");
	if (r == OK)
		r = set_up(d, servers, n, f);
	if (r < 0) {
		dns_free(d);
		return r;
	}
	*ret = d;
	return OK;
}

void dns_free(struct dns *d)
{
	if (!d)
		return;
	if (d->ctx)
		ub_ctx_delete(d->ctx);
	free(d);
}

static void tell(void *arg)
{
	struct dns_query *q = arg;

	q->fn(q->arg, buf_str(&q->packet));
}

static void on_answer(void *arg, int rcode, void *packet, int n, int sec, char *why, int limited)
{
	struct dns_query *q = arg;

	q->asked = false;
	if (packet && n > 0)
		buf_add(&q->packet, str_of(packet, (size_t)n));
	timer_set(q->told, 0);
}

struct dns_query *dns_ask(struct dns *d, const char *name, unsigned type, dns_fn *fn, void *arg)
{
	struct dns_query *q = xnew(struct dns_query);

	*q = (struct dns_query){ .dns = d, .fn = fn, .arg = arg, .asked = true, .packet = BUF(PACKET_MAX) };
	q->told = timer_new(d->loop, tell, q);
	if (ub_resolve_event(d->ctx, name, (int)type, CLASS_IN, q, on_answer, &q->id)) {
		q->asked = false;
		timer_set(q->told, 0); /* no name, or no memory: no answer */
	}
	return q;
}

void dns_query_free(struct dns_query *q)
{
	if (!q)
		return;
	if (q->asked)
		(void)ub_cancel(q->dns->ctx, q->id);
	timer_free(q->told);
	buf_done(&q->packet);
	free(q);
}
