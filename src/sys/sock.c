#include "sys/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int sock_pair(bool nonblocking, int ret[2], struct fail *f)
{
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);

	if (socketpair(AF_UNIX, type, 0, ret) < 0)
		return fail_errno(f, FAIL_SYS, "socketpair");
	return OK;
}

union control {
	char bytes[CMSG_SPACE(SOCK_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int sock_send(int fd, struct str record, const int *fds, size_t n_fds, struct fail *f)
{
	struct iovec iov = { (void *)(uintptr_t)record.p, record.n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control c = { 0 };
	ssize_t n;

	if (n_fds > SOCK_FDS_MAX)
		return fail(f, FAIL_BUG, "%zu descriptors in one record", n_fds);
	if (n_fds) {
		struct cmsghdr *h;

		m.msg_control = c.bytes;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n_fds * sizeof(int));
	}
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return fail_errno(f, FAIL_AGAIN, "send");
	return fail_errno(
	        f, errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? FAIL_PEER : FAIL_SYS, "send");
}

static size_t collect_fds(struct msghdr *m, int *fds, bool *too_many)
{
	size_t n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		size_t k;

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		k = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < k; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (n < SOCK_FDS_MAX) {
				fds[n++] = fd;
			} else {
				close(fd);
				*too_many = true;
			}
		}
	}
	return n;
}

int sock_recv(int fd, void *p, size_t cap, size_t *ret_n, int ret_fds[static SOCK_FDS_MAX], size_t *ret_n_fds,
              struct fail *f)
{
	struct iovec iov = { p, cap };
	union control c;
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof(c.bytes)
	};
	bool bad = false;
	size_t n_fds;
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return FAIL_AGAIN;
	if (n < 0)
		return fail_errno(f, errno == ECONNRESET ? FAIL_PEER : FAIL_SYS, "receive");
	n_fds = collect_fds(&m, ret_fds, &bad);
	if (bad || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		while (n_fds)
			close(ret_fds[--n_fds]);
		return fail(f, FAIL_PEER, "a record too large");
	}
	*ret_n = (size_t)n;
	*ret_n_fds = n_fds;
	return OK;
}

static int parse_unix(struct str path, struct endpoint *ret, struct fail *f)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&ret->addr;

	if (!path.n || path.n >= sizeof(un->sun_path))
		return fail(f, FAIL_SYNTAX, "a socket path has 1 to %zu bytes", sizeof(un->sun_path) - 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path.p, path.n);
	ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
	return OK;
}

int endpoint_parse(struct str text, struct endpoint *ret, struct fail *f)
{
	struct endpoint e = { 0 };
	size_t colon = str_rchr(text, ':');
	struct str host = str_first(text, colon), port = str_from(text, colon + 1);
	char z[64] = { 0 };
	uint64_t number;

	if (str_starts(text, STR("unix:"))) {
		TRY(parse_unix(str_from(text, 5), &e, f));
		*ret = e;
		return OK;
	}
	if (!str_u64(port, &number) || number > 65535)
		return fail(f, FAIL_SYNTAX, "wanted ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH");
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = str_of(host.p + 1, host.n - 2);
	if (host.n >= sizeof(z))
		return fail(f, FAIL_SYNTAX, "not a numeric address");
	memcpy(z, host.p, host.n);
	if (inet_pton(AF_INET, z, &((struct sockaddr_in *)&e.addr)->sin_addr) == 1) {
		e.addr.ss_family = AF_INET;
		((struct sockaddr_in *)&e.addr)->sin_port = htons((uint16_t)number);
		e.len = sizeof(struct sockaddr_in);
	} else if (inet_pton(AF_INET6, z, &((struct sockaddr_in6 *)&e.addr)->sin6_addr) == 1) {
		e.addr.ss_family = AF_INET6;
		((struct sockaddr_in6 *)&e.addr)->sin6_port = htons((uint16_t)number);
		e.len = sizeof(struct sockaddr_in6);
	} else {
		return fail(f, FAIL_SYNTAX, "not a numeric address: write 127.0.0.1 or ::1, not a name");
	}
	*ret = e;
	return OK;
}

void endpoint_host(const struct endpoint *e, char *out, size_t cap)
{
	if (e->addr.ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)&e->addr)->sin_addr, out, (socklen_t)cap);
	else if (e->addr.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&e->addr)->sin6_addr, out, (socklen_t)cap);
	else
		snprintf(out, cap, "unix");
}

int endpoint_of(struct str address, uint16_t port, struct endpoint *ret, struct fail *f)
{
	struct endpoint e = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)&e.addr;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&e.addr;

	if (address.n == sizeof(four->sin_addr)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, address.p, address.n);
		e.len = sizeof(*four);
	} else if (address.n == sizeof(six->sin6_addr)) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		memcpy(&six->sin6_addr, address.p, address.n);
		e.len = sizeof(*six);
	} else {
		return fail(f, FAIL_SYNTAX, "an address of %zu bytes", address.n);
	}
	*ret = e;
	return OK;
}

