/* correspond.h - who wrote, as one correspondent of one alias, and how they are shown. Pure. */
#ifndef POLICY_CORRESPOND_H
#define POLICY_CORRESPOND_H

#include "wire/addr.h"

enum who_kind { WHO_PERSON = 1, WHO_LIST, WHO_SHARED };

struct who_facts {
	struct str from_name, from;      /* UTF-8; from is "" when it could not be read */
	struct str reply_name, reply_to; /* the first of Reply-To; "" when there is none */
	struct str list_id, list_post;   /* list_post: an address, "" when none */
};

struct who {
	enum who_kind kind;
	struct str key;      /* "person:bob@example.org", "list:announce.example.org", "shared" */
	struct str address;  /* whom an answer reaches; may be empty for WHO_SHARED */
	struct str name;     /* of the correspondent, remembered */
	struct str display;  /* for From of this message */
	struct str reply_to; /* remembered beside the address when it differs */
	bool takes_posts; /* WHO_LIST: address is where it does, and where answers go: not to the last poster */
};

/* A list is one correspondent whoever posts: the poster stands in the display name. Mail whose From cannot be read is
 * everybody's: the shared address, which takes no answers. Views and copies in the arena. */
void who_wrote(const struct who_facts *f, struct arena *a, struct who *ret);

/* The same sender past the bound of new correspondents. */
void who_shared(const struct who_facts *f, struct arena *a, struct who *ret);

/* What a message of a known correspondent, who is reached at `address` and asked before for answers to `held` (may be
 * empty), does to the place of answers by its Reply-To (empty: none, or its own From). Anybody can write a From; so
 * answers never begin to go to a third address because a message said so:
 *   REPLY_KEEP  nothing new.
 *   REPLY_TAKE  back to the correspondent's own address, or to another name of the same mailbox: the local part up to a
 *               "+" and the domain are those of `address` or of `held` (a ticket's address differs by what follows).
 *   REPLY_ASK   somewhere else: remembered apart, until the user decides. An equal domain is not enough: at a large
 *               provider everybody's is equal. */
enum reply_change { REPLY_KEEP, REPLY_TAKE, REPLY_ASK };
enum reply_change reply_to_judge(struct str address, struct str held, struct str said, struct arena *a);

enum { DISPLAY_MAX = 100 }; /* characters */

/* A name that is safe to show: UTF-8 without controls, without what cannot be seen or turns the direction, bounded, with
 * " at " for every at sign, so that nothing turns it into a link past the relay; of the address when it is empty. */
struct str display_name(struct str name, struct str address, struct arena *a);

#endif
