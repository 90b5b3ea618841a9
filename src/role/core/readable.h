/* readable.h - a signed answer that came in clear: it goes out where its mailbox allows that, and its user is told once that
 * the provider could read it. */
#ifndef ROLE_CORE_READABLE_H
#define ROLE_CORE_READABLE_H

#include "role/core/txn.h"

/* An answer of this mailbox, which went out from `alias`, came readable at that time. One sealed letter in the life of the
 * mailbox, marked in the group that keeps it; what fails is logged, and the next such answer tells. */
void readable_came(struct core *c, const struct mailbox *m, struct str alias, int64_t at);

#endif
