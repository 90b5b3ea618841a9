/* expiry.h - what a user is to be told of an alias that ends: once in advance, and when it has ended. Pure. */
#ifndef POLICY_EXPIRY_H
#define POLICY_EXPIRY_H

#include <stdint.h>

/* In advance: this long before, or a quarter of the alias's life where that is less; a count when so few are left. */
enum { EXPIRY_LEAD_S = 7 * 86400, EXPIRY_LEAD_MESSAGES = 3 };

enum expiry_told { TOLD_DATE = 1, TOLD_IDLE = 2, TOLD_COUNT = 4, TOLD_END = 8 };

struct expiry_facts {
	int64_t created, last_used, used;
	int64_t expires_at; /* 0: never */
	int64_t idle_days;  /* 0: never */
	int64_t count_left; /* -1: unlimited */
	int64_t told;       /* enum expiry_told, so far */
};

enum expiry_what { EXPIRY_NOTHING, EXPIRY_SOON, EXPIRY_ENDED };

struct expiry {
	enum expiry_what what;
	enum expiry_told cause; /* the first one of TOLD_DATE, TOLD_IDLE, TOLD_COUNT that is so */
	int64_t at;             /* when it ends or has ended; 0 for a count */
	int64_t told;           /* once this is told */
};

struct expiry expiry_judge(const struct expiry_facts *a, int64_t now);

#endif
