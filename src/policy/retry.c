#include "policy/retry.h"

enum { FALLBACK_S = 900 };

int64_t retry_at(const uint32_t *waits_s, size_t n, int64_t tries, int64_t now, uint16_t dice)
{
	size_t at = tries < 0 ? 0 : (uint64_t)tries >= n ? n - 1 : (size_t)tries;
	int64_t wait = n ? waits_s[at] : FALLBACK_S;
	int64_t spread = wait / 5;

	return now + wait - spread / 2 + (spread ? dice % (spread + 1) : 0);
}
