/* room.h - memory files for results, used again and again: a page that is there already is neither asked for, zeroed nor
 * given back. What stands in one is a body under its own key, as it will stand on the disk. */
#ifndef ROLE_SCRIBE_ROOM_H
#define ROLE_SCRIBE_ROOM_H

#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

enum { ROOMS_MAX = 32, ROOM_BYTES_MAX = 256 * 1024 };

struct rooms {
	int fd[ROOMS_MAX];
	size_t n;
};

/* One that nobody reads, of any content; the caller's. FAIL_SYS. */
MUST_CHECK int room_take(struct rooms *all, int *ret_fd, struct fail *f);
/* Nothing stands behind the first `bytes`: core takes no result of another length than it was told. FAIL_SYS. */
MUST_CHECK int room_cut(int fd, uint64_t bytes, struct fail *f);
/* Takes it back when its `bytes` have been read; a large one, and one too many, is closed. */
void room_give(struct rooms *all, int fd, uint64_t bytes);
/* Closes those that wait. */
void rooms_empty(struct rooms *all);

#endif
