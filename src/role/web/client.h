/* client.h - how much one client may ask: a bucket for requests, another for those that cost (passwords). A
 * client is a network (policy/bound.h). Bounded memory: who has taken least is forgotten first. Pure but for the time that is
 * given. */
#ifndef ROLE_WEB_CLIENT_H
#define ROLE_WEB_CLIENT_H

#include "policy/bound.h"

enum { CLIENTS_MAX = 4096, CLIENT_NAME_MAX = 46 };

enum client_cost { CLIENT_REQUEST, CLIENT_PASSWORD, CLIENT_COSTS };

struct clients {
	struct client {
		uint8_t net[BOUND_NET];
		uint8_t net_n; /* bytes of it; 0: a free place */
		uint64_t seen_ms;
		int64_t used[CLIENT_COSTS]; /* millionths that have not come back yet */
	} of[CLIENTS_MAX];
};

/* Takes one; false: not now. */
bool client_may(struct clients *all, struct str client, enum client_cost cost, uint64_t now_ms);

/* The client's address: what the proxy adds last to X-Forwarded-For, without a port; the connection's own where that is none, so
 * that all nonsense is one client. */
struct str client_of(struct str forwarded, struct str peer);

#endif
