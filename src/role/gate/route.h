/* route.h - outgoing mail by destination: what waits for it, which connections to it there are, and what becomes of each
 * delivery. Connections pull the next delivery when they are free. A destination is a route of the operator's file; where
 * that is mx, one recipient domain of it. One that is dead, slow or full holds up no other. */
#ifndef ROLE_GATE_ROUTE_H
#define ROLE_GATE_ROUTE_H

#include "base/secret.h"
#include "role/gate/gate.h"

struct route;
struct hop;
struct target;

/* One message to one recipient, as core gave it. */
struct delivery {
	struct delivery *next;
	uint64_t id, offset, stored, plain;
	uint32_t flags; /* enum accept_flags */
	char *mid, *sender, *rcpt;
	struct secret key;
	int fd;
	bool again;     /* was put back once: the connection had gone stale */
	bool forgotten; /* core that asked for it is gone */
	uint64_t since_ms;
};

void delivery_free(struct delivery *d);

struct routes *routes_new(struct gate *g);
void routes_free(struct routes *all); /* accepts NULL; what is under way is dropped without a word */
uint64_t routes_connections(const struct routes *all); /* open or opening, to all next hops */
/* Takes fd. */
void routes_deliver(struct routes *all, const struct deliver *m, int fd);
/* Core is away: nobody waits for results any more, and the next core asks again for whatever has none. So what has not
 * left completely is dropped, lest it arrives twice. */
void routes_road_ended(struct routes *all);

/* ---- for the connections of a route ------------------------------------------------------------------------------ */

/* How a delivery ended. */
struct ending {
	uint32_t outcome; /* enum delivery_outcome */
	uint32_t smtp;
	struct str enhanced, note;
	enum delivery_hop hop;
};

struct gate *route_gate(const struct route *r);
const struct conf_route *route_conf(const struct route *r);
const char *route_name(const struct route *r); /* for the log: names no domain of others */

/* The connection may be used; to be said once. */
void route_opened(struct route *r, const struct hop *h);
/* So many octets went out. */
void route_wrote(struct route *r, size_t n);
/* The next delivery, to be ended or put back; NULL: idle, until hop_wake(). */
struct delivery *route_next(struct route *r);
/* Reports, logs and frees it. */
void route_end(struct route *r, struct delivery *d, const struct ending *e);
/* The connection was stale: d goes first over another one. */
void route_put_back(struct route *r, struct delivery *d);
/* The connection is over, and freed in here. opened: route_opened() was said. If it was not, the next address is tried;
 * after the last one, and when no other connection is left, why becomes the ending of all who wait, and the destination is
 * dead. why NULL: the same address is to be tried again. */
void route_closed(struct route *r, struct hop *h, bool opened, const struct ending *why);
/* The TLS handshake failed: for some minutes this route does without. */
void route_spoils_tls(struct route *r);

#endif
