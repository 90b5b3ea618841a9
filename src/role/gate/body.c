#include "role/gate/body.h"

#include "base/mem.h"
#include "transform/seal.h"
#include "wire/b64.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 24 * 1024 }; /* of octets: base64 of it stays in the processor's cache */

struct encoding {
	struct str octets; /* opened and not yet sent */
	bool last;         /* behind them nothing comes */
	size_t read;       /* of the header's length */
	uint32_t header;   /* bytes of it that were not sent */
	struct b64_lines lines;
	char text[2 * PIECE]; /* written before it is read */
};

static struct encoding *encoding_new(void)
{
	struct encoding *e = xrealloc(NULL, sizeof(*e));

	memset(e, 0, offsetof(struct encoding, text));
	return e;
}

int body_open(struct body *b, int fd, uint64_t offset, uint64_t stored, struct str key, bool binary,
              struct fail *f)
{
	*b = (struct body){ .fd = fd, .at = offset, .left = stored };
	if (binary)
		b->encoding = encoding_new();
	return aead_stream_open_new(key, (struct sink){ 0 }, &b->stream, f);
}

void body_close(struct body *b)
{
	aead_stream_free(TAKE(b->stream));
	free(b->encoding);
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

static int next_chunk(struct body *b, struct str *ret, bool *ret_end, struct fail *f)
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

static struct str take(struct str *from, size_t n)
{
	struct str taken = str_first(*from, n);

	*from = str_from(*from, taken.n);
	return taken;
}

static void read_length(struct encoding *e)
{
	while (e->read < SEAL_HEAD_BYTES && e->octets.n) {
		e->header = e->header << 8 | (uint8_t)*take(&e->octets, 1).p;
		e->read++;
	}
}

/* The header goes as it is. */
static struct str next_piece(struct encoding *e)
{
	struct str s = take(&e->octets, e->header ? e->header : PIECE);
	size_t n;

	if (e->header) {
		e->header -= (uint32_t)s.n;
		return s;
	}
	n = b64_lines_fill(&e->lines, s, e->text);
	if (e->last && !e->octets.n)
		n += b64_lines_fill_end(&e->lines, e->text + n);
	return str_of(e->text, n);
}

int body_step(struct body *b, struct str *ret, bool *ret_end, struct fail *f)
{
	struct encoding *e = b->encoding;

	if (!e)
		return next_chunk(b, ret, ret_end, f);
	if (!e->octets.n)
		TRY(next_chunk(b, &e->octets, &e->last, f));
	read_length(e);
	*ret = next_piece(e);
	*ret_end = e->last && !e->octets.n;
	return OK;
}
