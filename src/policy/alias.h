/* alias.h - may mail for this alias come in? Pure: facts and a time in, a verdict out. */
#ifndef POLICY_ALIAS_H
#define POLICY_ALIAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum alias_gate { GATE_ON = 1, GATE_OFF_DROP, GATE_OFF_REJECT };

struct alias_box {
	bool has_profile;
	int64_t profile_not_after; /* UTC seconds */
	bool clear_ok; /* its user accepts rewritten clear mail while there is no active profile */
};

struct alias_facts {
	enum alias_gate state;
	int64_t created, last_used;
	int64_t expires_at; /* 0: never */
	int64_t idle_days;  /* 0: never */
	int64_t count_left; /* -1: unlimited */
	const struct alias_box *boxes;
	size_t n_boxes;
};

enum verdict_kind { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REFUSE };

struct verdict {
	enum verdict_kind kind;
	int smtp;
	const char *enhanced, *sentence; /* static */
	const char *why;                 /* for the log: a word */
};

/* What is unknown, off or expired gets one and the same answer: nobody learns that an address once was. A mailbox that
 * cannot be sealed for fails the whole alias closed (promise 1): 450 for defer_days after a profile's end, 550
 * after that and when there never was one. */
struct verdict alias_judge(const struct alias_facts *a, int64_t now, uint32_t defer_days);
struct verdict alias_unknown(void);

#endif
