/* spool.h - one message on its way in: memory without a path, paid from the budget as the bytes come, sealed when
 * the last one is there. Nothing is added to what the sender sent. */
#ifndef ROLE_GATE_SPOOL_H
#define ROLE_GATE_SPOOL_H

#include "base/str.h"
#include "role/gate/deposit.h"

struct spool {
	struct budget *budget;
	int fd;  /* -1: closed */
	int tie; /* of a long one that is sealed, which goes with fd; -1: none */
	uint64_t n, paid;
};

#define SPOOL_NONE ((struct spool){ .fd = -1, .tie = -1 })

/* FAIL_AGAIN: the budget is spent, or has not `declared` bytes (0: not said) left; FAIL_SYS. Declared bytes are not
 * set apart: a promise to send much would then keep others out for nothing. */
MUST_CHECK int spool_open(struct spool *s, struct budget *b, uint64_t declared, struct fail *f);
/* FAIL_AGAIN: the budget is spent; FAIL_SYS. The message is lost then, and its memory already given back. */
MUST_CHECK int spool_add(struct spool *s, struct str bytes, struct fail *f);
/* What a long one has paid is a deposit from here on. */
MUST_CHECK int spool_seal(struct spool *s, struct deposits *all, struct fail *f);
/* Closes our descriptors; what was paid stays paid, for whoever else got the message holds the memory. */
void spool_forget(struct spool *s);
/* Gives everything back that is no deposit; closed already is fine. */
void spool_close(struct spool *s);

#endif
