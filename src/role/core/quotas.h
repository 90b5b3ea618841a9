/* quotas.h - what an alias and its user have taken, beside their bounds (policy/quota.h). */
#ifndef ROLE_CORE_QUOTAS_H
#define ROLE_CORE_QUOTAS_H

#include "policy/quota.h"
#include "role/core/core.h"
#include "store/aliases.h"

/* The operator's bounds. */
struct quota quotas_of_alias(const struct conf *conf);
struct quota quotas_of_user(const struct conf *conf);

/* One more message of `bytes` (0: not known yet): VERDICT_ACCEPT, or policy's refusal. Looks nothing up where there is no
 * bound. */
MUST_CHECK int quotas_judge(struct core *c, const struct alias *al, uint64_t bytes, struct verdict *ret,
                            struct fail *f);
/* It came in, in the open group. */
MUST_CHECK int quotas_used(struct core *c, const struct alias *al, int64_t now, uint64_t bytes,
                           struct fail *f);

/* May a user send out `n` more in this hour? For whoever was shown to be the user: how much one sends is nobody else's. */
MUST_CHECK int quotas_answers(struct core *c, int64_t user, size_t n, struct verdict *ret, struct fail *f);

#endif
