#include "ipc/killer.h"

#ifdef POSTERN_TESTHOOKS
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* 0: not armed. Shared with what a role forks: the order is for one death, wherever the k-th message comes. */
static struct counters {
	uint64_t ipc, store;
} * left;

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
	left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (left == MAP_FAILED)
		abort();
	for (unsigned number = 0; rest.n; number++) {
		struct str k = str_cut(&rest, ','), who = str_cut(&k, ':'), what = str_cut(&k, ':');
		uint64_t n;

		if (!str_eq(who, str_c(role)) || !str_u64(k, &n) || !take(marker, number))
			continue;
		*(str_eq(what, STR("ipc")) ? &left->ipc : &left->store) = n;
		return;
	}
}

/* As suddenly as kill -9, which the filter does not allow. What is said tells of forked processes too, whose end nobody logs. */
static void step(uint64_t *n)
{
	static const char said[] = "postern: dies as ordered\n";

	if (!*n || --*n)
		return;
	(void)!write(STDERR_FILENO, said, sizeof(said) - 1);
	__builtin_trap();
}

void killer_ipc_step(void)
{
	if (left)
		step(&left->ipc);
}

void killer_store_step(void)
{
	if (left)
		step(&left->store);
}
#else
typedef int killer_is_empty;
#endif
