/* throttle.h - how often somebody may be wrong: tries to log in, counted by where they come from. Pure: time is an argument, and
 * the table is the caller's. */
#ifndef POLICY_THROTTLE_H
#define POLICY_THROTTLE_H

#include "base/buf.h"

enum {
	THROTTLE_ROWS = 512,      /* of a full table the one that failed longest ago makes room */
	THROTTLE_FAILURES = 5,    /* so many */
	THROTTLE_WITHIN_S = 600,  /* within so long */
	THROTTLE_FIRST_S = 60,    /* cost so long a wait, and each time again twice as long, */
	THROTTLE_MOST_S = 3600,   /* at most that; */
	THROTTLE_FORGET_S = 86400 /* until nothing was wrong for so long */
};

struct throttle {
	struct throttle_row {
		uint64_t where; /* 0: a free row */
		int64_t first, last, until;
		unsigned failures, waits;
	} rows[THROTTLE_ROWS];
};

/* What is counted as one place: an IPv4 address (also mapped into IPv6), or the /64 of an IPv6 one, for whoever has one address
 * of those has them all. Never 0. What is no address is a place by its text. */
uint64_t throttle_where(struct str client);

/* Seconds that are still to be waited for; 0: go on. */
int64_t throttle_wait(const struct throttle *t, uint64_t where, int64_t now);
void throttle_failed(struct throttle *t, uint64_t where, int64_t now);
/* Who knows a password is no guesser: its failures are forgotten. */
void throttle_passed(struct throttle *t, uint64_t where);

#endif
