/* rotate.h - a new master key: while the vault opens with two and seals with the new one, every wrapped key of the store is
 * wrapped anew, a few at a time. It may end at any moment: what is under the old one is found again. */
#ifndef ROLE_CORE_ROTATE_H
#define ROLE_CORE_ROTATE_H

#include "role/core/core.h"

/* Has the vault another master key than the store was last wrapped under? Then the work begins, or goes on. */
void rotate_look(struct core *c);
bool rotate_is_on(const struct core *c);
uint64_t rotate_done(const struct core *c); /* keys wrapped anew in this life */

#endif
