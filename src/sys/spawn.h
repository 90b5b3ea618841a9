/* spawn.h - starting a role: the running image again, in a clean process. */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include "base/fail.h"
#include "sys/role.h"

#include <sys/types.h>

/* An open descriptor of the running executable, so that an upgrade on disk never mixes builds. */
MUST_CHECK int spawn_image(int *ret_fd, struct fail *f);

struct spawn {
	int image_fd;
	enum role role;
	unsigned index; /* which scribe */
	int channel_fd; /* becomes descriptor 3 of the child; 2 is inherited, 0 and 1 are /dev/null */
	uid_t uid;      /* 0: stay who we are */
};

/* fork and exec. The child has no other descriptors, an empty environment (but POSTERN_* of a test build), its own
 * session, dies with its parent, and does not dump core. */
MUST_CHECK int spawn_role(const struct spawn *s, pid_t *ret_pid, struct fail *f);

/* As root: makes dir the whole file system of this process and becomes uid. Not root: changes to dir. */
MUST_CHECK int spawn_confine(const char *dir, uid_t uid, struct fail *f);

/* A process for one job, forked from a role that holds no secret: keeps descriptor 2 and those of `fds` alone, which have other
 * numbers there, and dies with the role. *ret_pid is 0 in the new process. Nobody waits for its end: it is told by its road. */
MUST_CHECK int spawn_forked(int *fds, size_t n, pid_t *ret_pid, struct fail *f);
/* To be called once, before: what has ended leaves no trace. */
void spawn_reap_forked(void);

/* Does the child's half of what exec keeps: to be called first in main() of a role. */
void spawn_settle(void);

#endif
