#include "policy/quota.h"

struct quota quota_of(const struct quota *own, const struct quota *otherwise)
{
	struct quota q;

	for (size_t i = 0; i < QUOTA_KINDS; i++)
		q.n[i] = own->n[i] == QUOTA_DEFAULT ? otherwise->n[i]
		         : own->n[i] == QUOTA_NONE  ? 0
		                                    : own->n[i];
	return q;
}

bool quota_is_bound(const struct quota *q)
{
	for (size_t i = 0; i < QUOTA_KINDS; i++)
		if (q->n[i])
			return true;
	return false;
}

bool quota_past(uint64_t most, int64_t sum)
{
	return most && sum > 0 && (uint64_t)sum > most;
}

struct verdict quota_judge(const struct quota *most, const struct quota *used, uint64_t bytes)
{
	static const struct verdict fits = { VERDICT_ACCEPT, 250, "2.1.5", "ok", "ok" };
	static const struct verdict full = {
		VERDICT_REFUSE, 452, "4.2.2",
		"this address has taken as much mail as it may for now, please try again later", "quota"
	};
	static const struct verdict never = { VERDICT_REFUSE, 552, "5.2.3",
		                              "the message is larger than this address takes", "quota-size" };
	struct verdict v = fits;
	int64_t size = bytes > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)bytes;

	for (size_t i = 0; i < QUOTA_KINDS; i++) {
		int64_t one = i == BYTES_HOUR || i == BYTES_DAY ? size : 1, sum;

		if (!most->n[i])
			continue;
		if (one > most->n[i])
			return never;
		if (__builtin_add_overflow(used->n[i], one, &sum) || sum > most->n[i])
			v = full;
	}
	return v;
}
