/* job.h - one message in a scribe: its bytes, what was read of it, and outputs that wait for a key. */
#ifndef ROLE_SCRIBE_JOB_H
#define ROLE_SCRIBE_JOB_H

#include "ipc/schema.h"
#include "role/scribe/cache.h"
#include "role/stored.h"
#include "sys/memfd.h"
#include "transform/seal.h"

struct pending {
	struct pending *next;
	struct seal m; /* its views live in the job's arena */
	int fd;        /* file to write to, or -1 */
};

struct job {
	struct job *next;
	uint64_t id;
	struct map map;
	struct arena arena;
	struct scan scan;
	struct pending *pending;
};

/* Maps and reads the message; takes nothing of fd. The job is made also when reading fails. */
struct job *job_new(uint64_t id);
MUST_CHECK int job_read(struct job *j, int fd, struct fail *f);
void job_free(struct job *j);

/* A copy of the request that outlives its record. Takes fd. */
struct pending *job_keep(struct job *j, const struct seal *m, int fd);
void job_forget(struct job *j, struct pending *p);

/* Writes one output in its stored form. `key` may be NULL unless the mode is SEAL_ENCRYPT. */
MUST_CHECK int job_write(struct job *j, const struct seal *m, int file, struct str hostname,
                         struct cache *cache, const struct key *key, uint64_t now_ms, struct stored *ret,
                         struct seal_result *ret_result, struct fail *f);

#endif
