/* line.h - mail that waits for a scribe: one user after the other, of each user one alias after the other, so that a flood for one
 * delays nobody else. A user for whom more was accepted than is delivered waits too, until the rest has left. */
#ifndef ROLE_CORE_LINE_H
#define ROLE_CORE_LINE_H

#include <stddef.h>
#include <stdint.h>

struct core;
struct txn;
struct line_user;

/* LINE_AT_SCRIBE: enough that none of them waits for work, and no more than a blink of it. */
enum { LINE_AT_SCRIBE = 32, LINE_FRESH = 1000, LINE_HELD = 64, LINE_SCRIBES = 16 };

struct line {
	struct line_user *first, **last;
	size_t waiting;
	unsigned at_scribe[LINE_SCRIBES];
	int64_t held[LINE_HELD]; /* users of whom so many wait for their first try to be delivered */
	size_t n_held;
	uint64_t counted_ms; /* when they are counted next */
};

void line_enter(struct core *c, struct txn *t);
/* It is not at a scribe any more. */
void line_leave(struct core *c, struct txn *t);
/* Gives the scribes what they have room for. */
void line_run(struct core *c);

#endif
