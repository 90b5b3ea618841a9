/* account.h - what the files of a route hold, as the parent read them: the password and how TLS is done. */
#ifndef ROLE_GATE_ACCOUNT_H
#define ROLE_GATE_ACCOUNT_H

#include "base/secret.h"
#include "ipc/schema.h"
#include "sys/tls.h"

struct account {
	struct account *next;
	char *route;
	struct secret password;
	struct tls_client *tls;
};

/* One record of the parent, to the front of the list: the newest of a route's name is the one that holds. Older ones stay
 * for the connections that use them. ca_fd: a file of authorities, or -1; closed here. */
MUST_CHECK int account_take(struct account **list, const struct role_route *m, int ca_fd, struct fail *f);
const struct account *account_of(const struct account *list, struct str route); /* NULL: there is none */
void accounts_free(struct account *list);

#endif
