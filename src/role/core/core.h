/* core.h - the only owner of the store. What it hears is typed; what it decides is asked of policy/; it holds the column
 * and hash keys, and never the private key of a certificate. */
#ifndef ROLE_CORE_CORE_H
#define ROLE_CORE_CORE_H

#include "base/ids.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "ipc/peer.h"
#include "policy/throttle.h"
#include "role/core/group.h"
#include "role/core/line.h"
#include "role/core/meter.h"
#include "role/core/sites.h"
#include "role/core/wait.h"
#include "role/core/walk.h"
#include "role/lent.h"
#include "role/role.h"
#include "store/profiles.h"

enum { NOTED_MAX = 64 };

struct issue;
struct txn;
struct delivery;
struct request;
struct control;
struct backup_job;
struct rotation;
struct tries;
struct challenges;
struct notes;

struct counters {
	uint64_t accepted, refused, dropped, deferred_in, delivered, deferred, failed, dsn, notices, bounced;
	uint64_t logins, logins_failed, logins_throttled, answered;
};

/* Users who were told of lost mail, and when (lost.h). */
enum { TOLD_MAX = 64 };
struct told {
	int64_t user, at;
};

/* API keys whose user has shown the password just now, for SimpleLogin's "sudo" (calls_foreign_login.c). */
enum { SUDO_MAX = 64 };
struct sudo {
	int64_t session, until;
};

/* Pools that were drawn from are filled first; once a minute all are looked at, some at a time. */
struct stock_look {
	struct {
		int64_t profile;
		int64_t left; /* at least so many, when it was counted, less what was drawn since */
	} drawn[64];
	size_t n_drawn;
	int64_t filled; /* for which something is being made */
	bool round;     /* one is under way, */
	struct pool_look at;
	uint64_t next_ms; /* when the next one begins */
};

/* What a scribe has at hand, the one used last first (loan.h). */
struct scribe_keys {
	int64_t user;
	struct {
		int64_t id;
		uint64_t used_ms;
	} keys[LENT_KEYS];
};

struct core {
	struct role_start *start;
	struct loop *loop;
	const struct conf *conf;
	struct store *store; /* NULL until the vault has unwrapped its keys */
	struct secret column_key, hash_key;
	struct peer *vault, *keygen, *gate, *opener, *web, *scribes[SCRIBES_MAX];
	struct scribe_keys scribe_keys[SCRIBES_MAX];
	struct waits waits;
	struct counters counters;
	struct meter meter;
	struct notes *notes;      /* not yet in the store (activity.h); NULL until the first */
	struct throttle throttle; /* of logins (login.h) */
	struct told told[TOLD_MAX];
	int64_t started_utc;

	struct issue *issues; /* certificates being made (stock.h) */
	struct txn *txns;     /* under way (txn.h) */
	struct ids jobs;      /* those by their job */
	uint64_t last_job;
	struct line line;            /* for the scribes */
	unsigned n_openers;          /* processes that open an answer (reply.c) */
	struct timer *open_next;     /* one has ended: the next one */
	struct group group;          /* what is being kept */
	struct delivery *deliveries; /* at the gate (queue.h) */
	struct ids under_way;        /* those by their id */
	size_t n_deliveries;
	size_t n_retried; /* of those: which had failed before */
	size_t n_waited;  /* and of those: for a destination that answers again */
	struct sites sites;
	struct walks walks;
	struct timer *due, *hourly, *refill, *redo, *probes, *watches, *silence;
	uint64_t refill_ms, drawn_ms; /* when the shelves are looked at next; when one was drawn from last */
	unsigned n_looks;             /* at domains of users, under way (watch.h) */
	bool redoing;                 /* what was delivered and could not be noted is noted soon (queue.c) */
	bool refilling;               /* something is being made for them */
	struct stock_look look;       /* which pools are looked at */
	uint64_t space_until;         /* ms: so long is space_low believed (space.h) */
	bool space_low;

	struct control *controls;  /* control.h */
	struct request *calls;     /* call.h */
	struct tries *tries;       /* tries.h; NULL until the first */
	struct backup_job *backup; /* being taken; calls_backup.c */
	struct rotation *rotation; /* rotate.h; NULL until it is looked for */
	int control_fd;
	struct watch *control_watch;
	bool private_mode; /* ends when its one control road ends */

	struct challenges *challenges; /* challenge.h; NULL until the first */
	struct sudo sudo[SUDO_MAX];    /* the oldest makes room: its user shows the password again */
	size_t next_sudo;
};

/* The open group becomes durable now, before this returns, and whoever waits for it is answered. FAIL_SYS: nothing of it was kept, and
 * transactions that put something into it are refused with 451. For what a person waits for; messages do not (group.h). */
int core_commit(struct core *c);

/* The open group holds something to keep: that begins at the end of this turn of the loop, or soon after. */
void core_dirty(struct core *c);

/* Commits, then destroys what the log may still hold of what was deleted. */
MUST_CHECK int core_scrub(struct core *c, struct fail *f);

/* The vault has unwrapped the keys and the store is open: begin to work. */
void core_store_opened(struct core *c);

/* A role with which nothing more is to be done: whoever waits for it is told, and the parent, who ends it. */
void core_end_road(struct core *c, struct peer *p, const struct fail *why);

int64_t core_now(const struct core *c);

#endif
