/* sink.h - where a streaming writer puts its bytes. `put` returns OK or a FAIL_* code, and once it has
 * failed it goes on failing. The bytes are only valid during the call. */
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include "base/buf.h"
#include "base/fail.h"

struct sink {
	int (*put)(void *self, struct str bytes, struct fail *f);
	void *self;
};

MUST_CHECK static inline int sink_put(struct sink s, struct str bytes, struct fail *f)
{
	return bytes.n ? s.put(s.self, bytes, f) : OK;
}

/* A sink that fills a buf; FAIL_LIMIT past its maximum. */
struct sink sink_buf(struct buf *b);

#endif
