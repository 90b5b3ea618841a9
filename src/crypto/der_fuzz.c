/* Law: what is read, element by element, is written back as the same bytes; so no two inputs are one value. */
#include "crypto/der.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { DEPTH = 16 };

static void copy(struct str in, unsigned depth, struct buf *out);

static void copy_one(const struct der *d, unsigned depth, struct buf *out)
{
	struct str in = d->whole, v;
	int64_t utc;
	size_t at;

	if (d->tag == DER_INTEGER && der_get_uint(&in, &v, NULL) == OK) {
		der_put_uint(out, v);
	} else if (d->tag == DER_BITS && der_get_bits(&in, &v, NULL) == OK) {
		der_put_bits(out, 0, v);
	} else if (d->tag == DER_UTC_TIME && der_get_time(&in, &utc, NULL) == OK) {
		der_put_time(out, utc);
	} else if ((d->tag & 0x20) && depth < DEPTH) {
		at = der_open(out, d->tag);
		copy(d->body, depth + 1, out);
		der_close(out, at);
	} else {
		der_put(out, d->tag, d->body);
	}
}

static void copy(struct str in, unsigned depth, struct buf *out)
{
	struct der d;

	while (in.n && der_next(&in, &d, NULL) == OK)
		copy_one(&d, depth, out);
	buf_add(out, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(buf) out = BUF(1 << 20);

	if (n > 1 << 18)
		return 0;
	copy(str_of(p, n), 0, &out);
	if (!str_eq(buf_str(&out), str_of(p, n)))
		abort();
	return 0;
}
