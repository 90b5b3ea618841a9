#include "base/clock.h"

#include <time.h>

int64_t clock_utc(void)
{
	return (int64_t)time(NULL);
}

uint64_t clock_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}
