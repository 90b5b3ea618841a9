#include "ipc/killer.h"

#ifdef POSTERN_TESTHOOKS
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t ipc_left, store_left; /* 0: not armed */

/* The file that is made here marks that the order has been taken: the role's next life takes the next. */
static bool take(const char *marker, unsigned number)
{
	char path[PATH_MAX];
	int fd;

	if (number)
		snprintf(path, sizeof(path), "%s.%u", marker, number);
	fd = open(number ? path : marker, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void killer_arm(const char *role)
{
	const char *orders = getenv("POSTERN_KILL"), *marker = getenv("POSTERN_KILL_MARKER");
	struct str rest = str_c(orders);

	if (!orders || !marker)
		return;
	for (unsigned number = 0; rest.n; number++) {
		struct str k = str_cut(&rest, ','), who = str_cut(&k, ':'), what = str_cut(&k, ':');
		uint64_t left;

		if (!str_eq(who, str_c(role)) || !str_u64(k, &left) || !take(marker, number))
			continue;
		*(str_eq(what, STR("ipc")) ? &ipc_left : &store_left) = left;
		return;
	}
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
