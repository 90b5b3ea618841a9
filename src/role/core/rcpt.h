/* rcpt.h - what is known of one recipient, and the verdict of policy/alias.h on it. */
#ifndef ROLE_CORE_RCPT_H
#define ROLE_CORE_RCPT_H

#include "policy/alias.h"
#include "policy/verp.h"
#include "role/core/core.h"
#include "store/aliases.h"
#include "store/domains.h"
#include "store/people.h"

struct rcpt {
	struct alias alias; /* id 0: none, or one that the catch-all of its domain would make */
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	size_t n_boxes;
	struct verdict verdict;
	struct verp report; /* an envelope sender of ours: about whose mail; mailbox 0: it is none */
	bool outside;       /* submission: somebody who has no address here */
	struct speaker out; /* a reverse address, and who writes to it; correspondent 0: it is none */
};

/* size: of the message, as far as it is known. account: the mailbox that has logged in, 0: none. address as the gate sends it; strings of *ret live in the arena. FAIL_SYS when the store fails. */
MUST_CHECK int rcpt_look(struct core *c, struct str sender, struct str address, uint64_t size,
                         uint64_t account, struct arena *a, struct rcpt *ret, struct fail *f);

/* Is it one of the operator's? domain: lower case. */
bool rcpt_is_relay_domain(const struct core *c, struct str domain);

/* The canonical key of an address in text; itself when it cannot be read. */
struct str rcpt_key(struct str address, struct arena *a);

/* An address that this relay made: mail that comes from one has come round. */
bool rcpt_is_ours(struct core *c, struct str key);

void rcpt_asked(void *core, const void *msg, struct ipc_fds *fds); /* IPC_rcpt_ask */

#endif
