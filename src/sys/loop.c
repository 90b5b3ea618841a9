#include "sys/loop.h"

#include "base/mem.h"
#include "sys/loop_base.h"

#include <stdlib.h>

#include <event2/event.h>

struct loop {
	struct event_base *base;
	bool stop;
	bool (*settle)(void *arg);
	void *settle_arg;
};

struct watch {
	struct loop *loop;
	struct event *read, *write;
	watch_fn *fn;
	timer_fn *signal_fn;
	void *arg;
	bool want_read, want_write;
};

struct timer {
	struct event *ev;
	timer_fn *fn;
	void *arg;
};

int loop_new(struct loop **ret, struct fail *f)
{
	struct event_config *conf = event_config_new();
	struct loop *l = xnew(struct loop);

	if (conf) {
		/* Keep to what the sandbox lists name: epoll, no changelist surprises, no environment. */
		event_config_set_flag(conf, EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NOLOCK);
		l->base = event_base_new_with_config(conf);
		event_config_free(conf);
	}
	if (!l->base) {
		loop_free(l);
		return fail_errno(f, FAIL_SYS, "event loop");
	}
	*ret = l;
	return OK;
}

struct event_base *loop_event_base(const struct loop *l)
{
	return l->base;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->base)
		event_base_free(l->base);
	free(l);
}

void loop_run(struct loop *l)
{
	while (!l->stop) {
		bool again = l->settle && l->settle(l->settle_arg);

		if (l->stop ||
		    event_base_loop(l->base, again ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE) < 0)
			break;
	}
}

void loop_stop(struct loop *l)
{
	l->stop = true;
	event_base_loopbreak(l->base);
}

void loop_resume(struct loop *l)
{
	l->stop = false;
}

void loop_settle(struct loop *l, bool (*settle)(void *arg), void *arg)
{
	l->settle = settle;
	l->settle_arg = arg;
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	w->fn(w->arg, true, false);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	w->fn(w->arg, false, true);
}

struct watch *watch_new(struct loop *l, int fd, watch_fn *fn, void *arg)
{
	struct watch *w = xnew(struct watch);

	w->loop = l;
	w->fn = fn;
	w->arg = arg;
	w->read = event_new(l->base, fd, EV_READ | EV_PERSIST, on_read, w);
	w->write = event_new(l->base, fd, EV_WRITE | EV_PERSIST, on_write, w);
	if (!w->read || !w->write)
		abort();
	return w;
}

static void want_one(struct event *ev, bool *have, bool want)
{
	if (*have == want)
		return;
	if ((want ? event_add(ev, NULL) : event_del(ev)) < 0)
		abort();
	*have = want;
}

void watch_want(struct watch *w, bool read, bool write)
{
	want_one(w->read, &w->want_read, read);
	want_one(w->write, &w->want_write, write);
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	if (w->read)
		event_free(w->read);
	if (w->write)
		event_free(w->write);
	free(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	t->fn(t->arg);
}

struct timer *timer_new(struct loop *l, timer_fn *fn, void *arg)
{
	struct timer *t = xnew(struct timer);

	t->fn = fn;
	t->arg = arg;
	t->ev = evtimer_new(l->base, on_timer, t);
	if (!t->ev)
		abort();
	return t;
}

void timer_set(struct timer *t, uint64_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	if (evtimer_add(t->ev, &tv) < 0)
		abort();
}

void timer_cancel(struct timer *t)
{
	evtimer_del(t->ev);
}

void timer_free(struct timer *t)
{
	if (!t)
		return;
	event_free(t->ev);
	free(t);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct watch *w = arg;

	w->signal_fn(w->arg);
}

struct watch *signal_new(struct loop *l, int signo, timer_fn *fn, void *arg)
{
	struct watch *w = xnew(struct watch);

	w->loop = l;
	w->signal_fn = fn;
	w->arg = arg;
	w->read = evsignal_new(l->base, signo, on_signal, w);
	if (!w->read || event_add(w->read, NULL) < 0)
		abort();
	w->want_read = true;
	return w;
}
