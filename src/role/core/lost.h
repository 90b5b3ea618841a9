/* lost.h - a message that was taken and can never be delivered, whose sender may not be told: its user is. */
#ifndef ROLE_CORE_LOST_H
#define ROLE_CORE_LOST_H

#include "role/core/core.h"
#include "store/queue.h"

/* OK: the item ends in one group with the letter. FAIL_AGAIN: not now. FAIL_ABSENT: nobody can be told, or was within this
 * hour; the item ends without. note: the other server's words. */
MUST_CHECK int lost_tell(struct core *c, const struct queue_item *i, struct str note, struct str status);

#endif
