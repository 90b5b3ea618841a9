/* role.h - the processes by name: who they are, before anything is said of what they do. */
#ifndef SYS_ROLE_H
#define SYS_ROLE_H

#include "base/str.h"

/* The number is the offset of the role's own uid from the configured base: append only. */
enum role {
	ROLE_PARENT,
	ROLE_CORE,
	ROLE_GATE,
	ROLE_SCRIBE,
	ROLE_VAULT,
	ROLE_KEYGEN,
	ROLE_WEB,
	ROLE_OPENER,
	ROLE_COUNT
};

enum { SCRIBES_MAX = 16 };

const char *role_name(enum role r);
bool role_by_name(struct str name, enum role *ret);

#endif
