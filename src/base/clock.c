#include "base/clock.h"

#include <time.h>

#ifdef POSTERN_TESTHOOKS
#include "base/str.h"

#include <stdlib.h>

/* A test build can be told that it is later than it is: what ends after days is seen to end. */
static int64_t ahead_s(void)
{
	uint64_t s;

	return str_u64(str_c(getenv("POSTERN_CLOCK_AHEAD")), &s) ? (int64_t)s : 0;
}
#else
static int64_t ahead_s(void)
{
	return 0;
}
#endif

int64_t clock_utc(void)
{
	return (int64_t)time(NULL) + ahead_s();
}

uint64_t clock_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}
