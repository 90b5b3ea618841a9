#include "role/gate/gate.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/gate/account.h"
#include "role/gate/deposit.h"
#include "role/gate/foyer.h"
#include "role/gate/names.h"
#include "role/gate/route.h"
#include "role/gate/session.h"
#include "sys/dns.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 64, REST_MS = 1000, TELL_MS = 2000, STUCK_MS = 10000 };

struct listener {
	struct listener *next;
	struct gate *gate;
	int fd;
	enum listen_kind kind;
	struct watch *watch; /* NULL until everything is ready */
};

static void on_rcpt_answer(void *self, const void *msg, struct ipc_fds *fds)
{
	struct gate *g = self;

	sessions_rcpt_answer(g->sessions, msg);
}

static void on_accept_answer(void *self, const void *msg, struct ipc_fds *fds)
{
	struct gate *g = self;

	sessions_accept_answer(g->sessions, msg);
}

static void on_auth_answer(void *self, const void *msg, struct ipc_fds *fds)
{
	struct gate *g = self;

	sessions_auth_answer(g->sessions, msg);
}

static void on_deliver(void *self, const void *msg, struct ipc_fds *fds)
{
	struct gate *g = self;

	routes_deliver(g->routes, msg, ipc_fd_take(fds, 0));
}

static void on_names_ask(void *self, const void *msg, struct ipc_fds *fds)
{
	names_ask(self, msg);
}

static const struct ipc_rule core_rules[] = {
	{ IPC_rcpt_answer, on_rcpt_answer, 0, 0 }, { IPC_accept_answer, on_accept_answer, 0, 0 },
	{ IPC_auth_answer, on_auth_answer, 0, 0 }, { IPC_deliver, on_deliver, 1, 1 },
	{ IPC_names_ask, on_names_ask, 0, 0 },     { IPC_NONE, NULL, 0, 0 },
};

static void road_ended(struct gate *g)
{
	if (!g->core)
		return;
	peer_free(TAKE(g->core));
	names_forget(g);
	sessions_road_ended(g->sessions);
	routes_road_ended(g->routes);
}

static void on_core_closed(void *self, struct peer *p, const struct fail *why)
{
	struct gate *g = self;

	log_warn("ev=road peer=core state=ended why=%s", log_quote(str_c(why->why)));
	if (g->core == p)
		road_ended(g);
}

static void open_road(struct gate *g, int fd)
{
	struct peer_options o = { core_rules, g, on_core_closed };

	g->core = peer_new(g->loop, fd, &o);
	g->told = (struct gate_facts){ 0 }; /* a new core knows nothing */
}

static int take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	struct gate *g = self;

	if (other != ROLE_CORE)
		return fail(f, FAIL_BUG, "a road to %s", role_name(other));
	if (g->routes) {
		road_ended(g);
		open_road(g, fd);
	} else {
		g->core_fd = fd;
	}
	return OK;
}

static void rest(struct gate *g)
{
	for (struct listener *l = g->listeners; l; l = l->next)
		watch_want(l->watch, false, false);
	timer_set(g->rest, REST_MS);
}

static void on_rested(void *arg)
{
	struct gate *g = arg;

	for (struct listener *l = g->listeners; l; l = l->next)
		watch_want(l->watch, true, false);
}

/* What cannot be accepted stays in the backlog, where the kernel would announce it forever: hence the rest. */
static void on_connection(void *arg, bool readable, bool writable)
{
	struct listener *l = arg;
	struct gate *g = l->gate;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct endpoint who = { 0 };
		struct fail f = { 0 };
		int fd = -1;

		if (sock_accept(l->fd, &fd, &who, &f) < 0) {
			log_fail(LOG_WARN, "accept", &f);
			rest(g);
			return;
		}
		if (fd < 0)
			return;
		if (l->kind == LISTEN_PROXY)
			foyer_enter(g->foyer, fd, &who);
		else
			sessions_enter(g->sessions, fd, &who, l->kind);
	}
}

static int take_listener(void *self, enum listen_kind kind, struct str address, int fd, struct fail *f)
{
	struct gate *g = self;
	struct listener *l;

	if (kind == LISTEN_CONTROL || kind == LISTEN_PRIVATE) {
		close(fd);
		return fail(f, FAIL_BUG, "a listener that is not for mail");
	}
	l = xnew(struct listener);
	l->gate = g;
	l->fd = fd;
	l->kind = kind;
	l->next = g->listeners;
	g->listeners = l;
	return OK;
}

