/* store.h - the one embedded store: rows in SQLite (WAL, synchronous=FULL, secure_delete), bodies in append-only segments.
 * It is the only home of SQL. Changes gather in an open group; store_commit() makes them durable together: bodies first,
 * then the rows, so that a row never points at nothing. Reads see what the open group holds.
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

/* FAIL_SYS: nothing of the group was kept. */
MUST_CHECK int store_commit(struct store *st, struct fail *f);

/* Part of a group that can be taken back alone. Do not nest. */
MUST_CHECK int store_part_begin(struct store *st, struct fail *f);
MUST_CHECK int store_part_end(struct store *st, bool keep, struct fail *f);

/* Destroys what deleted rows and the log may still hold: checkpoint and truncate. After deleting keys. */
MUST_CHECK int store_scrub(struct store *st, struct fail *f);

#endif
