/* web.h - the road from web: who asks (by the token's keyed hash), what may be asked over it, and that everything it names
 * belongs to who asks. The user of a request is the session's, whatever its arguments say. */
#ifndef ROLE_CORE_WEB_H
#define ROLE_CORE_WEB_H

#include "role/core/core.h"

/* What an API key may be made for; bits of session.scopes. A person has all. */
enum scope {
	SCOPE_ALIASES = 1,
	SCOPE_ALIASES_CREATE = 2,
	SCOPE_MAILBOXES = 4,
	SCOPE_PROFILES = 8,
	SCOPE_DOMAINS = 16,
	SCOPE_REPLIES = 32,
	SCOPE_ACCOUNT = 64,
	SCOPE_ALL = 127
};
/* The bit of "aliases.create"; 0: there is none. */
int64_t scope_by_name(struct str name);
/* The names, comma separated. */
void scope_names(int64_t bits, struct buf *out);

void web_asked(void *core, const void *msg, struct ipc_fds *fds); /* IPC_web_call */

#endif
