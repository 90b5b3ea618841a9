/* quota.h - how much mail may come in: bounds of messages and bytes, by the hour and by the day. Pure. */
#ifndef POLICY_QUOTA_H
#define POLICY_QUOTA_H

#include "policy/alias.h"

enum quota_kind { MESSAGES_HOUR, MESSAGES_DAY, BYTES_HOUR, BYTES_DAY, QUOTA_KINDS };

enum { QUOTA_DEFAULT = 0, QUOTA_NONE = -1 }; /* of an own bound: the operator's holds; there is none */

/* Bounds, or what was used, by kind. A bound of 0 is none. */
struct quota {
	int64_t n[QUOTA_KINDS];
};

/* An own bound where there is one, else the operator's. */
struct quota quota_of(const struct quota *own, const struct quota *otherwise);
bool quota_is_bound(const struct quota *q);

/* One more message of `bytes` (0: not known yet). Past a bound the sender is to come again (452): nothing is lost. A
 * message that no empty hour or day could take will never fit: 552. */
struct verdict quota_judge(const struct quota *most, const struct quota *used, uint64_t bytes);

/* Is the sum, this one counted, past the bound? */
bool quota_past(uint64_t most, int64_t sum);

#endif
