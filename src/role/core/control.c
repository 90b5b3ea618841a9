#include "role/core/control.h"

#include "base/log.h"
#include "base/mem.h"
#include "role/core/call.h"

#include <stdlib.h>
#include <unistd.h>

enum { CONTROLS_MAX = 64, PARENT_CHANNEL = 3 };

struct control {
	struct control *next;
	struct core *core;
	struct peer *peer;
};

static void on_call(void *self, const void *msg, struct ipc_fds *fds)
{
	struct control *k = self;
	const struct call *m = msg;

	call_start(k->core, k->peer, m->id, m->verb, m->args);
}

static const struct ipc_rule rules[] = { { IPC_call, on_call, 0, 0 }, { IPC_NONE, NULL, 0, 0 } };

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	struct control *k = self;
	struct core *c = k->core;

	if (why->code != FAIL_PEER)
		log_fail(LOG_WARN, "control", why);
	calls_control_gone(c, p);
	for (struct control **q = &c->controls; *q; q = &(*q)->next) {
		if (*q != k)
			continue;
		*q = k->next;
		break;
	}
	peer_free(p);
	free(k);
	if (c->private_mode)
		loop_stop(c->loop);
}

void control_take(struct core *c, int fd)
{
	struct control *k = xnew(struct control);
	struct peer_options o = { rules, k, on_closed };

	k->core = c;
	k->peer = peer_new(c->loop, fd, &o);
	k->next = c->controls;
	c->controls = k;
}

/* The file's mode already keeps others out; who asks is looked at all the same. */
static bool may_control(int fd)
{
	unsigned asker, parent;

	if (sock_peer_uid(fd, &asker, NULL) < 0)
		return false;
	return asker == 0 || asker == geteuid() ||
	       (sock_peer_uid(PARENT_CHANNEL, &parent, NULL) == OK && asker == parent);
}

static size_t count(const struct core *c)
{
	size_t n = 0;

	for (const struct control *k = c->controls; k; k = k->next)
		n++;
	return n;
}

static void on_connect(void *arg, bool readable, bool writable)
{
	struct core *c = arg;
	struct endpoint from;
	struct fail f = { 0 };
	int fd = -1;

	if (sock_accept(c->control_fd, &fd, &from, &f) < 0) {
		log_fail(LOG_WARN, "control", &f);
		return;
	}
	if (fd < 0)
		return;
	if (!may_control(fd) || count(c) >= CONTROLS_MAX) {
		log_warn("ev=control-refused");
		close(fd);
		return;
	}
	control_take(c, fd);
}

void control_listen(struct core *c, int fd)
{
	c->control_fd = fd;
	c->control_watch = watch_new(c->loop, fd, on_connect, c);
	watch_want(c->control_watch, true, false);
}
