/* der.h - DER (X.690) as this program needs it: a strict reader and a writer of definite lengths. One-byte tags
 * only. The reader takes exactly what the writer would have written: shortest lengths and numbers, no
 * indefinite form; all its views point into the input, nothing is copied, and no length is believed beyond
 * the bytes that are there. */
#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include "base/buf.h"
#include "base/fail.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8 = 0x0c,
	DER_PRINTABLE = 0x13,
	DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERAL_TIME = 0x18,
	DER_SEQ = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0x80,     /* + number: implicit, primitive */
	DER_CONTEXT_SEQ = 0xa0, /* + number: explicit, or implicit and constructed */
};

/* --- writing ------------------------------------------------------------------------------------------ */

enum { DER_HEAD_MAX = 10 };
size_t der_head_size(uint64_t body_bytes); /* tag and length */
void der_put_head(struct buf *b, uint8_t tag, uint64_t body_bytes);
void der_put(struct buf *b, uint8_t tag, struct str body);

/* Something whose length is not known ahead: what is added between the two becomes its body. */
size_t der_open(struct buf *b, uint8_t tag);
void der_close(struct buf *b, size_t opened);

void der_put_uint(struct buf *b, struct str magnitude); /* INTEGER from big-endian bytes; empty is 0 */
void der_put_small(struct buf *b, uint8_t value);       /* INTEGER below 128 */
void der_put_true(struct buf *b);
void der_put_bits(struct buf *b, unsigned unused, struct str bytes);
/* UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). 1950 <= year <= 9999, else `over`. */
void der_put_time(struct buf *b, int64_t utc);

/* SET OF or [n] IMPLICIT SET OF: whole encodings in ascending order, equal ones once (X.690 11.6). Sorts
 * `items` itself. */
void der_put_set(struct buf *b, uint8_t tag, struct str *items, size_t n);

/* --- reading: all take what they read off the front of *in; FAIL_SYNTAX for everything -------------------- */

struct der {
	uint8_t tag;
	struct str whole, body;
};

MUST_CHECK int der_next(struct str *in, struct der *ret, struct fail *f);
MUST_CHECK int der_get(struct str *in, uint8_t tag, struct str *ret_body, struct fail *f);
bool der_is(struct str in, uint8_t tag); /* does the next element have this tag? */
MUST_CHECK int der_end(struct str in, struct fail *f);

/* INTEGER >= 0 as its big-endian bytes without a leading zero byte; 0 is empty. */
MUST_CHECK int der_get_uint(struct str *in, struct str *ret_magnitude, struct fail *f);
MUST_CHECK int der_get_bits(struct str *in, struct str *ret_bytes, struct fail *f); /* whole bytes only */
MUST_CHECK int der_get_bool(struct str *in, bool *ret, struct fail *f);
MUST_CHECK int der_get_time(struct str *in, int64_t *ret_utc, struct fail *f); /* ..Z with seconds */

#endif
