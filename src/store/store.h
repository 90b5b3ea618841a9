/* store.h - the one embedded store: rows in SQLite (WAL, secure_delete), bodies in append-only segments.
 * It is the only home of SQL. Changes gather in an open group; store_commit() makes them durable together: bodies first,
 * then the rows, so that a row never points at nothing. Reads see what the open group holds. SQLite itself is told NORMAL: it syncs
 * where its log begins anew and at checkpoints, and the log is synced here after each group.
 *
 * Whatever names somebody is stored sealed and looked up by a keyed hash (promise 9). The functions that seal and
 * hash are the caller's: no cryptography lives here. Addresses are given as keys: the canonical spelling of
 * wire/addr.h (addr_key), except where a field says otherwise. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

struct store;

struct store_cipher {
	void *self;
	/* column: "alias.address", bound to the bytes as associated data */
	int (*seal)(void *self, const char *column, struct str plain, struct buf *out, struct fail *f);
	int (*open)(void *self, const char *column, struct str sealed, struct buf *out, struct fail *f);
	void (*hash)(void *self, const char *use, uint64_t scope, struct str data, uint8_t ret[static 32]);
};

struct store_options {
	uint64_t segment_bytes; /* 0: 8 MiB */
	bool bodies_in_files;   /* also those that come alone; tests only */
	void (*step)(void);     /* called at each durable step; tests only; may be NULL */
};

/* Opens or makes the store in the working directory. The cipher must outlive it. FAIL_EXISTS: another process has it;
 * FAIL_DENIED: made by a newer version; FAIL_SYS. */
MUST_CHECK int store_open(const struct store_cipher *cipher, const struct store_options *o,
                          struct store **ret, struct fail *f);
void store_free(struct store *st); /* what was not committed is gone; accepts NULL */
DEFINE_OWNS(store, store_free)

/* Before the keys are known: the wrapped column and hash keys of an existing store, empty when there is none. */
MUST_CHECK int store_peek_keys(struct arena *a, struct str *ret_column, struct str *ret_hash, struct fail *f);
MUST_CHECK int store_put_keys(struct store *st, struct str column, struct str hash, struct str master_id,
                              struct fail *f);

/* FAIL_SYS: nothing of the group was kept. FAIL_BUG: as store_log_synced(). */
MUST_CHECK int store_commit(struct store *st, struct fail *f);

/* The same in steps, for who does something else while the disk works (fdatasync(2) of the two files). 1: the bodies, no other is to
 * be added until their sync has ended; rows still may. */
int store_bodies_fd(const struct store *st); /* to be synced first; -1: there are none */
MUST_CHECK int store_bodies_synced(struct store *st, int result,
                                   struct fail *f); /* FAIL_SYS: the group is lost */
/* 2: the rows. The group ends, and the next one may begin, but what was deleted in this one is gone for good only when the log was
 * synced. *ret_fd: of the log; -1: nothing had changed. FAIL_SYS: the group is lost. */
MUST_CHECK int store_write(struct store *st, int *ret_fd, struct fail *f);
/* 3: OK when the log is durable, or everything in it could be brought into the database instead. FAIL_BUG: it could not, and what
 * comes behind it in the log may not be found again: the process has to end. No group may be open where result is a failure. */
MUST_CHECK int store_log_synced(struct store *st, int result, struct fail *f);

/* The open group is taken back. */
void store_rollback(struct store *st);

/* Part of a group that can be taken back alone. Do not nest. */
MUST_CHECK int store_part_begin(struct store *st, struct fail *f);
MUST_CHECK int store_part_end(struct store *st, bool keep, struct fail *f);

/* Destroys what deleted rows and the log may still hold: checkpoint and truncate. After deleting keys, when that was committed:
 * FAIL_BUG with an open group. */
MUST_CHECK int store_scrub(struct store *st, struct fail *f);

#endif
