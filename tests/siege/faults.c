/* faults.c - a layer between a role and the C library that lets the k-th call of a kind fail, as a full or broken disk, a full
 * table of descriptors, a network or the end of memory would. Loaded by LD_PRELOAD, which a test build passes on to its roles
 * (sys/spawn.c).
 *
 * POSTERN_FAULT="ROLE:CALL:ERROR:K". CALL is write, sync, size or open, of files; send, recv, accept, connect or socket, of the
 * internet; or alloc. ERROR is an errno's name or SHORT (half is done), with +MS behind it where all calls of the kind are to fail
 * for so long. POSTERN_FAULT_MARKER: made by the first life of the role that counts, an octet longer with each call that has failed.
 * What a role forks counts with it. Later lives, other roles and the command line are left alone, as are pipes, the roads between
 * roles and the log.
 *
 * POSTERN_FAULTS=FOLDER instead: each life of a role takes its orders from the file FOLDER/ROLE, if there is one: a struct order, in
 * which a siege that goes on for long writes again and again what is to fail next. */
#define _GNU_SOURCE
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { MARK_FD = 200, SHORT = -1 };

static struct order {
	char call[16];
	int error;
	unsigned long left; /* 0: over */
	uint64_t lasting_ms, until_ms;
} *order; /* NULL: not armed; shared with what is forked: one failure, wherever it comes */

static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "ENOSPC", ENOSPC },         { "EIO", EIO },         { "EMFILE", EMFILE },       { "SHORT", SHORT },
	{ "ECONNRESET", ECONNRESET }, { "EPIPE", EPIPE },     { "ETIMEDOUT", ETIMEDOUT }, { "EAGAIN", EAGAIN },
	{ "ENOBUFS", ENOBUFS },       { "ENFILE", ENFILE },   { "ENOMEM", ENOMEM },       { "EINTR", EINTR },
	{ "ECONNREFUSED", ECONNREFUSED }, { "ENETUNREACH", ENETUNREACH }, { "ECONNABORTED", ECONNABORTED },
};

static int number_of(const char *error)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, error) == 0)
			return errors[i].error;
	abort(); /* a siege that breaks nothing would hold */
}

/* Orders that are written while it runs; a role that is locked in still has the memory. */
static bool listen_to(const char *folder, const char *role)
{
	char path[512];
	void *orders;
	int fd;

	if (!folder)
		return false;
	snprintf(path, sizeof(path), "%s/%s", folder, role);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return true;
	orders = mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (orders == MAP_FAILED)
		abort();
	order = orders;
	return true;
}

/* glibc hands the arguments of main to constructors. */
__attribute__((constructor)) static void arm(int argc, char **argv)
{
	const char *said = getenv("POSTERN_FAULT"), *marker = getenv("POSTERN_FAULT_MARKER");
	struct order o = { 0 }, *shared;
	char role[16], error[32], *plus;
	int fd;

	if (argc < 3 || strcmp(argv[1], "role") != 0 || listen_to(getenv("POSTERN_FAULTS"), argv[2]))
		return;
	if (!said || !marker)
		return;
	if (sscanf(said, "%15[^:]:%15[^:]:%31[^:]:%lu", role, o.call, error, &o.left) != 4 ||
	    strcmp(role, argv[2]) != 0)
		return;
	fd = open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	plus = strchr(error, '+');
	if (plus) {
		*plus = 0;
		o.lasting_ms = strtoul(plus + 1, NULL, 10);
	}
	o.error = number_of(error);
	shared = mmap(NULL, sizeof(o), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || dup3(fd, MARK_FD, O_CLOEXEC) < 0)
		abort();
	close(fd);
	*shared = o;
	order = shared;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Whether this call is to fail; says so in the marker. */
static bool due(const char *call)
{
	if (!order || strcmp(call, order->call) != 0)
		return false;
	if (order->left && --order->left == 0)
		order->until_ms = now_ms() + order->lasting_ms;
	else if (order->left || now_ms() >= order->until_ms)
		return false;
	(void)!REAL(write)(MARK_FD, "x", 1); /* who hears orders has none */
	errno = order->error;
	return true;
}

static bool is_file(int fd)
{
	struct stat st;

	return fd > 2 && fd != MARK_FD && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_internet(int fd)
{
	int kept = errno, domain = 0;
	socklen_t n = sizeof(domain);
	bool is = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 &&
	          (domain == AF_INET || domain == AF_INET6);

	errno = kept;
	return is;
}

/* -1 to fail, otherwise how many octets to move. */
static ssize_t room(int fd, size_t n, const char *of_sockets, const char *of_files)
{
	const char *call = !order ? NULL : strcmp(order->call, of_sockets) == 0 ? of_sockets : of_files;

	if (!call || (call == of_sockets ? !is_internet(fd) : !is_file(fd)) || !due(call))
		return (ssize_t)n;
	return order->error == SHORT && n > 1 ? (ssize_t)(n / 2) : order->error == SHORT ? (ssize_t)n : -1;
}

/* ---- files and sockets ------------------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t most = room(fd, n, "send", "write");

	return most < 0 ? -1 : REAL(write)(fd, p, (size_t)most);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t most = room(fd, n, "send", "write");

	return most < 0 ? -1 : REAL(pwrite)(fd, p, (size_t)most, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	ssize_t most = room(fd, n, "send", "write");

	return most < 0 ? -1 : REAL(pwrite64)(fd, p, (size_t)most, at);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	ssize_t most = room(fd, n, "send", "write");

	return most < 0 ? -1 : REAL(send)(fd, p, (size_t)most, flags);
}

ssize_t read(int fd, void *p, size_t n)
{
	ssize_t most = room(fd, n, "recv", "read");

	return most < 0 ? -1 : REAL(read)(fd, p, (size_t)most);
}

ssize_t recv(int fd, void *p, size_t n, int flags)
{
	ssize_t most = room(fd, n, "recv", "read");

	return most < 0 ? -1 : REAL(recv)(fd, p, (size_t)most, flags);
}

int accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
	return is_internet(fd) && due("accept") ? -1 : REAL(accept4)(fd, from, n, flags);
}

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	return is_internet(fd) && due("connect") ? -1 : REAL(connect)(fd, to, n);
}

int socket(int domain, int type, int protocol)
{
	return domain != AF_UNIX && due("socket") ? -1 : REAL(socket)(domain, type, protocol);
}

/* ---- the disk ---------------------------------------------------------------------------------------------------- */

int fsync(int fd)
{
	return due("sync") ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	return due("sync") ? -1 : REAL(fdatasync)(fd);
}

/* sys/flush.c: the kernel syncs by itself, and tells its result later. */
long syscall(long number, ...)
{
	long a[6], did;

	TAKE_SIX(a, number);
	did = REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_io_getevents && did == 1 && due("sync"))
		((struct io_event *)a[3])->res = -order->error;
	return did;
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

/* Who closes all it does not know does not know of the marker. */
int close_range(unsigned first, unsigned last, int flags)
{
	int r = 0;

	if (!order || first > MARK_FD || last < MARK_FD)
		return REAL(close_range)(first, last, flags);
	if (first < MARK_FD)
		r = REAL(close_range)(first, MARK_FD - 1, flags);
	return r < 0 || last == MARK_FD ? r : REAL(close_range)(MARK_FD + 1, last, flags);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	return due("alloc") ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
	return due("alloc") ? NULL : __libc_calloc(n, each);
}

void *realloc(void *p, size_t n)
{
	return due("alloc") ? NULL : __libc_realloc(p, n);
}
