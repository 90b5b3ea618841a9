/* claims.h - a domain that a user has named over the web, until it is shown to be theirs. */
#ifndef ROLE_CORE_CLAIMS_H
#define ROLE_CORE_CLAIMS_H

#include "role/core/call.h"
#include "role/core/watch.h"
#include "store/claims.h"

enum { DOMAIN_PER_DAY = 50 }; /* new aliases of a domain whose rule says nothing */

/* Answers with the claim. FAIL_EXISTS: the user has one. */
MUST_CHECK int claim_make(struct request *c, struct str name, int64_t user, struct fail *f);
MUST_CHECK int claim_tell(void *request, const struct claim *cl, struct fail *f); /* a whole record */

/* What a look at this claim, by core itself, has found: kept, or the domain is its user's from now on. OK too when there is no such
 * claim any more. */
MUST_CHECK int claim_found(struct core *c, int64_t user, struct str name, const struct names_read *names,
                           struct fail *f);

/* Fields of a domain's record: which records it is to have, and what is known of them. token: empty, no TXT is asked for. */
void claim_tell_records(struct request *c, struct str domain, struct str token, const struct watch_facts *w);

/* calls_domains.c: the domain is d->user's from now on and all claims of it fall; sets d->id. Within call_part(). */
struct domain;
MUST_CHECK int domain_take(struct request *c, struct domain *d, struct fail *f);

#endif
