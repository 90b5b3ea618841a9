#include "crypto/cms_open_in.h"

enum { CONSTRUCTED = 0x20, OCTETS_IN_PIECES = DER_OCTETS | CONSTRUCTED, MANY_BYTES = 0x1f };

struct head {
	uint8_t tag;
	bool open; /* of indefinite length: up to two zero bytes */
	size_t n;
};

/* X.690 8.1.3.5: the longer forms may be longer than they need to be. */
static bool long_length(struct str *in, size_t bytes, size_t *ret)
{
	size_t n = 0;

	if (!bytes || bytes > sizeof(n) || bytes > in->n)
		return false;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | (uint8_t)in->p[i];
	*in = str_from(*in, bytes);
	*ret = n;
	return true;
}

static int read_head(struct str *in, struct head *ret, struct fail *f)
{
	uint8_t length;

	if (in->n < 2 || in->p[0] == 0 || (in->p[0] & MANY_BYTES) == MANY_BYTES)
		return fail(f, FAIL_SYNTAX, "no BER element");
	*ret = (struct head){ .tag = (uint8_t)in->p[0] };
	length = (uint8_t)in->p[1];
	*in = str_from(*in, 2);
	if (length == 0x80 && ret->tag & CONSTRUCTED) {
		ret->open = true;
		return OK;
	}
	ret->n = length;
	if ((length >= 0x80 && !long_length(in, length & 0x7f, &ret->n)) || ret->n > in->n)
		return fail(f, FAIL_SYNTAX, "BER length");
	return OK;
}

static bool at_end(struct str *in, bool open)
{
	if (!open)
		return !in->n;
	if (in->n < 2 || in->p[0] != 0 || in->p[1] != 0)
		return false;
	*in = str_from(*in, 2);
	return true;
}

/* --- as it stands ------------------------------------------------------------------------------------- */

static int skip_element(struct str *in, unsigned depth, struct fail *f)
{
	struct head h = { 0 };

	if (depth > CMS_DEPTH_MAX)
		return fail(f, FAIL_LIMIT, "BER nested more than %d deep", (int)CMS_DEPTH_MAX);
	TRY(read_head(in, &h, f));
	if (!h.open) {
		*in = str_from(*in, h.n);
		return OK;
	}
	while (!at_end(in, true))
		TRY(skip_element(in, depth + 1, f));
	return OK;
}

int ber_next(struct str *in, struct ber *ret, struct fail *f)
{
	struct str left = *in, after = *in;
	struct head h = { 0 };

	TRY(read_head(&left, &h, f));
	TRY(skip_element(&after, 0, f));
	ret->tag = h.tag;
	ret->open = h.open;
	ret->whole = str_first(*in, in->n - after.n);
	ret->body = str_first(left, left.n - after.n - (h.open ? 2 : 0));
	*in = after;
	return OK;
}

/* --- as DER ------------------------------------------------------------------------------------------- */

static int put_element(struct str *in, bool octets, unsigned depth, struct buf *out, struct fail *f);

/* octets: only those, and without their heads. */
static int put_elements(struct str *in, bool open, bool octets, unsigned depth, struct buf *out,
                        struct fail *f)
{
	if (depth > CMS_DEPTH_MAX)
		return fail(f, FAIL_LIMIT, "BER nested more than %d deep", (int)CMS_DEPTH_MAX);
	while (!at_end(in, open))
		TRY(put_element(in, octets, depth, out, f));
	return OK;
}

static int put_element(struct str *in, bool octets, unsigned depth, struct buf *out, struct fail *f)
{
	struct head h = { 0 };
	bool pieces;
	struct str body;
	size_t opened;

	TRY(read_head(in, &h, f));
	pieces = h.tag == OCTETS_IN_PIECES;
	body = str_first(*in, h.n);
	if (octets && h.tag != DER_OCTETS && !pieces)
		return fail(f, FAIL_SYNTAX, "an OCTET STRING with something else in it");
	if (!h.open)
		*in = str_from(*in, h.n);
	if (!(h.tag & CONSTRUCTED)) {
		if (!octets)
			der_put_head(out, h.tag, body.n);
		buf_add(out, body);
		return OK;
	}
	if (octets)
		return put_elements(h.open ? in : &body, h.open, true, depth + 1, out, f);
	opened = der_open(out, pieces ? DER_OCTETS : h.tag);
	TRY(put_elements(h.open ? in : &body, h.open, pieces, depth + 1, out, f));
	der_close(out, opened);
	return OK;
}

int ber_to_der(struct str *in, struct buf *out, struct fail *f)
{
	TRY(put_element(in, false, 0, out, f));
	return out->over ? fail(f, FAIL_LIMIT, "too large in DER") : OK;
}
