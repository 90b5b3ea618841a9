/* sites.h - the destinations of which something is to be remembered (policy/site.h): those that do not answer, and those that are
 * being asked whether they do. In memory alone: after a restart a few tries tell it anew. A site is what gate knows as one
 * destination: a route of the operator's file, and where that is mx one domain of it. */
#ifndef ROLE_CORE_SITES_H
#define ROLE_CORE_SITES_H

#include "policy/site.h"
#include "store/queue.h"

struct core;

/* What waits for it stands in the queue untouched; all that is kept of it is where the first one stands. */
struct core_site {
	struct core_site *next;
	char *name;
	uint64_t number; /* never used twice */
	struct site site;
	bool waits;
	struct queue_place first; /* nothing of it waits at this place or before it */
	int64_t ends;             /* when the first of what waits expires, as far as it was seen */
	int64_t swept;            /* when what has expired was looked for last */
};

enum { SITES_MAX = 1024, SITES_BUCKETS = 64 };

struct sites {
	struct core_site *buckets[SITES_BUCKETS];
	size_t n;
	uint64_t last_number;
};

/* In an arena; not for the log. */
struct str site_name(const struct core *c, struct str rcpt, struct arena *a);

struct core_site *sites_find(const struct sites *all, struct str name); /* or NULL */
/* NULL: so many are remembered that this one is not, and its messages go as if there were no such thing. */
struct core_site *sites_add(struct sites *all, struct str name);
struct core_site *sites_numbered(const struct sites *all, uint64_t number); /* or NULL */
/* The one after s, or with NULL the first; it may be dropped before the next is asked for. */
struct core_site *sites_next(const struct sites *all, const struct core_site *s);
void sites_drop(struct sites *all, struct core_site *s);
void sites_drop_all(struct sites *all);

/* An item of it is passed over. */
void site_waits(struct core_site *s, const struct queue_item *i);

#endif
