#include "role/gate/foyer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/proxy.h"
#include "role/gate/session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 10000, AGAIN_MS = 20 };

struct guest {
	struct guest *next;
	struct foyer *foyer;
	int fd;
	struct endpoint who; /* the proxy */
	struct watch *watch;
	struct timer *timer;
	uint64_t until_ms;
};

struct foyer {
	struct gate *gate;
	struct guest *first;
	unsigned n;
};

struct foyer *foyer_new(struct gate *g)
{
	struct foyer *f = xnew(struct foyer);

	f->gate = g;
	return f;
}

static void release(struct guest *g)
{
	watch_free(g->watch);
	timer_free(g->timer);
	if (g->fd >= 0)
		close(g->fd);
	free(g);
}

/* Gives back its descriptor. */
static int leave(struct guest *g)
{
	struct guest **p = &g->foyer->first;
	int fd = g->fd;

	while (*p != g)
		p = &(*p)->next;
	*p = g->next;
	g->foyer->n--;
	g->fd = -1;
	release(g);
	return fd;
}

static void turn_out(struct guest *g, const char *why)
{
	log_info("ev=turned-away why=%s", why);
	close(leave(g));
}

static void admit(struct guest *g, const struct proxy *p)
{
	struct gate *gate = g->foyer->gate;
	struct endpoint who = g->who;
	char header[PROXY_ROOM];
	struct fail f = { 0 };
	int fd;

	if (p->known && endpoint_of(str_of((const char *)p->addr, p->n_addr), p->port, &who, &f) < 0) {
		turn_out(g, "proxy-header");
		return;
	}
	if (recv(g->fd, header, p->used, 0) != (ssize_t)p->used) { /* it was there a moment ago */
		turn_out(g, "proxy-lost");
		return;
	}
	fd = leave(g);
	sessions_enter(gate->sessions, fd, &who, LISTEN_SMTP);
}

/* Only looked at, so that what stands behind the header stays for the session. */
static void look(struct guest *g)
{
	char room[PROXY_ROOM];
	ssize_t n = recv(g->fd, room, sizeof(room), MSG_PEEK | MSG_DONTWAIT);
	struct proxy p;
	enum proxy_result r;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		turn_out(g, "proxy-lost");
		return;
	}
	r = n < 0 ? PROXY_MORE : proxy_read(str_of(room, (size_t)n), &p);
	if (r == PROXY_OK) {
		admit(g, &p);
	} else if (r == PROXY_BAD) {
		turn_out(g, "proxy-header");
	} else if (n > 0) { /* a part stays readable: it is looked at by the clock */
		watch_want(g->watch, false, false);
		timer_set(g->timer, AGAIN_MS);
	}
}

static void on_ready(void *arg, bool readable, bool writable)
{
	look(arg);
}

static void on_timer(void *arg)
{
	struct guest *g = arg;

	if (clock_mono_ms() >= g->until_ms)
		turn_out(g, "proxy-silent");
	else
		look(g);
}

void foyer_enter(struct foyer *f, int fd, const struct endpoint *who)
{
	struct guest *g;

	if (f->n >= f->gate->conf->sessions) {
		log_info("ev=turned-away why=sessions");
		close(fd);
		return;
	}
	g = xnew(struct guest);
	*g = (struct guest){ .next = f->first, .foyer = f, .fd = fd, .who = *who };
	g->until_ms = clock_mono_ms() + WAIT_MS;
	f->first = g;
	f->n++;
	g->watch = watch_new(f->gate->loop, fd, on_ready, g);
	g->timer = timer_new(f->gate->loop, on_timer, g);
	watch_want(g->watch, true, false);
	timer_set(g->timer, WAIT_MS);
}

void foyer_free(struct foyer *f)
{
	if (!f)
		return;
	for (struct guest *g = f->first, *next; g; g = next) {
		next = g->next;
		release(g);
	}
	free(f);
}
