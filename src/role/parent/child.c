#include "role/parent/child.h"

#include "role/parent/parent.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sys/notify.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

enum {
	PASSWORD_MAX = 255,
	MASTER_KEY = 32,
	PEM_MAX = 256 * 1024,
	STEADY_MS = 2000,
	WAIT_FIRST_MS = 50,
	WAIT_MOST_MS = 5000
};

/* Who talks to whom: nothing else gets a road. The first of two tells when their road has ended (role_lost); the other one's
 * word, and with it whoever has taken that over, ends nobody. */
static const struct road {
	enum role a, b;
} roads[] = {
	{ ROLE_CORE, ROLE_VAULT },  { ROLE_CORE, ROLE_KEYGEN },  { ROLE_CORE, ROLE_GATE },
	{ ROLE_CORE, ROLE_SCRIBE }, { ROLE_VAULT, ROLE_KEYGEN }, { ROLE_CORE, ROLE_OPENER },
	{ ROLE_CORE, ROLE_WEB },    { ROLE_VAULT, ROLE_SCRIBE },
};

static void put_pair(void *self, struct str key, struct str value)
{
	list_add(self, key);
	list_add(self, value);
}

static void tell_begin(struct child *c)
{
	OWN(buf) conf = BUF(IPC_RECORD_MAX);

	conf_for_role(&c->parent->conf, c->role, put_pair, &conf);
	SEND(c->channel, role_begin, c->parent->scribes, str_of(c->parent->mask_key, 16), buf_str(&conf));
}

static int read_file(struct str path, struct secret *ret, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWNFD fd = open(arena_z(&a, path), O_RDONLY | O_CLOEXEC);
	OWN(secret) s = SECRET_NONE;
	ssize_t n;

	if (fd < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%.*s", STR_ARG(path));
	TRY(secret_new(&s, PEM_MAX, f));
	n = read(fd, s.p, s.n);
	if (n < 0)
		return fail_errno(f, FAIL_SYS, "%.*s", STR_ARG(path));
	s.n = (size_t)n;
	*ret = secret_take(&s);
	return OK;
}

/* Of a rotation (cli/rotate.c): beside the master key, while both are needed. One that is half written seals nothing yet. */
static int read_next(struct str master, struct secret *ret, struct fail *f)
{
	OWN(secret) key = SECRET_NONE;
	OWN(buf) path = BUF(8192);
	int r;

	buf_addf(&path, "%.*s" MASTER_NEXT, STR_ARG(master));
	r = read_file(buf_str(&path), &key, f);
	if (r == FAIL_ABSENT)
		return OK;
	TRY(r);
	if (key.n == MASTER_KEY)
		*ret = secret_take(&key);
	return OK;
}

/* The file is read anew for each vault, so that this process keeps no copy. */
static int tell_master(struct child *c, struct fail *f)
{
	OWN(secret) key = SECRET_NONE;
	OWN(secret) next = SECRET_NONE;

	TRY(read_file(c->parent->conf.master_key, &key, f));
	if (key.n != MASTER_KEY)
		return fail(f, FAIL_SYNTAX,
		            "the master key file has %zu bytes instead of %d: restore it with "
		            "`postern init --recover`",
		            key.n, MASTER_KEY);
	TRY(read_next(c->parent->conf.master_key, &next, f));
	SEND(c->channel, role_master, secret_str(&key), secret_str(&next));
	return OK;
}

static int tell_tls(struct child *c, struct fail *f)
{
	const struct conf *conf = &c->parent->conf;
	OWN(secret) chain = SECRET_NONE;
	OWN(secret) key = SECRET_NONE;

	if (!conf->tls_certificate.n)
		return OK;
	TRY(read_file(conf->tls_certificate, &chain, f));
	TRY(read_file(conf->tls_key, &key, f));
	SEND(c->channel, role_tls, secret_str(&chain), secret_str(&key));
	return OK;
}

/* The password is the file's one line. */
static void trim_line(struct secret *s)
{
	while (s->n && (s->p[s->n - 1] == '\n' || s->p[s->n - 1] == '\r'))
		s->n--;
}

static int read_optional(struct str path, struct secret *ret, struct fail *f)
{
	return path.n ? read_file(path, ret, f) : OK;
}

static int open_authorities(const struct conf_route *r, int *ret_fd, struct fail *f)
{
	OWN(arena) a = ARENA;
	const char *path = r->tls_ca.n ? arena_z(&a, r->tls_ca) : SYSTEM_AUTHORITIES;

	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS,
		                  "[route %.*s] tls = verify: the authorities in %s", STR_ARG(r->name), path);
	return OK;
}

