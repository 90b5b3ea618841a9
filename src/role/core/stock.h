/* stock.h - sender certificates: from the shelf, or made now; and keeping the shelves full. */
#ifndef ROLE_CORE_STOCK_H
#define ROLE_CORE_STOCK_H

#include "role/core/core.h"
#include "store/people.h"
#include "store/profiles.h"

enum { STOCK_RENEW_DAYS = 30 };

/* code OK: cert is valid during the call. Called once, perhaps before stock_cert() returns. */
typedef void cert_fn(void *arg, int code, const struct sender_cert *cert);

/* The certificate of a reverse address under a profile: the stored one while it lasts, else a new one. `owner` is what
 * stock_forget() names. */
void stock_cert(struct core *c, const struct profile *p, int64_t reverse, struct str address, cert_fn *fn,
                void *owner);
void stock_forget(struct core *c, const void *owner);

/* A wrapped spare key of a kind: from the shelf or made now. msg in fn: struct key_made, or NULL on failure. */
void stock_spare(struct core *c, int64_t alg, wait_fn *fn, void *arg);

void stock_start(struct core *c);
/* A profile became active: look at its pool soon. */
void stock_wake(struct core *c, int64_t profile);
/* A new correspondent takes from the shelves: never said of what fills them. They are filled again when no more is taken for a second, or when little is
 * left: key generation does not take the processor from the mail that it is for. */
void stock_drawn(struct core *c, int64_t profile);

/* A new random address in a domain: 130 bits, told to nobody yet. */
MUST_CHECK int stock_address(struct core *c, int64_t user, struct str domain, enum reverse_use use,
                             struct arena *a, struct reverse *ret, struct fail *f);
/* The relay domain that a profile permits, the wanted one when it is among them. */
struct str stock_domain(const struct core *c, const struct profile *p, struct str wanted);

#endif
