#include "policy/size.h"

enum { LEAST = 8 * 1024, LARGE = 1024 * 1024, CLASSES = 4 };

/* Padmé keeps floor(log2(E)) + 1 bits below the highest, where 2^E is the highest: 5 of them up to 4 GiB, then 6. That is so many
 * times finer than two bits. */
static uint64_t finer(uint64_t bytes)
{
	return bytes < LARGE ? 1 : bytes >> 32 ? 16 : 8;
}

uint64_t size_class(uint64_t bytes)
{
	uint64_t step = LEAST / CLASSES;

	if (bytes <= LEAST)
		return LEAST;
	while (bytes / step >= 2 * CLASSES)
		step *= 2;
	step /= finer(bytes);
	return (bytes + step - 1) / step * step;
}
