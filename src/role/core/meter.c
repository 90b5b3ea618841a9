#include "role/core/meter.h"

const unsigned meter_bounds_ms[METER_BOUNDS] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000 };

void meter_took(struct meter *m, uint64_t ms)
{
	size_t i = 0;

	while (i < METER_BOUNDS && ms > meter_bounds_ms[i])
		i++;
	m->took[i]++;
	m->took_n++;
	m->took_ms += ms;
}
