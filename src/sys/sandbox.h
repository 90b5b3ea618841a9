/* sandbox.h - what a role may still ask of the kernel once it is set up. One list of system calls per role, deny by
 * default; Landlock beneath it where the kernel has it; resource limits. */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include "base/fail.h"
#include "sys/role.h"

struct sandbox_state {
	bool seccomp, landlock, widened; /* widened: a sanitizer build, by name in the log */
	unsigned calls;                  /* how many system calls the list names */
};

/* Locks the calling process for good. `dir` is the one directory that ROLE_CORE may use, NULL for the others.
 * FAIL_SYS when seccomp is refused: a role does not run without it. */
MUST_CHECK int sandbox_enter(enum role r, const char *dir, bool dns, struct sandbox_state *ret,
                             struct fail *f);

/* The narrower lock of a process that is forked for one piece of work: no further process, no
 * socket of any kind, bounds on memory and time. The filter is made once, before sandbox_enter(), for making it takes
 * longer than opening a message. */
MUST_CHECK int sandbox_prepare_forked(struct fail *f);
/* cpu_s: seconds of processor time; 0: no bound. */
MUST_CHECK int sandbox_enter_forked(unsigned cpu_s, struct fail *f);

#endif
