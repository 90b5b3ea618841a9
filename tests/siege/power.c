/* power.c - a layer between Postern's processes and the C library that keeps a journal of what they ask of the disk: what is
 * written, which names come and go, and what is synced, in the order in which it was done. disk.py makes of the journal what a
 * disk would hold if the power had gone at any place of it. Loaded by LD_PRELOAD, as faults.c is.
 *
 * POSTERN_POWER: the journal, which is there already and on the file system of the state that is watched. */
#define _GNU_SOURCE
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { JOURNAL_FD = 210, DATA_MAX = 128 * 1024 };
enum op { OPENED = 1, WRITTEN, SIZED, SYNCED, MADE_DIR, UNLINKED, RENAMED, SYNC_BEGUN };

/* As disk.py reads it; n octets follow: what was written, or names, each with a NUL behind it. */
struct record {
	uint32_t op, mode, uid, gid;
	uint64_t ino, dir, to_dir, at, n, time_ns;
};

static struct {
	bool on;
	dev_t dev;
	struct {
		struct record head;
		char data[DATA_MAX];
	} out;
} journal;

__attribute__((constructor)) static void arm(void)
{
	const char *path = getenv("POSTERN_POWER");
	struct stat st;
	int fd;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || dup3(fd, JOURNAL_FD, O_CLOEXEC) < 0)
		abort();
	close(fd);
	journal.dev = st.st_dev;
	journal.on = true;
}

/* A journal with a hole tells lies: rather no process than that. */
static void put(enum op op, const struct stat *st, struct record r, const void *data)
{
	size_t n = sizeof(r) + (size_t)r.n;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	r.op = op;
	r.ino = st->st_ino;
	r.mode = st->st_mode;
	r.uid = st->st_uid;
	r.gid = st->st_gid;
	r.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	journal.out.head = r;
	memcpy(journal.out.data, data, (size_t)r.n);
	if (REAL(write)(JOURNAL_FD, &journal.out, n) != (ssize_t)n)
		abort();
}

/* Whether it is a file or a directory on the disk that is watched, and no memory file. */
static bool watched(int fd, struct stat *st)
{
	return journal.on && fd > 2 && fd != JOURNAL_FD && fstat(fd, st) == 0 && st->st_dev == journal.dev &&
	       (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
}

static void note_write(int fd, const char *p, ssize_t n, off_t at)
{
	int kept = errno;
	struct stat st;

	for (ssize_t done = 0; n > 0 && watched(fd, &st) && done < n; done += DATA_MAX) {
		ssize_t part = n - done < DATA_MAX ? n - done : DATA_MAX;

		put(WRITTEN, &st, (struct record){ .at = (uint64_t)(at + done), .n = (uint64_t)part }, p + done);
	}
	errno = kept;
}

static int note(int result, enum op op, int fd, off_t at)
{
	int kept = errno;
	struct stat st;

	if (result >= 0 && watched(fd, &st))
		put(op, &st, (struct record){ .at = (uint64_t)at }, "");
	errno = kept;
	return result;
}

/* ---- contents ---------------------------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t done = REAL(write)(fd, p, n);
	struct stat st;

	if (done > 0 && watched(fd, &st))
		note_write(fd, p, done, lseek(fd, 0, SEEK_CUR) - done);
	return done;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t done = REAL(pwrite)(fd, p, n, at);

	note_write(fd, p, done, at);
	return done;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	ssize_t done = REAL(pwrite64)(fd, p, n, at);

	note_write(fd, p, done, at);
	return done;
}

int ftruncate(int fd, off_t n)
{
	return note(REAL(ftruncate)(fd, n), SIZED, fd, n);
}

int ftruncate64(int fd, off64_t n)
{
	return note(REAL(ftruncate64)(fd, n), SIZED, fd, n);
}

int fsync(int fd)
{
	return note(REAL(fsync)(fd), SYNCED, fd, 0);
}

int fdatasync(int fd)
{
	return note(REAL(fdatasync)(fd), SYNCED, fd, 0);
}

/* sys/flush.c: the kernel syncs by itself. What was written before it was asked is durable when it has said so; of what comes between
 * nothing is promised. One at a time in each process, as there. */
long syscall(long number, ...)
{
	static int fd = -1;
	long a[6], did;

	TAKE_SIX(a, number);
	if (number == SYS_io_submit) {
		fd = (int)(*(struct iocb **)a[2])->aio_fildes;
		note(0, SYNC_BEGUN, fd, 0);
	}
	did = REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_io_getevents && did == 1 && ((struct io_event *)a[3])->res == 0)
		note(0, SYNCED, fd, 1);
	return did;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* The directory that holds a name, and the name in it. */
static bool place_of(int at, const char *path, struct stat *dir, const char **name)
{
	const char *slash = strrchr(path, '/');
	char head[PATH_MAX] = ".";

	*name = slash ? slash + 1 : path;
	if (slash)
		snprintf(head, sizeof(head), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return fstatat(at, head, dir, 0) == 0 && dir->st_dev == journal.dev;
}

static int note_name(int result, enum op op, int at, const char *path, const struct stat *what, uint64_t size)
{
	int kept = errno;
	struct stat dir;
	const char *name;

	if (result >= 0 && journal.on && place_of(at, path, &dir, &name))
		put(op, what, (struct record){ .dir = dir.st_ino, .at = size, .n = strlen(name) + 1 }, name);
	errno = kept;
	return result;
}

/* at of the record: whether it was emptied. */
static int opened(int fd, int at, const char *path, int flags)
{
	struct stat st;

	if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) && watched(fd, &st))
		return note_name(fd, OPENED, at, path, &st, (flags & O_TRUNC) != 0);
	return fd;
}