static int tell_route(struct child *c, const struct conf_route *r, struct fail *f)
{
	OWN(secret) password = SECRET_NONE;
	OWN(secret) chain = SECRET_NONE;
	OWN(secret) key = SECRET_NONE;
	OWNFD ca = -1;

	TRY(read_optional(r->password_file, &password, f));
	TRY(read_optional(r->tls_certificate, &chain, f));
	TRY(read_optional(r->tls_key, &key, f));
	trim_line(&password);
	if (r->password_file.n && (!password.n || password.n > PASSWORD_MAX))
		return fail(f, FAIL_SYNTAX, "%.*s: holds no password of 1 to %d bytes in one line",
		            STR_ARG(r->password_file), PASSWORD_MAX);
	if (str_eq(r->tls, STR("verify")))
		TRY(open_authorities(r, &ca, f));
	if (ca >= 0)
		SEND_FD(c->channel, ca, role_route, r->name, secret_str(&password), secret_str(&chain),
		        secret_str(&key));
	else if (password.n || chain.n)
		SEND(c->channel, role_route, r->name, secret_str(&password), secret_str(&chain),
		     secret_str(&key));
	return OK;
}

/* All that the routes' files hold, read now. May be said again: the gate replaces what it had. */
static int tell_routes(struct child *c, struct fail *f)
{
	for (size_t i = 0; i < c->parent->conf.n_routes; i++)
		TRY(tell_route(c, &c->parent->conf.routes[i], f));
	return OK;
}

static void refused(const char *what, int r, const struct fail *f)
{
	if (r < 0)
		log_warn("ev=reload-refused what=%s why=%s", what, log_quote(str_c(f->why)));
}

/* Each part that cannot be read stays as it was. */
void children_tell(struct parent *p)
{
	for (size_t i = 0; i < p->n_children; i++) {
		struct child *c = &p->children[i];
		OWN(buf) conf = BUF(IPC_RECORD_MAX);
		struct fail f = { 0 };

		if (!c->pid || !c->ready)
			continue; /* it is being told everything anyway */
		if (c->role == ROLE_VAULT)
			refused("master-key", tell_master(c, &f), &f);
		if (c->role == ROLE_GATE) {
			refused("tls", tell_tls(c, &f), &f);
			refused("route", tell_routes(c, &f), &f);
		}
		conf_for_role(&p->conf, c->role, put_pair, &conf);
		SEND(c->channel, role_conf, buf_str(&conf));
	}
}

static int connect_two(struct child *a, struct child *b, struct fail *f)
{
	int pair[2];

	TRY(sock_pair(true, pair, f));
	SEND_FD(a->channel, pair[0], role_peer, b->role, b->index, b->life);
	SEND_FD(b->channel, pair[1], role_peer, a->role, a->index, a->life);
	close(pair[0]);
	close(pair[1]);
	return OK;
}

static bool road_between(enum role a, enum role b)
{
	for (size_t i = 0; i < sizeof(roads) / sizeof(roads[0]); i++)
		if ((roads[i].a == a && roads[i].b == b) || (roads[i].a == b && roads[i].b == a))
			return true;
	return false;
}

