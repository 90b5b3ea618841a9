#include "role/gate/link.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void link_open(struct link *k, struct loop *l, int fd, watch_fn *fn, void *arg)
{
	*k = (struct link){ .fd = fd, .watch = watch_new(l, fd, fn, arg) };
}

void link_close(struct link *k)
{
	if (k->fd < 0)
		return;
	if (k->tls)
		tls_bye(k->tls);
	tls_free(TAKE(k->tls));
	watch_free(TAKE(k->watch));
	close(TAKE_FD(k->fd));
}

static enum link_result of_tls(struct link *k, enum tls_want w, bool reading)
{
	static const enum link_result results[] = {
		[TLS_DONE] = LINK_DONE,  [TLS_WANT_READ] = LINK_WAIT, [TLS_WANT_WRITE] = LINK_WAIT,
		[TLS_CLOSED] = LINK_END, [TLS_FAILED] = LINK_LOST,
	};

	if (reading)
		k->crossed = w == TLS_WANT_WRITE;
	return results[w];
}

static enum link_result of_errno(struct fail *f, const char *what)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return LINK_WAIT;
	fail_errno(f, FAIL_PEER, "%s", what);
	return LINK_LOST;
}

enum link_result link_read(struct link *k, void *p, size_t cap, size_t *ret_n, struct fail *f)
{
	ssize_t n;

	if (k->tls)
		return of_tls(k, tls_read(k->tls, p, cap, ret_n, f), true);
	n = recv(k->fd, p, cap, 0);
	if (n < 0)
		return of_errno(f, "read");
	if (n == 0)
		return LINK_END;
	*ret_n = (size_t)n;
	return LINK_DONE;
}

bool link_pending(const struct link *k)
{
	return k->tls && tls_pending(k->tls) > 0;
}

static enum link_result lost_by_end(enum link_result r, struct fail *f)
{
	if (r != LINK_END)
		return r;
	fail(f, FAIL_PEER, "the peer went away");
	return LINK_LOST;
}

enum link_result link_write(struct link *k, struct str bytes, size_t *ret_n, struct fail *f)
{
	ssize_t n;

	if (k->tls)
		return lost_by_end(of_tls(k, tls_write(k->tls, bytes, ret_n, f), false), f);
	n = send(k->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	if (n < 0)
		return of_errno(f, "write");
	*ret_n = (size_t)n;
	return LINK_DONE;
}

int link_accept_tls(struct link *k, struct tls_server *s, struct fail *f)
{
	assert(!k->tls);
	return tls_accept(s, k->fd, &k->tls, f);
}

int link_connect_tls(struct link *k, struct tls_client *c, const char *name, struct fail *f)
{
	assert(!k->tls);
	return tls_connect(c, k->fd, name, &k->tls, f);
}

enum link_result link_shake(struct link *k, struct fail *f)
{
	return lost_by_end(of_tls(k, tls_handshake(k->tls, f), true), f);
}

void link_shut(struct link *k)
{
	if (k->tls)
		tls_bye(k->tls);
	(void)!shutdown(k->fd, SHUT_WR);
}

enum link_result link_drain(struct link *k, void *p, size_t cap)
{
	ssize_t n = recv(k->fd, p, cap, 0);

	if (n < 0)
		return of_errno(NULL, "drain");
	return n == 0 ? LINK_END : LINK_DONE;
}

void link_watch(struct link *k, bool read, bool write)
{
	watch_want(k->watch, read && !k->crossed, write || (read && k->crossed));
}
