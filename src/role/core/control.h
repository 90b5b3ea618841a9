/* control.h - the control socket: who connects, and the roads of those who did. */
#ifndef ROLE_CORE_CONTROL_H
#define ROLE_CORE_CONTROL_H

#include "role/core/core.h"

/* Takes the listening socket, or in private mode the one connection. */
void control_listen(struct core *c, int fd);
void control_take(struct core *c, int fd);

#endif
