#include "role/lent.h"

#include "base/secret.h"
#include "ipc/killer.h"
#include "sys/sock.h"

#include <poll.h>
#include <unistd.h>

enum { KEY_WAIT_MS = 5000, RECORD_MAX = 4096 };

int lent_key(int road, struct key **ret, struct fail *f)
{
	struct pollfd p = { .fd = road, .events = POLLIN };
	OWN(secret) record = SECRET_NONE;
	int fds[SOCK_FDS_MAX];
	size_t n = 0, n_fds = 0;

	TRY(secret_new(&record, RECORD_MAX, f));
	if (poll(&p, 1, KEY_WAIT_MS) <= 0)
		return fail(f, FAIL_AGAIN, "the vault did not lend the key in time");
	TRY(sock_recv(road, record.p, record.n, &n, fds, &n_fds, f));
	while (n_fds)
		close(fds[--n_fds]);
	if (!n)
		return fail(f, FAIL_AGAIN, "the vault did not lend the key");
	killer_ipc_step();
	return key_import_private(str_of(record.p, n), ret, f);
}
