#include "crypto/cms_cut.h"

#include "crypto/cert_in.h"
#include "crypto/cms_open_in.h"

enum {
	TELLING = 8, /* bytes; a number of fewer is anybody's */
	ORIGINATOR = DER_CONTEXT_SEQ + 0,
	UNPROTECTED = DER_CONTEXT_SEQ + 1,
	AGREEMENT = DER_CONTEXT_SEQ + 1,
	PASSWORD = DER_CONTEXT_SEQ + 3,
	OTHER = DER_CONTEXT_SEQ + 4,
	PARTS_MAX = 16 /* of an EnvelopedData there are five, of an AuthEnvelopedData seven */
};

struct cutting {
	const struct cms_cert *const *own;
	size_t n_own;
	size_t kept, cut; /* recipients by certificate; whatever else was cut */
	bool simple;      /* every RecipientInfo that stays is of version 0 */
	bool later;       /* one is of a kind that came later: a password, or another one */
};

/* --- elements ----------------------------------------------------------------------------------------- */

/* In the form that it had: a definite length is written anew, an indefinite one stays so. */
static size_t open_like(const struct ber *e, struct buf *out)
{
	if (!e->open)
		return der_open(out, e->tag);
	buf_addc(out, (char)e->tag);
	buf_addc(out, (char)0x80);
	return 0;
}

static void close_like(const struct ber *e, size_t opened, struct buf *out)
{
	if (e->open)
		buf_add(out, STR("\0\0"));
	else
		der_close(out, opened);
}

/* The body of an element, as our strict reader takes it. */
static int body_as_der(struct str whole, struct buf *der, struct str *ret_body, struct fail *f)
{
	struct der d = { 0 };
	struct str made;

	TRY(ber_to_der(&whole, der, f));
	made = buf_str(der);
	TRY(der_next(&made, &d, f));
	*ret_body = d.body;
	return OK;
}

static bool is_own(const struct cutting *c, const struct cms_name *name)
{
	for (size_t i = 0; i < c->n_own; i++)
		if (cms_name_is(name, c->own[i]))
			return true;
	return false;
}

/* --- recipients --------------------------------------------------------------------------------------- */

/* KeyTransRecipientInfo, RFC 5652 6.2.1: of version 0 where it is named by issuer and serial number. */
static int cut_transport(struct cutting *c, const struct ber *r, struct buf *out, struct fail *f)
{
	OWN(buf) der = BUF(r->whole.n + DER_MORE);
	struct cms_name name = { STR_NONE, STR_NONE };
	struct str in = STR_NONE, version;

	TRY(body_as_der(r->whole, &der, &in, f));
	TRY(der_get(&in, DER_INTEGER, &version, f));
	TRY(cms_get_name(&in, &name, f));
	if (is_own(c, &name)) {
		c->cut++;
		return OK;
	}
	c->kept++;
	c->simple = c->simple && name.sid.n;
	buf_add(out, r->whole);
	return OK;
}

/* RecipientEncryptedKeys, RFC 5652 6.2.2: whoever is among them. */
static int cut_keys(struct cutting *c, struct str keys, struct buf *out, size_t *ret_kept, struct fail *f)
{
	*ret_kept = 0;
	while (keys.n) {
		struct ber one = { 0 };
		OWN(buf) der = BUF(keys.n + DER_MORE);
		struct cms_name name = { STR_NONE, STR_NONE };
		struct str in = STR_NONE;

		TRY(ber_next(&keys, &one, f));
		TRY(body_as_der(one.whole, &der, &in, f));
		TRY(cms_get_name(&in, &name, f));
		if (is_own(c, &name)) {
			c->cut++;
			continue;
		}
		++*ret_kept;
		buf_add(out, one.whole);
	}
	return OK;
}

/* KeyAgreeRecipientInfo: the keys are its last element; what stands before is for all of them, and the writer's key for this
 * one message. */
static int cut_agreement(struct cutting *c, const struct ber *r, struct buf *out, struct fail *f)
{
	struct str in = r->body, before;
	struct ber last = { 0 };
	OWN(buf) keys = BUF(r->body.n);
	size_t outer, inner, kept, cut = c->cut;

	while (in.n)
		TRY(ber_next(&in, &last, f));
	TRY(cut_keys(c, last.body, &keys, &kept, f));
	c->kept += kept;
	if (!kept && c->cut > cut)
		return OK;
	c->simple = false;
	if (c->cut == cut) {
		buf_add(out, r->whole);
		return OK;
	}
	before = str_first(r->body, r->body.n - last.whole.n);
	outer = open_like(r, out);
	buf_add(out, before);
	inner = open_like(&last, out);
	buf_add(out, buf_str(&keys));
	close_like(&last, inner, out);
	close_like(r, outer, out);
	return OK;
}

static int cut_recipients(struct cutting *c, struct str set, struct buf *out, struct fail *f)
{
	while (set.n) {
		struct ber r = { 0 };

		TRY(ber_next(&set, &r, f));
		if (r.tag == DER_SEQ) {
			TRY(cut_transport(c, &r, out, f));
		} else if (r.tag == AGREEMENT) {
			TRY(cut_agreement(c, &r, out, f));
		} else { /* no certificate is named; whether one is all the same is seen at the end */
			c->simple = false;
			c->later = c->later || r.tag == PASSWORD || r.tag == OTHER;
			buf_add(out, r.whole);
		}
	}
	return c->kept ? OK : fail(f, FAIL_DENIED, "encrypted for nobody but its writer");
}

