#include "role/stored.h"

#include "crypto/aead.h"
#include "sys/memfd.h"

#include <unistd.h>

struct out_file {
	int fd;
	uint64_t at;
};

void stored_done(struct stored *s)
{
	secret_done(&s->body_key);
}

/* A chunk of the stream: long enough for a write of its own. */
static int put_out(void *self, struct str bytes, struct fail *f)
{
	struct out_file *o = self;

	TRY(memfd_put(o->fd, bytes, o->at, f));
	o->at += bytes.n;
	return OK;
}

static int put_stream(void *self, struct str bytes, struct fail *f)
{
	return aead_stream_put(self, bytes, f);
}

int stored_write(int to, bool is_file, int (*write)(void *self, struct sink out, struct fail *f), void *self,
                 struct stored *ret, struct fail *f)
{
	struct out_file out = { .fd = to };
	OWN(stored) s = STORED_NONE;
	OWNS(aead_stream) stream = NULL;

	TRY(secret_new(&s.body_key, AEAD_KEY, f));
	TRY(random_bytes(s.body_key.p, s.body_key.n, f));
	TRY(aead_stream_seal_new(secret_str(&s.body_key), (struct sink){ put_out, &out }, &stream, f));
	TRY(write(self, (struct sink){ put_stream, stream }, f));
	TRY(aead_stream_end(stream, f));
	if (is_file && fdatasync(to) < 0)
		return fail_errno(f, FAIL_SYS, "sync of a body");
	*ret = (struct stored){ secret_take(&s.body_key), out.at };
	return OK;
}
