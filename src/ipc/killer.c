#include "ipc/killer.h"

#ifdef POSTERN_TESTHOOKS
#include "base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t ipc_left, store_left; /* 0: not armed */

/* The file beside it marks that the death has happened: the role's next life goes on. */
void killer_arm(const char *role)
{
	const char *order = getenv("POSTERN_KILL"), *marker = getenv("POSTERN_KILL_MARKER");
	struct str s = str_c(order), who, what;
	uint64_t k;
	int fd;

	if (!order || !marker)
		return;
	who = str_cut(&s, ':');
	what = str_cut(&s, ':');
	if (!str_eq(who, str_c(role)) || !str_u64(s, &k))
		return;
	fd = open(marker, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	close(fd);
	*(str_eq(what, STR("ipc")) ? &ipc_left : &store_left) = k;
}

/* As suddenly as kill -9, which the filter does not allow. */
static void step(uint64_t *left)
{
	if (*left && --*left == 0)
		__builtin_trap();
}

void killer_ipc_step(void)
{
	step(&ipc_left);
}

void killer_store_step(void)
{
	step(&store_left);
}
#else
typedef int killer_is_empty;
#endif
