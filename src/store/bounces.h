/* bounces.h - what became of mail that mailboxes did not take, and the mailboxes that are left alone for it. */
#ifndef STORE_BOUNCES_H
#define STORE_BOUNCES_H

#include "store/store.h"

enum bounce_way { BOUNCED_AT_ONCE = 1, BOUNCED_LATER }; /* refused at delivery; a report came after the 250 */

struct bounce_row {
	int64_t mailbox, at;
	enum bounce_way way;
	int64_t reason, hard; /* enum bounce_reason */
	struct str status;    /* "5.1.1" */
	struct str note;      /* the other server's words; may hold addresses, so it is sealed */
	struct str
	        token; /* what makes it one: the same report again is not counted again; empty: always counted */
};

/* FAIL_EXISTS: counted already. FAIL_ABSENT: the mailbox is gone. */
MUST_CHECK int bounce_add(struct store *st, const struct bounce_row *b, struct fail *f);
/* Of a mailbox since then, the newest first, at most `most`; strings live in the arena. */
MUST_CHECK int bounce_recent(struct store *st, int64_t mailbox, int64_t since, size_t most, struct arena *a,
                             struct bounce_row *ret, size_t *ret_n, struct fail *f);
/* The mailbox has taken mail: what was refused at once before does not count any more; with `all`, what was reported
 * later neither. */
MUST_CHECK int bounce_forget(struct store *st, int64_t mailbox, bool all, struct fail *f);

struct pause {
	int64_t mailbox, user;
	int64_t since;    /* 0: not paused */
	int64_t why;      /* enum pause_why */
	int64_t probe_at; /* when the next letter is tried */
	int64_t probes;   /* tried so far */
	int64_t taken;    /* when it last took one; 0: never since */
	int64_t told;     /* its user knows */
	bool refused;     /* it has refused a letter at once, and taken none since */
};

MUST_CHECK int pause_get(struct store *st, int64_t mailbox, struct pause *ret, struct fail *f);
MUST_CHECK int pause_set(struct store *st, const struct pause *p, struct fail *f);
/* Every paused mailbox, at most `most`. */
MUST_CHECK int pause_list(struct store *st, size_t most, struct pause *ret, size_t *ret_n, struct fail *f);

#endif
