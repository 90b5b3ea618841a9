/* entity.h - the content of a message as it will be signed: views of the original, with calendars replaced in between. */
#ifndef TRANSFORM_ENTITY_H
#define TRANSFORM_ENTITY_H

#include "transform/seal.h"

struct entity {
	struct str *pieces;
	size_t n, cap;
	uint64_t bytes;
	bool as_it_came; /* the same as entity_as_it_came() */
};

/* protected: fields that stand before those, with a Content-Type that says so (hidden.h); empty: none.
 * Header fields that describe the content, the empty line, the body. Everything lives in the arena or in the message.
 * FAIL_LIMIT: a calendar too large; FAIL_SYNTAX: a calendar in an encoding that nobody knows. */
MUST_CHECK int entity_make(const struct scan *s, const struct seal_plan *p, struct str protected,
                           struct arena *a, struct entity *ret, struct fail *f);

/* What it is unless something has to be changed or added. */
void entity_as_it_came(const struct scan *s, struct arena *a, struct entity *ret);

MUST_CHECK int entity_digest(const struct entity *e, uint8_t ret[static 32], struct fail *f); /* SHA-256 */
MUST_CHECK int entity_put(const struct entity *e, struct sink out, struct fail *f);
bool entity_is_eight_bit(const struct entity *e);

#endif
