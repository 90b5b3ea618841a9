/* output.c - asking for one copy of a message. */
#include "role/core/txn.h"

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
	peer_send(o->txn->scribe, tag, question, &o->fd, to_file ? 1 : 0);
	if (to_file) {
		close(o->fd);
		o->fd = -1;
	}
	return OK;
}
