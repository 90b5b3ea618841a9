/* opener.c - forks a process for each message that a user sends out. Itself it reads no message and is lent no key: what a
 * hostile message could take over is a process that has seen nothing else and ends with it. */
#include "role/role.h"

#include "base/log.h"
#include "crypto/aead.h"
#include "role/opener/answer.h"
#include "sys/sandbox.h"
#include "sys/spawn.h"
#include "wire/charset.h"

#include <unistd.h>

/* OPEN_FDS: its road, its message, and the tie of that, which ends with it. */
enum { FORKED_CPU_S = 60, OPEN_FDS = 3 };

struct opener {
	struct role_start *start;
	struct peer *core;
};

__attribute__((noreturn)) static void work(int road, int message)
{
	struct fail f = { 0 };

	log_open(2, "answer", LOG_INFO); /* so that its lines are told from those of what forked it */
	if (sandbox_enter_forked(FORKED_CPU_S, &f) == OK)
		answer_serve(road, message);
	log_fail(LOG_ERROR, "lock", &f);
	_exit(1);
}

/* A fork that fails is told by the road's end: core answers 451. */
static void on_fork(void *self, const void *msg, struct ipc_fds *fds)
{
	int kept[OPEN_FDS] = { fds->fd[0], fds->fd[1], fds->fd[2] };
	struct fail f = { 0 };
	pid_t pid = -1;

	if (spawn_forked(kept, fds->n, &pid, &f) < 0)
		log_fail(LOG_WARN, "fork", &f);
	if (pid == 0)
		work(kept[0], kept[1]);
}

static const struct ipc_rule rules[] = {
	{ IPC_open_fork, on_fork, 2, OPEN_FDS },
	{ IPC_NONE, NULL, 0, 0 },
};

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	struct opener *o = self;

	if (why->code != FAIL_PEER)
		log_fail(LOG_ERROR, "road", why);
	if (o->core == p)
		o->core = NULL;
	peer_free(p);
}

static int take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	struct opener *o = self;
	struct peer_options po = { rules, o, on_closed };

	if (other != ROLE_CORE)
		return fail(f, FAIL_BUG, "a road to %s", role_name(other));
	peer_free(o->core);
	o->core = peer_new(o->start->loop, fd, &po);
	return OK;
}

/* Everything that a forked process needs is here before the lock: it opens no file, and neither does its template. */
static int init(void *self, struct role_start *start, struct fail *f)
{
	charset_open();
	spawn_reap_forked();
	TRY(sandbox_prepare_forked(f));
	return crypto_init(f);
}

static const struct role_def def = { .peer = take_peer, .init = init };

void opener_main(unsigned index)
{
	static struct role_start start = { .role = ROLE_OPENER };
	static struct opener o;

	start.index = index;
	o.start = &start;
	role_run(&def, &o, &start);
}
