/* bound.h - how often something may be tried in a while, of many somethings in bounded memory. Pure: time is an argument, and the
 * table is the caller's. */
#ifndef POLICY_BOUND_H
#define POLICY_BOUND_H

#include "base/buf.h"

enum { BOUND_ROWS = 4096, BOUND_KEY = 16, BOUND_NET = 8 };

struct bound {
	unsigned most; /* tries */
	int64_t in_s;  /* from the first one on */
};

/* All zero: empty. One table for one kind of thing, so that many of the one kind push out nothing of another. */
struct bound_table {
	struct bound_row {
		uint8_t key[BOUND_KEY];
		int64_t since;
		unsigned n; /* 0: a free row */
	} rows[BOUND_ROWS];
};

/* It has been tried as often as it may. Changes nothing. */
bool bound_reached(const struct bound_table *t, const struct bound *b, const uint8_t key[static BOUND_KEY],
                   int64_t now);
/* One more. In a full table the row that was tried least makes room, of those the oldest: whoever wants a count forgotten has to
 * bring BOUND_ROWS others as far first. */
void bound_count(struct bound_table *t, const struct bound *b, const uint8_t key[static BOUND_KEY],
                 int64_t now);
void bound_forget(struct bound_table *t, const uint8_t key[static BOUND_KEY]);

/* What counts as one client: an IPv4 address (also mapped into IPv6), or the /64 of an IPv6 one, for whoever has one address of
 * those has them all. Says how many bytes of ret it is; what is no address is cut. */
size_t bound_net(struct str client, uint8_t ret[static BOUND_NET]);

#endif
