/* site.h - a destination that does not answer is asked by a few messages now and then, and all others for it wait meanwhile
 * (RFC 5321 4.5.4.1: a client keeps a list of hosts that it cannot reach, rather than retry each message). Pure. */
#ifndef POLICY_SITE_H
#define POLICY_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SITE_PROBES = 3, /* one may be odd, or large and slow; that it answers one is enough */
	SITE_MOST_S =
	        15 *
	        60 /* the longest pause: what waits is many people's mail, and asking costs a connection */
};

/* All zero: nothing is known of it yet, so it is asked by a few. */
enum site_state { SITE_ASKED, SITE_ASLEEP, SITE_AWAKE };

struct site {
	enum site_state state;
	int64_t until;   /* ASLEEP */
	int64_t pauses;  /* in a row */
	unsigned probes; /* under way */
};

/* May one more of its messages go? */
bool site_may_go(const struct site *s, int64_t now);
/* One that may goes. true: it counts as a probe, until site_back(). */
bool site_goes(struct site *s);
void site_back(struct site *s);
/* Nobody could be spoken with. The pauses are those of the operator's schedule, up to the longest; what fails in one has been
 * sent before it and says nothing new. */
void site_dead(struct site *s, const uint32_t *waits_s, size_t n, int64_t now, uint16_t dice);
void site_spoke(struct site *s);
/* A probe ended before it came to that: the same pause again, if it was the last one under way. */
void site_unsaid(struct site *s, const uint32_t *waits_s, size_t n, int64_t now, uint16_t dice);

#endif
