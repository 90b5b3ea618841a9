/* sent.h - answers that have left: the envelope sender of each, and whom a report that comes to it is about. */
#ifndef ROLE_CORE_SENT_H
#define ROLE_CORE_SENT_H

#include "role/core/core.h"

/* Appends a sealed, expiring token address (policy/verp.h) at `domain`, and notes in the open group to whom this answer of
 * this mailbox went, so that a report to it can be told to its user. */
MUST_CHECK int sent_envelope(struct core *c, int64_t mailbox, int64_t correspondent, struct str domain,
                             struct buf *out, struct fail *f);

#endif
