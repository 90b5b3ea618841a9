#include "sys/sandbox.h"

#include "base/mem.h"
#include "sys/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A refused call fails with EPERM instead of killing: a library's odd probe is then no outage, and whoever has
 * taken over the process gains nothing from an error number. */
enum { REFUSED = SCMP_ACT_ERRNO(EPERM) };

#define END_OF_LIST (-10000)

// clang-format off
/* Every role: memory, time, its open descriptors, its event loop. */
static const int common[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(shutdown), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl), SCMP_SYS(lseek),
	SCMP_SYS(pread64), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(brk), SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getrandom), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(getrusage),
	END_OF_LIST
};

/* core: its database and segments, the control socket, socket pairs and memory for jobs. */
static const int core[] = {
	SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),
	SCMP_SYS(newfstatat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(fdatasync), SCMP_SYS(fsync),
	SCMP_SYS(sync_file_range), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(pwrite64), SCMP_SYS(pwritev),
	SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(flock), SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(fadvise64),
	SCMP_SYS(utimensat), SCMP_SYS(umask), SCMP_SYS(accept4), SCMP_SYS(socketpair), SCMP_SYS(getsockopt),
	SCMP_SYS(memfd_create), SCMP_SYS(eventfd2), SCMP_SYS(io_setup), SCMP_SYS(io_submit), SCMP_SYS(io_getevents),
	SCMP_SYS(io_destroy), END_OF_LIST
};

/* gate: its listeners, connections outwards, memory for messages. Opens nothing. */
static const int gate[] = {
	SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(memfd_create), SCMP_SYS(pipe2),
	END_OF_LIST
};

/* scribe: memory for results; writes and syncs a large result into the file that core lends. */
static const int scribe[] = {
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(pwrite64), SCMP_SYS(fdatasync), END_OF_LIST
};

/* opener: forks, and what the forked one does to itself before it reads anything. */
static const int opener[] = {
	SCMP_SYS(close_range), SCMP_SYS(seccomp), SCMP_SYS(prctl), SCMP_SYS(setrlimit), SCMP_SYS(prlimit64),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(getppid), SCMP_SYS(dup2), SCMP_SYS(dup3),
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(pwrite64), SCMP_SYS(fdatasync), END_OF_LIST
};

/* The forked one: its road, memory, and the file that core lends for a large result. Not among `common`: what is left of
 * that is named here, too, so that the two lists are read side by side. */
static const int forked[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
	SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(tgkill), SCMP_SYS(restart_syscall),
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(pwrite64), SCMP_SYS(fdatasync), END_OF_LIST
};

/* web: its listeners and what comes over them. Opens nothing, connects to nobody. */
static const int web[] = {
	SCMP_SYS(accept4), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(getsockname), END_OF_LIST
};

static const int vault[] = { END_OF_LIST };
static const int keygen[] = { END_OF_LIST };

/* Only in sanitizer builds, which say so in the log: the runtime's own needs at start, report and exit. */
static const int widened[] = {
	SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(readlink), SCMP_SYS(stat), SCMP_SYS(newfstatat), SCMP_SYS(clone),
	SCMP_SYS(clone3), SCMP_SYS(wait4), SCMP_SYS(ptrace), SCMP_SYS(prctl), SCMP_SYS(mmap), SCMP_SYS(mprotect),
	SCMP_SYS(arch_prctl), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(getdents64), SCMP_SYS(process_vm_readv),
	SCMP_SYS(getppid), SCMP_SYS(kill), END_OF_LIST
};

static const int *const lists[ROLE_COUNT] = {
	[ROLE_CORE] = core, [ROLE_GATE] = gate, [ROLE_SCRIBE] = scribe, [ROLE_VAULT] = vault, [ROLE_KEYGEN] = keygen,
	[ROLE_OPENER] = opener,
	[ROLE_WEB] = web,
};
// clang-format on

/* Threads, shared memory, name spaces. */
enum {
	CLONE_OTHERWISE = CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWNS |
	                  CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
	                  CLONE_NEWNET | CLONE_PTRACE | CLONE_UNTRACED | CLONE_PARENT
};

static int allow_list(scmp_filter_ctx ctx, const int *list, unsigned *count)
{
	for (; *list != END_OF_LIST; list++) {
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *list, 0);

		if (r < 0 && r != -EEXIST && r != -EACCES)
			return r;
		(*count)++;
	}
	return 0;
}

/* Memory is never made executable; fstat comes as newfstatat on an empty path; only stream sockets of the
 * internet kind, and those only for gate. */
static int allow_by_argument(scmp_filter_ctx ctx, enum role r)
{
	int e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));

	if (!e)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
	if (!e && r != ROLE_CORE)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
		                     SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	if (!e && r == ROLE_OPENER) /* a fork, and nothing else that clone can do */
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		                     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_OTHERWISE, 0));
	if (!e && r == ROLE_GATE) {
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_INET),
		                     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
		e = e ? e
		      : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
		                         SCMP_A0(SCMP_CMP_EQ, AF_INET6),
		                         SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	}
	return e;
}

/* Only where names are looked up at all: datagrams, from ports of the library's choice. */
static int allow_dns(scmp_filter_ctx ctx)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);

	for (size_t i = 0; !e && i < sizeof(families) / sizeof(families[0]); i++)
		e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
		                     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]),
		                     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
	return e;
}

