/* reply_in.h - an answer under way, shared by reply.c, which leads it, reply_to.c (its recipients), reply_ring.c (its keys),
 * reply_decide.c (may it go?) and reply_plan.c (who gets what). */
#ifndef ROLE_CORE_REPLY_IN_H
#define ROLE_CORE_REPLY_IN_H

#include "role/core/reply.h"
#include "store/people.h"

/* One record holds all certificates and pins, another the four lists of a plan beside some short fields. */
enum {
	REPLY_PINS_MAX = 16,
	REPLY_CERTS_MAX = 100,
	REPLY_PINS_BYTES = 40 * 1024,
	REPLY_CERTS_BYTES = 96 * 1024,
	REPLY_LIST = IPC_RECORD_MAX / 5
};
_Static_assert(REPLY_PINS_BYTES + REPLY_CERTS_BYTES + CONF_DOMAINS_MAX * 256 < IPC_RECORD_MAX,
               "what an opening begins with fits into one record");

/* A key that may be lent: of one of the addresses that the message came to, under one of the user's profiles. */
struct reply_key {
	int64_t user, profile;
	struct str wrapped;
	bool lent;
};

struct reply {
	struct txn *txn;
	struct speaker to[OUTPUTS_MAX]; /* each reverse address once */
	size_t n_to;
	struct str rcpts; /* ipc list, as they came */
	struct alias alias;
	struct mailbox mailbox; /* of the envelope sender; of a pinned signature, once there is one */
	int64_t account;        /* 0: it came by a server */
	struct str
	        outside[OUTPUTS_MAX]; /* submission: recipients who have no reverse address here, each once */
	size_t n_outside;
	bool mixed;    /* addresses of several aliases */
	int64_t trial; /* a test letter is answered: its profile. It is told apart and dropped (trial.h) */

	struct reply_key keys[REPLY_CERTS_MAX];
	size_t n_keys;
	int64_t pins[REPLY_PINS_MAX]; /* the mailbox of each */
	size_t n_pins;

	struct timer *deadline;
	bool waiting; /* for a process to be free */
	bool running; /* one is counted for it */

	/* What was read. Strings live in the transaction's arena. */
	struct str signature_digest; /* empty: no registered one */
	struct str unsigned_digest;  /* what makes it the same without one */
	struct str own_id;           /* the message's, as its client made it */
	bool automatic, receipt;
	bool readable; /* signed, and came in clear */
	int64_t date_utc;
	struct buf map, names, own_names, ids;

	enum reply_cause released; /* REPLY_FINE: nothing is let go */
	release_fn *done;
	void *done_arg;
};

struct reply *reply_new(struct txn *t); /* t's from here on */

/* To its process: the certificates whose keys it may be lent, and the user's own. */
MUST_CHECK int reply_say_begin(struct reply *r, struct fail *f);

/* What is remembered of the facts; then the cause why it may not go, or REPLY_FINE. */
void reply_keep_facts(struct reply *r, const struct opened_facts *m);
MUST_CHECK int reply_decide(struct reply *r, const struct opened_facts *m, enum reply_cause *ret,
                            struct fail *f);

/* Who among the facts is whom: fills the maps, and what of `ret` depends on the recipients. FAIL_LIMIT. */
MUST_CHECK int reply_map(struct reply *r, const struct opened_facts *m, struct reply_facts *ret,
                         struct fail *f);

/* One output for each correspondent that has not had this answer yet; none: it was sent before. */
MUST_CHECK int reply_outputs(struct reply *r, struct fail *f);

/* The Message-ID that the world is told for one that a client of the user has made. */
struct str reply_told_id(struct reply *r, struct str original);

#endif