static int take_tls(void *self, struct str chain_pem, struct str key_pem, struct fail *f)
{
	struct gate *g = self;
	struct tls_server *s;

	TRY(tls_server_new(chain_pem, key_pem, &s, f));
	tls_server_free(g->tls_server); /* connections that use it live on */
	g->tls_server = s;
	return OK;
}

static int take_route(void *self, const struct role_route *m, int ca_fd, struct fail *f)
{
	struct gate *g = self;

	return account_take(&g->accounts, m, ca_fd, f);
}

static bool resolves(void *self)
{
	struct gate *g = self;

	return g->dns != NULL;
}

/* Each session costs a descriptor, and each message under way another. */
static void raise_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int init(void *self, struct role_start *s, struct fail *f)
{
	struct gate *g = self;

	g->loop = s->loop;
	g->conf = &s->conf;
	if (!g->stuck_ms)
		g->stuck_ms = STUCK_MS;
	raise_descriptors();
	TRY(crypto_init(f));
	if (g->conf->n_resolvers) /* the parent names them where somebody needs them */
		TRY(dns_new(g->loop, g->conf->resolvers, g->conf->n_resolvers, &g->dns, f));
	return tls_client_new(&(struct tls_client_options){ 0 }, &g->tls_client, f);
}

/* Facts for `postern stat`: when they have changed, and no oftener than somebody looks. */
static void on_tell(void *arg)
{
	struct gate *g = arg;
	struct gate_facts *now = &g->facts;

	now->sessions = budget_sessions(g->budget);
	now->memory = g->conf->memory_bytes - budget_left(g->budget);
	now->connections = routes_connections(g->routes);
	if (g->core && memcmp(now, &g->told, sizeof(*now)) != 0) {
		peer_send(g->core, IPC_gate_facts, now, NULL, 0);
		g->told = *now;
	}
	timer_set(g->tell, TELL_MS);
}

static int ready(void *self, struct fail *f)
{
	struct gate *g = self;
	const struct conf *c = g->conf;
	struct budget_limits limits = { c->memory_bytes, c->sessions, c->sessions_per_client };

	g->budget = budget_new(&limits);
	g->deposits = deposits_new(g->loop, g->budget);
	g->sessions = sessions_new(g);
	g->foyer = foyer_new(g);
	g->routes = routes_new(g);
	g->rest = timer_new(g->loop, on_rested, g);
	g->tell = timer_new(g->loop, on_tell, g);
	timer_set(g->tell, TELL_MS);
	if (g->core_fd >= 0)
		open_road(g, TAKE_FD(g->core_fd));
	for (struct listener *l = g->listeners; l; l = l->next)
		l->watch = watch_new(g->loop, l->fd, on_connection, l);
	on_rested(g);
	return OK;
}

/* Routes that are at work keep what they were made by; new ones are made by the new file. */
static void reload(void *self, const struct conf *c)
{
	struct gate *g = self;

	g->conf = c;
	budget_limit(g->budget, c->sessions, c->sessions_per_client);
	sessions_reload(g->sessions);
}

static void stop(void *self)
{
	struct gate *g = self;

	while (g->listeners) {
		struct listener *l = g->listeners;

		g->listeners = l->next;
		watch_free(l->watch);
		close(l->fd);
		free(l);
	}
	timer_free(TAKE(g->rest));
	timer_free(TAKE(g->tell));
	foyer_free(TAKE(g->foyer));
	sessions_free(TAKE(g->sessions));
	routes_free(TAKE(g->routes));
	peer_free(TAKE(g->core));
	names_forget(g);
	deposits_free(TAKE(g->deposits));
	budget_free(TAKE(g->budget));
	tls_server_free(TAKE(g->tls_server));
	tls_client_free(TAKE(g->tls_client));
	accounts_free(TAKE(g->accounts));
	dns_free(TAKE(g->dns));
}

const struct role_def gate_def = {
	.peer = take_peer,
	.listener = take_listener,
	.tls = take_tls,
	.route = take_route,
	.resolves = resolves,
	.init = init,
	.ready = ready,
	.reload = reload,
	.stop = stop,
};

void gate_main(unsigned index)
{
	static struct role_start start = { .role = ROLE_GATE };
	static struct gate g = { .start = &start, .core_fd = -1 };

	start.index = index;
	role_run(&gate_def, &g, &start);
}
