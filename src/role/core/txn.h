/* txn.h - one message on its way in: scanned, planned, sealed once a mailbox, stored, and only then answered. The relay's
 * own notices and DSNs go the same road. */
#ifndef ROLE_CORE_TXN_H
#define ROLE_CORE_TXN_H

#include "policy/correspond.h"
#include "role/core/core.h"
#include "role/core/rcpt.h"
#include "store/people.h"
#include "store/profiles.h"
#include "store/queue.h"
#include "store/segment.h"
#include "store/users.h"

enum txn_origin { TXN_MAIL, TXN_NOTICE, TXN_DSN, TXN_REPORT, TXN_REPLY, TXN_HELD, TXN_INTRO };
enum { OUTPUTS_FEW = 2, OUTPUTS_MAX = 64, MID_SIZE = 26, OWN_FILE_BYTES = 384 * 1024 };

struct txn;
struct reply;

/* One copy, for one mailbox. Strings live in the transaction's arena. */
struct output {
	struct txn *txn;
	uint32_t index;
	struct alias alias;
	struct alias_mailbox box;
	struct profile profile; /* id 0: rewritten clear mail, or as it is */
	uint32_t mode;          /* enum seal_mode */
	struct str from, display;
	struct sender_cert cert;
	struct buf map, own, ids, carried; /* ipc lists */
	size_t certs_awaited;
	int failed; /* of a certificate */
	bool asked, sealed;
	int64_t file; /* 0: the body comes as a memfd */
	int fd;       /* of the file, or of the memfd when sealed */
	struct body body;
	uint32_t flags;
	int64_t correspondent; /* who wrote it, or gets it */
	/* TXN_REPLY */
	struct str rcpt, reverse;
	uint32_t removed; /* what the scrubber took out */
	bool dropped;     /* it went before: nothing of it is kept */
};

/* Called in the group that keeps a notice: what is remembered of it stands or falls with it. */
typedef int kept_fn(struct core *c, struct str arg, struct fail *f);

struct txn_facts {
	struct who who;
	struct str message_id, digest;
	struct str others; /* ipc list of pairs */
	struct str refs;   /* ipc list */
	uint32_t received, flags;
};

struct txn {
	struct txn *next, **at;  /* at: what points here, in the list that it is in */
	struct ids_place by_job; /* while a scribe may speak of it */
	struct core *core;
	enum txn_origin origin;
	struct arena arena;
	uint64_t job, session;
	uint32_t seq;
	struct peer *scribe;
	unsigned slot;      /* which one's, from 1, while it counts as at work there (line.h) */
	bool waits;         /* for one, */
	struct txn *behind; /* before this one */
	int fd;             /* the message, sealed memory; -1 again when it is needed no more */
	int tie;            /* of its memory (sys/memfd.h), -1: it has none */
	uint64_t size;
	int64_t arrived;
	uint64_t began_ms;
	uint64_t asked_ms; /* when its scribe was asked last */
	struct str sender; /* envelope, as it came */
	char mid[MID_SIZE + 1];
	struct txn_facts facts;
	struct output *outputs;
	size_t n_outputs, n_sealed, outputs_room;
	uint64_t first_group; /* of the store, in which something of ours stands */
	bool planned;
	struct str rcpt, subject; /* a notice or DSN: to whom */
	int64_t gives_up;         /* a DSN: the queue item that ends with it */
	kept_fn *kept;            /* a notice */
	struct str kept_arg;
	int64_t user;
	struct str client;  /* address of who brought it */
	uint64_t account;   /* the mailbox that logged in to bring it, 0: none */
	struct verp report; /* TXN_REPORT: about whose mail */
	enum verp_kind verp;
	void (*ended)(void *arg, int code, const char *why); /* OK: it is durable; may be NULL */
	void *ended_arg;
	struct reply *reply;        /* TXN_REPLY (reply_in.h) */
	int64_t held;               /* TXN_HELD: the row that the message is kept for */
	struct correspondent about; /* TXN_INTRO */
};

/* From the roads (core.c). */
void txn_asked(void *core, const void *msg, struct ipc_fds *fds);
void txn_scanned(void *core, const void *msg, struct ipc_fds *fds);
void txn_need_key(void *core, const void *msg, struct ipc_fds *fds);
void txn_sealed(void *core, const void *msg, struct ipc_fds *fds);
void txns_gate_gone(struct core *c);
void txns_scribe_gone(struct core *c, const struct peer *scribe);
/* The group was kept (OK) or lost: whoever waits for it is answered. */
void txns_committed(struct core *c, struct txn *waiting, int result);
/* It was taken off the list of those under way, and is lost. */
void txn_not_kept(struct txn *t, int code, const char *why);

/* A message of the relay itself, text with CRLF lines, sealed for a mailbox; clear only where it accepts that (notices.h
 * has them all, and is how they are sent). kept: see kept_fn; may be NULL. ends: the item of the queue that is given up
 * in the same group; 0: none. */
MUST_CHECK int txn_notice(struct core *c, const struct mailbox *to, enum verp_kind verp, struct str subject,
                          struct str text, kept_fn *kept, struct str arg, int64_t ends, struct fail *f);
/* The header of a letter of the relay itself. automatic: no answer is wanted, and clients offer none (RFC 3834 5). */
void letter_head(const struct txn *t, struct str to, struct str subject, bool automatic, struct buf *out);
/* Tells the sender of an item that it was given up, in one group with its end. */
MUST_CHECK int txn_dsn(struct core *c, const struct queue_item *i, struct str status);

/* output.c: a large one is written into a file of its own, for which the flag SEAL_TO_FILE stands in the question. */
uint32_t output_to_file(const struct output *o); /* SEAL_TO_FILE or 0 */
/* Sends the question for it to who writes it (t->scribe), with its file where it has one. */
MUST_CHECK int output_ask(struct output *o, enum ipc_tag tag, const void *question, struct fail *f);

/* What came of it: a memory file of the length that is told, unless it has a file of its own. FAIL_BUG for anything else,
 * and for more than such a message can become: nobody fills the disk, or keeps us reading, by what he says. */
MUST_CHECK int output_take(struct output *o, struct ipc_fds *fds, uint64_t stored, struct fail *f);

/* What was done for it becomes durable with the open group; then it is answered 250. */
void txn_keep(struct txn *t);

/* plan.c: fills the outputs from the facts; certificates may come later, then plan_ready() is true at last. */
MUST_CHECK int plan_outputs(struct txn *t, struct fail *f);
void plan_cert_came(struct output *o); /* in txn.c: certs_awaited has fallen */

/* txn_keep.c: the rows and bodies of its outputs, in the open group. On failure nothing of them is left in it. */
MUST_CHECK int txn_keep_rows(struct txn *t, struct fail *f);

/* txn.c, for plan.c and notice.c */
struct txn *txn_new(struct core *c, enum txn_origin origin);
struct output *txn_add_output(struct txn *t);
MUST_CHECK int txn_start(struct txn *t, struct fail *f); /* gives the message to a scribe */
struct peer *txn_scribe_of(const struct core *c, int64_t user, unsigned *ret_at); /* NULL: none is there */
/* By what the failure is: the table of base/fail.h is all that the world hears. */
void txn_fail_by(struct txn *t, int code, const char *why);
void txn_fail(struct txn *t, int smtp, const char *enhanced, const char *sentence, const char *why);
void txn_swallow(struct txn *t); /* 250, and nothing is kept */
void txn_touch(struct txn *t);   /* something of ours stands in the open group */

#endif
