/* rotate.h - every key that is wrapped under the master key, in small portions, for wrapping it anew. */
#ifndef STORE_ROTATE_H
#define STORE_ROTATE_H

#include "store/store.h"

enum wrapped_table { WRAPPED_STORE_KEYS, WRAPPED_CA, WRAPPED_LEAF, WRAPPED_SPARE, WRAPPED_TABLES };
enum { WRAPPED_MOST = 32 };

struct wrapped {
	enum wrapped_table table;
	int64_t id;
	struct str stored, bytes; /* in the arena: as it stands in the row, and as it was wrapped */
};

/* Of the WRAPPED_MOST ids after `after` those that are not under the master key of this id. *ret_last: the table's last
 * id, beyond which there is nothing. */
MUST_CHECK int wrapped_read(struct store *st, enum wrapped_table table, int64_t after, struct str master_id,
                            struct arena *a, struct wrapped ret[static WRAPPED_MOST], size_t *ret_n,
                            int64_t *ret_last, struct fail *f);
/* Unless it has changed or gone since. */
MUST_CHECK int wrapped_change(struct store *st, const struct wrapped *was, struct str fresh, struct fail *f);
/* All are under this one: what the store says of itself from now on. */
MUST_CHECK int wrapped_all(struct store *st, struct str master_id, struct fail *f);

#endif