/* --- envelopes ---------------------------------------------------------------------------------------- */

struct envelope {
	struct ber part[PARTS_MAX];
	size_t n;
	size_t set; /* which of them are the recipients */
	bool originator, unprotected;
};

/* EnvelopedData, RFC 5652 6.1; AuthEnvelopedData, RFC 5083 2.1. It has been read before, so that it has these parts. */
static int split(struct str in, bool authenticated, struct envelope *e, struct fail *f)
{
	while (in.n) {
		if (e->n == PARTS_MAX)
			return fail(f, FAIL_LIMIT, "an envelope of more than %d parts", (int)PARTS_MAX);
		TRY(ber_next(&in, &e->part[e->n++], f));
	}
	e->originator = e->n > 1 && e->part[1].tag == ORIGINATOR;
	e->set = e->originator ? 2 : 1;
	if (e->set + 1 >= e->n || e->part[e->set].tag != DER_SET)
		return fail(f, FAIL_SYNTAX, "an envelope without recipients");
	e->unprotected = !authenticated && e->part[e->n - 1].tag == UNPROTECTED;
	return OK;
}

/* RFC 5652 6.1, for an envelope without originatorInfo. */
static uint8_t version_of(const struct cutting *c, const struct envelope *e)
{
	if (c->later)
		return 3;
	return c->simple && !e->unprotected ? 0 : 2;
}

static int put_envelope(struct cutting *c, const struct ber *whole, bool authenticated, struct buf *out,
                        struct fail *f)
{
	struct envelope e = { .n = 0 };
	OWN(buf) kept = BUF(whole->body.n);
	size_t outer, set;

	TRY(split(whole->body, authenticated, &e, f));
	TRY(cut_recipients(c, e.part[e.set].body, &kept, f));
	c->cut += e.originator;
	outer = open_like(whole, out);
	if (authenticated)
		buf_add(out, e.part[0].whole); /* always 0 */
	else
		der_put_small(out, version_of(c, &e));
	set = open_like(&e.part[e.set], out);
	buf_add(out, buf_str(&kept));
	close_like(&e.part[e.set], set, out);
	for (size_t i = e.set + 1; i < e.n; i++)
		buf_add(out, e.part[i].whole);
	close_like(whole, outer, out);
	return OK;
}

/* ContentInfo, RFC 5652 3: both frames around it. */
static int put_info(struct cutting *c, struct str in, bool authenticated, struct buf *out, struct fail *f)
{
	struct ber info = { 0 }, type = { 0 }, explicit = { 0 }, envelope = { 0 };
	size_t outer, inner;
	struct str left;

	TRY(ber_next(&in, &info, f));
	left = info.body;
	TRY(ber_next(&left, &type, f));
	TRY(ber_next(&left, &explicit, f));
	left = explicit.body;
	TRY(ber_next(&left, &envelope, f));
	outer = open_like(&info, out);
	buf_add(out, type.whole);
	inner = open_like(&explicit, out);
	TRY(put_envelope(c, &envelope, authenticated, out, f));
	close_like(&explicit, inner, out);
	close_like(&info, outer, out);
	return OK;
}

/* --- what is left ------------------------------------------------------------------------------------- */

static bool stands_in(struct str der, struct str what)
{
	return what.n >= TELLING && str_find(der, what) < der.n;
}

/* Wherever it stands: nothing of this length is there by chance. The issuer alone may be another recipient's too. */
static bool names(struct str der, const struct cms_cert *cert)
{
	struct cert_parts p = { 0 };
	struct str serial;

	if (cert_split(buf_str(&cert->der), &p, NULL) < 0)
		return true;
	serial = p.part[PART_SERIAL];
	return stands_in(der, buf_str(&cert->sid)) || stands_in(der, cms_cert_ski(cert)) ||
	       stands_in(der, str_of(cert->key->id, KEY_ID)) || stands_in(der, cert->key->bits) ||
	       (serial.n >= TELLING + 2 && stands_in(der, serial));
}

static int check(const struct cutting *c, struct str out, struct fail *f)
{
	OWNS(cms_in) left = NULL;

	TRY(cms_in_new(out, &left, f));
	for (size_t i = 0; i < c->n_own; i++)
		if (names(buf_str(&left->der), c->own[i]))
			return fail(f, FAIL_DENIED,
			            "an envelope that names its writer beside the recipients");
	return OK;
}

static int read_kind(struct str in, bool *ret_authenticated, struct fail *f)
{
	OWNS(cms_in) c = NULL;

	TRY(cms_in_new(in, &c, f));
	if (cms_in_kind(c) == CMS_SIGNED)
		return fail(f, FAIL_DENIED, "no envelope");
	*ret_authenticated = cms_in_kind(c) == CMS_AUTH_ENVELOPED;
	return OK;
}

int cms_cut(struct str in, const struct cms_cert *const *own, size_t n, struct buf *out, size_t *ret_cut,
            struct fail *f)
{
	struct cutting c = { .own = own, .n_own = n, .simple = true };
	const size_t began = out->n;
	bool authenticated = false;

	TRY(read_kind(in, &authenticated, f));
	TRY(put_info(&c, in, authenticated, out, f));
	if (!c.cut && !out->over) { /* no length is written in another way for nothing */
		out->n = began;
		buf_add(out, in);
	}
	if (out->over)
		return fail(f, FAIL_LIMIT, "an envelope of more than %zu bytes", out->max);
	TRY(check(&c, str_from(buf_str(out), began), f));
	*ret_cut = c.cut;
	return OK;
}
