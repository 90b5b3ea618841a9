#include "policy/size.h"

enum { LEAST = 8 * 1024, LARGE = 1024 * 1024 };

static unsigned log2_of(uint64_t n)
{
	unsigned bits = 0;

	while (n >>= 1)
		bits++;
	return bits;
}

uint64_t size_class(uint64_t bytes)
{
	unsigned e = log2_of(bytes);
	uint64_t step;

	if (bytes <= LEAST)
		return LEAST;
	step = UINT64_C(1) << (bytes < LARGE ? e - 2 : e - log2_of(e) - 1);
	return (bytes + step - 1) / step * step;
}
