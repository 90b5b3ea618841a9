#include "wire/attestation.h"

enum major { UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };
enum { FLAGS_AT = 32, FLAG_AT = 64, FLAG_ED = 128, AAGUID = 16, LENGTH = 2 };

/* ---- CBOR -------------------------------------------------------------------------------------------------------- */

static int odd(struct fail *f, const char *why)
{
	return fail(f, FAIL_SYNTAX, "the passkey's attestation: %s", why);
}

/* RFC 8949 3: one head, its number in the fewest bytes (CTAP 2.1, 8), nothing of a length that is told later. */
static int take_head(struct str *in, enum major *ret, uint64_t *ret_v, struct fail *f)
{
	static const uint64_t least[] = { 24, 256, 65536, 1ull << 32 };
	uint64_t v = 0;
	unsigned first, info;
	size_t more;

	if (!in->n)
		return odd(f, "ends too early");
	first = (uint8_t)in->p[0];
	info = first & 31;
	*in = str_from(*in, 1);
	*ret = (enum major)(first >> 5);
	*ret_v = info;
	if (info < 24)
		return OK;
	more = info < 28 ? (size_t)1 << (info - 24) : 0;
	if (!more || *ret == SIMPLE || in->n < more)
		return odd(f, "a number of another form");
	for (size_t i = 0; i < more; i++)
		v = v << 8 | (uint8_t)in->p[i];
	if (v < least[info - 24])
		return odd(f, "a number in more bytes than it needs");
	*in = str_from(*in, more);
	*ret_v = v;
	return OK;
}

static int take(struct str *in, enum major want, uint64_t *ret, struct fail *f)
{
	enum major is = SIMPLE;

	TRY(take_head(in, &is, ret, f));
	return is == want ? OK : odd(f, "something of another kind");
}

static int take_string(struct str *in, enum major want, struct str *ret, struct fail *f)
{
	uint64_t n = 0;

	TRY(take(in, want, &n, f));
	if (n > in->n)
		return odd(f, "ends too early");
	*ret = str_first(*in, (size_t)n);
	*in = str_from(*in, (size_t)n);
	return OK;
}

static int take_integer(struct str *in, int64_t *ret, struct fail *f)
{
	enum major is = SIMPLE;
	uint64_t v = 0;

	TRY(take_head(in, &is, &v, f));
	if (is > NEGATIVE || v > INT32_MAX)
		return odd(f, "a number of another size");
	*ret = is == UINT ? (int64_t)v : -1 - (int64_t)v;
	return OK;
}

