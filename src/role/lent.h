/* lent.h - the end of the vault's lending road: one leaf key, read from a socket that core passed on and cannot read. */
#ifndef ROLE_LENT_H
#define ROLE_LENT_H

#include "crypto/key.h"

/* Waits for the one record that comes over `road`, 5 s at most. FAIL_AGAIN: there came none. */
MUST_CHECK int lent_key(int road, struct key **ret, struct fail *f);

#endif
