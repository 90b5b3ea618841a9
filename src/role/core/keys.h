/* keys.h - the keys of the store itself, which the vault unwraps at start, and what is done with them. */
#ifndef ROLE_CORE_KEYS_H
#define ROLE_CORE_KEYS_H

#include "role/core/core.h"

/* Asks the vault, then opens the store and goes on with core_store_opened(). */
MUST_CHECK int keys_open_store(struct core *c, struct fail *f);

/* A keyed hash for uses outside of the store's columns: tokens that are the same for the same input. */
void keys_hash(const struct core *c, const char *use, uint64_t scope, struct str data,
               uint8_t ret[static 32]);

#endif
