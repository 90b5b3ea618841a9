/* Law: what is read of an envelope sender's token is written again as the same bytes, and is current on no day but those after it. */
#include "policy/verp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(buf) again = BUF(64);
	struct verp v;

	if (!verp_unpack(str_of(p, n), &v))
		return 0;
	verp_pack(&v, &again);
	if (!str_eq(buf_str(&again), str_of(p, n)) || v.kind < VERP_FORWARD || v.kind > VERP_REPLY)
		abort();
	if (verp_is_current(&v, (v.day - 2) * 86400) ||
	    verp_is_current(&v, (v.day + VERP_DAYS + 2) * 86400) || !verp_is_current(&v, v.day * 86400))
		abort();
	return 0;
}
