/* admit.h - after a message was read and before anything is written for it: does it come in, and what does that make? */
#ifndef ROLE_CORE_ADMIT_H
#define ROLE_CORE_ADMIT_H

#include "role/core/txn.h"

/* Aliases that a catch-all makes come to be here, in the group of the message that makes them: who only asks at RCPT
 * makes none. The day's bound of them is judged here too, so that at RCPT an address that is in use and one that is
 * not are answered alike. */
MUST_CHECK int admit(struct txn *t, struct verdict *ret, struct fail *f);

#endif
