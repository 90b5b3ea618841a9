/* event.h - what is said to a user of what happened to their mail: a word for programs, a sentence, and what to do. Pure. */
#ifndef POLICY_EVENT_H
#define POLICY_EVENT_H

#include "base/str.h"
#include "wire/bounce.h"

struct event_reason {
	const char *word, *says, *remedy; /* remedy: empty where there is nothing to do */
};

/* Words are those of verdicts (alias.h, block.h, quota.h, catchall.h), those of answers (reply.h), those below, and "", where
 * nothing stood in the way. Of another word: the row of "trouble". */
struct event_reason event_reason(struct str word);
bool event_is_word(struct str word);

/* The word for what the server said that a message was brought to: "there-full". */
const char *event_bounce_word(uint32_t reason); /* enum bounce_reason; a number of none is BOUNCE_OTHER */

#endif
