#include "role/play_fuzz.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/sock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between these lies what the code that ran has counted (clang's inline counters); nothing in a replay. In C the names would be taken
 * for this file's own by what clang adds to it. */
__asm__(".pushsection .data.rel.local, \"aw\"\n"
        ".weak __start___sancov_cntrs\n"
        ".weak __stop___sancov_cntrs\n"
        ".globl fuzz_counters\n"
        "fuzz_counters: .quad __start___sancov_cntrs, __stop___sancov_cntrs\n"
        ".popsection");
extern char *const fuzz_counters[2];

enum { REACHED_END = 1 };

static struct shared {
	int state;
	char counters[];
} * shared;
static bool is_forked;

static size_t n_counters(void)
{
	return (size_t)(fuzz_counters[1] - fuzz_counters[0]);
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

enum { FILES = 64, KEPT_MOST = 4 << 20 };

static struct kept {
	char *path;
	char *bytes;
	size_t n;
	off_t size;
} kept[FILES];
static size_t n_kept;

static const char *root;

static char *whole(const char *path, size_t *ret_n)
{
	char *p = xalloc(KEPT_MOST);
	OWNFD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : pread(fd, p, KEPT_MOST, 0);

	*ret_n = n < 0 ? 0 : (size_t)n;
	return xrealloc(p, *ret_n + 1);
}

static int keep_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct kept *k = &kept[n_kept];

	if (!S_ISREG(st->st_mode))
		return 0;
	law(n_kept < FILES, "files enough");
	n_kept++;
	k->path = xstrdup(str_c(path));
	k->bytes = whole(path, &k->n);
	k->size = st->st_size;
	return 0;
}

static int drop_foreign(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	if (!S_ISREG(st->st_mode))
		return 0;
	for (size_t i = 0; i < n_kept; i++)
		if (str_eq(str_c(kept[i].path), str_c(path)))
			return 0;
	return unlink(path);
}

/* The bytes go back into the same files, which are open. */
static void restore(void)
{
	nftw(root, drop_foreign, 8, FTW_PHYS);
	for (size_t i = 0; i < n_kept; i++) {
		OWNFD fd = open(kept[i].path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		law(fd >= 0 && pwrite(fd, kept[i].bytes, kept[i].n, 0) == (ssize_t)kept[i].n &&
		            ftruncate(fd, kept[i].size) == 0,
		    "files are as they were");
	}
}

static int forget_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

static char folder[64];

static void forget_folder(void)
{
	if (!is_forked && folder[0])
		nftw(folder, forget_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *play_folder(void)
{
	snprintf(folder, sizeof(folder), "%s/postern-fuzz-XXXXXX",
	         access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	law(mkdtemp(folder) != NULL, "a folder");
	atexit(forget_folder);
	return folder;
}

/* ---- streams -------------------------------------------------------------------------------------------------------- */

static struct endpoint at_name(const char *name)
{
	OWN(buf) text = BUF(128);
	struct endpoint e;

	buf_addf(&text, "unix:%s/%s", folder, name);
	law(endpoint_parse(buf_str(&text), &e, NULL) == OK, "a place in the folder");
	return e;
}

int play_listen(const char *name)
{
	struct endpoint e = at_name(name);
	int fd = -1;

	law(sock_listen(&e, SOCK_STREAM, 64, 0600, &fd, NULL) == OK, "a listener");
	return fd;
}

int play_connect(const char *name)
{
	struct endpoint e = at_name(name);
	int fd = -1;

	law(sock_connect(&e, &fd, NULL) == OK, "a connection");
	return fd;
}

struct str play_read(int *fd, char *p, size_t cap)
{
	ssize_t n = *fd < 0 ? -1 : read(*fd, p, cap);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		close(*fd);
		*fd = -1;
	}
	return str_of(p, n > 0 ? (size_t)n : 0);
}

/* Keys are kept from what is forked (base/secret.c). Here it is the role that goes on in it. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's */
int madvise(void *p, size_t n, int advice)
{
	return advice == MADV_DONTFORK ? 0 : (int)syscall(SYS_madvise, p, n, advice);
}

/* ---- a process for an input ----------------------------------------------------------------------------------------- */

__attribute__((noreturn)) static void leave(int state)
{
	shared->state = state;
	if (n_counters())
		memcpy(shared->counters, fuzz_counters[0], n_counters());
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

void play_end(void)
{
	leave(REACHED_END);
}

/* A role ends so. */
void _exit(int status)
{
	if (is_forked && play.may_end) {
		(void)play_hear();
		play_end();
	}
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

static void forked(const uint8_t *p, size_t n)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	is_forked = true;
	law(!root || chdir(root) == 0, "its folder");
	(play.run ? play.run : play_input)(p, n);
	play_end();
}

void play_forked(const uint8_t *p, size_t n, const char *dir)
{
	int status = 0;
	pid_t pid;

	if (!shared) {
		shared = mmap(NULL, sizeof(*shared) + n_counters(), PROT_READ | PROT_WRITE,
		              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		law(shared != MAP_FAILED, "memory for the counters");
		root = dir;
		if (dir)
			nftw(dir, keep_one, 8, FTW_PHYS);
	}
	if (dir)
		restore();
	shared->state = 0;
	pid = fork();
	law(pid >= 0, "a process");
	if (pid == 0)
		forked(p, n);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (shared->state != REACHED_END) {
		fprintf(stderr, "status %x\n", (unsigned)status);
		forget_folder();
		play_broken("it does not end by what it is told");
	}
	if (n_counters())
		memcpy(fuzz_counters[0], shared->counters, n_counters());
}
