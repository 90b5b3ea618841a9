/* permits_test.h - for the tests of this folder: who may say what to whom, by the tests' own table, and messages filled with what a
 * test likes. */
#ifndef ROLE_PERMITS_TEST_H
#define ROLE_PERMITS_TEST_H

#include "ipc/schema.h"

/* By whom it is said, and who hears it. */
enum road {
	NO_ROAD,
	PARENT_ROLE,
	ROLE_PARENT_,
	CORE_GATE,
	GATE_CORE,
	CORE_SCRIBE,
	SCRIBE_CORE,
	CORE_VAULT,
	VAULT_CORE,
	CORE_KEYGEN,
	KEYGEN_CORE,
	VAULT_KEYGEN,
	KEYGEN_VAULT,
	VAULT_SCRIBE,
	SCRIBE_VAULT, /* nothing */
	CORE_OPENER,
	OPENER_CORE,
	CORE_ANSWER,
	ANSWER_CORE,
	CORE_WEB,
	WEB_CORE,
	CORE_CONTROL,
	CONTROL_CORE,
	ROADS
};

struct permit {
	enum road road;
	unsigned fds_min, fds_max;
};

/* NULL: it may not be said there. */
const struct permit *permit_of(enum road road, enum ipc_tag tag);
bool permit_has_line(enum ipc_tag tag); /* somebody may say it */

/* What stands in each field of its kind. */
struct filling {
	uint64_t (*number)(void *self);
	struct str (*text)(void *self);
	struct str (*list)(void *self);
	void *self;
};
/* Its struct, IPC_STRUCT_MAX bytes at `msg`. */
void fill_message(enum ipc_tag tag, const struct filling *v, void *msg);

#endif