static int enter_seccomp(enum role r, bool dns, struct sandbox_state *s, struct fail *f)
{
	scmp_filter_ctx ctx = seccomp_init((uint32_t)REFUSED);
	int e = ctx ? 0 : -ENOMEM;

	if (!e)
		e = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree, not a long chain */
	if (!e)
		e = allow_by_argument(ctx, r);
	if (!e)
		e = allow_list(ctx, common, &s->calls);
	if (!e && dns)
		e = allow_dns(ctx);
	if (!e)
		e = allow_list(ctx, lists[r], &s->calls);
#ifdef POSTERN_SANITIZED
	s->widened = true;
	if (!e)
		e = allow_list(ctx, widened, &s->calls);
#else
	(void)widened;
#endif
	if (!e)
		e = seccomp_load(ctx);
	seccomp_release(ctx);
	if (e) {
		errno = -e;
		return fail_errno(f, FAIL_SYS, "seccomp");
	}
	s->seccomp = true;
	return OK;
}

/* Files: nothing, but the one directory of core. Absent in the kernel, or older than what we ask: not on, and the
 * log says so. */
static bool enter_landlock(const char *dir)
{
	struct landlock_ruleset_attr all = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	OWNFD set = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	OWNFD at = -1;

	if (set < 0)
		return false;
	if (dir) {
		struct landlock_path_beneath_attr beneath = {
			.allowed_access = all.handled_access_fs & ~(__u64)LANDLOCK_ACCESS_FS_EXECUTE,
		};

		at = open(dir, O_PATH | O_CLOEXEC);
		beneath.parent_fd = at;
		if (at < 0 ||
		    syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
			return false;
	}
	return syscall(SYS_landlock_restrict_self, set, 0) == 0;
}

static void limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit l = { value, value };

	setrlimit(what, &l);
}

int sandbox_enter(enum role r, const char *dir, bool dns, struct sandbox_state *ret, struct fail *f)
{
	struct sandbox_state s = { 0 };

	if (r >= ROLE_COUNT || !lists[r])
		return fail(f, FAIL_BUG, "no system call list for this role");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(f, FAIL_SYS, "no_new_privs");
	limit(RLIMIT_CORE, 0);
#ifndef POSTERN_SANITIZED
	if (r != ROLE_OPENER)
		limit(RLIMIT_NPROC, 0);
	if (r == ROLE_SCRIBE || r == ROLE_VAULT || r == ROLE_KEYGEN)
		limit(RLIMIT_AS, (rlim_t)1 << 30);
#endif
	s.landlock = enter_landlock(dir);
	TRY(enter_seccomp(r, dns, &s, f));
	*ret = s;
	return OK;
}

/* ---- processes forked for one work ---------------------------------------------------------------------------- */

enum { FORKED_MEMORY = 1 << 30, FORKED_FILES = 64 };

/* The compiled filter; memory of the process that forks, and so of those that are forked. */
static struct sock_fprog forked_filter;

/* As the kernel wants it: the library does not see that a write was cut short, and half a filter would be refused in each process
 * that is forked, for as long as this one lives. */
static bool is_whole(const struct sock_filter *program, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sock_filter *p = &program[i];
		size_t far = BPF_OP(p->code) == BPF_JA ? p->k : p->jt > p->jf ? p->jt : p->jf;

		if (BPF_CLASS(p->code) == BPF_JMP && i + 1 + far >= n)
			return false;
	}
	return n && BPF_CLASS(program[n - 1].code) == BPF_RET;
}

static int export_filter(scmp_filter_ctx ctx, struct fail *f)
{
	OWNFD fd = -1;
	struct stat st;
	ssize_t n = -1;
	struct sock_filter *program;

	TRY(memfd_new(&fd, f));
	errno = -seccomp_export_bpf(ctx, fd);
	if (errno || fstat(fd, &st) < 0)
		return fail_errno(f, FAIL_SYS, "seccomp filter");
	program = xalloc((size_t)st.st_size);
	n = pread(fd, program, (size_t)st.st_size, 0);
	if (n != st.st_size || !is_whole(program, (size_t)n / sizeof(*program))) {
		free(program);
		return fail(f, FAIL_SYS, "seccomp filter: %zd octets of it", n);
	}
	forked_filter.len = (unsigned short)((size_t)n / sizeof(*program));
	forked_filter.filter = program;
	return OK;
}

int sandbox_prepare_forked(struct fail *f)
{
	scmp_filter_ctx ctx = seccomp_init((uint32_t)REFUSED);
	unsigned count = 0;
	int e = ctx ? 0 : -ENOMEM, r = OK;

	if (!e)
		e = allow_by_argument(ctx, ROLE_COUNT);
	if (!e)
		e = allow_list(ctx, forked, &count);
#ifdef POSTERN_SANITIZED
	if (!e)
		e = allow_list(ctx, widened, &count);
	if (!e)
		e = allow_list(ctx, common, &count);
#endif
	errno = -e;
	r = e ? fail_errno(f, FAIL_SYS, "seccomp filter") : export_filter(ctx, f);
	seccomp_release(ctx);
	return r;
}

int sandbox_enter_forked(unsigned cpu_s, struct fail *f)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(f, FAIL_SYS, "no_new_privs");
	limit(RLIMIT_CPU, cpu_s ? cpu_s : RLIM_INFINITY);
	limit(RLIMIT_NOFILE, FORKED_FILES);
#ifndef POSTERN_SANITIZED
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_AS, FORKED_MEMORY);
#endif
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &forked_filter) < 0)
		return fail_errno(f, FAIL_SYS, "seccomp");
	return OK;
}
