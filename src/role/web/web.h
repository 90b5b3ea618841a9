/* web.h - the role that browsers reach, through the operator's proxy: HTTP, JSON and the app's files. It holds no key and no
 * row; whatever it answers, core has decided for the token that came with the request. */
#ifndef ROLE_WEB_WEB_H
#define ROLE_WEB_WEB_H

#include "role/role.h"
#include "role/ui.h"
#include "role/web/client.h"

struct MHD_Daemon;
struct door;
struct exchange;
struct prover;

enum { WEB_LISTENERS = 2 * CONF_LISTEN_MAX, DOORS_MAX = 256, WEB_FDS_MAX = 4096 };

struct web {
	struct role_start *start;
	struct loop *loop;
	struct peer *core;
	struct MHD_Daemon *http;
	struct watch *http_watch;
	struct timer *http_timer;
	struct web_listener {
		int fd;
		struct watch *watch;
		struct web *web;
		bool inside; /* for a collector of this machine */
	} listeners[WEB_LISTENERS];
	size_t n_listeners;
	bool inside[WEB_FDS_MAX]; /* by descriptor: it came by such a listener */
	struct door *doors;       /* connections whose head is not whole yet, or that were refused */
	size_t n_doors;
	struct exchange *waiting; /* for core */
	uint64_t last_id;
	unsigned exports; /* being made: export.c */
	struct clients clients;
	struct prover *prover;
	struct ui ui;
	bool https; /* the origin is */
};

/* Lets the library go on; also whenever an exchange was resumed or a connection added. */
void web_turn(struct web *w);
/* The same at the end of this turn of the loop: safe from within the library. */
void web_turn_soon(struct web *w);

#endif
