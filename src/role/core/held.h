/* held.h - answers that were refused: told to the user, listed, and kept for a while where the user may let them go. */
#ifndef ROLE_CORE_HELD_H
#define ROLE_CORE_HELD_H

#include "role/core/reply.h"

/* Notes it, keeps the message when its cause is one that may be released (under a key of its own, as everything in the
 * queue), and tells the user by a sealed letter, at most one for each cause, alias and hour. Copies what it needs of r. What fails is logged: a refusal
 * stands without it. */
void held_refused(struct core *c, const struct refusal *r);

#endif
