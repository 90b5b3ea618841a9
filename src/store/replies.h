/* replies.h - what is remembered of answers, so that none goes twice and a report about one finds its user. */
#ifndef STORE_REPLIES_H
#define STORE_REPLIES_H

#include "store/store.h"

/* Signatures that have spoken, for 30 days (policy/reply.h): which message carried one. Digests are hashed with the store's
 * key here; another value for a signature that is known already is not taken. FAIL_ABSENT: it is new. */
MUST_CHECK int spoke_find(struct store *st, struct str signature, struct arena *a, struct str *ret_message,
                          struct fail *f);
MUST_CHECK int spoke_add(struct store *st, struct str signature, struct str message, int64_t now,
                         struct fail *f);

/* What was sent on, for 30 days: digest (of a message or of its signature) at a reverse address, and under which mid.
 * FAIL_ABSENT: it was not. */
MUST_CHECK int answered_find(struct store *st, struct str digest, struct str reverse, struct arena *a,
                             struct str *ret_mid, struct fail *f);
MUST_CHECK int answered_add(struct store *st, struct str digest, struct str reverse, struct str mid,
                            int64_t now, struct fail *f);

/* Envelope senders of answers, for as long as they are good (policy/verp.h): whose, and to whom. token: packed. */
struct sent {
	int64_t mailbox, correspondent, at;
	/* when read: */
	int64_t user;
	struct str address, name; /* of the correspondent; may be empty */
	struct str alias;
};
MUST_CHECK int sent_add(struct store *st, struct str token, const struct sent *s, struct fail *f);
MUST_CHECK int sent_find(struct store *st, struct str token, struct arena *a, struct sent *ret,
                         struct fail *f);                                       /* FAIL_ABSENT */
MUST_CHECK int sent_forget(struct store *st, struct str token, struct fail *f); /* its user was told */

#endif