/* The IPv4 address in it, in host order; false when there is none. */
static bool four_of(const struct endpoint *e, uint32_t *ret)
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)&e->addr)->sin6_addr;
	uint32_t n;

	if (e->addr.ss_family == AF_INET) {
		*ret = ntohl(((const struct sockaddr_in *)&e->addr)->sin_addr.s_addr);
		return true;
	}
	if (e->addr.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(six))
		return false;
	memcpy(&n, six->s6_addr + 12, sizeof(n));
	*ret = ntohl(n);
	return true;
}

bool endpoint_is_loopback(const struct endpoint *e)
{
	uint32_t four;

	if (four_of(e, &four))
		return four >> 24 == 127;
	return e->addr.ss_family == AF_UNIX ||
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&e->addr)->sin6_addr);
}

bool endpoint_is_nowhere(const struct endpoint *e)
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)&e->addr)->sin6_addr;
	uint32_t four;

	if (endpoint_is_loopback(e))
		return true;
	if (four_of(e, &four))
		return four >> 24 == 0 || four >> 28 >= 0xe || four >> 16 == 0xa9fe;
	return IN6_IS_ADDR_UNSPECIFIED(six) || IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_MULTICAST(six);
}

/* A socket file that nobody listens on is left over from a crash. */
static void remove_stale(const struct endpoint *e, int type)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&e->addr;
	OWNFD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&e->addr, e->len) < 0 && errno == ECONNREFUSED)
		unlink(un->sun_path);
}

int sock_listen(const struct endpoint *e, int type, int backlog, unsigned mode, int *ret_fd, struct fail *f)
{
	int family = e->addr.ss_family, on = 1;
	OWNFD fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "socket");
	if (family == AF_UNIX)
		remove_stale(e, type);
	else
		(void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		(void)!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (family == AF_UNIX)
		(void)!fchmod(fd, mode); /* before bind: the file is never wider than wanted */
	if (bind(fd, (const struct sockaddr *)&e->addr, e->len) < 0)
		return fail_errno(f, errno == EADDRINUSE ? FAIL_EXISTS : FAIL_SYS, "bind");
	if (family == AF_UNIX && chmod(((const struct sockaddr_un *)&e->addr)->sun_path, mode) < 0)
		return fail_errno(f, FAIL_SYS, "chmod of the socket");
	if (listen(fd, backlog) < 0)
		return fail_errno(f, FAIL_SYS, "listen");
	*ret_fd = TAKE_FD(fd);
	return OK;
}

static void no_delay(int fd)
{
	int on = 1;

	(void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* fails on unix sockets: fine */
}

int sock_accept(int listener, int *ret_fd, struct endpoint *ret_peer, struct fail *f)
{
	struct endpoint e = { .len = sizeof(e.addr) };
	int fd = accept4(listener, (struct sockaddr *)&e.addr, &e.len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR)) {
		*ret_fd = -1;
		return OK;
	}
	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "accept");
	no_delay(fd);
	*ret_fd = fd;
	*ret_peer = e;
	return OK;
}

int sock_connect(const struct endpoint *to, int *ret_fd, struct fail *f)
{
	OWNFD fd = socket(to->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "socket");
	no_delay(fd);
	if (connect(fd, (const struct sockaddr *)&to->addr, to->len) < 0 && errno != EINPROGRESS)
		return fail_errno(f, FAIL_PEER, "connect");
	*ret_fd = TAKE_FD(fd);
	return OK;
}

int sock_connect_result(int fd, struct fail *f)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
		return fail_errno(f, FAIL_SYS, "getsockopt");
	errno = err;
	return err ? fail_errno(f, FAIL_PEER, "connect") : OK;
}

bool sock_is_self(int fd)
{
	struct endpoint here = { .len = sizeof(here.addr) }, there = { .len = sizeof(there.addr) };
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	if (getsockname(fd, (struct sockaddr *)&here.addr, &here.len) < 0 ||
	    getpeername(fd, (struct sockaddr *)&there.addr, &there.len) < 0)
		return false;
	endpoint_host(&here, a, sizeof(a));
	endpoint_host(&there, b, sizeof(b));
	return strcmp(a, b) == 0;
}

int sock_connect_unix(const char *path, int *ret_fd, struct fail *f)
{
	struct endpoint e = { 0 };
	OWNFD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "socket");
	TRY(parse_unix(str_c(path), &e, f));
	if (connect(fd, (const struct sockaddr *)&e.addr, e.len) < 0)
		return fail_errno(f, errno == ENOENT || errno == ECONNREFUSED ? FAIL_ABSENT : FAIL_DENIED,
		                  "no server at %s", path);
	*ret_fd = TAKE_FD(fd);
	return OK;
}

int sock_peer_uid(int fd, unsigned *ret_uid, struct fail *f)
{
	struct ucred u;
	socklen_t n = sizeof(u);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) < 0)
		return fail_errno(f, FAIL_SYS, "SO_PEERCRED");
	*ret_uid = u.uid;
	return OK;
}
