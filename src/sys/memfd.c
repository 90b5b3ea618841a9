#include "sys/memfd.h"

#include <errno.h>
#include <fcntl.h>
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

int memfd_seal(int fd, struct fail *f)
{
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return fail_errno(f, FAIL_SYS, "seal memory");
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

int memfd_map(int fd, struct map *ret, struct fail *f)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p = NULL;

	if (seals < 0 || (seals & ALL_SEALS) != ALL_SEALS)
		return fail(f, FAIL_DENIED, "a message that is not sealed memory");
	if (fstat(fd, &st) < 0)
		return fail_errno(f, FAIL_SYS, "fstat");
	if (st.st_size)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return fail_errno(f, FAIL_SYS, "map");
	*ret = (struct map){ p, (size_t)st.st_size };
	return OK;
}

void map_done(struct map *m)
{
	if (m->p)
		munmap(m->p, m->n);
	*m = (struct map){ 0 };
}
