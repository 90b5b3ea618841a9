/* sock.h - sockets: pairs between roles with passed descriptors, listening and connecting. All descriptors are
 * close-on-exec. */
#ifndef SYS_SOCK_H
#define SYS_SOCK_H

#include "base/fail.h"
#include "base/str.h"

#include <sys/socket.h>

enum { SOCK_FDS_MAX = 4 };

/* A SOCK_SEQPACKET pair, non-blocking when asked. */
MUST_CHECK int sock_pair(bool nonblocking, int ret[2], struct fail *f);

/* One record with its descriptors (which stay the caller's). FAIL_AGAIN: would block; FAIL_PEER: the other side
 * is gone. */
MUST_CHECK int sock_send(int fd, struct str record, const int *fds, size_t n_fds, struct fail *f);

/* One record into p (at most cap bytes). *ret_n == 0: end. Received descriptors are the caller's; more than
 * SOCK_FDS_MAX, or a record that did not fit, is FAIL_PEER and everything received is closed. */
MUST_CHECK int sock_recv(int fd, void *p, size_t cap, size_t *ret_n, int ret_fds[static SOCK_FDS_MAX],
                         size_t *ret_n_fds, struct fail *f);

/* "127.0.0.1:25", "[::1]:25", "unix:/path". Numeric hosts only: no role below asks the system's resolver. */
struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};
MUST_CHECK int endpoint_parse(struct str text, struct endpoint *ret, struct fail *f);
/* Text form without the port for TCP ("127.0.0.1", "::1"), "unix" otherwise. */
void endpoint_host(const struct endpoint *e, char *out, size_t cap);

MUST_CHECK int endpoint_of(struct str address, uint16_t port, struct endpoint *ret,
                           struct fail *f);          /* 4 or 16 bytes */
bool endpoint_is_loopback(const struct endpoint *e); /* this machine whatever it is: 127.0.0.0/8, ::1, unix */
/* What no mail server of others has: loopback, link-local, multicast and the unspecified address, also mapped ones. */
bool endpoint_is_nowhere(const struct endpoint *e);

/* type: SOCK_STREAM or SOCK_SEQPACKET; a unix path is replaced when nobody listens there, and gets `mode`. */
MUST_CHECK int sock_listen(const struct endpoint *e, int type, int backlog, unsigned mode, int *ret_fd,
                           struct fail *f);
/* Non-blocking; *ret_fd is -1 when there is none to accept now. Sets TCP_NODELAY. */
MUST_CHECK int sock_accept(int listener, int *ret_fd, struct endpoint *ret_peer, struct fail *f);
/* Starts a non-blocking connect; writable when done, then sock_connect_result(). */
MUST_CHECK int sock_connect(const struct endpoint *to, int *ret_fd, struct fail *f);
MUST_CHECK int sock_connect_result(int fd, struct fail *f);

/* Both ends of a connection have the same address: it leads back to this machine. */
bool sock_is_self(int fd);

/* Blocking connect to a SEQPACKET unix socket (the CLI). */
MUST_CHECK int sock_connect_unix(const char *path, int *ret_fd, struct fail *f);

/* The uid at the other end of a unix socket. */
MUST_CHECK int sock_peer_uid(int fd, unsigned *ret_uid, struct fail *f);

#endif
