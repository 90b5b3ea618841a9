/* child.h - the roles that run, and the roads between them. */
#ifndef ROLE_PARENT_CHILD_H
#define ROLE_PARENT_CHILD_H

#include "conf/conf.h"
#include "ipc/peer.h"

#include <sys/types.h>

enum { CHILDREN_MAX = 24, LISTENERS_MAX = 7 * CONF_LISTEN_MAX + 2 };

struct listener {
	enum listen_kind kind;
	enum role role; /* who gets it */
	struct str address;
	int fd;
};

struct child {
	struct parent *parent;
	enum role role;
	unsigned index;
	pid_t pid; /* 0: not running */
	struct peer *channel;
	struct timer *again; /* restart later */
	uint64_t started_ms, wait_ms;
	uint32_t life; /* how often it was started */
	bool ready;
};

struct parent {
	struct loop *loop;
	struct conf conf;
	struct arena arena;
	const char *conf_path;
	int image_fd;
	struct child children[CHILDREN_MAX];
	size_t n_children;
	struct listener listeners[LISTENERS_MAX];
	size_t n_listeners;
	uint8_t mask_key[16];
	unsigned scribes;
	bool private_mode, stopping, ready_told;
	struct timer *stop_deadline;
};

/* Spawns all roles of this mode with their roads; FAIL_SYS, FAIL_ABSENT (master key). */
MUST_CHECK int children_start(struct parent *p, struct fail *f);
/* A pid has ended: logs, restarts or ends the parent. */
void child_ended(struct parent *p, pid_t pid, int status);
/* What the files say now, to all that work: the keys, the certificate, what the routes need, the configuration. */
void children_tell(struct parent *p);
void children_stop(struct parent *p);
bool children_all_gone(const struct parent *p);

#endif
