/* play_fuzz.h - for the fuzz targets of the roles: one real role within the fuzzer's own process, so that its coverage guides, and the
 * input in the place of all whom it hears. What role/role.c does at a start is done here instead: no process, no filter, no
 * descriptor 3. An input is steps, and a step says a message that may be said on one of the roads (permits_test.c), with any
 * content and any descriptors; numbers and texts are often those that the role has told, and answers often those that the target
 * would give, twisted. Law of every target: what the role says may be said on that road, and it goes on. */
#ifndef ROLE_PLAY_FUZZ_H
#define ROLE_PLAY_FUZZ_H

#include "role/permits_test.h"
#include "role/role.h"

/* ---- the input ------------------------------------------------------------------------------------------------------ */

struct tape {
	const uint8_t *p;
	size_t n;
};
uint8_t tape_byte(struct tape *t); /* 0 behind its end */
struct str tape_text(struct tape *t);
uint64_t tape_number(struct tape *t);
/* A descriptor of some kind; seldom another one than sealed memory. */
int tape_thing(struct tape *t);

/* Texts that a target knows beforehand, and what was heard. They are copied. */
void tape_know(struct str s);
void tape_learn(enum ipc_tag tag, const void *msg);
void tape_rewind(void); /* to what was known at the first call */
/* Every field from the tape. */
void tape_fill(struct tape *t, enum ipc_tag tag, void *msg);
/* Some of its fields anew. */
void tape_twist(struct tape *t, enum ipc_tag tag, void *msg);

/* ---- the role ------------------------------------------------------------------------------------------------------- */

struct play_road {
	enum road says, hears; /* what the input may say here, and what the role may */
	enum role as;
	unsigned index;
	bool given;        /* made by the role: not made anew when it ends */
	int (*open)(void); /* another way to a road than by the parent; or NULL */
	int fd;            /* -1: there is none now */
	bool spoken;       /* in this input */
};
enum { PLAY_ROADS = 12 };

/* An answer that the target gives to what was heard: OK when msg is to be said; fd: to be passed with it, or -1. */
typedef bool play_answer_fn(unsigned road, enum ipc_tag heard, const void *msg, const struct ipc_fds *fds,
                            enum ipc_tag *ret_tag, void *ret_msg, int *ret_fd);

struct play {
	const struct role_def *def;
	void *self;
	struct role_start *start;
	struct loop *loop;
	struct play_road roads[PLAY_ROADS];
	unsigned n_roads;
	play_answer_fn *answer; /* may be NULL */
	/* Laws of the target, when it has said or heard something; may be NULL. */
	void (*said)(unsigned road, enum ipc_tag tag, const void *msg);
	void (*heard)(unsigned road, enum ipc_tag tag, const void *msg, struct str record,
	              struct ipc_fds *fds);
	void (*act)(unsigned k, struct tape *t); /* other steps of the target's, n_acts of them */
	unsigned n_acts;
	void (*run)(const uint8_t *p, size_t n); /* the input, in another way than by steps; or NULL */
	void (*after)(void);                     /* behind the last step; may be NULL */
	bool deaf;                               /* what is heard now is not learnt */
	bool may_end;                            /* the role's process ends by itself, where it is forked */
	bool one_by_one;                         /* each step is heard before the next one */
};
extern struct play play;

/* Begins the role with this configuration (CONF of the target); its listeners, keys and roads follow, then play_ready(). */
void play_begin(void (*entry)(unsigned index), const char *text);
void play_ready(void);
/* The loop alone: for what is no role. */
void play_loop(void);
unsigned play_road(enum road says, enum road hears, enum role as, unsigned index);
unsigned play_road_by(enum road says, enum road hears, int (*open)(void));
/* A place for one that the role makes, and that one: in such a place, a free one if there is. */
unsigned play_place(enum road says, enum road hears);
void play_given(enum road says, enum road hears, int fd);

/* All that is ready now, and what it says to it. */
void play_turn(void);
bool play_hear(void); /* without a turn: something was heard */
/* It is later. */
void play_later(uint64_t ms);
/* Says it. */
void play_say(unsigned road, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds);
#define PLAY(road, lower, ...) play_say((road), IPC_##lower, &(struct lower){ __VA_ARGS__ }, NULL, 0)
#define PLAY_FD(road, one, lower, ...)                                                                       \
	play_say((road), IPC_##lower, &(struct lower){ __VA_ARGS__ }, &(int){ one }, 1)
/* A message of the tape's. */
void play_speak(unsigned road, struct tape *t);
/* Turns, and answers of the target, until nobody says anything more. */
void play_settle(void);

/* The input's steps. New roads first; they end with it. */
void play_input(const uint8_t *p, size_t n);
/* The same in a process that is forked for it and then gone: for a role that keeps a state. What it has covered is counted here.
 * dir: where it keeps files, or NULL; they are afterwards what they were at the first input. */
void play_forked(const uint8_t *p, size_t n, const char *dir);
/* For a role that ends by itself: in the forked process, the input was used up. */
__attribute__((noreturn)) void play_end(void);

__attribute__((noreturn)) void play_broken(const char *what);
static inline void law(bool holds, const char *what)
{
	if (!holds)
		play_broken(what);
}

/* A folder in memory, removed when the process ends. */
const char *play_folder(void);
int play_memory(struct str bytes, bool sealed);
int play_listen(const char *name); /* of streams, in that folder */
int play_connect(const char *name);
/* All that has come by a stream, at most so much of it. Closes it at its end. */
struct str play_read(int *fd, char *p, size_t cap);

#endif
