#include "role/web/door.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/http.h"
#include "role/web/headers.h"
#include "role/web/json.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEAD_MS = 10000,  /* for the whole head */
	LINGER_MS = 2000, /* for a refusal to arrive before the connection is torn down */
	AGAIN_MS =
	        5, /* a head that came in part is looked at again after so long, then after twice as long */
	AGAIN_MOST_MS = 160,
};

struct door {
	struct door *next;
	struct web *web;
	int fd;
	struct endpoint from;
	struct watch *watch;
	struct timer *timer;
	uint64_t since_ms;
	unsigned again_ms;
	bool refused, inside;
};

static void door_free(struct door *d)
{
	for (struct door **p = &d->web->doors; *p; p = &(*p)->next) {
		if (*p != d)
			continue;
		*p = d->next;
		break;
	}
	d->web->n_doors--;
	watch_free(d->watch);
	timer_free(d->timer);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

static const char *reason_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} reasons[] = { { 400, "Bad Request" },
		        { 408, "Request Timeout" },
		        { 411, "Length Required" },
		        { 413, "Content Too Large" },
		        { 414, "URI Too Long" },
		        { 431, "Request Header Fields Too Large" },
		        { 501, "Not Implemented" },
		        { 503, "Service Unavailable" },
		        { 505, "HTTP Version Not Supported" } };

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}

/* What was sent is read away first: a close over unread bytes would take the answer back. */
static void refuse(struct door *d, unsigned status)
{
	OWN(buf) body = BUF(1024);
	OWN(buf) all = BUF(4096);
	char away[16384];

	json_error(status == 503 || status == 408 ? "again" : "syntax",
	           STR("this is not a request that this server reads in one way only, or it is too large"),
	           STR(""), &body);
	buf_addf(&all,
	         "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nCache-Control: "
	         "no-store\r\n"
	         "Cross-Origin-Resource-Policy: same-origin\r\n",
	         status, reason_of(status), body.n);
	for (const struct header *h = headers_always; h->name; h++)
		if (!h->https || d->web->https)
			buf_addf(&all, "%s: %s\r\n", h->name, h->value);
	buf_addf(&all, "\r\n%.*s", STR_ARG(buf_str(&body)));
	for (int i = 0; i < 64 && recv(d->fd, away, sizeof(away), MSG_DONTWAIT) > 0; i++)
		;
	(void)!send(d->fd, all.p, all.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)!shutdown(d->fd, SHUT_WR);
	log_debug("ev=http-refused status=%u", status);
	d->refused = true;
	watch_want(d->watch, true, false);
	timer_set(d->timer, LINGER_MS);
}

static void hand_over(struct door *d)
{
	struct web *w = d->web;
	int fd = TAKE_FD(d->fd);

	watch_free(TAKE(d->watch));
	w->inside[fd] = d->inside;
	if (MHD_add_connection(w->http, fd, (struct sockaddr *)&d->from.addr, d->from.len) != MHD_YES)
		log_warn("ev=http-full"); /* it has closed it */
	door_free(d);
	web_turn(w);
}

/* The other side will send no more: what is not whole now never will be. Bytes that wait hide this from a look at them. */
static bool has_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void look(struct door *d)
{
	char bytes[HTTP_HEAD_MAX];
	struct http_head h;
	ssize_t n = recv(d->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	enum http_verdict v;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		door_free(d);
		return;
	}
	v = http_head(str_of(bytes, n > 0 ? (size_t)n : 0), &h);
	if (v == HTTP_GOOD) {
		hand_over(d);
		return;
	}
	if (v == HTTP_MORE && has_ended(d->fd)) {
		door_free(d);
		return;
	}
	if (v == HTTP_REFUSED || clock_mono_ms() - d->since_ms > HEAD_MS) {
		refuse(d, v == HTTP_REFUSED ? h.status : 408);
		return;
	}
	/* The bytes stay where they are, so that readiness tells nothing new: look again in a moment. */
	watch_want(d->watch, n <= 0, false);
	timer_set(d->timer, n <= 0 ? HEAD_MS : d->again_ms);
	d->again_ms = d->again_ms < AGAIN_MOST_MS ? d->again_ms * 2 : AGAIN_MOST_MS;
}

static void on_ready(void *arg, bool readable, bool writable)
{
	struct door *d = arg;
	char away[4096];
	ssize_t n;

	if (!d->refused) {
		look(d);
		return;
	}
	n = recv(d->fd, away, sizeof(away), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		door_free(d);
}

static void on_time(void *arg)
{
	struct door *d = arg;

	if (d->refused)
		door_free(d);
	else
		look(d);
}

/* Who has been slow for longest makes room: many that say nothing keep nobody out who says what he wants. */
static void make_room(struct web *w)
{
	struct door *oldest = w->doors;

	while (oldest->next)
		oldest = oldest->next;
	door_free(oldest);
}

void doors_accept(struct web *w, int listener, bool inside)
{
	struct endpoint from;
	struct fail f = { 0 };
	struct door *d;
	int fd = -1;

	if (sock_accept(listener, &fd, &from, &f) < 0) {
		log_fail(LOG_WARN, "accept", &f);
		return;
	}
	if (fd < 0)
		return;
	if (fd >= WEB_FDS_MAX) {
		close(fd);
		return;
	}
	if (w->n_doors >= DOORS_MAX)
		make_room(w);
	d = xnew(struct door);
	d->web = w;
	d->fd = fd;
	d->from = from;
	d->inside = inside;
	d->since_ms = clock_mono_ms();
	d->again_ms = AGAIN_MS;
	d->next = w->doors;
	w->doors = d;
	w->n_doors++;
	d->watch = watch_new(w->loop, fd, on_ready, d);
	d->timer = timer_new(w->loop, on_time, d);
	watch_want(d->watch, true, false);
	timer_set(d->timer, HEAD_MS);
}
