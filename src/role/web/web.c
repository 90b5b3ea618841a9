#include "role/web/web.h"

#include "base/log.h"
#include "crypto/aead.h"
#include "role/web/door.h"
#include "role/web/exchange.h"
#include "role/web/prover.h"

#include <microhttpd.h>

void web_turn(struct web *w)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(w->http);
	if (MHD_get_timeout(w->http, &ms) == MHD_YES)
		timer_set(w->http_timer, ms);
	else
		timer_cancel(w->http_timer);
}

void web_turn_soon(struct web *w)
{
	timer_set(w->http_timer, 0);
}

static void on_http(void *arg, bool readable, bool writable)
{
	web_turn(arg);
}

static void on_http_time(void *arg)
{
	web_turn(arg);
}

static const struct ipc_rule core_rules[] = { { IPC_answer, exchanges_answered, 0, 0 },
	                                      { IPC_NONE, NULL, 0, 0 } };

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	struct web *w = self;

	if (why->code != FAIL_PEER)
		log_fail(LOG_ERROR, "road", why);
	if (w->core == p)
		w->core = NULL;
	peer_free(p);
	exchanges_core_gone(w);
}

static int take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	struct web *w = self;
	struct peer_options o = { core_rules, w, on_closed };

	if (other != ROLE_CORE)
		return fail(f, FAIL_BUG, "a road to %s", role_name(other));
	if (w->core) {
		peer_free(TAKE(w->core));
		exchanges_core_gone(w);
	}
	w->core = peer_new(w->start->loop, fd, &o);
	return OK;
}

static int take_listener(void *self, enum listen_kind kind, struct str address, int fd, struct fail *f)
{
	struct web *w = self;

	if ((kind != LISTEN_WEB && kind != LISTEN_METRICS) || w->n_listeners == WEB_LISTENERS)
		return fail(f, FAIL_BUG, "a listener too many");
	w->listeners[w->n_listeners].fd = fd;
	w->listeners[w->n_listeners].inside = kind == LISTEN_METRICS;
	w->listeners[w->n_listeners++].web = w;
	return OK;
}

static int init(void *self, struct role_start *s, struct fail *f)
{
	struct web *w = self;
	const union MHD_DaemonInfo *info;
	int r;

	w->loop = s->loop;
	w->https = str_starts(s->conf.web_origin, STR("https://"));
	TRY(prover_start(w, f)); /* before anything else is held that it would hold too */
	TRY(crypto_init(f));
	r = ui_load(&w->ui, s->conf.web_ui, &s->arena, f);
	if (r == FAIL_ABSENT)
		log_warn("ev=ui-absent why=%s", log_quote(str_c(f->why))); /* the API alone */
	else
		TRY(r);
	TRY(exchanges_start(w, f));
	info = MHD_get_daemon_info(w->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return fail(f, FAIL_SYS, "the HTTP library has no epoll");
	w->http_watch = watch_new(w->loop, info->epoll_fd, on_http, w);
	w->http_timer = timer_new(w->loop, on_http_time, w);
	watch_want(w->http_watch, true, false);
	return OK;
}

static void on_connect(void *arg, bool readable, bool writable)
{
	struct web_listener *l = arg;

	doors_accept(l->web, l->fd, l->inside);
}

static int ready(void *self, struct fail *f)
{
	struct web *w = self;

	prover_ready(w);
	for (size_t i = 0; i < w->n_listeners; i++) {
		w->listeners[i].watch = watch_new(w->loop, w->listeners[i].fd, on_connect, &w->listeners[i]);
		watch_want(w->listeners[i].watch, true, false);
	}
	log_info("ev=web-ready files=%zu manifest=%s", w->ui.n, w->ui.digest[0] ? w->ui.digest : "-");
	return OK;
}

static void reload(void *self, const struct conf *c)
{
	struct web *w = self;

	w->start->conf = *c;
	w->https = str_starts(c->web_origin, STR("https://"));
}

static const struct role_def def = {
	.peer = take_peer, .listener = take_listener, .init = init, .ready = ready, .reload = reload
};

void web_main(unsigned index)
{
	static struct role_start start = { .role = ROLE_WEB };
	static struct web w;

	start.index = index;
	w.start = &start;
	role_run(&def, &w, &start);
}
