/* names.h - what DNS says of a domain that a user has named, for core to judge. */
#ifndef ROLE_GATE_NAMES_H
#define ROLE_GATE_NAMES_H

#include "role/gate/gate.h"

/* Answered by NAMES_ANSWER within ten seconds; FAIL_AGAIN when too many are under way, or nobody can be asked. */
void names_ask(struct gate *g, const struct names_ask *m);
/* Whoever asked is gone: all of them. */
void names_forget(struct gate *g);

#endif
