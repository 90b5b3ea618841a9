/* stored.h - the form in which a body is kept: encrypted under a key of its own, whatever it is (promise 9), in memory or in
 * a file that core opened. */
#ifndef ROLE_STORED_H
#define ROLE_STORED_H

#include "base/secret.h"
#include "base/sink.h"

struct stored {
	struct secret body_key;
	uint64_t bytes; /* under that key */
	int fd;         /* a memfd with them, -1 when they went into the file */
};
#define STORED_NONE ((struct stored){ .fd = -1 })
void stored_done(struct stored *s);

/* Has `write` write a message, and keeps it. file: to write and sync into, or -1. What `write` returns is returned. */
MUST_CHECK int stored_write(int file, int (*write)(void *self, struct sink out, struct fail *f), void *self,
                            struct stored *ret, struct fail *f);

#endif
