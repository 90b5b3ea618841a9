/* clock.h - time for roles. Layers below role/ take time as an argument and never ask for it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_utc(void);      /* seconds since 1970 */
uint64_t clock_mono_ms(void); /* milliseconds, monotonic */

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

#endif
