/* probe.h - a test build can be asked to try, from inside each locked role, what no role may do. */
#ifndef ROLE_PROBE_H
#define ROLE_PROBE_H

#ifdef POSTERN_TESTHOOKS
/* With POSTERN_PROBE in the environment: logs "ev=probe call=NAME result=EPERM" for each. */
void probe_run(void);
#else
static inline void probe_run(void)
{
}
#endif

#endif
