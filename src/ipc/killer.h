/* killer.h - a test build can be told to die at the k-th message that a role handles, or at the k-th durable step of
 * its store. In every other build these are nothing. */
#ifndef IPC_KILLER_H
#define IPC_KILLER_H

#ifdef POSTERN_TESTHOOKS
/* Reads POSTERN_KILL="role:ipc:k" or "role:store:k", or several with commas between them: each life of a role takes the first
 * order to it that none has taken, and lives on when there is none. POSTERN_KILL_MARKER: the file that says that the first order
 * was taken; ".1" and so on are put behind it for the others. What a role forks counts with it, and the role or the forked one
 * dies. */
void killer_arm(const char *role);
void killer_ipc_step(void);
void killer_store_step(void);
#else
static inline void killer_arm(const char *role)
{
	(void)role;
}
static inline void killer_ipc_step(void)
{
}
static inline void killer_store_step(void)
{
}
#endif

#endif
