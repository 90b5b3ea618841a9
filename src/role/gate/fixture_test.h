/* fixture_test.h - for the tests of this folder: the real gate in the test's own loop, a core that answers by rules, clients
 * and next hops over TCP on 127.0.0.1. Everything is polled between turns of the loop, so that a test reads from
 * top to bottom. A step that takes longer than PATIENCE_MS fails the test. */
#ifndef ROLE_GATE_FIXTURE_TEST_H
#define ROLE_GATE_FIXTURE_TEST_H

#include "base/clock.h"
#include "role/gate/gate.h"

enum { PATIENCE_MS = 20000, WORLD_ASKS = 16, WORLD_REPORTS = 64 };

/* What core was asked, by copy. */
struct asked {
	uint64_t session, size, account;
	uint32_t seq, flags, plans, way;
	char sender[300], rcpt[300];
};

struct accepted {
	uint64_t session, size, account;
	uint32_t seq, flags;
	char sender[300], helo[300], client[64];
	size_t n_rcpts;
	char rcpts[8][300];
	struct buf message;
};

struct reported {
	uint64_t delivery;
	uint32_t outcome, smtp, hop;
	char enhanced[16], note[600];
};

struct world {
	struct role_start start;
	struct gate *gate;
	struct loop *loop;
	struct timer *slice;
	struct peer *core; /* the fake one's end */
	uint16_t port;
	enum listen_kind kind;    /* of its one listener, 0: LISTEN_SMTP */
	int small_buffers;        /* the kernel's for the gate's connections, 0: its own choice */
	void (*also)(void *self); /* something else that lives in turns */
	void *also_self;
	int channel; /* to the gate as a process of its own, 0: it lives in the test's */
	int pid;

	/* A recipient's local part decides: no* is 550, later* is 450, anything else 250. */
	bool hold_rcpts, hold_accepts; /* questions wait for world_release() */
	uint32_t accept_smtp;          /* the verdict on messages, 250 */
	struct asked asks[WORLD_ASKS]; /* the last ones, at n_asks % WORLD_ASKS */
	size_t n_asks, n_answered;
	/* The password decides: "right" is account 77, "often" FAIL_LIMIT, "trouble" FAIL_SYS, "hold" has no answer. */
	char login[300]; /* the last one: user, blank, client */
	size_t n_logins;
	struct accepted last;
	size_t n_accepts;
	bool hold_ties; /* the memory of a long message has not gone yet: `tie` is kept */
	int tie;        /* or -1 */
	bool accept_waits;
	struct reported reports[WORLD_REPORTS];
	size_t n_reports;
};

/* conf may be changed between the two. */
void world_new(struct world *w);
void world_open(struct world *w);
void world_tls(struct world *w, struct str chain_pem, struct str key_pem); /* before world_open */
/* Instead of world_open: the gate as its parent starts it, a process behind its system call filter. */
void world_fork(struct world *w, struct str chain_pem, struct str key_pem);
void world_close(struct world *w);
void world_turn(struct world *w); /* what can happen now happens; about a millisecond */
void world_turn_for(struct world *w, uint64_t ms);
/* Turns until the expression is true. */
#define WORLD_UNTIL(w, cond)                                                                                 \
	do {                                                                                                 \
		uint64_t end_ = clock_mono_ms() + PATIENCE_MS;                                               \
		while (!(cond) && clock_mono_ms() < end_)                                                    \
			world_turn(w);                                                                       \
		assert_true(cond);                                                                           \
	} while (0)

/* What became of a delivery, NULL when nothing was said of it lately. */
const struct reported *world_report(const struct world *w, uint64_t delivery);

/* Answers what was held, the youngest question first. */
void world_release(struct world *w);
/* Core dies, and a new one comes. */
void world_core_dies(struct world *w);
void world_core_returns(struct world *w);

/* Set-up of all tests of a file, the log goes to memory; and the last of them: it names nobody (promise 10), no address,
 * no client, and nothing that a next hop has said. */
int world_log_begin(void **state);
void world_log_check(void **state);

#endif
