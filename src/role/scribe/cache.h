/* cache.h - the few sender keys and users' certificates that a scribe keeps parsed, for one user and one minute: parsing costs
 * as much as a signature. */
#ifndef ROLE_SCRIBE_CACHE_H
#define ROLE_SCRIBE_CACHE_H

#include "crypto/cms.h"
#include "crypto/key.h"
#include "role/lent.h"

enum { CACHE_KEYS = LENT_KEYS, CACHE_CERTS = 16, CACHE_MS = LENT_MS };

struct cache {
	uint64_t user;
	uint64_t
	        turn; /* counts uses: what is put out for lack of room is what was used longest ago, and a millisecond is
			* long enough for several */
	struct {
		uint64_t id, used_ms, turn;
		struct key *key;
	} keys[CACHE_KEYS];
	struct {
		uint8_t digest[32];
		uint64_t used_ms, turn;
		struct cms_cert *cert;
	} certs[CACHE_CERTS];
};

/* Another user's keys are forgotten first. */
void cache_for_user(struct cache *c, uint64_t user);
/* What was not used for a minute is wiped. */
void cache_age(struct cache *c, uint64_t now_ms);

const struct key *cache_key(struct cache *c, uint64_t id, uint64_t now_ms);         /* NULL: not here */
void cache_put_key(struct cache *c, uint64_t id, struct key *key, uint64_t now_ms); /* takes it */
/* Parsed when not here; the cache's own, there until CACHE_CERTS others were asked for. */
MUST_CHECK int cache_cert(struct cache *c, struct str der, uint64_t now_ms, const struct cms_cert **ret,
                          struct fail *f);

#endif
