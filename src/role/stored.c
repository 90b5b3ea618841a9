#include "role/stored.h"

#include "crypto/aead.h"
#include "sys/memfd.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

/* What is written at once: file systems keep it in pages of that size where it begins at a multiple of it, and a page costs the
 * same whatever its size. */
enum { AT_ONCE = 256 * 1024 };

struct out_file {
	int fd;
	uint64_t at;
	size_t n; /* bytes in the room; behind them the next chunk is made */
	struct aead_stream *stream;
};

void stored_done(struct stored *s)
{
	secret_done(&s->body_key);
}

static char room[AT_ONCE + AEAD_CHUNK + AEAD_TAG]; /* what stands in it is encrypted */

static int write_out(struct out_file *o, size_t n, struct fail *f)
{
	TRY(memfd_put(o->fd, str_of(room, n), o->at, f));
	o->at += n;
	o->n -= n;
	memmove(room, room + n, o->n);
	return OK;
}

/* A chunk of the stream, which was made where it belongs. */
static int put_out(void *self, struct str bytes, struct fail *f)
{
	struct out_file *o = self;

	assert(bytes.p == room + o->n);
	o->n += bytes.n;
	if (o->n >= AT_ONCE)
		TRY(write_out(o, AT_ONCE, f));
	aead_stream_make_at(o->stream, room + o->n);
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
	out.stream = stream;
	aead_stream_make_at(stream, room);
	TRY(write(self, (struct sink){ put_stream, stream }, f));
	TRY(aead_stream_end(stream, f));
	TRY(write_out(&out, out.n, f));
	if (is_file && fdatasync(to) < 0)
		return fail_errno(f, FAIL_SYS, "sync of a body");
	*ret = (struct stored){ secret_take(&s.body_key), out.at };
	return OK;
}
