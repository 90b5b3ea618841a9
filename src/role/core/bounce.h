/* bounce.h - mail that mailboxes do not take: counted, and the mailbox left alone when it goes on. While it is paused mail
 * that leads there alone is asked to come again (451), so that its senders keep it; nothing is given up for a pause.
 * Now and then a letter of the relay's own is tried: no one's message is risked for it. */
#ifndef ROLE_CORE_BOUNCE_H
#define ROLE_CORE_BOUNCE_H

#include "role/core/txn.h"
#include "store/bounces.h"

void bounce_start(struct core *c);

/* A message that came to an envelope sender of ours was read. Ends t. */
void bounce_reported(struct txn *t, const struct scanned *m);

/* What became of an item at its next hop. */
void bounce_refused(struct core *c, const struct queue_item *i, const struct delivered *m, struct str status);
void bounce_taken(struct core *c, enum queue_kind kind, int64_t mailbox);

/* The mailboxes that take mail are left; when none is, the verdict says to come again. */
void bounce_leave_paused(struct rcpt *r);

/* By its user's word. FAIL_ABSENT: it is not paused. */
MUST_CHECK int bounce_resume(struct core *c, int64_t mailbox, struct fail *f);

#endif
