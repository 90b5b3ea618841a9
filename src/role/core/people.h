/* people.h - somebody to write to, whom a user names before they have written. */
#ifndef ROLE_CORE_PEOPLE_H
#define ROLE_CORE_PEOPLE_H

#include "policy/correspond.h"
#include "role/core/call.h"
#include "store/aliases.h"
#include "store/people.h"

struct meeting {
	struct correspondent person;
	bool known;        /* they were a correspondent before */
	size_t introduced; /* mailboxes that got a letter from the reverse address */
};

/* Of an alias; facts: from and from_name alone. FAIL_DENIED: not somebody outside, or blocked (arg "address"). Strings of *ret
 * live in the request's arena. */
MUST_CHECK int call_meet(struct request *c, const struct alias *al, const struct who_facts *facts,
                         struct meeting *ret, struct fail *f);

#endif
