/* login.h - whose is this app password? Asked by the gate for a client that submits mail. */
#ifndef ROLE_CORE_LOGIN_H
#define ROLE_CORE_LOGIN_H

#include "ipc/peer.h"

void login_asked(void *core, const void *msg, struct ipc_fds *fds); /* IPC_auth_ask */

#endif
