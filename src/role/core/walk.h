/* walk.h - what was tried before and is due again: sent, or passed over while its destination does not answer. A million of those are
 * read once, some at a time, and touched by nothing until a few that ask have got through. */
#ifndef ROLE_CORE_WALK_H
#define ROLE_CORE_WALK_H

#include "ipc/schema.h"
#include "role/core/sites.h"

struct core;

struct walks {
	struct queue_place ahead; /* what is due and stands before it is under way, or waits for a site */
	struct queue_place
	        back; /* goes again over what waits, from where the first stands that need not any more, up to `ahead` */
	bool going_back;
	bool more;        /* a walk stopped before its end, and not for want of room */
	int64_t walked;   /* when; a clock that was set back begins anew */
	uint64_t next_ms; /* not before that */
};

/* Some more of it. */
MUST_CHECK int walk_on(struct core *c, struct fail *f);
/* When there is something to do, by the clock; INT64_MAX: nothing that time brings. */
int64_t walk_next(const struct core *c, int64_t now);
/* From the start: nothing is under way, or rows are where nobody looks any more. */
void walk_anew(struct core *c);
/* Nothing is believed of any destination: the operator has changed something. */
void walk_wake_all(struct core *c);
/* What is known of the destination of an address: NULL for nothing. */
struct core_site *walk_site(struct core *c, struct str rcpt);
/* What a delivery tells of its destination. probe: the number of the site that it asked, 0: none; rcpt: "" when that is not known
 * any more. */
void walk_told(struct core *c, uint64_t probe, struct str rcpt, enum delivery_hop hop, uint16_t dice);

#endif
