/* activity.h - what happened to mail of users, noted in memory and folded: an hour, an alias, a correspondent and a reason are one
 * row (store/events.h). It goes into the group of the next commit, so that it costs no sync of its own, and what is refused at RCPT
 * no write at all. Nothing of it goes to the log. */
#ifndef ROLE_CORE_ACTIVITY_H
#define ROLE_CORE_ACTIVITY_H

#include "policy/alias.h"
#include "policy/correspond.h"
#include "role/core/core.h"
#include "role/core/rcpt.h"
#include "store/events.h"
#include "store/queue.h"

struct notes {
	struct noted {
		int64_t user, alias, correspondent, at, n, bytes;
		enum event_way way;
		enum event_what what;
		const char *why; /* static */
		size_t who_n;
		char who[EVENT_WHO_MOST];
	} of[NOTED_MAX];
	size_t n;
};

/* e->why must be a literal; n 0 is 1. */
void activity_note(struct core *c, const struct event *e);
/* All that was noted goes into the open group: before a commit, each hour, before somebody asks, at the end. */
void activity_settle(struct core *c);

/* RCPT, or DATA for a reason of the moment, said no or dropped it. */
void activity_judged(struct core *c, const struct rcpt *r, struct str sender);
/* A message that was read is not taken for one of its aliases: w wrote it. */
void activity_blocked(struct core *c, const struct alias *al, const struct who *w, struct str sender,
                      const struct verdict *v);
/* The rows of a message stand in the open group. */
struct txn;
void activity_kept(struct core *c, const struct txn *t);
/* It was refused as a whole. why: a verdict's, or free text. */
void activity_failed(struct core *c, const struct txn *t, int smtp, const char *why);
/* A delivery did not go well. reason: enum bounce_reason. */
void activity_delivery(struct core *c, const struct queue_item *i, enum event_what what, uint32_t reason);

#endif