/* Each thing has a byte at least, so what counts more of them than there are bytes ends soon. */
static int step_over(struct str *in, unsigned depth, struct fail *f)
{
	enum major is = SIMPLE;
	uint64_t n = 0;

	TRY(take_head(in, &is, &n, f));
	if (is == TAG)
		return odd(f, "a tag");
	if (is == BYTES || is == TEXT) {
		if (n > in->n)
			return odd(f, "ends too early");
		*in = str_from(*in, (size_t)n);
	}
	if (is != ARRAY && is != MAP)
		return OK;
	if (!depth)
		return fail(f, FAIL_LIMIT, "the passkey's attestation is nested too deep");
	if (n > in->n)
		return odd(f, "ends too early");
	for (uint64_t i = 0; i < (is == MAP ? 2 * n : n); i++)
		TRY(step_over(in, depth - 1, f));
	return OK;
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

/* COSE's labels that a key may have (RFC 9052 7.1, RFC 9053 7): WebAuthn 6.5.1 wants no others. */
static const int64_t labels[] = { 1, 3, -1, -2, -3 };
enum { KTY, ALG, MINUS_1, MINUS_2, MINUS_3, LABELS };

struct part {
	bool there, is_bytes;
	int64_t number;
	struct str bytes;
};

static int take_part(struct str *in, struct part all[static LABELS], struct fail *f)
{
	int64_t label = 0;
	struct part p = { .there = true };

	TRY(take_integer(in, &label, f));
	p.is_bytes = in->n && (uint8_t)in->p[0] >> 5 == BYTES;
	if (p.is_bytes)
		TRY(take_string(in, BYTES, &p.bytes, f));
	else
		TRY(take_integer(in, &p.number, f));
	for (size_t i = 0; i < LABELS; i++) {
		if (labels[i] != label)
			continue;
		if (all[i].there)
			return odd(f, "a key that says something twice");
		all[i] = p;
		return OK;
	}
	return odd(f, "a key that says more than it should");
}

static bool is_number(const struct part *p, int64_t v)
{
	return p->there && !p->is_bytes && p->number == v;
}

/* The kinds that are offered: RFC 9053 2 and 7, RFC 8812 2. curve: 0 where -1 is bytes. */
static const struct kind {
	int64_t kty, alg, curve;
	int a, b;
	size_t parts;
} kinds[] = {
	{ 2, -7, 1, MINUS_2, MINUS_3, 5 },
	{ 1, -8, 6, MINUS_2, -1, 4 },
	{ 3, -257, 0, MINUS_1, MINUS_2, 4 },
};

static bool fits(const struct kind *k, const struct part p[static LABELS])
{
	size_t there = 0;

	for (size_t i = 0; i < LABELS; i++)
		there += p[i].there;
	return is_number(&p[KTY], k->kty) && is_number(&p[ALG], k->alg) && there == k->parts &&
	       (!k->curve || is_number(&p[MINUS_1], k->curve)) && p[k->a].is_bytes &&
	       (k->b < 0 || p[k->b].is_bytes);
}

static int take_key(struct str *in, struct attestation *ret, struct fail *f)
{
	struct part p[LABELS] = { { 0 } };
	uint64_t n = 0;

	TRY(take(in, MAP, &n, f));
	if (n > LABELS)
		return odd(f, "a key that says more than it should");
	for (uint64_t i = 0; i < n; i++)
		TRY(take_part(in, p, f));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!fits(&kinds[i], p))
			continue;
		ret->alg = kinds[i].alg;
		ret->a = p[kinds[i].a].bytes;
		ret->b = kinds[i].b < 0 ? STR("") : p[kinds[i].b].bytes;
		return OK;
	}
	return fail(f, FAIL_DENIED, "the passkey is of a kind that was not asked for");
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* Web Authentication 6.1, 6.5.1 */
static int read_data(struct str data, struct attestation *ret, struct fail *f)
{
	struct str in = data;
	unsigned flags;
	size_t n;

	if (data.n < ATTESTATION_DATA + AAGUID + LENGTH)
		return odd(f, "ends too early");
	flags = (uint8_t)data.p[FLAGS_AT];
	if (!(flags & FLAG_AT))
		return odd(f, "there is no key in it");
	ret->data = str_first(data, ATTESTATION_DATA);
	in = str_from(data, ATTESTATION_DATA + AAGUID);
	n = (size_t)(uint8_t)in.p[0] << 8 | (uint8_t)in.p[1];
	in = str_from(in, LENGTH);
	if (n < CREDENTIAL_LEAST || n > CREDENTIAL_MOST || n > in.n)
		return odd(f, "a name of another size");
	ret->credential = str_first(in, n);
	in = str_from(in, n);
	TRY(take_key(&in, ret, f));
	if (flags & FLAG_ED) /* a browser may ask for some of itself: credProtect */
		TRY(step_over(&in, ATTESTATION_DEPTH, f));
	return in.n ? odd(f, "bytes are left over") : OK;
}

/* 6.5.4. CTAP's form has them in this order; not all browsers keep it. */
enum { FORMAT, STATEMENT, DATA, MEMBERS };
static const struct str members[MEMBERS] = { STR_INIT("fmt"), STR_INIT("attStmt"), STR_INIT("authData") };

static int take_member(struct str *in, bool seen[static MEMBERS], struct str *data, struct fail *f)
{
	struct str name = STR(""), format;
	int i = 0;

	TRY(take_string(in, TEXT, &name, f));
	while (i < MEMBERS && !str_eq(name, members[i]))
		i++;
	if (i == MEMBERS || seen[i])
		return odd(f, "another part than there should be");
	seen[i] = true;
	if (i == FORMAT)
		return take_string(in, TEXT, &format, f);
	return i == STATEMENT ? step_over(in, ATTESTATION_DEPTH, f) : take_string(in, BYTES, data, f);
}

int attestation_read(struct str object, struct attestation *ret, struct fail *f)
{
	struct attestation at = { .alg = 0 };
	struct str in = object, data = STR("");
	bool seen[MEMBERS] = { false };
	uint64_t n = 0;

	if (object.n > ATTESTATION_MOST)
		return fail(f, FAIL_LIMIT, "the passkey's attestation has %zu bytes", object.n);
	TRY(take(&in, MAP, &n, f));
	if (n != MEMBERS)
		return odd(f, "not of three parts");
	for (int i = 0; i < MEMBERS; i++)
		TRY(take_member(&in, seen, &data, f));
	if (in.n)
		return odd(f, "bytes are left over");
	TRY(read_data(data, &at, f));
	*ret = at;
	return OK;
}
