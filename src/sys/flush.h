/* flush.h - fdatasync(2) without waiting for it, so that a process of one thread goes on while the disk works: Linux AIO's
 * IOCB_CMD_FDSYNC (io_submit(2), since 4.18), whose end an eventfd tells. Where the kernel refuses it the call is made at once. */
#ifndef SYS_FLUSH_H
#define SYS_FLUSH_H

#include "base/fail.h"

struct flush;
struct loop;

/* What was written to the file before flush_begin() is durable (OK), or may be lost (FAIL_SYS, why says of what). */
typedef void flush_fn(void *arg, int result, const struct fail *why);

MUST_CHECK int flush_new(struct loop *l, flush_fn *fn, void *arg, struct flush **ret, struct fail *f);
void flush_free(struct flush *fl); /* waits for what is under way and tells nobody; accepts NULL */

/* One at a time. `what` stands in the failure, and is a literal. fn is called from the loop, or by flush_wait(); never from here.
 * The descriptor stays the caller's and must be open until then. */
void flush_begin(struct flush *fl, int fd, const char *what);

/* Blocks until what is under way has ended and fn was called. Without anything under way: nothing. */
void flush_wait(struct flush *fl);

#endif
