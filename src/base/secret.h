/* secret.h - key material: whole pages of its own, locked in memory, left out of core dumps and of forked
 * children, wiped when done. It is never printed, never in a buf, compared only in constant time. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/fail.h"
#include "base/str.h"

struct secret {
	uint8_t *p;
	size_t n;   /* bytes in use */
	size_t cap; /* bytes mapped */
};

#define SECRET_NONE ((struct secret){ 0 })

/* Room for n bytes, zeroed. FAIL_SYS when the pages cannot be had; when mlock is refused by the limit the
 * secret is still made (the server warns at start when swap is on). */
MUST_CHECK int secret_new(struct secret *ret, size_t n, struct fail *f);
MUST_CHECK int secret_copy(struct secret *ret, const void *p, size_t n, struct fail *f);
void secret_done(struct secret *s);                             /* wipes and unmaps; an empty one is fine */
bool secret_eq(const struct secret *a, const struct secret *b); /* constant time for equal lengths */
struct secret secret_take(struct secret *s);                    /* moves it out, leaves s empty */

static inline struct str secret_str(const struct secret *s)
{
	return str_of(s->p, s->n);
}

#endif
