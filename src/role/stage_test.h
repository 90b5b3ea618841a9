/* stage_test.h - for the tests of this folder: one real role, started as its parent starts it (a process of its own behind its
 * filters), and the test in the place of its parent and of each of its peers. All is blocking and polled; whatever takes
 * longer than STAGE_MS fails the test. */
#ifndef ROLE_STAGE_TEST_H
#define ROLE_STAGE_TEST_H

#include "conf/conf.h"
#include "ipc/peer.h"

#include <sys/types.h>

enum { STAGE_MS = 20000, STAGE_MASTER = 32 };

struct stage {
	enum role role;
	pid_t pid;
	int channel; /* the parent's end */
	int log;     /* a memory file, to which it writes */
	off_t log_at;
	struct conf conf;
	struct arena arena;
};

/* Spawned, and told its configuration; roads, listeners and keys are the caller's to give, then stage_go(). state_dir may be NULL. */
void stage_new(struct stage *s, enum role r, unsigned index, const char *state_dir);
/* A road from it to `as`: the other's end is the caller's. */
int stage_road(struct stage *s, enum role as, unsigned index);
/* The same where both ends are real. */
void stage_connect(struct stage *a, struct stage *b);
void stage_master(struct stage *s, const char key[static STAGE_MASTER]);
void stage_listen(struct stage *s, enum listen_kind kind, int fd); /* closes fd */
void stage_go(struct stage *s);                                    /* until it is ready */
/* It has not ended. Shows its log and fails the test when it has. */
void stage_is_alive(struct stage *s);
void stage_stop(struct stage *s);  /* asked to stop, it ends with 0 */
int stage_status(struct stage *s); /* waits for its end: as waitpid() */
void stage_done(struct stage *s);  /* of one that has ended */

/* A core with a store of its own, opened by a real vault; all others are the test's to play. */
struct core_stage {
	struct stage core, vault;
	char dir[40], control[64];
};
void core_stage_new(struct core_stage *c, const char key[static STAGE_MASTER]);
void core_stage_done(struct core_stage *c);
int core_control(const struct core_stage *c); /* a road as the command line's */

/* What it has logged since the last call. */
struct str stage_log(struct stage *s, struct arena *a);
void stage_show(struct stage *s);

/* One record, or the end of the road (tag IPC_NONE). */
struct heard {
	enum ipc_tag tag;
	struct buf record;
	struct ipc_fds fds;
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
};
void hear(int road, struct heard *h);
bool hears_within(int road, int ms); /* something, or its end */
/* Until one of that kind comes; others are passed over. The end fails the test. */
const void *hear_this(int road, enum ipc_tag tag, struct heard *h);
void heard_done(struct heard *h);
/* Everything that comes until its end: how many records. */
size_t hear_out(int road);

/* Says it; the road may have ended already. */
bool say(int road, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds);
#define SAY(road, lower, ...) say((road), IPC_##lower, &(struct lower){ __VA_ARGS__ }, NULL, 0)
#define SAY_FD(road, one, lower, ...)                                                                        \
	say((road), IPC_##lower, &(struct lower){ __VA_ARGS__ }, &(int){ one }, 1)
bool say_raw(int road, struct str record, const int *fds, size_t n_fds);

/* Descriptors of every kind that a hostile peer could pass. */
enum thing { A_PIPE, A_FOLDER, A_ZERO, A_SOCKET, A_MEMORY, A_SEALED, THINGS };
int thing_new(enum thing t);

#endif
