/* space.h - the floor under the disk of the state directory: below it no new mail is taken, so that what is queued can
 * still be sent, noted and bounced. */
#ifndef ROLE_CORE_SPACE_H
#define ROLE_CORE_SPACE_H

#include "policy/alias.h"
#include "role/core/core.h"

/* Looked at once a second. */
bool space_is_low(struct core *c);
/* 452 4.3.1, RFC 3463 3.4 */
struct verdict space_verdict(void);

#endif
