/* notices.h - every kind of letter that the relay itself writes to its users, in one table; all go the sealed road. */
#ifndef ROLE_CORE_NOTICES_H
#define ROLE_CORE_NOTICES_H

#include "role/core/txn.h"

enum notice_kind {
	NOTICE_PROFILE_ENDS,
	NOTICE_ALIASES_END,
	NOTICE_PAUSED,
	NOTICE_WORKS_AGAIN,
	NOTICE_LOST,
	NOTICE_REPLY_HELD,
	NOTICE_REPLY_FAILED,
	NOTICE_REPLY_READABLE,
	NOTICE_VERIFY,
	NOTICE_DOMAIN,
	NOTICE_KINDS
};

struct notice_row {
	const char *word;    /* for the log */
	const char *subject; /* says what it is about, and nothing of whom: a provider reads it */
	const char *
	        ends; /* what it means and what to do; what happened stands before it, written by the caller */
	enum verp_kind verp;
};
const struct notice_row *notice_row(enum notice_kind kind);

/* Seals `happened` and the row's own text for a mailbox. `kept` may be NULL: called with `arg` in the group that keeps it.
 * FAIL_ABSENT: it can be neither sealed (no profile, or one that has ended) nor does the mailbox accept clear mail: nothing
 * is written then, ever (promise 1). */
MUST_CHECK int notice_send(struct core *c, enum notice_kind kind, const struct mailbox *to,
                           struct str happened, kept_fn *kept, struct str arg, struct fail *f);

/* The same, in one group with the end of a queue's item that it tells of. */
MUST_CHECK int notice_of_end(struct core *c, enum notice_kind kind, const struct mailbox *to,
                             struct str happened, int64_t item, struct fail *f);

/* For the text: "  name:     value" unless it is empty; and what another server said, of which no line of ours ends. */
void notice_line(struct buf *out, const char *name, struct str value);
void notice_words(struct buf *out, struct str status, struct str note);

/* Where a letter to a user goes: to mailbox `first` where it can be sealed for and is not paused, else to another such one.
 * Strings live in the arena. FAIL_ABSENT: there is none. */
MUST_CHECK int notice_mailbox(struct core *c, int64_t user, int64_t first, struct arena *a,
                              struct mailbox *ret, struct fail *f);

/* The code that shows whose a mailbox is: the one letter that goes to one that is not verified, and in clear where no profile
 * is active. `happened` has the code. */
MUST_CHECK int notice_verify(struct core *c, const struct mailbox *to, struct str happened, struct fail *f);

/* Can a letter be sent there today? */
bool notice_reaches(struct core *c, const struct mailbox *m);

#endif
