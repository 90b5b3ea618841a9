/* faults.c - a layer between a role and the C library that lets the k-th call of a kind fail, as a full or broken disk or a full
 * table of descriptors would. Loaded by LD_PRELOAD, which a test build passes on to its roles (sys/spawn.c).
 *
 * POSTERN_FAULT="ROLE:CALL:ERROR:K": CALL is write, sync, size or open; ERROR is ENOSPC, EIO, EMFILE or SHORT (half is written).
 * POSTERN_FAULT_MARKER: made by the first life of the role that counts, one octet long once the call has failed. Later lives, other
 * roles and the command line are left alone, as is what goes to sockets, pipes and the log. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { MARK_FD = 200, SHORT = -1 };

static struct {
	char call[16];
	int error;
	unsigned long left; /* 0: not armed, or over */
	int mark;
} order;

static const struct {
	const char *name;
	int error;
} errors[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EMFILE", EMFILE }, { "SHORT", SHORT } };

/* glibc hands the arguments of main to constructors. */
__attribute__((constructor)) static void arm(int argc, char **argv)
{
	const char *said = getenv("POSTERN_FAULT"), *marker = getenv("POSTERN_FAULT_MARKER");
	char role[16], error[16];
	unsigned long k;
	int fd;

	if (!said || !marker || argc < 3 || strcmp(argv[1], "role") != 0)
		return;
	if (sscanf(said, "%15[^:]:%15[^:]:%15[^:]:%lu", role, order.call, error, &k) != 4 ||
	    strcmp(role, argv[2]) != 0)
		return;
	fd = open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	order.mark = fcntl(fd, F_DUPFD_CLOEXEC, MARK_FD);
	close(fd);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, error) == 0)
			order.error = errors[i].error;
	order.left = k;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Whether this is the call that is to fail; says so in the marker. */
static bool due(const char *call)
{
	if (!order.left || strcmp(call, order.call) != 0 || --order.left)
		return false;
	(void)!REAL(write)(order.mark, "x", 1);
	errno = order.error;
	return true;
}

static bool is_file(int fd)
{
	struct stat st;

	return fd > 2 && fd != order.mark && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* -1 to fail, otherwise how many octets to write. */
static ssize_t room(int fd, size_t n)
{
	if (!order.left || !is_file(fd) || !due("write"))
		return (ssize_t)n;
	return order.error == SHORT && n > 1 ? (ssize_t)(n / 2) : order.error == SHORT ? (ssize_t)n : -1;
}

ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t most = room(fd, n);

	return most < 0 ? -1 : REAL(write)(fd, p, (size_t)most);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t most = room(fd, n);

	return most < 0 ? -1 : REAL(pwrite)(fd, p, (size_t)most, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	ssize_t most = room(fd, n);

	return most < 0 ? -1 : REAL(pwrite64)(fd, p, (size_t)most, at);
}

int fsync(int fd)
{
	return due("sync") ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	return due("sync") ? -1 : REAL(fdatasync)(fd);
}

int ftruncate(int fd, off_t n)
{
	return due("size") ? -1 : REAL(ftruncate)(fd, n);
}

int ftruncate64(int fd, off64_t n)
{
	return due("size") ? -1 : REAL(ftruncate64)(fd, n);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	return due("size") ? -1 : REAL(fallocate)(fd, mode, at, n);
}

int memfd_create(const char *name, unsigned flags)
{
	return due("open") ? -1 : REAL(memfd_create)(name, flags);
}

static int mode_of(int flags, va_list *rest)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(*rest, int) : 0;
}

#define OPEN(name)                                                                                           \
	int name(const char *path, int flags, ...)                                                           \
	{                                                                                                    \
		va_list rest;                                                                                \
		int mode;                                                                                    \
                                                                                                             \
		va_start(rest, flags);                                                                       \
		mode = mode_of(flags, &rest);                                                                \
		va_end(rest);                                                                                \
		return due("open") ? -1 : REAL(name)(path, flags, mode);                                     \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                         \
	int name(int dir, const char *path, int flags, ...)                                                  \
	{                                                                                                    \
		va_list rest;                                                                                \
		int mode;                                                                                    \
                                                                                                             \
		va_start(rest, flags);                                                                       \
		mode = mode_of(flags, &rest);                                                                \
		va_end(rest);                                                                                \
		return due("open") ? -1 : REAL(name)(dir, path, flags, mode);                                \
	}
OPENAT(openat)
OPENAT(openat64)
