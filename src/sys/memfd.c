#include "sys/memfd.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL_SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };

int memfd_new(int *ret_fd, struct fail *f)
{
	int fd = memfd_create("postern", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "memfd");
	*ret_fd = fd;
	return OK;
}

int memfd_add(int fd, struct str bytes, struct fail *f)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_errno(f, FAIL_SYS, "write to memory");
		bytes = str_from(bytes, (size_t)n);
	}
	return OK;
}

int memfd_put(int fd, struct str bytes, uint64_t at, struct fail *f)
{
	while (bytes.n) {
		ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_errno(f, FAIL_SYS, "write to memory");
		bytes = str_from(bytes, (size_t)n);
		at += (uint64_t)n;
	}
	return OK;
}

int memfd_seal(int fd, struct fail *f)
{
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return fail_errno(f, FAIL_SYS, "seal memory");
	return OK;
}

/* Whoever has a tie can read it, where nothing comes: the writing end, which is told when nobody reads it any more, stays here,
 * so that nobody can say anything through it. */
int memfd_tie(int *ret_tie, int *ret_end, struct fail *f)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail_errno(f, FAIL_SYS, "pipe");
	*ret_tie = ends[0];
	*ret_end = ends[1];
	return OK;
}

int memfd_of(struct str bytes, int *ret_fd, struct fail *f)
{
	OWNFD fd = -1;

	TRY(memfd_new(&fd, f));
	TRY(memfd_add(fd, bytes, f));
	TRY(memfd_seal(fd, f));
	*ret_fd = TAKE_FD(fd);
	return OK;
}

/* Its position is everybody's who has it: another process may be reading it, too. */
static int copy_out(int fd, char *to, size_t n, struct fail *f)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, to + done, n - done, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_errno(f, FAIL_SYS, "read of memory");
		done += (size_t)got;
	}
	return OK;
}

int memfd_size(int fd, uint64_t *ret, struct fail *f)
{
	struct stat st;

	if (fcntl(fd, F_GET_SEALS) < 0)
		return fail(f, FAIL_DENIED, "a message that is not in memory");
	if (fstat(fd, &st) < 0)
		return fail_errno(f, FAIL_SYS, "fstat");
	*ret = (uint64_t)st.st_size;
	return OK;
}

int memfd_map(int fd, struct map *ret, struct fail *f)
{
	int seals = fcntl(fd, F_GET_SEALS);
	OWN(map) m = { 0 };
	struct stat st;

	if (seals < 0 || (seals & ALL_SEALS) != ALL_SEALS)
		return fail(f, FAIL_DENIED, "a message that is not sealed memory");
	if (fstat(fd, &st) < 0)
		return fail_errno(f, FAIL_SYS, "fstat");
	m.n = (size_t)st.st_size;
	m.copied = m.n <= MEMFD_COPIED_MAX;
	if (m.copied) {
		m.p = xrealloc(NULL, m.n + !m.n);
		TRY(copy_out(fd, m.p, m.n, f));
	} else {
		m.p = mmap(NULL, m.n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	}
	if (m.p == MAP_FAILED) {
		m.p = NULL;
		return fail_errno(f, FAIL_SYS, "map");
	}
	*ret = m;
	m = (struct map){ 0 };
	return OK;
}

void map_done(struct map *m)
{
	if (m->p && m->copied) {
		wipe(m->p, m->n);
		free(m->p);
	} else if (m->p) {
		munmap(m->p, m->n);
	}
	*m = (struct map){ 0 };
}
