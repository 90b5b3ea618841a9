/* stored.h - the form in which a body is kept: encrypted under a key of its own, whatever it is (promise 9), in memory or in
 * a file that core opened. */
#ifndef ROLE_STORED_H
#define ROLE_STORED_H

#include "base/secret.h"
#include "base/sink.h"

struct stored {
	struct secret body_key;
	uint64_t bytes; /* under that key */
};
#define STORED_NONE ((struct stored){ 0 })
void stored_done(struct stored *s);

/* Has `write` write a message, and keeps it at the start of `to`, memory or a file; a file is synced. What `write` returns is
 * returned. */
MUST_CHECK int stored_write(int to, bool is_file, int (*write)(void *self, struct sink out, struct fail *f),
                            void *self, struct stored *ret, struct fail *f);

#endif
