/* held.h - answers that were refused: told to the user, listed, and kept for a while where the user may let them go. */
#ifndef ROLE_CORE_HELD_H
#define ROLE_CORE_HELD_H

#include "role/core/reply.h"

/* Notes it, keeps the message when its cause is one that may be released (under a key of its own, as everything in the
 * queue), and tells the user by a sealed letter, at most one for each answer of the server, alias and hour. Copies what it needs of r. What fails is logged: a refusal
 * stands without it. */
void held_refused(struct core *c, const struct refusal *r);

/* From txn.c: what is kept of a message is durable, or it could not be kept; now its user is told. */
void held_settled(struct core *c, int64_t id);

/* Letters that a crash or a want of scribes has kept back; looked at once an hour. */
void held_look(struct core *c);

#endif
