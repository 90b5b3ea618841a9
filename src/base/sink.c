#include "base/sink.h"

static int put_buf(void *self, struct str bytes, struct fail *f)
{
	struct buf *b = self;

	buf_add(b, bytes);
	return b->over ? fail(f, FAIL_LIMIT, "output exceeds %zu bytes", b->max) : OK;
}

struct sink sink_buf(struct buf *b)
{
	return (struct sink){ put_buf, b };
}
