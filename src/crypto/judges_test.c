#include "crypto/judges_test.h"

#include "base/mem.h"
#include "crypto/aead.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SAID_MAX = 16 << 20 };

static char folder[] = "/tmp/postern-judges-XXXXXX";
static char vectors[PATH_MAX];

/* The option is a path from the top of the sources; tests run in the top of a build, two levels below. */
static void find_vectors(void)
{
	const char *given = getenv("POSTERN_VECTORS");
	OWN(buf) below = BUF(PATH_MAX);

	buf_addf(&below, "../../%s", given ? given : "");
	if (given && !realpath(given, vectors) && !realpath(below.p, vectors))
		vectors[0] = '\0';
}

int judges_setup(void **state)
{
	find_vectors();
	return crypto_init(NULL) < 0 || !mkdtemp(folder) || chdir(folder) < 0;
}

int judges_teardown(void **state)
{
	return chdir("/") < 0 || judge_run(NULL, "rm -rf %s", folder);
}

void judge_put(const char *name, struct str bytes)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		assert_true(n > 0);
		bytes = str_from(bytes, (size_t)n);
	}
	close(fd);
}

static void read_all(int fd, struct buf *ret)
{
	enum { PIECE = 65536 };
	ssize_t n;
	char *to;

	while ((to = buf_room(ret, PIECE)) != NULL && (n = read(fd, to, PIECE)) > 0)
		ret->n += (size_t)n;
	assert_false(ret->over);
}

void judge_get(const char *name, struct buf *ret)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	read_all(fd, ret);
	close(fd);
}

static int run(const char *command, struct buf *said)
{
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(fds[1]);
	read_all(fds[0], said);
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_va(struct buf *said, struct buf *command, const char *fmt, va_list ap)
{
	char *z = NULL;

	assert_true(vasprintf(&z, fmt, ap) >= 0);
	buf_addz(command, z);
	free(z);
	return run(command->p, said);
}

int judge_run(struct buf *ret, const char *fmt, ...)
{
	OWN(buf) command = BUF(65536);
	OWN(buf) said = BUF(SAID_MAX);
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = run_va(&said, &command, fmt, ap);
	va_end(ap);
	if (ret)
		buf_add(ret, buf_str(&said));
	return status;
}

void judge_accepts(const char *fmt, ...)
{
	OWN(buf) command = BUF(65536);
	OWN(buf) said = BUF(SAID_MAX);
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = run_va(&said, &command, fmt, ap);
	va_end(ap);
	if (status)
		fail_msg("%s: %d: %.*s", command.p, status, STR_ARG(buf_str(&said)));
}

void judge_refuses(const char *words, const char *fmt, ...)
{
	OWN(buf) command = BUF(65536);
	OWN(buf) said = BUF(SAID_MAX);
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = run_va(&said, &command, fmt, ap);
	va_end(ap);
	if (status == 0 || str_find(buf_str(&said), str_c(words)) == said.n)
		fail_msg("%s: %d without \"%s\": %.*s", command.p, status, words, STR_ARG(buf_str(&said)));
}

/* The file as it is, and each PEM block in it. */
static size_t each_block(struct str bytes, void (*each)(struct str, void *), void *arg)
{
	BIO *in = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	size_t count = 1;
	long n;

	each(bytes, arg);
	for (; PEM_read_bio(in, &name, &header, &data, &n) == 1; count++) {
		each(str_of(data, (size_t)n), arg);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	BIO_free(in);
	return count;
}

bool vectors_path(const char *sub, struct buf *ret)
{
	buf_clear(ret);
	buf_addf(ret, "%s/%s", vectors, sub);
	if (vectors[0] && access(ret->p, R_OK) == 0)
		return true;
	print_message("SKIP %s: no third-party data\n", sub);
	return false;
}

size_t vectors_each(const char *sub, void (*each)(struct str bytes, void *arg), void *arg)
{
	size_t count = 0;
	OWN(buf) path = BUF(PATH_MAX);
	DIR *dir;

	buf_addf(&path, "%s/%s", vectors, sub);
	dir = vectors[0] ? opendir(path.p) : NULL;
	if (!dir) {
		print_message("SKIP %s: no third-party data\n", sub);
		return 0;
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		OWN(buf) bytes = BUF(SAID_MAX);
		int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
		struct stat st = { 0 };

		assert_true(fd >= 0 && fstat(fd, &st) == 0);
		if (S_ISREG(st.st_mode)) {
			read_all(fd, &bytes);
			count += each_block(buf_str(&bytes), each, arg);
		}
		close(fd);
	}
	closedir(dir);
	return count;
}
