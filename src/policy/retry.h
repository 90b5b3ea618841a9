/* retry.h - when a message that could not be delivered is tried again. */
#ifndef POLICY_RETRY_H
#define POLICY_RETRY_H

#include <stddef.h>
#include <stdint.h>

/* now + the wait after `tries` failed tries before this one (the last of the schedule repeats), spread by up to a tenth either way
 * by `dice` (any 16 bits), so that what failed together does not come back together. */
int64_t retry_at(const uint32_t *waits_s, size_t n, int64_t tries, int64_t now, uint16_t dice);

#endif
