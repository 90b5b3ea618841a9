/* sent.h - answers that have left: the envelope sender of each, and whom a report that comes to it is about. */
#ifndef ROLE_CORE_SENT_H
#define ROLE_CORE_SENT_H

#include "role/core/txn.h"

/* Appends a sealed, expiring token address (policy/verp.h) at `domain`, and notes in the open group to whom this answer of
 * this mailbox went, so that a report to it can be told to its user. */
MUST_CHECK int sent_envelope(struct core *c, int64_t mailbox, int64_t correspondent, struct str domain,
                             struct buf *out, struct fail *f);

/* A report to such an address was read: its user is told once of what has failed; the mailbox is not counted. */
void sent_reported(struct txn *t, const struct scanned *m);

/* An item of kind QUEUE_REPLY is given up: its user is told, in one group with its end. rcpt: of the correspondent.
 * FAIL_ABSENT: nobody can be told. FAIL_AGAIN: not now. */
MUST_CHECK int sent_failed(struct core *c, const struct queue_item *i, struct str note, struct str status);

#endif
