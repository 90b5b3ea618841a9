#include "sys/spawn.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CHANNEL = 3 };

int spawn_image(int *ret_fd, struct fail *f)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "/proc/self/exe");
	*ret_fd = fd;
	return OK;
}

static bool become(uid_t uid)
{
	if (!uid)
		return true;
	return setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0;
}

static bool arrange_fds(int image_fd, int channel_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int image = fcntl(image_fd, F_DUPFD_CLOEXEC, 10), channel = fcntl(channel_fd, F_DUPFD_CLOEXEC, 11);

	if (null < 0 || image < 0 || channel < 0)
		return false;
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(channel, CHANNEL) < 0 ||
	    dup2(image, CHANNEL + 1) < 0)
		return false;
	(void)!fcntl(CHANNEL + 1, F_SETFD, FD_CLOEXEC);
	return close_range(CHANNEL + 2, ~0u, 0) == 0;
}

/* Nothing of the environment is kept; a test build keeps its own orders. */
static char **kept_environment(void)
{
	static char *kept[16];
#ifdef POSTERN_TESTHOOKS
	size_t n = 0;

	for (char **e = environ; *e && n < 15; e++)
		if (str_starts(str_c(*e), STR("POSTERN_")) || str_starts(str_c(*e), STR("LD_PRELOAD=")))
			kept[n++] = *e;
#endif
	return kept;
}

__attribute__((noreturn)) static void child(const struct spawn *s, pid_t parent)
{
	char index[16];
	char *argv[] = { (char[]){ "postern" }, (char[]){ "role" }, xstrdup(str_c(role_name(s->role))), index,
		         NULL };
	sigset_t none;

	snprintf(index, sizeof(index), "%u", s->index);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (arrange_fds(s->image_fd, s->channel_fd) && become(s->uid) &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		fexecve(CHANNEL + 1, argv, kept_environment());
	_exit(71);
}

int spawn_role(const struct spawn *s, pid_t *ret_pid, struct fail *f)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return fail_errno(f, FAIL_SYS, "fork for %s", role_name(s->role));
	if (pid == 0)
		child(s, parent);
	*ret_pid = pid;
	return OK;
}

void spawn_reap_forked(void)
{
	signal(SIGCHLD, SIG_IGN);
}

/* To the first numbers after standard error: what is above is closed in one call. */
static bool keep_only(int *fds, size_t n)
{
	const int above = CHANNEL + (int)n;

	for (size_t i = 0; i < n; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, above);
		if (fds[i] < 0)
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		fds[i] = dup2(fds[i], CHANNEL + (int)i);
		if (fds[i] < 0)
			return false;
	}
	return close_range((unsigned)above, ~0u, 0) == 0;
}

int spawn_forked(int *fds, size_t n, pid_t *ret_pid, struct fail *f)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return fail_errno(f, FAIL_AGAIN, "fork");
	if (pid == 0 && (!keep_only(fds, n) || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(71);
	*ret_pid = pid;
	return OK;
}

int spawn_confine(const char *dir, uid_t uid, struct fail *f)
{
	if (chdir(dir) < 0)
		return fail_errno(f, FAIL_SYS, "%s", dir);
	if (geteuid() != 0 || !uid)
		return OK;
	if (chroot(".") < 0 || !become(uid))
		return fail_errno(f, FAIL_SYS, "becoming %u in %s", (unsigned)uid, dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the change of user has cleared it */
	return OK;
}

void spawn_settle(void)
{
	struct rlimit none = { 0, 0 };

	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}
