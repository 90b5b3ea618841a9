/* loan.h - leaf keys for scribes. The vault lends them over a road of its own, each for one message; core says which and to
 * whom, and sees none. */
#ifndef ROLE_CORE_LOAN_H
#define ROLE_CORE_LOAN_H

#include "role/core/txn.h"

/* Asks the vault for the key of that output, which its scribe is about to be asked for. FAIL_AGAIN: there is no vault. */
MUST_CHECK int loan_ask(const struct output *o, struct fail *f);
/* The same, unless that scribe should have it at hand. true: it was asked for. */
bool loan_ahead(const struct output *o);

#endif
