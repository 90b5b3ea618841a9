/* foyer.h - connections that a proxy passes on: each waits here until its header has said whose it is (proto/proxy.h),
 * and becomes a session then, with that address. */
#ifndef ROLE_GATE_FOYER_H
#define ROLE_GATE_FOYER_H

#include "role/gate/gate.h"

struct foyer *foyer_new(struct gate *g);
void foyer_free(struct foyer *f); /* accepts NULL; closes whoever waits */

/* Takes fd. Without a header in time, or with a broken one, it is closed without a word. */
void foyer_enter(struct foyer *f, int fd, const struct endpoint *who);

#endif
