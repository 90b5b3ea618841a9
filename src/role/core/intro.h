/* intro.h - first contact: a letter from the reverse address of somebody who has not written yet. A mail client learns its
 * certificate from it, and its user answers it to write to them. */
#ifndef ROLE_CORE_INTRO_H
#define ROLE_CORE_INTRO_H

#include "role/core/txn.h"

/* To each mailbox of the alias that takes mail and can be sealed for (or has chosen clear mail): tells how many. Nobody: *ret_n
 * is 0, and nothing was written (promise 1). */
MUST_CHECK int intro_send(struct core *c, const struct alias *al, const struct correspondent *about,
                          size_t *ret_n, struct fail *f);

#endif
