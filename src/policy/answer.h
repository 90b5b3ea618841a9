/* answer.h - may a delivery report go to the sender of a message that was accepted and could not be delivered? Pure. */
#ifndef POLICY_ANSWER_H
#define POLICY_ANSWER_H

#include "base/str.h"

struct answer_facts {
	struct str sender; /* envelope; empty: the null sender */
	struct str client; /* its address in text */
	bool automatic;    /* Auto-Submitted, Precedence: bulk, a report: RFC 3834 2 */
	bool list;
	bool to_all; /* the operator's wish: delivery.dsn_to_all */
};

/* A sender whom nobody has authenticated may be forged, and a report would hit whoever was named (backscatter). Only a
 * server in front, on this machine, is taken at its word: it knows from whom it took the message. */
bool answer_may_go(const struct answer_facts *f);

#endif
