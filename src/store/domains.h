/* domains.h - domains of users' own, and their catch-all. Whose mailboxes it fills: domain_mailboxes() in aliases.h. */
#ifndef STORE_DOMAINS_H
#define STORE_DOMAINS_H

#include "store/store.h"

struct domain {
	int64_t id, user, created;
	struct str name; /* lower case, A-label */
	bool catch_all;
	struct str allow, deny; /* patterns of policy/catchall.h */
	int64_t per_day;        /* new aliases */
	int64_t day, made;      /* the day (UTC) on which the last ones were made, and how many */
	struct str token;       /* for domain_add(): what showed that it is the user's; see watches.h */
};

MUST_CHECK int domain_add(struct store *st, const struct domain *d, int64_t *ret_id,
                          struct fail *f); /* FAIL_EXISTS: somebody's */
MUST_CHECK int domain_find(struct store *st, struct str name, struct arena *a, struct domain *ret,
                           struct fail *f);                                             /* FAIL_ABSENT */
MUST_CHECK int domain_update(struct store *st, const struct domain *d, struct fail *f); /* the rule */
MUST_CHECK int domain_aliases(struct store *st, int64_t id, int64_t *ret_n, struct fail *f);
/* With its aliases, which are never given out again, whoever has the domain then. */
MUST_CHECK int domain_delete(struct store *st, int64_t id, struct fail *f);
/* user 0: all */
MUST_CHECK int domain_each(struct store *st, int64_t user,
                           int (*fn)(void *arg, const struct domain *d, struct fail *f), void *arg,
                           struct fail *f);

MUST_CHECK int domain_mailbox_add(struct store *st, int64_t domain, int64_t mailbox, struct fail *f);
MUST_CHECK int domain_mailbox_clear(struct store *st, int64_t domain, struct fail *f);

/* One more of this day, unless that would be past per_day: FAIL_LIMIT. */
MUST_CHECK int domain_count(struct store *st, int64_t id, int64_t now, struct fail *f);

#endif
