/* Law: what was read, written anew in the one form that it has, is read the same; and nothing of it lies outside of the input. */
#include "wire/attestation.h"

#include "base/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void put_head(struct buf *out, unsigned major, size_t n)
{
	if (n < 24) {
		buf_addc(out, (char)(major << 5 | n));
	} else if (n < 256) {
		buf_addc(out, (char)(major << 5 | 24));
		buf_addc(out, (char)n);
	} else {
		buf_addc(out, (char)(major << 5 | 25));
		buf_addc(out, (char)(n >> 8));
		buf_addc(out, (char)n);
	}
}

static void put_string(struct buf *out, unsigned major, struct str s)
{
	put_head(out, major, s.n);
	buf_add(out, s);
}

static void put_key(struct buf *out, const struct attestation *at)
{
	if (at->alg == -7) {
		buf_add(out, STR("\xa5\x01\x02\x03\x26\x20\x01\x21"));
		put_string(out, 2, at->a);
		buf_addc(out, 0x22);
		put_string(out, 2, at->b);
	} else if (at->alg == -8) {
		buf_add(out, STR("\xa4\x01\x01\x03\x27\x20\x06\x21"));
		put_string(out, 2, at->a);
	} else {
		buf_add(out, STR("\xa4\x01\x03\x03\x39\x01\x00\x20"));
		put_string(out, 2, at->a);
		buf_addc(out, 0x21);
		put_string(out, 2, at->b);
	}
}

static void print(const struct attestation *at, struct buf *out)
{
	OWN(buf) data = BUF(2 * ATTESTATION_MOST);

	buf_add(&data, at->data);
	data.p[32] &= 127; /* no extensions */
	buf_add(&data, STR("0123456789abcdef"));
	buf_addc(&data, (char)(at->credential.n >> 8));
	buf_addc(&data, (char)at->credential.n);
	buf_add(&data, at->credential);
	put_key(&data, at);
	buf_add(out, STR("\xa3\x63"
	                 "fmt\x64none\x67"
	                 "attStmt\xa0\x68"
	                 "authData"));
	put_string(out, 2, buf_str(&data));
}

static void must_be_within(struct str part, const uint8_t *p, size_t n)
{
	if (part.n && ((const uint8_t *)part.p < p || (const uint8_t *)part.p + part.n > p + n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(buf) out = BUF(4 * ATTESTATION_MOST);
	struct attestation at, again;

	if (attestation_read(str_of(p, n), &at, NULL) < 0)
		return 0;
	must_be_within(at.data, p, n);
	must_be_within(at.credential, p, n);
	must_be_within(at.a, p, n);
	must_be_within(at.b, p, n);
	print(&at, &out);
	if (out.n > ATTESTATION_MOST)
		return 0;
	if (attestation_read(buf_str(&out), &again, NULL) < 0 || again.alg != at.alg ||
	    !str_eq(again.credential, at.credential) || !str_eq(again.a, at.a) || !str_eq(again.b, at.b) ||
	    !str_eq(str_first(again.data, 32), str_first(at.data, 32)))
		abort();
	return 0;
}