static int tell_rest(struct child *c, struct fail *f)
{
	struct parent *p = c->parent;

	for (size_t i = 0; i < p->n_listeners; i++)
		if (p->listeners[i].role == c->role)
			SEND_FD(c->channel, p->listeners[i].fd, role_listen, p->listeners[i].kind,
			        p->listeners[i].address);
	if (c->role == ROLE_VAULT)
		TRY(tell_master(c, f));
	if (c->role == ROLE_GATE)
		TRY(tell_tls(c, f));
	if (c->role == ROLE_GATE)
		TRY(tell_routes(c, f));
	SEND(c->channel, role_go, 0);
	return OK;
}

static void on_ready(void *self, const void *msg, struct ipc_fds *fds)
{
	struct child *c = self;
	const struct role_ready *m = msg;

	c->ready = true;
	log_info("ev=role-ready who=%s index=%u pid=%d seccomp=%s calls=%u landlock=%s%s", role_name(c->role),
	         c->index, (int)c->pid, m->seccomp ? "on" : "off", m->calls, m->landlock ? "on" : "off",
	         m->widened ? " widened=sanitizer" : "");
	for (size_t i = 0; i < c->parent->n_children; i++)
		if (!c->parent->children[i].ready)
			return;
	if (!c->parent->ready_told) {
		log_info("ev=serving version=%s", POSTERN_VERSION);
		notify_manager("READY=1");
	}
	c->parent->ready_told = true;
}

static bool tells_of(enum role a, enum role b)
{
	for (size_t i = 0; i < sizeof(roads) / sizeof(roads[0]); i++)
		if (roads[i].a == a && roads[i].b == b)
			return true;
	return false;
}

/* Whoever has lost its road is of no use, and what has been taken over ends with the process. Most have ended by themselves, which
 * their pid tells; and what is said of an earlier life means nothing. */
static void on_lost(void *self, const void *msg, struct ipc_fds *fds)
{
	const struct child *who = self;
	const struct role_lost *m = msg;
	struct parent *p = who->parent;

	if (p->stopping || p->private_mode || !tells_of(who->role, (enum role)m->role))
		return;
	for (size_t i = 0; i < p->n_children; i++) {
		const struct child *c = &p->children[i];

		if ((uint32_t)c->role != m->role || c->index != m->index || c->life != m->life || !c->pid)
			continue;
		log_warn("ev=road-lost who=%s index=%u pid=%d by=%s", role_name(c->role), c->index,
		         (int)c->pid, role_name(who->role));
		kill(c->pid, SIGKILL);
	}
}

