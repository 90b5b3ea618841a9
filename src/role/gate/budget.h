/* budget.h - what all sessions together may take: connections at once, connections of one client, bytes of messages
 * that came in and are not stored yet. */
#ifndef ROLE_GATE_BUDGET_H
#define ROLE_GATE_BUDGET_H

#include "sys/sock.h"

#include <stdbool.h>
#include <stdint.h>

struct budget_limits {
	uint64_t bytes;
	unsigned sessions, per_client;
};

struct budget;
struct budget_client; /* one address; for IPv6 one /64, which is what one customer has */

struct budget *budget_new(const struct budget_limits *limits);
/* Other bounds for those who come from now on. */
void budget_limit(struct budget *b, unsigned sessions, unsigned per_client);
void budget_free(struct budget *b); /* accepts NULL; everything was given back before */

/* One more connection. When it is entered *ret_client is to be given back by budget_leave. */
enum budget_verdict { BUDGET_ENTERED, BUDGET_FULL, BUDGET_CLIENT_FULL };
enum budget_verdict budget_enter(struct budget *b, const struct endpoint *who,
                                 struct budget_client **ret_client);
void budget_leave(struct budget *b, struct budget_client *c);

/* false, and nothing taken, when there is not so much left. */
bool budget_take(struct budget *b, uint64_t bytes);
void budget_give(struct budget *b, uint64_t bytes);
uint64_t budget_left(const struct budget *b);
unsigned budget_sessions(const struct budget *b);

#endif
