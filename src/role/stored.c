#include "role/stored.h"

#include "crypto/aead.h"
#include "sys/memfd.h"

#include <unistd.h>

enum { OUT_ROOM = 256 * 1024 };

struct out_file {
	int fd;
	size_t n;
	uint64_t at; /* where the room begins in the file */
	char room[OUT_ROOM];
};

void stored_done(struct stored *s)
{
	secret_done(&s->body_key);
}

static int write_out(struct out_file *o, struct str bytes, struct fail *f)
{
	TRY(memfd_put(o->fd, bytes, o->at, f));
	o->at += bytes.n;
	return OK;
}

static int flush_out(struct out_file *o, struct fail *f)
{
	TRY(write_out(o, str_of(o->room, o->n), f));
	o->n = 0;
	return OK;
}

static int put_out(void *self, struct str bytes, struct fail *f)
{
	struct out_file *o = self;

	if (o->n + bytes.n > sizeof(o->room)) {
		TRY(flush_out(o, f));
		if (bytes.n > sizeof(o->room))
			return write_out(o, bytes, f);
	}
	memcpy(o->room + o->n, bytes.p, bytes.n);
	o->n += bytes.n;
	return OK;
}

static int put_stream(void *self, struct str bytes, struct fail *f)
{
	return aead_stream_put(self, bytes, f);
}

int stored_write(int to, bool is_file, int (*write)(void *self, struct sink out, struct fail *f), void *self,
                 struct stored *ret, struct fail *f)
{
	static struct out_file out; /* one at a time: these roles do one thing */
	OWN(stored) s = STORED_NONE;
	OWNS(aead_stream) stream = NULL;

	TRY(secret_new(&s.body_key, AEAD_KEY, f));
	TRY(random_bytes(s.body_key.p, s.body_key.n, f));
	out.fd = to;
	out.n = 0;
	out.at = 0;
	TRY(aead_stream_seal_new(secret_str(&s.body_key), (struct sink){ put_out, &out }, &stream, f));
	TRY(write(self, (struct sink){ put_stream, stream }, f));
	TRY(aead_stream_end(stream, f));
	TRY(flush_out(&out, f));
	if (is_file && fdatasync(to) < 0)
		return fail_errno(f, FAIL_SYS, "sync of a body");
	*ret = (struct stored){ secret_take(&s.body_key), out.at };
	return OK;
}
