/* queue.h - sending what is stored: what is due goes to the gate, and what becomes of it. */
#ifndef ROLE_CORE_QUEUE_H
#define ROLE_CORE_QUEUE_H

#include "role/core/core.h"
#include "store/queue.h"

void queue_start(struct core *c);
/* Something may be due now. */
void queue_wake(struct core *c);
/* And what is known of destinations that do not answer is forgotten: the operator has done something about it. */
void queue_wake_all(struct core *c);
/* A group was kept, or was lost: what was delivered in it is then noted anew, and not sent again. */
void queue_committed(struct core *c, uint64_t group, int result);
void queue_gate_gone(struct core *c);
void queue_delivered(void *core, const void *msg, struct ipc_fds *fds); /* IPC_delivered */

/* Ends an item of which a DSN was queued in the same group (or for which none is to be). */
void queue_given_up(struct core *c, int64_t id);

/* No DSN could be made: the item is tried again later. */
void queue_not_given_up(struct core *c, int64_t id);

#endif
