/* group.h - what was changed becomes durable in groups: one sync serves all messages that are ready. While the disk works core goes on:
 * a group's bodies are synced, then its rows are written, then the log is; then everybody who waits for it is answered. Meanwhile
 * the next one gathers. */
#ifndef ROLE_CORE_GROUP_H
#define ROLE_CORE_GROUP_H

#include "base/fail.h"

#include <stdbool.h>
#include <stdint.h>

struct core;
struct flush;
struct peer;
struct timer;
struct txn;

enum group_phase {
	GROUP_GATHERS, /* nothing is under way */
	GROUP_BODIES,  /* of the open group are being synced: rows may still be added to it, bodies may not */
	GROUP_LOG      /* of the one before the open group is being synced */
};

struct group {
	enum group_phase phase;
	uint64_t number;                /* of the open one, from 1 */
	uint64_t failed;                /* the last one that could not be kept; 0: none */
	bool dirty;                     /* the open group holds something that is not being kept yet */
	uint64_t changes;               /* counts what made it so */
	uint64_t dirty_since;           /* ms: since its first row */
	struct txn *sealed;             /* came while bodies were being synced: not kept yet */
	struct txn *gathered, *written; /* of the open group; of the one whose log is being synced */
	/* Messages from there on may yet be told to come again, and go out once their group is kept; 0: none. */
	int64_t gathered_from, written_from;
	struct flush *flush;
	struct timer *ripen;
};

MUST_CHECK int group_start(struct core *c, struct fail *f);
void group_stop(struct core *c); /* what is gathered is kept first */

/* At the end of a turn of the loop: begins to keep the open group, if it is time. */
void group_settle(struct core *c);

/* A message is sealed: all its rows and bodies go into the open group, and it is answered when that is durable, or 451. */
void group_take(struct core *c, struct txn *t);

/* Its bodies are in the open group: their sync begins now where nobody else is to be waited for, and its rows come meanwhile. */
void group_bodies_are_in(struct core *c);

/* Whether a message may yet be told to come again. */
bool group_holds(const struct core *c, int64_t id);
bool group_is_awaited(const struct core *c); /* by a message */

/* The gate, or a scribe, is gone. */
void group_peer_gone(struct core *c, const struct peer *scribe); /* NULL: the gate */

#endif
