#include "role/gate/body.h"

#include "base/mem.h"

#include <errno.h>
#include <unistd.h>

int body_open(struct body *b, int fd, uint64_t offset, uint64_t stored, struct str key, struct fail *f)
{
	*b = (struct body){ .fd = fd, .at = offset, .left = stored };
	return aead_stream_open_new(key, (struct sink){ 0 }, &b->stream, f);
}

void body_close(struct body *b)
{
	aead_stream_free(TAKE(b->stream));
	*b = BODY_NONE;
}

static int read_all(int fd, char *to, size_t n, uint64_t at, struct fail *f)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(f, FAIL_SYS, "read of a stored body");
		if (got == 0)
			return fail(f, FAIL_FORGED, "a stored body is cut off");
		done += (size_t)got;
	}
	return OK;
}

int body_step(struct body *b, struct str *ret, bool *ret_end, struct fail *f)
{
	static char sealed[AEAD_CHUNK + AEAD_TAG]; /* opened before another body is read */
	size_t n = b->left < sizeof(sealed) ? (size_t)b->left : sizeof(sealed);

	TRY(read_all(b->fd, sealed, n, b->at, f));
	b->at += n;
	b->left -= n;
	TRY(aead_stream_chunk(b->stream, str_of(sealed, n), b->left == 0, ret, f));
	*ret_end = b->left == 0;
	return OK;
}
