/* queue_in.h - the parts of the queue among themselves: queue.c (what is new, and what became of each), walk.c (what was tried
 * before). */
#ifndef ROLE_CORE_QUEUE_IN_H
#define ROLE_CORE_QUEUE_IN_H

#include "role/core/queue.h"
#include "role/core/sites.h"

/* RETRIED_MAX: what failed before never takes all of the room, however much of it is due; nor what waited for a destination that
 * answers again, of that. */
enum { UNDER_WAY_MAX = 512, RETRIED_MAX = 256, WAITED_MAX = 128 };

/* Put off, or ended, without being given to gate. */
enum unsent {
	SENT,
	UNREADABLE, /* what is stored could not be opened */
	ASLEEP,     /* its destination does not answer */
	OVERDUE     /* and its time ran out meanwhile */
};

/* An item at the gate, or one that waits for its DSN to be written, or for its end to be durable. */
struct delivery {
	struct delivery *next, **at; /* at: what points here */
	struct ids_place by_id;
	int64_t id;
	uint64_t probe; /* number of the site that it asks; 0: none */
	enum unsent unsent;
	bool retried; /* it had failed before */
	bool waited;  /* for a destination that answers again */
	bool giving_up, done;
	uint64_t noted; /* the group that says that it is done; 0: none does */
	enum queue_kind kind;
	int64_t mailbox;
	struct str mid, rcpt; /* stand behind it */
	char text[];
};

struct delivery *queue_under_way(const struct core *c, int64_t id);
struct delivery *queue_add_delivery(struct core *c, const struct queue_item *i);
/* Gives it to gate; NULL: it could not be opened, for reasons of our own, and is not under way. s: see site_goes(); may be NULL. */
MUST_CHECK int queue_send(struct core *c, const struct queue_item *i, struct core_site *s, bool waited,
                          struct fail *f);

#endif
