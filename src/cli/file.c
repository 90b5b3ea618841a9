#include "cli/file.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 8192 };

const char *file_in(struct arena *a, const char *dir, const char *name)
{
	OWN(buf) b = BUF(PATH_ROOM);

	if (name[0] == '/')
		return name;
	buf_addf(&b, "%s/%s", dir, name);
	return arena_z(a, buf_str(&b));
}

bool file_is(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno != EINTR)
			return -1;
		bytes = str_from(bytes, n < 0 ? 0 : (size_t)n);
	}
	return 0;
}

int file_new(const char *path, struct str bytes, mode_t mode, struct fail *f)
{
	OWNFD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0 && errno == EEXIST)
		return fail(f, FAIL_EXISTS, "%s is there already, and was left as it is", path);
	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "%s cannot be written", path);
	if (fchmod(fd, mode) < 0 || write_all(fd, bytes) < 0 || fsync(fd) < 0) {
		int r = fail_errno(f, FAIL_SYS, "%s cannot be written", path);

		(void)unlink(path); /* half a key is worse than none */
		return r;
	}
	return file_name_kept(path, f);
}

int file_name_kept(const char *path, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct str s = str_c(path);
	size_t slash;
	OWNFD fd = -1;

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	slash = str_rchr(s, '/');
	fd = open(slash == s.n ? "."
	          : slash == 0 ? "/"
	                       : arena_z(&a, str_first(s, slash)),
	          O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0 ? OK
	                                 : fail_errno(f, FAIL_SYS, "the folder of %s cannot be synced", path);
}

int file_dir(const char *path, mode_t mode, struct fail *f)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return file_name_kept(path, f);
	if (errno != EEXIST)
		return fail_errno(f, FAIL_SYS, "the directory %s cannot be made", path);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return fail(f, FAIL_EXISTS, "%s is there already and is no directory: name another", path);
	return OK;
}

int file_line(const char *path, size_t most, struct secret *ret, struct fail *f)
{
	bool input = strcmp(path, "-") == 0;
	OWNFD fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	OWN(secret) s = SECRET_NONE;
	size_t n = 0, end;
	ssize_t got = 1;

	TRY(secret_new(&s, most + 2, f));
	while (fd >= 0 && got > 0 && n < s.n && str_chr(str_of(s.p, n), '\n') == n) {
		got = read(fd, s.p + n, s.n - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || got < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%s cannot be read",
		                  input ? "standard input" : path);
	end = str_chr(str_of(s.p, n), '\n');
	if (end && s.p[end - 1] == '\r')
		end--;
	if (end > most)
		return fail(f, FAIL_LIMIT, "%s: its first line is longer than %zu bytes",
		            input ? "standard input" : path, most);
	explicit_bzero(s.p + end, s.n - end);
	s.n = end;
	*ret = secret_take(&s);
	return OK;
}

int file_text(const char *path, struct buf *ret, struct fail *f)
{
	enum { PIECE = 64 * 1024 };
	bool input = strcmp(path, "-") == 0;
	OWNFD fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	while (fd >= 0 && got > 0) {
		char piece[PIECE];

		got = read(fd, piece, sizeof(piece));
		if (got > 0)
			buf_add(ret, str_of(piece, (size_t)got));
		got = got < 0 && errno == EINTR ? 1 : got;
		if (ret->over)
			return fail(f, FAIL_LIMIT, "%s is longer than %zu bytes: cut it in parts", path,
			            ret->max);
	}
	return fd < 0 || got < 0 ? fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS,
	                                      "%s cannot be read", input ? "standard input" : path)
	                         : OK;
}
