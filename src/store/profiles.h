/* profiles.h - sets of encryption keys of a mailbox, the certificates made under them, and keys made ahead. */
#ifndef STORE_PROFILES_H
#define STORE_PROFILES_H

#include "store/store.h"

enum profile_state { PROFILE_PENDING = 1, PROFILE_ISSUED, PROFILE_ACTIVE, PROFILE_INACTIVE };

struct profile {
	int64_t id, user, mailbox, created;
	enum profile_state state;
	int64_t cipher;                           /* enum cms_cipher */
	int64_t sender_alg;                       /* enum key_alg */
	struct str root, intermediate, user_cert; /* DER; may be empty while pending */
	struct str wrapped_ca, intermediate_spki;
	struct str root_cn, intermediate_cn;
	struct str domains; /* ipc list */
	bool critical;
	int64_t not_before, not_after;
	int64_t reminded;           /* days before the end of the last reminder, 0: none yet */
	int64_t certificates, pool; /* counts, when listed */
};

MUST_CHECK int profile_add(struct store *st, const struct profile *p, int64_t *ret_id, struct fail *f);
MUST_CHECK int profile_get(struct store *st, int64_t id, struct arena *a, struct profile *ret,
                           struct fail *f);
/* What the wizard learns step by step: certificates, wrapped key, names, state. */
MUST_CHECK int profile_update(struct store *st, const struct profile *p, struct fail *f);
/* The mailbox's other active profile becomes inactive. */
MUST_CHECK int profile_activate(struct store *st, int64_t id, struct fail *f);
MUST_CHECK int profile_deactivate(struct store *st, int64_t id, struct fail *f);
MUST_CHECK int profile_reminded(struct store *st, int64_t id, int64_t days, struct fail *f);
MUST_CHECK int profile_delete(struct store *st, int64_t id, struct fail *f); /* then store_scrub() */
/* mailbox 0: all */
MUST_CHECK int profile_each(struct store *st, int64_t mailbox,
                            int (*fn)(void *arg, const struct profile *p, struct fail *f), void *arg,
                            struct fail *f);

struct sender_cert {
	int64_t id; /* also the id of its key */
	int64_t reverse, profile, not_after;
	struct str cert;    /* DER */
	struct str wrapped; /* leaf key */
};

MUST_CHECK int sender_cert_add(struct store *st, const struct sender_cert *c, int64_t *ret_id,
                               struct fail *f);
MUST_CHECK int sender_cert_find(struct store *st, int64_t reverse, int64_t profile, struct arena *a,
                                struct sender_cert *ret, struct fail *f);
/* Of a reverse address under every profile; user: whose. */
MUST_CHECK int sender_cert_each(struct store *st, int64_t reverse,
                                int (*fn)(void *arg, const struct sender_cert *c, int64_t user,
                                          struct fail *f),
                                void *arg, struct fail *f);
MUST_CHECK int sender_cert_delete(struct store *st, int64_t id, struct fail *f);
/* How many are ready in the pool of a profile; FAIL_ABSENT: it is not active. */
MUST_CHECK int pool_count(struct store *st, int64_t profile, int64_t *ret, struct fail *f);
/* Looks at the pools of POOL_LOOK active profiles with numbers above `at`, not at all of them: there may be thousands, and nothing
 * else happens meanwhile. The emptiest of those below `wanted` that were not passed over; or FAIL_ABSENT, and `at` is where to go on,
 * 0 after the last. */
enum { POOL_LOOK = 32 };
struct pool_look {
	int64_t at, passed[POOL_LOOK];
	size_t n_passed;
};
MUST_CHECK int pool_hungry(struct store *st, int64_t wanted, struct pool_look *l, int64_t *ret_profile,
                           struct fail *f);
/* Nothing can be made for that one now: the others of this look, above it and below, do not wait for it. */
void pool_pass(struct pool_look *l, int64_t profile);

MUST_CHECK int spare_add(struct store *st, int64_t alg, struct str wrapped, struct fail *f);
MUST_CHECK int spare_take(struct store *st, int64_t alg, struct arena *a, struct str *ret_wrapped,
                          struct fail *f);
MUST_CHECK int spare_count(struct store *st, int64_t alg, int64_t *ret, struct fail *f);

#endif