#define OPEN(name)                                                                                           \
	int name(const char *path, int flags, ...)                                                           \
	{                                                                                                    \
		va_list rest;                                                                                \
		int mode;                                                                                    \
                                                                                                             \
		va_start(rest, flags);                                                                       \
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;                                \
		va_end(rest);                                                                                \
		return opened(REAL(name)(path, flags, mode), AT_FDCWD, path, flags);                         \
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
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;                                \
		va_end(rest);                                                                                \
		return opened(REAL(name)(dir, path, flags, mode), dir, path, flags);                         \
	}
OPENAT(openat)
OPENAT(openat64)

int mkdirat(int at, const char *path, mode_t mode)
{
	int r = REAL(mkdirat)(at, path, mode);
	struct stat st;

	return r == 0 && fstatat(at, path, &st, 0) == 0 ? note_name(r, MADE_DIR, at, path, &st, 0) : r;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int unlinkat(int at, const char *path, int flags)
{
	struct stat st = { 0 };

	(void)!fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW);
	return note_name(REAL(unlinkat)(at, path, flags), UNLINKED, at, path, &st, 0);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	struct stat st = { 0 }, dir, to_dir;
	const char *name, *to_name;
	char names[2 * NAME_MAX + 2];
	int r;

	(void)!fstatat(from_at, from, &st, AT_SYMLINK_NOFOLLOW);
	r = REAL(renameat)(from_at, from, to_at, to);
	if (r == 0 && journal.on && place_of(from_at, from, &dir, &name) &&
	    place_of(to_at, to, &to_dir, &to_name)) {
		int n = snprintf(names, sizeof(names), "%s%c%s", name, 0, to_name) + 1;

		put(RENAMED, &st,
		    (struct record){ .dir = dir.st_ino, .to_dir = to_dir.st_ino, .n = (uint64_t)n }, names);
	}
	return r;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* ---- what would go past the journal ------------------------------------------------------------------------------ */

/* Who closes all it does not know does not know of the journal. */
int close_range(unsigned first, unsigned last, int flags)
{
	int r = 0;

	if (!journal.on || first > JOURNAL_FD || last < JOURNAL_FD)
		return REAL(close_range)(first, last, flags);
	if (first < JOURNAL_FD)
		r = REAL(close_range)(first, JOURNAL_FD - 1, flags);
	if (r == 0 && last > JOURNAL_FD)
		r = REAL(close_range)(JOURNAL_FD + 1, last, flags);
	return r;
}

/* Calls that nobody makes today. Whoever begins to is to teach this file and disk.py first. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define UNKNOWN(type, name, ...)                                                                             \
	type name(__VA_ARGS__)                                                                               \
	{                                                                                                    \
		abort();                                                                                     \
	}
struct iovec;
UNKNOWN(ssize_t, pwritev, int fd, const struct iovec *v, int n, off_t at)
UNKNOWN(ssize_t, pwritev64, int fd, const struct iovec *v, int n, off64_t at)
UNKNOWN(ssize_t, copy_file_range, int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
UNKNOWN(int, renameat2, int from_at, const char *from, int to_at, const char *to, unsigned flags)
UNKNOWN(int, link, const char *from, const char *to)
UNKNOWN(int, linkat, int from_at, const char *from, int to_at, const char *to, int flags)
UNKNOWN(int, truncate, const char *path, off_t n)
UNKNOWN(int, sync_file_range, int fd, off64_t at, off64_t n, unsigned flags)
