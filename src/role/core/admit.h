/* admit.h - after a message was read and before anything is written for it: does it come in, and what does that make? */
#ifndef ROLE_CORE_ADMIT_H
#define ROLE_CORE_ADMIT_H

#include "role/core/txn.h"

/* Aliases that a catch-all makes come to be here, in the group of the message that makes them: who only asks at RCPT
 * makes none. The day's bound of them is judged here too, so that at RCPT an address that is in use and one that is
 * not are answered alike.
 *
 * Copies for aliases that have blocked the writer go. What is left comes in; one answer for all of them is all that
 * SMTP has, so a refusal is heard only when nothing is left and nobody wants it dropped in silence. */
MUST_CHECK int admit(struct txn *t, struct verdict *ret, struct fail *f);

/* Has the alias's user blocked whoever wrote, or is said to write? w: NULL at RCPT. VERDICT_ACCEPT: no. */
MUST_CHECK int admit_sender(struct core *c, const struct alias *al, const struct who *w, struct str sender,
                            struct verdict *ret, struct fail *f);

#endif
