/* meter.h - what core counts of its own work, for whoever asks by `postern stat`. Nothing of it names anybody. */
#ifndef ROLE_CORE_METER_H
#define ROLE_CORE_METER_H

#include "ipc/schema.h"

enum { METER_BOUNDS = 11 };

/* Upper bounds in milliseconds of the histogram's classes; the last class has none. */
extern const unsigned meter_bounds_ms[METER_BOUNDS];

struct meter {
	uint64_t bytes_in;                     /* of accepted messages */
	uint64_t groups, grouped, groups_lost; /* commits, messages answered by them, commits that failed */
	/* From a whole message to the answer that it is durable. */
	uint64_t took[METER_BOUNDS + 1], took_n, took_ms;
	struct gate_facts gate; /* as it said last */
};

void meter_took(struct meter *m, uint64_t ms);

#endif
