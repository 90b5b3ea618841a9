/* output.c - asking for one copy of a message. */
#include "role/core/txn.h"

#include "base/clock.h"
#include "sys/memfd.h"

#include <unistd.h>

uint32_t output_to_file(const struct output *o)
{
	return o->txn->size > OWN_FILE_BYTES ? SEAL_TO_FILE : 0;
}

int output_ask(struct output *o, enum ipc_tag tag, const void *question, struct fail *f)
{
	const bool to_file = output_to_file(o);

	if (to_file)
		TRY(body_file_new(o->txn->core->store, &o->file, &o->fd, f));
	o->asked = true;
	o->txn->asked_ms = clock_mono_ms();
	peer_send(o->txn->scribe, tag, question, &o->fd, to_file ? 1 : 0);
	if (to_file) {
		close(o->fd);
		o->fd = -1;
	}
	return OK;
}

/* Base64 of base64 and what is written around it is less than the double; certificates are a few KiB each. */
enum { GROWTH = 4, EXTRA = 1 << 20 };

int output_take(struct output *o, struct ipc_fds *fds, uint64_t stored, struct fail *f)
{
	uint64_t in, out = stored;
	OWNFD fd = -1;

	TRY(memfd_size(o->txn->fd, &in, f));
	if (!o->file) {
		fd = ipc_fd_take(fds, 0);
		if (memfd_size(fd, &out, f) < 0)
			return fail(f, FAIL_BUG, "an output that is not in memory");
	}
	if (out != stored || stored > GROWTH * in + EXTRA)
		return fail(f, FAIL_BUG, "an output of %llu bytes that is said to have %llu",
		            (unsigned long long)out, (unsigned long long)stored);
	o->fd = TAKE_FD(fd);
	return OK;
}
