/* expiry.h - users are told of aliases that end: sealed, one mail a day at most, with all of them in it. */
#ifndef ROLE_CORE_EXPIRY_H
#define ROLE_CORE_EXPIRY_H

#include "role/core/core.h"

/* Each hour. *ret_more: there are further users. */
MUST_CHECK int expiry_tell(struct core *c, bool *ret_more, struct fail *f);

#endif
