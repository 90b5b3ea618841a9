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
};

/* A list is one correspondent whoever posts: the poster stands in the display name. Mail whose From cannot be read is
 * everybody's: the shared address, which takes no answers. Views and copies in the arena. */
void who_wrote(const struct who_facts *f, struct arena *a, struct who *ret);

/* The same sender past the bound of new correspondents. */
void who_shared(const struct who_facts *f, struct arena *a, struct who *ret);

enum { DISPLAY_MAX = 100 }; /* characters */

/* A name that is safe to show: UTF-8 without controls, without what cannot be seen or turns the direction, bounded, with
 * " at " for every at sign, so that nothing turns it into a link past the relay; of the address when it is empty. */
struct str display_name(struct str name, struct str address, struct arena *a);

#endif
