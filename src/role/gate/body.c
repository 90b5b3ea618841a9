#include "role/gate/body.h"

#include "base/mem.h"

#include <errno.h>
#include <unistd.h>

int body_open(struct body *b, int fd, uint64_t offset, uint64_t stored, struct str key, struct sink out,
              struct fail *f)
{
	*b = (struct body){ .fd = fd, .at = offset, .left = stored };
	return aead_stream_open_new(key, out, &b->stream, f);
}

void body_close(struct body *b)
{
	aead_stream_free(TAKE(b->stream));
	*b = BODY_NONE;
}

int body_step(struct body *b, bool *ret_end, struct fail *f)
{
	char chunk[16384] UNSET;
	uint64_t budget = AEAD_CHUNK + AEAD_TAG;

	while (b->left && budget) {
		uint64_t want = b->left < budget ? b->left : budget;
		ssize_t n = pread(b->fd, chunk, want < sizeof(chunk) ? (size_t)want : sizeof(chunk),
		                  (off_t)b->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(f, FAIL_SYS, "read of a stored body");
		if (n == 0)
			return fail(f, FAIL_FORGED, "a stored body is cut off");
		TRY(aead_stream_put(b->stream, str_of(chunk, (size_t)n), f));
		b->at += (uint64_t)n;
		b->left -= (uint64_t)n;
		budget -= (uint64_t)n;
	}
	if (!b->left)
		TRY(aead_stream_end(b->stream, f));
	*ret_end = b->left == 0;
	return OK;
}
