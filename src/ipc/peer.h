/* peer.h - one road to another role: records out at once or queued, records in through a table of what this peer
 * may say. Anything else it says, and anything badly formed, ends the road. */
#ifndef IPC_PEER_H
#define IPC_PEER_H

#include "ipc/schema.h"
#include "sys/loop.h"
#include "sys/sock.h"

struct peer;

/* The descriptors that came with a message: closed after the handler unless taken (ipc_fd_take). */
struct ipc_fds {
	int fd[SOCK_FDS_MAX];
	size_t n;
	const struct peer *from; /* the road by which it came; NULL of ipc_read() */
};
/* Takes descriptor i, or -1 when there is none. */
int ipc_fd_take(struct ipc_fds *fds, size_t i);

/* msg is the struct that belongs to the tag; views in it die when the handler returns. */
typedef void ipc_handler(void *self, const void *msg, struct ipc_fds *fds);

struct ipc_rule {
	enum ipc_tag tag;
	ipc_handler *handler;
	unsigned fds_min, fds_max; /* descriptors that must and may come with it */
};

struct peer_options {
	const struct ipc_rule *rules; /* ends with tag IPC_NONE */
	void *self;                   /* given to the handlers */
	void (*closed)(void *self, struct peer *p,
	               const struct fail *why); /* the road has ended; p is still to be freed */
};

/* Takes the descriptor (non-blocking from here on). */
struct peer *peer_new(struct loop *l, int fd, const struct peer_options *o);
void peer_free(struct peer *p); /* accepts NULL; safe inside handlers */

/* Sends or queues. Descriptors stay the caller's. A peer that does not read until PEER_QUEUE_MAX bytes wait is
 * treated as gone. Never fails for the caller: a road that ends is told by `closed`. */
enum { PEER_QUEUE_MAX = 64 << 20 };
void peer_send(struct peer *p, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds);

/* SEND(p, rcpt_answer, .session = 1, ...); */
#define SEND(p, lower, ...) peer_send((p), IPC_##lower, &(struct lower){ __VA_ARGS__ }, NULL, 0)
#define SEND_FD(p, one_fd, lower, ...)                                                                       \
	peer_send((p), IPC_##lower, &(struct lower){ __VA_ARGS__ }, &(int){ one_fd }, 1)

/* For blocking descriptors (the CLI, the roles before they run a loop): one whole exchange step. buf holds the
 * record that the views point into. *ret_tag is IPC_NONE at the end of the road. */
MUST_CHECK int ipc_write(int fd, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds,
                         struct fail *f);
MUST_CHECK int ipc_read(int fd, struct buf *buf, enum ipc_tag *ret_tag, void *msg, struct ipc_fds *ret_fds,
                        struct fail *f);
void ipc_fds_close(struct ipc_fds *fds);

#endif
