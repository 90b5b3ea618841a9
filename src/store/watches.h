/* watches.h - what looks at the DNS of users' domains have found: one row for each domain, made by domain_add(). What it means is said in
 * policy/watch.h. */
#ifndef STORE_WATCHES_H
#define STORE_WATCHES_H

#include "store/store.h"

enum { WATCH_STATES = 4, WATCH_LOSSES = 2, WATCH_NEVER_ASKED = 3 };

struct domain_watch {
	int64_t domain;
	struct str token; /* that stood in DNS when it became its user's; empty: the operator's word */
	int64_t state[WATCH_STATES], lost[WATCH_LOSSES], checked, next, told;
};

MUST_CHECK int domain_watch_get(struct store *st, int64_t domain, struct arena *a, struct domain_watch *ret,
                                struct fail *f); /* FAIL_ABSENT */
MUST_CHECK int domain_watch_set(struct store *st, const struct domain_watch *w,
                                struct fail *f); /* but the token */
/* Those that are due, the longest due first: ids and names, in the arena. */
struct domain_due {
	int64_t domain;
	struct str name;
};
MUST_CHECK int domain_watch_due(struct store *st, int64_t now, size_t most, struct arena *a,
                                struct domain_due *ret, size_t *ret_n, struct fail *f);

#endif
