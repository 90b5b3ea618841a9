/* watch.h - what is known of a user's domain from one look at its DNS to the next: when it is looked at again, since when it does not
 * lead here any more, and when its user is told. Pure: the time and the dice are arguments. Nothing here stops mail: whoever has
 * broken a zone by mistake loses none, and who has lost a domain is told. */
#ifndef POLICY_WATCH_H
#define POLICY_WATCH_H

#include "policy/records.h"

#include <stdint.h>

/* Records that are missed when they go. */
enum watched { WATCHED_OWNERSHIP, WATCHED_MX, WATCHED_KINDS };

enum {
	WATCH_SURE_S = 20 * 3600,   /* a letter is written when it is so at a look of the next day too */
	WATCH_LETTER_S = 7 * 86400, /* between two letters at least */
	WATCH_CLAIM_S = 14 * 86400, /* who has not shown it by then has given it up, or asks */
	WATCH_LETTERS_S =
	        31 * 86400, /* who has read five of them needs no sixth: the page goes on saying it */
};

struct watch_facts {
	enum record_state state[RECORD_KINDS]; /* as last answered; RECORD_UNSURE: never */
	int64_t lost[WATCHED_KINDS];           /* since when what was right is not; 0: it is, or never was */
	int64_t checked;                       /* when a name server last answered; 0: never */
	int64_t next;                          /* the next look */
	int64_t told;                          /* the last letter */
};

/* What a look has found. RECORD_UNSURE changes nothing of its record; a look without any answer only the time of the next one. */
void watch_learn(struct watch_facts *w, const enum record_state found[RECORD_KINDS], int64_t now,
                 uint32_t dice);
/* A look begins: should nothing come of it, it is done again after this time. */
int64_t watch_again(int64_t now, uint32_t dice);
/* When a claim of this age is looked for next: soon, then ever more seldom, 0 when it is not any more but on request. */
int64_t watch_claim(int64_t created, int64_t now, uint32_t dice);
/* Is a letter due? ret: of which records it tells. */
bool watch_tell(const struct watch_facts *w, int64_t now, bool ret[WATCHED_KINDS]);

#endif
