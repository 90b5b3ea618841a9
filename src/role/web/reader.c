#include "role/web/reader.h"

#include "base/log.h"
#include "base/mem.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A connection that moves seldom is slow; one that moves a byte now and then would be held by the library for ever. */
enum {
	PIECE = 32 * 1024,
	LOOK_MS = 10000,
	LEAST = PIECE,       /* from one look to the next */
	KERNELS = 64 * 1024, /* a larger share would hide for minutes whether anything is taken */
};

struct reader {
	struct str bytes;
	struct timer *timer;
	int fd;
	size_t given, seen;
};

static ssize_t give(void *arg, uint64_t at, char *to, size_t most)
{
	struct reader *r = arg;
	struct str rest = str_from(r->bytes, at);
	size_t n = rest.n < most ? rest.n : most;

	if (!n)
		return MHD_CONTENT_READER_END_OF_STREAM;
	memcpy(to, rest.p, n);
	r->given = at + n;
	return (ssize_t)n;
}

/* The library finds the connection ended, and frees the exchange. */
static void on_time(void *arg)
{
	struct reader *r = arg;

	if (r->given - r->seen < LEAST) {
		log_debug("ev=reader-slow given=%zu of=%zu", r->given, r->bytes.n);
		(void)!shutdown(r->fd, SHUT_RDWR);
		return;
	}
	r->seen = r->given;
	timer_set(r->timer, LOOK_MS);
}

struct MHD_Response *reader_new(struct exchange *x, struct str bytes)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	const int share = KERNELS;
	struct reader *r = xnew(struct reader);

	r->bytes = bytes;
	r->fd = info ? info->connect_fd : -1;
	(void)!setsockopt(r->fd, SOL_SOCKET, SO_SNDBUF, &share, sizeof(share));
	r->timer = timer_new(x->web->loop, on_time, r);
	timer_set(r->timer, LOOK_MS);
	x->reader = r;
	return MHD_create_response_from_callback(bytes.n, PIECE, give, r, NULL);
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	timer_free(r->timer);
	free(r);
}
