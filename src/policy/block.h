/* block.h - the names under which a user may have blocked whoever wrote. Pure. */
#ifndef POLICY_BLOCK_H
#define POLICY_BLOCK_H

#include "policy/alias.h"
#include "policy/correspond.h"

enum { BLOCK_KEYS_MAX = 14, BLOCK_DOMAIN_LABELS = 6 };

/* One message's keys, the closest one first: the correspondent ("person:bob@home.example", "list:..."), the envelope's
 * sender, then the domains of both and the ones above them ("domain:mail.home.example", "domain:home.example") of at
 * most BLOCK_DOMAIN_LABELS labels. w is NULL before the message was read; sender is "" when there is none. The closest
 * key that is blocked decides. */
size_t block_keys(const struct who *w, struct str sender, struct arena *a, struct str out[BLOCK_KEYS_MAX]);

/* The key of a whole domain. */
struct str block_domain_key(struct str domain, struct arena *a);

/* What a blocked sender hears: at RCPT what everybody hears of an address that never was; after the message was read,
 * when that would be contradicted by the answer before, that it is not accepted. */
struct verdict block_refused(bool was_read);
struct verdict block_dropped(void);

#endif