static const struct ipc_rule rules[] = {
	{ IPC_role_ready, on_ready, 0, 0 },
	{ IPC_role_lost, on_lost, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};

/* Its end is told by its pid. One that says what it may not, or hears us no more, could neither be stopped nor be told of a new
 * road: it ends now. */
static void on_closed(void *self, struct peer *peer, const struct fail *why)
{
	const struct child *c = self;

	if (why->code != FAIL_PEER)
		log_fail(LOG_ERROR, "road", why);
	if (c->pid && !c->parent->stopping && !c->parent->private_mode)
		kill(c->pid, SIGKILL);
}

static int spawn_child(struct child *c, struct fail *f)
{
	struct parent *p = c->parent;
	struct peer_options o = { rules, c, on_closed };
	struct spawn s = { p->image_fd, c->role, c->index, -1, 0 };
	int pair[2], r;

	/* core changes by itself, after it has shut itself into its directory, which takes a privilege */
	if (geteuid() == 0 && p->conf.uid_base && c->role != ROLE_CORE)
		s.uid = p->conf.uid_base + (uid_t)c->role;
	TRY(sock_pair(true, pair, f));
	s.channel_fd = pair[1];
	r = spawn_role(&s, &c->pid, f);
	close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	c->channel = peer_new(p->loop, pair[0], &o);
	c->started_ms = clock_mono_ms();
	c->ready = false;
	c->life++;
	tell_begin(c);
	return OK;
}

static void add_child(struct parent *p, enum role r, unsigned index)
{
	p->children[p->n_children++] = (struct child){ .parent = p, .role = r, .index = index };
}

int children_start(struct parent *p, struct fail *f)
{
	add_child(p, ROLE_VAULT, 0);
	add_child(p, ROLE_KEYGEN, 0);
	add_child(p, ROLE_CORE, 0);
	for (unsigned i = 0; i < p->scribes; i++)
		add_child(p, ROLE_SCRIBE, i);
	if (!p->private_mode)
		add_child(p, ROLE_OPENER, 0);
	if (!p->private_mode)
		add_child(p, ROLE_GATE, 0);
	if (!p->private_mode && (p->conf.web_listen.n || p->conf.web_metrics.n))
		add_child(p, ROLE_WEB, 0);
	for (size_t i = 0; i < p->n_children; i++)
		TRY(spawn_child(&p->children[i], f));
	for (size_t i = 0; i < p->n_children; i++)
		for (size_t j = 0; j < i; j++)
			if (road_between(p->children[i].role, p->children[j].role))
				TRY(connect_two(&p->children[i], &p->children[j], f));
	for (size_t i = 0; i < p->n_children; i++)
		TRY(tell_rest(&p->children[i], f));
	return OK;
}

static void restart(void *arg)
{
	struct child *c = arg;
	struct parent *p = c->parent;
	struct fail f = { 0 };
	int r = spawn_child(c, &f);

	for (size_t i = 0; r == OK && i < p->n_children; i++)
		if (&p->children[i] != c && p->children[i].pid && road_between(c->role, p->children[i].role))
			r = connect_two(c, &p->children[i], &f);
	if (r == OK)
		r = tell_rest(c, &f);
	if (r < 0) {
		log_fail(LOG_ERROR, "restart", &f);
		c->wait_ms = WAIT_MOST_MS;
		if (c->pid)
			kill(c->pid, SIGKILL); /* half told: its end starts the next try */
		else
			timer_set(c->again, c->wait_ms);
	}
}

static struct child *child_of(struct parent *p, pid_t pid)
{
	for (size_t i = 0; i < p->n_children; i++)
		if (p->children[i].pid == pid)
			return &p->children[i];
	return NULL;
}

static void log_end(const struct child *c, int status)
{
	if (WIFSIGNALED(status))
		log_warn("ev=role-ended who=%s index=%u pid=%d signal=%d", role_name(c->role), c->index,
		         (int)c->pid, WTERMSIG(status));
	else
		log_warn("ev=role-ended who=%s index=%u pid=%d status=%d", role_name(c->role), c->index,
		         (int)c->pid, WEXITSTATUS(status));
}

void child_ended(struct parent *p, pid_t pid, int status)
{
	struct child *c = child_of(p, pid);

	if (!c)
		return;
	if (!p->stopping && !p->private_mode)
		log_end(c, status);
	c->pid = 0;
	peer_free(c->channel);
	c->channel = NULL;
	if (p->stopping || p->private_mode) {
		children_stop(p);
		if (children_all_gone(p))
			loop_stop(p->loop);
		return;
	}
	c->wait_ms = clock_mono_ms() - c->started_ms > STEADY_MS ? WAIT_FIRST_MS
	             : c->wait_ms < WAIT_FIRST_MS                ? WAIT_FIRST_MS
	             : c->wait_ms * 2 > WAIT_MOST_MS             ? WAIT_MOST_MS
	                                                         : c->wait_ms * 2;
	if (!c->again)
		c->again = timer_new(p->loop, restart, c);
	timer_set(c->again, c->wait_ms);
}

static void kill_rest(void *arg)
{
	struct parent *p = arg;

	for (size_t i = 0; i < p->n_children; i++)
		if (p->children[i].pid)
			kill(p->children[i].pid, SIGKILL);
}

void children_stop(struct parent *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	p->stop_deadline = timer_new(p->loop, kill_rest, p);
	timer_set(p->stop_deadline, 3000);
	for (size_t i = 0; i < p->n_children; i++)
		if (p->children[i].pid)
			SEND(p->children[i].channel, role_stop, 0);
}

bool children_all_gone(const struct parent *p)
{
	for (size_t i = 0; i < p->n_children; i++)
		if (p->children[i].pid)
			return false;
	return true;
}
