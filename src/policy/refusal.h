/* refusal.h - what the letter about a refused answer says of its cause. The letter is sealed, but its size is not: the
 * provider, who brings altered copies of a captured answer and sees letters come, would know by it how far each one got,
 * which the one sentence that the server says (reply.h) keeps from it. So it is of one size for every cause. Pure. */
#ifndef POLICY_REFUSAL_H
#define POLICY_REFUSAL_H

#include "base/buf.h"
#include "policy/reply.h"

enum { REFUSAL_BYTES = 2048, REFUSAL_WIDTH = 76 /* of a line */ };

/* Exactly REFUSAL_BYTES of CRLF lines of ASCII: the reason, the remedy, how to let it go, blank lines up to the size. kept: the
 * number under which the message is kept for kept_days, 0: it is not. Nothing else of the letter may depend on the cause. */
void refusal_print(enum reply_cause cause, int64_t kept, int kept_days, struct buf *out);

#endif
