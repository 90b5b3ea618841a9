/* buf.h - a growing buffer that is born with its maximum. Past it the sticky `over` flag is set and later
 * additions do nothing, so that ten appends need one check. Contents are always followed by a NUL that is
 * a courtesy, never relied upon. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/own.h"
#include "base/str.h"

struct buf {
	char *p;
	size_t n, cap, max;
	bool over;
};

#define BUF(maximum) ((struct buf){ .max = (maximum) })

void buf_done(struct buf *b);  /* frees; b is again empty with its maximum */
void buf_clear(struct buf *b); /* forgets contents and `over`, keeps the memory */
void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addz(struct buf *b, const char *z);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_add_u64(struct buf *b, uint64_t v); /* decimal */

/* Room for n more bytes, to be filled by the caller and then counted in b->n; NULL (and over) past the
 * maximum. */
char *buf_room(struct buf *b, size_t n);

/* Drops the first n bytes. */
void buf_shift(struct buf *b, size_t n);

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

#endif
