/* spent.h - what is good once, and was used: remembered for as long as it would be good otherwise. Pure; bounded memory, in which
 * nothing is forgotten early. */
#ifndef POLICY_SPENT_H
#define POLICY_SPENT_H

#include <stdbool.h>
#include <stdint.h>

enum { SPENT_ROWS = 8192, SPENT_KEY = 16 };

/* All zero: nothing was used yet. Everything in it is good for the same time, so what came first ends first. */
struct spent {
	struct spent_row {
		uint8_t key[SPENT_KEY];
		int64_t until; /* 0: a free row */
	} rows[SPENT_ROWS];
	unsigned next;
};

bool spent_is(const struct spent *s, const uint8_t key[static SPENT_KEY], int64_t now);
/* false: no row has ended yet, and it is not remembered: whoever asks is to come again. */
bool spent_add(struct spent *s, const uint8_t key[static SPENT_KEY], int64_t until, int64_t now);

#endif
