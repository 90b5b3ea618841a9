/* sessions.h - who may ask in a user's name: signed-in browsers and API keys, each found by the keyed hash of its token. */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "store/store.h"

enum { SESSION_IDLE_S = 14 * 86400, SESSION_LIFE_S = 90 * 86400 };

enum session_kind { SESSION_PERSON = 1, SESSION_KEY };

struct session {
	int64_t id, user, scopes, created, last_used;
	int64_t expires; /* 0: never */
	enum session_kind kind;
	struct str label; /* what the browser calls itself, or a key's name */
};

MUST_CHECK int session_add(struct store *st, struct str token, const struct session *s, int64_t *ret_id,
                           struct fail *f);
/* FAIL_ABSENT: unknown, ended, or idle for longer than idle_s (of a person's alone). Tells nothing of its label. */
MUST_CHECK int session_find(struct store *st, struct str token, int64_t now, int64_t idle_s,
                            struct session *ret, struct fail *f);
MUST_CHECK int session_used(struct store *st, int64_t id, int64_t now, struct fail *f);
/* One of this user's and kind; FAIL_ABSENT. */
MUST_CHECK int session_end(struct store *st, int64_t user, enum session_kind kind, int64_t id,
                           struct fail *f);
/* All of this kind but one. */
MUST_CHECK int session_end_others(struct store *st, int64_t user, enum session_kind kind, int64_t but,
                                  struct fail *f);
/* Leaves the n that were used last. */
MUST_CHECK int session_keep(struct store *st, int64_t user, enum session_kind kind, int64_t n,
                            struct fail *f);
MUST_CHECK int session_count(struct store *st, int64_t user, enum session_kind kind, int64_t *ret,
                             struct fail *f);
MUST_CHECK int session_each(struct store *st, int64_t user, enum session_kind kind, int64_t now,
                            int (*fn)(void *arg, const struct session *s, struct fail *f), void *arg,
                            struct fail *f);
/* Those that have expired, and invitations too. */
MUST_CHECK int session_purge(struct store *st, int64_t now, int64_t idle_s, struct fail *f);

#endif
