/* verp.h - what stands in the envelope sender of a message that leaves: for whom it was (VERP_REPLY: from whom), and when. Pure; it is sealed by
 * crypto/ticket.h before anybody sees it. */
#ifndef POLICY_VERP_H
#define POLICY_VERP_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum verp_kind { VERP_FORWARD = 1, VERP_NOTICE, VERP_PROBE, VERP_REPLY };
enum { VERP_BYTES = 13, VERP_DAYS = 10 };

struct verp {
	int64_t mailbox; /* below 2^48 */
	int64_t day;     /* of UTC, below 2^16 */
	enum verp_kind kind;
	uint32_t salt; /* chance: no two look the same */
};

void verp_pack(const struct verp *v, struct buf *out); /* VERP_BYTES */
bool verp_unpack(struct str packed, struct verp *ret);
/* A report may come for so many days after the message went; what claims to be of tomorrow was never sent. */
bool verp_is_current(const struct verp *v, int64_t now_utc);

#endif
