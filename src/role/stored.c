#include "role/stored.h"

#include "crypto/aead.h"
#include "sys/memfd.h"

#include <unistd.h>

enum { OUT_ROOM = 256 * 1024 };

struct out_file {
	int fd;
	size_t n;
	uint64_t bytes;
	char room[OUT_ROOM];
};

void stored_done(struct stored *s)
{
	secret_done(&s->body_key);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int flush_out(struct out_file *o, struct fail *f)
{
	TRY(memfd_add(o->fd, str_of(o->room, o->n), f));
	o->n = 0;
	return OK;
}

static int put_out(void *self, struct str bytes, struct fail *f)
{
	struct out_file *o = self;

	o->bytes += bytes.n;
	if (o->n + bytes.n > sizeof(o->room)) {
		TRY(flush_out(o, f));
		if (bytes.n > sizeof(o->room))
			return memfd_add(o->fd, bytes, f);
	}
	memcpy(o->room + o->n, bytes.p, bytes.n);
	o->n += bytes.n;
	return OK;
}

static int put_stream(void *self, struct str bytes, struct fail *f)
{
	return aead_stream_put(self, bytes, f);
}

int stored_write(int file, int (*write)(void *self, struct sink out, struct fail *f), void *self,
                 struct stored *ret, struct fail *f)
{
	static struct out_file out; /* one at a time: these roles do one thing */
	OWN(stored) s = STORED_NONE;
	OWNS(aead_stream) stream = NULL;

	TRY(secret_new(&s.body_key, AEAD_KEY, f));
	TRY(random_bytes(s.body_key.p, s.body_key.n, f));
	if (file < 0)
		TRY(memfd_new(&s.fd, f));
	out.fd = file < 0 ? s.fd : file;
	out.n = 0;
	out.bytes = 0;
	TRY(aead_stream_seal_new(secret_str(&s.body_key), (struct sink){ put_out, &out }, &stream, f));
	TRY(write(self, (struct sink){ put_stream, stream }, f));
	TRY(aead_stream_end(stream, f));
	TRY(flush_out(&out, f));
	if (file >= 0 && fdatasync(file) < 0)
		return fail_errno(f, FAIL_SYS, "sync of a body");
	s.bytes = out.bytes;
	*ret = (struct stored){ secret_take(&s.body_key), s.bytes, TAKE_FD(s.fd) };
	return OK;
}
