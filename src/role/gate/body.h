/* body.h - a stored body, read and opened chunk by chunk while it is sent, so that a message costs one chunk of memory
 * and not its size. */
#ifndef ROLE_GATE_BODY_H
#define ROLE_GATE_BODY_H

#include "crypto/aead.h"

struct encoding;

struct body {
	int fd;
	uint64_t at, left; /* of the stored bytes */
	struct aead_stream *stream;
	struct encoding *encoding; /* NULL: what is stored is what is sent */
};

#define BODY_NONE ((struct body){ .fd = -1 })

/* Does not take the descriptor. binary: what is stored is a header and octets, of which base64 is sent (transform/seal.h). */
MUST_CHECK int body_open(struct body *b, int fd, uint64_t offset, uint64_t stored, struct str key,
                         bool binary, struct fail *f);
void body_close(struct body *b);

/* One piece more, maybe an empty one: a view until the next step, or the close. *ret_end: that was the last, and the whole is as it
 * was stored. FAIL_FORGED: it is not, and the message must not be completed; FAIL_SYS: not readable. */
MUST_CHECK int body_step(struct body *b, struct str *ret, bool *ret_end, struct fail *f);

#endif
