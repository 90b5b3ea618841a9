/* trials.h - the test letters of profiles: from which address one was sent, and how it was answered (policy/trial.h). */
#ifndef STORE_TRIALS_H
#define STORE_TRIALS_H

#include "store/store.h"

struct trial {
	int64_t profile;
	int64_t reverse;  /* 0: none, or it has gone */
	int64_t sent;     /* 0: not yet */
	int64_t answer;   /* enum trial_answer */
	int64_t answered; /* when; 0: not yet */
};

MUST_CHECK int trial_get(struct store *st, int64_t profile, struct trial *ret,
                         struct fail *f); /* FAIL_ABSENT */
/* A new one, in the place of an older one of that profile. */
MUST_CHECK int trial_put(struct store *st, const struct trial *t, struct fail *f);

/* Letters of a user in this hour: adds one, tells the sum. */
MUST_CHECK int trial_count(struct store *st, int64_t user, int64_t now, int64_t *ret_sum, struct fail *f);

/* The address lives in `reverse` as REVERSE_TEST: so are the rows of those that nobody may answer any more found. */
#define TRIAL_TABLES                                                                                         \
	"CREATE TABLE trial (profile INTEGER PRIMARY KEY REFERENCES profile ON DELETE CASCADE,"              \
	" reverse INTEGER REFERENCES reverse ON DELETE SET NULL, sent INTEGER NOT NULL,"                     \
	" answer INTEGER NOT NULL, answered INTEGER NOT NULL);"                                              \
	"CREATE INDEX trial_reverse ON trial (reverse);"                                                     \
	"CREATE INDEX reverse_test ON reverse (created) WHERE use = 4;"
#define TRIAL_GONE                                                                                           \
	"DELETE FROM reverse WHERE id IN (SELECT r.id FROM reverse r WHERE r.use = 4 AND r.created < ?1"     \
	" AND NOT EXISTS (SELECT 1 FROM trial t WHERE t.reverse = r.id AND t.sent >= ?1) LIMIT ?2)"

#endif
