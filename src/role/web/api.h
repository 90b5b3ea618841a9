/* api.h - what the server answers: one table of routes. */
#ifndef ROLE_WEB_API_H
#define ROLE_WEB_API_H

#include "role/web/exchange.h"

/* How an answer's records become JSON. */
enum shape { SHAPE_NONE, SHAPE_LIST, SHAPE_ONE, SHAPE_REST };

enum route_flags {
	ROUTE_OPEN = 1,     /* no token is needed */
	ROUTE_PROVES = 2,   /* "password" becomes "proof" on the way, or "passkey" stands in its place */
	ROUTE_RENEWS = 4,   /* "password" or "new_password" becomes a new salt and proof */
	ROUTE_SIGNS_IN = 8, /* the answer's token becomes the cookie */
	ROUTE_SIGNS_OUT = 16,
	ROUTE_CORS = 32,     /* of the compatible APIs */
	ROUTE_INSIDE = 64,   /* sums of all users: at a collector's listener alone */
	ROUTE_BOTH = 128,    /* there too */
	ROUTE_ATTESTS = 256, /* "attestation" becomes a passkey's name and key */
};

struct route {
	const char *method, *pattern;
	const char *verb; /* of core; NULL: `run` answers */
	const char *var;  /* the argument that the pattern's variable is, when it is not its name */
	enum shape shape;
	const char *rest; /* of SHAPE_REST: the member that holds all records but the first */
	unsigned status;  /* when it went well */
	unsigned flags;
	void (*run)(struct exchange *x, json_t *body);
};

/* The request is whole: answers, now or later. */
void api_start(struct exchange *x);

/* The token of this browser's device; empty: none. */
struct str api_device(const struct exchange *x);

/* One table for each API; each ends with a NULL method. */
extern const struct route api_routes[], sl_routes[], addy_routes[];
enum { API_TABLES = 3 };
extern const struct route *const api_tables[API_TABLES];

/* local.c */
void local_health(struct exchange *x, json_t *body);
void local_metrics(struct exchange *x, json_t *body);
void local_server(struct exchange *x, json_t *body);
void local_routes(struct exchange *x, json_t *body);

/* passkey.c: what core takes of a body's attestation, as arguments. FAIL_*, with a sentence: of "passkey". */
MUST_CHECK int passkey_args(struct str attestation, struct buf *args, struct fail *f);

/* password.c: proofs and salts on the way to core, then x->route's verb. */
void password_then_ask(struct exchange *x);
/* What core said of the route's verb; x->after, when it is set, hears it instead. */
void api_answered(struct exchange *x, int code, struct str why, struct str arg);

#endif
