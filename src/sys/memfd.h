/* memfd.h - messages in memory: files without a path that vanish with their last descriptor. Clear text passes from process to
 * process in these and in nothing else. */
#ifndef SYS_MEMFD_H
#define SYS_MEMFD_H

#include "base/fail.h"
#include "base/str.h"

MUST_CHECK int memfd_new(int *ret_fd, struct fail *f);
MUST_CHECK int memfd_of(struct str bytes, int *ret_fd, struct fail *f); /* filled and sealed */

/* write() all of it at the file's end. FAIL_SYS. */
MUST_CHECK int memfd_add(int fd, struct str bytes, struct fail *f);
/* pwrite() all of it at `at`; the file's position stays. FAIL_SYS. */
MUST_CHECK int memfd_put(int fd, struct str bytes, uint64_t at, struct fail *f);

/* No more writing, growing, shrinking: what was judged cannot change. */
MUST_CHECK int memfd_seal(int fd, struct fail *f);

/* A tie goes with a memory file from process to process, and whoever keeps the file keeps it as long. *ret_end can be watched for
 * reading: nothing ever comes by it but its end, when the last tie is closed, also by a death. */
MUST_CHECK int memfd_tie(int *ret_tie, int *ret_end, struct fail *f);

/* How long it is. FAIL_DENIED when it is no memory file: a device, or what waits for a writer, has no length. */
MUST_CHECK int memfd_size(int fd, uint64_t *ret, struct fail *f);

/* A private view, to be read: mapped, or for a short one copied, which costs less than entries of page tables made and undone.
 * Without all seals: FAIL_DENIED, for a mapping of a file that another process can shrink is a crash. map_done() wipes what was
 * copied. A mapping keeps the memory of a file that was closed. */
enum { MEMFD_COPIED_MAX = 256 * 1024 };
struct map {
	void *p;
	size_t n;
	bool copied;
};
MUST_CHECK int memfd_map(int fd, struct map *ret, struct fail *f);
void map_done(struct map *m);
static inline struct str map_str(const struct map *m)
{
	return str_of(m->p, m->n);
}

#endif
