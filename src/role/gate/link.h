/* link.h - bytes to and from one peer, in clear or through TLS, as far as they go without waiting. It holds none: what is
 * to be written stays with the protocol's machine until it was. */
#ifndef ROLE_GATE_LINK_H
#define ROLE_GATE_LINK_H

#include "base/str.h"
#include "sys/loop.h"
#include "sys/tls.h"

struct link {
	int fd; /* -1: closed */
	struct watch *watch;
	struct tls *tls; /* NULL: in clear */
	bool crossed;    /* reading waits for the descriptor to take bytes: TLS's own business */
};

#define LINK_NONE ((struct link){ .fd = -1 })

/* Takes the descriptor. Nothing is watched until link_watch(). */
void link_open(struct link *k, struct loop *l, int fd, watch_fn *fn, void *arg);
void link_close(struct link *k); /* says goodbye in TLS; closed already is fine; safe inside fn */

enum link_result {
	LINK_DONE,
	LINK_WAIT, /* until the descriptor is ready again */
	LINK_END,  /* the peer sends nothing more */
	LINK_LOST, /* the connection is broken; *f says how */
};

/* Some bytes, at least one, when LINK_DONE. */
enum link_result link_read(struct link *k, void *p, size_t cap, size_t *ret_n, struct fail *f);
/* Something can be read that the descriptor does not tell of. */
bool link_pending(const struct link *k);
/* *ret_n of them were written when LINK_DONE. After LINK_WAIT the same bytes are to come again, more may follow. */
enum link_result link_write(struct link *k, struct str bytes, size_t *ret_n, struct fail *f);

/* From here on through TLS, once link_shake() is LINK_DONE. */
MUST_CHECK int link_accept_tls(struct link *k, struct tls_server *s, struct fail *f);
MUST_CHECK int link_connect_tls(struct link *k, struct tls_client *c, const char *name, struct fail *f);
enum link_result link_shake(struct link *k, struct fail *f);

/* Nothing more will be written. What the peer still sends is then only thrown away: link_drain, as link_read, but the
 * bytes mean nothing. */
void link_shut(struct link *k);
enum link_result link_drain(struct link *k, void *p, size_t cap);

/* What the caller waits for. */
void link_watch(struct link *k, bool read, bool write);

#endif
