/* lookup.h - where the mail of a route goes: from a name, or from a domain over its MX records (RFC 5321 5.1), to addresses
 * in the order in which they are to be tried. */
#ifndef ROLE_GATE_LOOKUP_H
#define ROLE_GATE_LOOKUP_H

#include "role/gate/route.h"

enum { TARGETS_MAX = 20, HOST_ADDRESSES_MAX = 6 };

struct target {
	struct endpoint to;
	char name[256]; /* for SNI and for the certificate: the host's name, or its number */
};

struct targets {
	struct target *at; /* free() */
	size_t n;
};

struct lookup;

/* t: the caller's from here on; empty: why becomes the ending of all that waits; it outlives the lookup. Never called from inside lookup_new(). The
 * lookup is still to be freed. */
typedef void lookup_fn(void *arg, struct targets *t, const struct ending *why);

/* The target of r is a name or mx; domain: the recipient's, for mx. */
struct lookup *lookup_new(struct gate *g, const struct conf_route *r, struct str domain, lookup_fn *fn,
                          void *arg);
void lookup_free(struct lookup *l); /* accepts NULL; also before the answer; safe inside fn */

#endif
