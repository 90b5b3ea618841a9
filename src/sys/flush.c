#include "sys/flush.h"

#include "base/mem.h"
#include "sys/loop.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct flush {
	flush_fn *fn;
	void *arg;
	aio_context_t kernel; /* 0: it has none for us */
	struct iocb ask;
	int ended_fd;
	struct watch *ended;
	const char *what; /* under way; NULL: nothing is */
	int error; /* of one that was made at once: an errno, 0 when it went well; -1: the kernel is at it */
};

static void done(struct flush *fl, int error)
{
	struct fail f = { 0 };
	const char *what = fl->what;

	fl->what = NULL;
	errno = error;
	fl->fn(fl->arg, error ? fail_errno(&f, FAIL_SYS, "%s", what) : OK, &f);
}

static void collect(struct flush *fl)
{
	struct timespec none = { 0, 0 };
	struct io_event e;
	uint64_t n;
	long ended;

	if (read(fl->ended_fd, &n, sizeof(n)) < 0 || !fl->what)
		return;
	if (fl->error >= 0) {
		done(fl, fl->error);
		return;
	}
	ended = syscall(SYS_io_getevents, fl->kernel, 1L, 1L, &e, &none);
	if (ended == 1)
		done(fl, e.res < 0 ? (int)-e.res : 0);
	else if (ended < 0)
		done(fl, EIO); /* nobody can say what became of it */
}

static void on_ended(void *arg, bool readable, bool writable)
{
	collect(arg);
}

int flush_new(struct loop *l, flush_fn *fn, void *arg, struct flush **ret, struct fail *f)
{
	struct flush *fl = xnew(struct flush);

	*fl = (struct flush){ .fn = fn, .arg = arg, .ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (fl->ended_fd < 0) {
		free(fl);
		return fail_errno(f, FAIL_SYS, "eventfd");
	}
	if (syscall(SYS_io_setup, 1L, &fl->kernel) < 0)
		fl->kernel = 0;
	fl->ended = watch_new(l, fl->ended_fd, on_ended, fl);
	watch_want(fl->ended, true, false);
	*ret = fl;
	return OK;
}

void flush_free(struct flush *fl)
{
	if (!fl)
		return;
	watch_free(fl->ended);
	if (fl->kernel)
		(void)syscall(SYS_io_destroy, fl->kernel); /* returns when nothing is under way */
	close(fl->ended_fd);
	free(fl);
}

void flush_begin(struct flush *fl, int fd, const char *what)
{
	struct iocb *asks[] = { &fl->ask };
	static const uint64_t one = 1;

	fl->what = what;
	fl->error = -1;
	fl->ask = (struct iocb){ .aio_lio_opcode = IOCB_CMD_FDSYNC,
		                 .aio_fildes = (uint32_t)fd,
		                 .aio_flags = IOCB_FLAG_RESFD,
		                 .aio_resfd = (uint32_t)fl->ended_fd };
	if (fl->kernel && syscall(SYS_io_submit, fl->kernel, 1L, asks) == 1)
		return;
	fl->error = fdatasync(fd) < 0 ? errno : 0;
	(void)!write(fl->ended_fd, &one, sizeof(one));
}

void flush_wait(struct flush *fl)
{
	struct pollfd p = { .fd = fl->ended_fd, .events = POLLIN };

	while (fl->what)
		if (poll(&p, 1, -1) == 1)
			collect(fl);
}
