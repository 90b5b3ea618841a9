/* reply.h - an answer of a user: opened and scrubbed by a process that is there for it alone, stored, and only then answered
 * 250. What may not go is refused at SMTP time, and its user is told why (held.h). */
#ifndef ROLE_CORE_REPLY_H
#define ROLE_CORE_REPLY_H

#include "policy/reply.h"
#include "role/core/txn.h"

/* An answer that was not let out. */
struct refusal {
	int64_t user, mailbox, alias;
	struct str alias_address;
	struct str sender; /* envelope, as it came */
	struct str rcpts;  /* ipc list: the addresses that it came to */
	int64_t account;   /* of a submission (its app password); 0: it came by a server */
	enum reply_cause cause;
	int64_t at;
	const char *mid;
	int fd;  /* the message as it came, sealed memory; the caller's */
	int tie; /* of it, -1: it has none */
	uint64_t size;
};

/* From txn.c. A recipient that is a reverse address makes t an answer; rcpts: all of them, as they came. */
MUST_CHECK int reply_add_recipient(struct txn *t, const struct speaker *s, struct fail *f);
/* The address that a test letter came from: t is an answer to it, and to nothing else. */
MUST_CHECK int reply_add_trial(struct txn *t, const struct speaker *s, struct fail *f);
/* Submission alone: anybody outside. */
MUST_CHECK int reply_add_outside(struct txn *t, struct str address, struct fail *f);
/* account: the mailbox whose user has logged in; 0: it came by a server. */
MUST_CHECK int reply_begin(struct txn *t, struct str rcpts, int64_t account, struct fail *f);
/* It is answered, whichever way; then it ends. */
void reply_ended(struct reply *r, int smtp, const char *sentence);
void reply_free(struct reply *r);
/* Has this answer gone to that address before? Asked again when it is kept: the same one may have been written beside it. */
MUST_CHECK int reply_went(struct reply *r, struct str reverse, bool *ret, struct fail *f);
/* In the open group, beside its outputs. */
MUST_CHECK int reply_note(struct reply *r, struct fail *f);
/* Once all of it is in the group: what its user is told of it. */
void reply_kept(struct reply *r);
/* Is it an answer for which no process is free yet? */
bool reply_waits(const struct txn *t);
/* RFC 3834 3.3: an automatic answer has the null sender. */
bool reply_is_automatic(const struct reply *r);

/* Called once: OK when it is durable, else a FAIL_* with a sentence for a person. */
typedef void release_fn(void *arg, int code, const char *why);

/* Its user has let it go: the same road once more, without what its cause stands for; everything else is judged anew. */
MUST_CHECK int reply_release(struct core *c, const struct refusal *r, release_fn *done, void *arg,
                             struct fail *f);

#endif
