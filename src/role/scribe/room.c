#include "role/scribe/room.h"

#include "sys/memfd.h"

#include <unistd.h>

int room_take(struct rooms *all, int *ret_fd, struct fail *f)
{
	if (!all->n)
		return memfd_new(ret_fd, f);
	*ret_fd = all->fd[--all->n]; /* used last: it is the likeliest to be in the processor's cache */
	return OK;
}

int room_cut(int fd, uint64_t bytes, struct fail *f)
{
	uint64_t has;

	TRY(memfd_size(fd, &has, f));
	if (has <= bytes) /* a cut to what it is costs as much as a real one */
		return OK;
	return ftruncate(fd, (off_t)bytes) < 0 ? fail_errno(f, FAIL_SYS, "cut of memory") : OK;
}

void room_give(struct rooms *all, int fd, uint64_t bytes)
{
	if (bytes > ROOM_BYTES_MAX || all->n == ROOMS_MAX)
		close(fd);
	else
		all->fd[all->n++] = fd;
}

void rooms_empty(struct rooms *all)
{
	while (all->n)
		close(all->fd[--all->n]);
}
