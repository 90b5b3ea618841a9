/* hop.h - one connection to a next hop: greeting, TLS, login, one delivery after the other, and a while of
 * waiting for more. */
#ifndef ROLE_GATE_HOP_H
#define ROLE_GATE_HOP_H

#include "role/gate/route.h"

/* Begins to connect. It tells its route what becomes of that, but never from inside this call. in_clear: does
 * without TLS where the route allows that. The target is copied; */
struct hop *hop_new(struct route *r, const struct target *to, bool in_clear);
const struct target *
hop_target(const struct hop *h); /* this is the address that was given, to be compared alone */
/* Closes at once; a delivery that it holds is freed and not reported. Safe inside what it calls. */
void hop_free(struct hop *h);

bool hop_is_idle(const struct hop *h);
bool hop_is_spent(const struct hop *h); /* takes no further message */
/* There is work: an idle one asks route_next(). */
void hop_wake(struct hop *h);

/* Nobody waits for the result of what it does. false: not all of that message has been sent, so it is best freed. */
bool hop_forget(struct hop *h);

#endif
