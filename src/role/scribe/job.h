/* job.h - one message in a scribe: its bytes, what was read of it, and outputs that wait for a key. */
#ifndef ROLE_SCRIBE_JOB_H
#define ROLE_SCRIBE_JOB_H

#include "ipc/schema.h"
#include "role/scribe/cache.h"
#include "role/scribe/room.h"
#include "role/stored.h"
#include "sys/memfd.h"
#include "transform/seal.h"

struct pending {
	struct pending *next;
	struct seal m; /* its views live in the job's arena */
	int fd;        /* file to write to, or -1 */
	uint64_t since_ms;
};

/* A key that came before its output was asked for; NULL: it could not be lent. */
struct loan {
	struct loan *next; /* in the job's arena */
	uint64_t id;
	struct key *key;
};

/* A result that core has not taken yet. */
struct lodger {
	struct lodger *next; /* in the job's arena */
	int fd;
	uint64_t bytes;
};

struct job {
	struct job *next;
	uint64_t id;
	struct rooms *rooms;
	struct lodger *lodgers;
	struct map map;
	int tie; /* of the message's memory, -1: none */
	struct arena arena;
	struct scan scan;
	struct pending *pending;
	struct loan *loans;
};

/* Maps and reads the message; takes nothing of fd. The job is made also when reading fails; it gives back its rooms at its end, when
 * core has read what stood in them. Takes tie. */
struct job *job_new(uint64_t id, struct rooms *rooms, int tie);
MUST_CHECK int job_read(struct job *j, int fd, struct fail *f);
void job_free(struct job *j);

/* A copy of the request that outlives its record. Takes fd. */
struct pending *job_keep(struct job *j, const struct seal *m, int fd, uint64_t now_ms);
void job_forget(struct job *j, struct pending *p);

void job_lend(struct job *j, uint64_t key_id, struct key *key); /* takes key, which may be NULL */
/* *ret_key is the caller's. false: nothing came of that id. */
bool job_loan(struct job *j, uint64_t key_id, struct key **ret_key);

/* Writes one output in its stored form into the file, or if that is -1 into a room, which stays the job's: *ret_room is -1
 * otherwise. `key` may be NULL unless the mode is SEAL_ENCRYPT. */
MUST_CHECK int job_write(struct job *j, const struct seal *m, int file, struct str hostname,
                         struct cache *cache, const struct key *key, uint64_t now_ms, struct stored *ret,
                         int *ret_room, struct seal_result *ret_result, struct fail *f);

#endif
