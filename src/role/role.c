#include "role/role.h"

#include "base/log.h"
#include "ipc/killer.h"
#include "role/probe.h"
#include "sys/sandbox.h"
#include "sys/spawn.h"

#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { CHANNEL = 3, INDEX_MAX = 64 };

struct running {
	const struct role_def *def;
	void *self;
	struct role_start *start;
	struct peer *parent;
	struct timer *trim;
	bool go;
	uint32_t lives[ROLE_COUNT][INDEX_MAX]; /* of those that there are roads to */
};

static struct running *this; /* a process is one role */

__attribute__((noreturn)) static void die(const struct fail *f)
{
	log_fail(LOG_ERROR, "role-dies", f);
	_exit(1);
}

static void or_die(int r, const struct fail *f)
{
	if (r < 0)
		die(f);
}

/* What is said anew to a role that works changes nothing when it is wrong. */
static void settle(const struct running *r, const char *what, int e, const struct fail *f)
{
	if (e < 0 && !r->go)
		die(f);
	if (e < 0)
		log_warn("ev=reload-refused what=%s why=%s", what, log_quote(str_c(f->why)));
}

static void on_begin(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;
	const struct role_begin *m = msg;
	struct str list = m->conf, key, value;
	struct fail f = { 0 };

	r->start->scribes = m->scribes;
	if (m->mask_key.n == 16)
		log_mask_key((const uint8_t *)m->mask_key.p);
	while (list_next_pair(&list, &key, &value))
		or_die(conf_apply(&r->start->conf, key, value, &r->start->arena, &f), &f);
}

static enum log_level level_of(struct str name)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
		if (str_eq(name, str_c(names[i])))
			return (enum log_level)i;
	return LOG_INFO;
}

/* The old one's strings may still be in use here and there; there are few such changes in a life. */
static void on_conf(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;
	struct str list = ((const struct role_conf *)msg)->conf, key, value;
	struct conf *c = arena_array(&r->start->arena, struct conf, 1);
	struct fail f = { 0 };
	int e = OK;

	conf_blank(c);
	while (e == OK && list_next_pair(&list, &key, &value))
		e = conf_apply(c, key, value, &r->start->arena, &f);
	settle(r, "configuration", e, &f);
	if (e < 0)
		return;
	if (r->def->reload)
		r->def->reload(r->self, c);
	else
		r->start->conf = *c;
	log_open(2, role_name(r->start->role), level_of(c->log_level));
}

static void on_peer(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;
	const struct role_peer *m = msg;
	struct fail f = { 0 };

	if (m->role < ROLE_COUNT && m->index < INDEX_MAX)
		r->lives[m->role][m->index] = m->life;
	if (r->def->peer)
		or_die(r->def->peer(r->self, (enum role)m->role, m->index, ipc_fd_take(fds, 0), &f), &f);
}

void role_lost(enum role other, unsigned index)
{
	if (this && other < ROLE_COUNT && index < INDEX_MAX)
		SEND(this->parent, role_lost, other, index, this->lives[other][index]);
}

static void on_listen(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;
	const struct role_listen *m = msg;
	struct fail f = { 0 };

	if (r->def->listener)
		or_die(r->def->listener(r->self, (enum listen_kind)m->kind, m->address, ipc_fd_take(fds, 0),
		                        &f),
		       &f);
}

static void on_master(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;
	const struct role_master *m = msg;
	struct fail f = { 0 };

	if (r->def->master)
		settle(r, "master-key", r->def->master(r->self, m->master, m->next, &f), &f);
}

static void on_tls(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;
	const struct role_tls *m = msg;
	struct fail f = { 0 };

	if (r->def->tls)
		settle(r, "tls", r->def->tls(r->self, m->chain_pem, m->key_pem, &f), &f);
}

static void on_route(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;
	struct fail f = { 0 };

	if (r->def->route)
		settle(r, "route", r->def->route(r->self, msg, ipc_fd_take(fds, 0), &f), &f);
}

static void on_go(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;

	r->go = true;
	loop_stop(r->start->loop);
}

static void on_stop(void *self, const void *msg, struct ipc_fds *fds)
{
	struct running *r = self;

	if (r->def->stop)
		r->def->stop(r->self);
	loop_stop(r->start->loop);
}

static const struct ipc_rule rules[] = {
	{ IPC_role_begin, on_begin, 0, 0 },   { IPC_role_peer, on_peer, 1, 1 },
	{ IPC_role_listen, on_listen, 1, 1 }, { IPC_role_conf, on_conf, 0, 0 },
	{ IPC_role_master, on_master, 0, 0 }, { IPC_role_tls, on_tls, 0, 0 },
	{ IPC_role_route, on_route, 0, 1 },   { IPC_role_go, on_go, 0, 0 },
	{ IPC_role_stop, on_stop, 0, 0 },     { IPC_NONE, NULL, 0, 0 },
};

/* The parent is gone, or speaks nonsense: there is no reason to live. */
static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	_exit(why->code == FAIL_PEER ? 0 : 1);
}

static void lock_in(struct running *r)
{
	const char *dir = r->def->directory ? r->def->directory(r->self) : NULL;
	struct sandbox_state s = { 0 };
	struct fail f = { 0 };

	or_die(sandbox_enter(r->start->role, dir, r->def->resolves && r->def->resolves(r->self), &s, &f), &f);
	probe_run();
	SEND(r->parent, role_ready, s.seccomp, s.landlock, s.widened, s.calls);
}

/* Each message takes and frees the same few buffers: giving the pages back to the kernel each time costs more than
 * the buffers are worth. */
static void keep_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
	mallopt(M_TOP_PAD, 256 << 10);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

enum { TRIM_MS = 15000, TRIM_LEFT = 4 << 20, TRIM_ABOVE = 32 << 20 };

/* But what thousands at once have taken is given back when they are gone, also from between what is still used. */
static void on_trim(void *arg)
{
	struct running *r = arg;

#ifdef __GLIBC__
	struct mallinfo2 m = mallinfo2();

	if (m.fordblks > TRIM_ABOVE)
		malloc_trim(TRIM_LEFT);
#endif
	timer_set(r->trim, TRIM_MS);
}

void role_run(const struct role_def *def, void *self, struct role_start *start)
{
	static struct running r;
	struct peer_options o = { rules, &r, on_closed };
	struct fail f = { 0 };

	r = (struct running){ .def = def, .self = self, .start = start };
	this = &r;
	spawn_settle();
	keep_memory();
	log_open(2, role_name(start->role), LOG_INFO);
	killer_arm(role_name(start->role));
	conf_blank(&start->conf);
	or_die(loop_new(&start->loop, &f), &f);
	r.parent = peer_new(start->loop, CHANNEL, &o);
	loop_run(start->loop);
	if (!r.go)
		_exit(0);
	log_open(2, role_name(start->role), level_of(start->conf.log_level));
	if (def->init)
		or_die(def->init(self, start, &f), &f);
	lock_in(&r);
	if (def->ready)
		or_die(def->ready(self, &f), &f);
	if (start->role != ROLE_OPENER) { /* whose children begin with what it has */
		r.trim = timer_new(start->loop, on_trim, &r);
		timer_set(r.trim, TRIM_MS);
	}
	loop_resume(start->loop);
	loop_run(start->loop);
	_exit(0); /* what runs at exit needs the kernel's leave, which is gone */
}
