/* blocks.h - who may not write to an alias. Keys are those of correspondents (people.h) and of policy/block.h. */
#ifndef STORE_BLOCKS_H
#define STORE_BLOCKS_H

#include "store/store.h"

enum block_how { BLOCK_NONE, BLOCK_DROP, BLOCK_REFUSE };

struct block {
	struct str what; /* for a person to read */
	enum block_how how;
	int64_t created;
};

/* Anew, or otherwise than before. Past `most` of one alias: FAIL_LIMIT. */
MUST_CHECK int block_set(struct store *st, int64_t alias, struct str key, const struct block *b, int64_t most,
                         struct fail *f);
MUST_CHECK int block_set_correspondent(struct store *st, int64_t alias, int64_t correspondent,
                                       const struct block *b, int64_t most, struct fail *f);
MUST_CHECK int block_lift(struct store *st, int64_t alias, struct str key, struct fail *f); /* FAIL_ABSENT */
MUST_CHECK int block_lift_correspondent(struct store *st, int64_t alias, int64_t correspondent,
                                        struct fail *f);
/* BLOCK_NONE when there is none. */
MUST_CHECK int block_find(struct store *st, int64_t alias, struct str key, enum block_how *ret,
                          struct fail *f);
MUST_CHECK int block_each(struct store *st, int64_t alias,
                          int (*fn)(void *arg, const struct block *b, struct fail *f), void *arg,
                          struct fail *f);

#endif
