#include "transform/seal.h"

#include "crypto/aead.h"
#include "policy/size.h"
#include "transform/entity.h"
#include "transform/hidden.h"
#include "wire/b64.h"

enum { HEADER_MAX = 1 << 20, SIGNATURE_MAX = 256 * 1024, BOUNDARY_BYTES = 16 };

/* Counts what goes through to another sink. */
struct counted {
	struct sink out;
	uint64_t bytes;
};

static int put_counted(void *self, struct str bytes, struct fail *f)
{
	struct counted *c = self;

	c->bytes += bytes.n;
	return sink_put(c->out, bytes, f);
}

static int put_envelope(void *self, struct str bytes, struct fail *f)
{
	return cms_envelope_put(self, bytes, f);
}

struct lines {
	struct b64_lines state;
	struct sink out;
};

static int put_lines(void *self, struct str bytes, struct fail *f)
{
	struct lines *l = self;

	return b64_lines_put(&l->state, bytes, l->out, f);
}

/* ---- multipart/signed ------------------------------------------------------------------------------------------- */

struct signed_part {
	struct buf head, tail; /* before and after the entity */
};

static void signed_part_done(struct signed_part *s)
{
	buf_done(&s->head);
	buf_done(&s->tail);
}

/* Of content that goes as it came the sum is known: a message is hashed once, however many copies are made. */
static int sign(const struct scan *s, const struct entity *e, const struct seal_plan *p, struct buf *out,
                struct fail *f)
{
	const uint8_t *h = s->content_digest;
	uint8_t own[32];

	if (!e->as_it_came) {
		TRY(entity_digest(e, own, f));
		h = own;
	}
	return cms_sign_detached(p->sender_key, p->sender, p->more, p->n_more, h, out, f);
}

/* RFC 1847 2.1, RFC 8551 3.5.3: what is signed are the bytes between the delimiters, without the line end before the
 * second one. */
static int make_signed(const struct scan *s, const struct entity *e, const struct seal_plan *p,
                       struct signed_part *ret, struct fail *f)
{
	OWN(buf) der = BUF(SIGNATURE_MAX);
	OWN(buf) boundary = BUF(64);
	struct b64_lines lines = { 0 };
	uint8_t raw[BOUNDARY_BYTES];

	TRY(sign(s, e, p, &der, f));
	TRY(random_shown(raw, sizeof(raw), f));
	hex_print(str_of(raw, sizeof(raw)), &boundary);
	buf_addf(&ret->head,
	         "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n "
	         "micalg=sha-256;"
	         " boundary=\"%s\"\r\n\r\n--%s\r\n",
	         boundary.p, boundary.p);
	buf_addf(&ret->tail,
	         "\r\n--%s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
	         "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; "
	         "filename=smime.p7s\r\n\r\n",
	         boundary.p);
	TRY(b64_lines_put(&lines, buf_str(&der), sink_buf(&ret->tail), f));
	TRY(b64_lines_end(&lines, sink_buf(&ret->tail), f));
	buf_addf(&ret->tail, "\r\n--%s--\r\n", boundary.p);
	return ret->head.over || ret->tail.over ? fail(f, FAIL_LIMIT, "a signature too large") : OK;
}

/* ---- the forms -------------------------------------------------------------------------------------------------- */

/* Blank lines behind the last delimiter: an epilogue, which nobody shows (RFC 2046 5.1.1), and of which the signature says
 * nothing. */
static int put_padding(uint64_t bytes, struct sink out, struct fail *f)
{
	static const char line[] = "                                                              \r\n";

	while (bytes) {
		size_t n = bytes < sizeof(line) - 1 ? (size_t)bytes : sizeof(line) - 1;

		TRY(sink_put(out, str_of(line + sizeof(line) - 1 - n, n), f));
		bytes -= n;
	}
	return OK;
}

/* Signed, then encrypted: every byte goes through both and is not kept. */
static int put_sealed(const struct scan *scan, const struct entity *e, const struct seal_plan *p,
                      struct sink out, struct fail *f)
{
	OWN(signed_part) s = { BUF(1024), BUF(2 * SIGNATURE_MAX) };
	OWNS(cms_envelope) env = NULL;
	uint64_t bytes, padded;
	struct sink in;

	TRY(make_signed(scan, e, p, &s, f));
	bytes = s.head.n + e->bytes + s.tail.n;
	padded = p->pad ? size_class(bytes) : bytes;
	TRY(cms_envelope_new(p->user, p->cipher, padded, out, &env, f));
	in = (struct sink){ put_envelope, env };
	TRY(sink_put(in, buf_str(&s.head), f));
	TRY(entity_put(e, in, f));
	TRY(sink_put(in, buf_str(&s.tail), f));
	TRY(put_padding(padded - bytes, in, f));
	return cms_envelope_end(env, f);
}

static int put_text(const struct scan *s, const struct entity *e, const struct seal_plan *p,
                    struct str header, struct sink out, struct fail *f)
{
	struct lines lines = { .out = out };

	TRY(sink_put(out, header, f));
	TRY(put_sealed(s, e, p, (struct sink){ put_lines, &lines }, f));
	return b64_lines_end(&lines.state, out, f);
}

static int put_binary(const struct scan *s, const struct entity *e, const struct seal_plan *p,
                      struct str header, struct sink out, uint64_t *ret_bytes, struct fail *f)
{
	const uint8_t n[SEAL_HEAD_BYTES] = { (uint8_t)(header.n >> 24), (uint8_t)(header.n >> 16),
		                             (uint8_t)(header.n >> 8), (uint8_t)header.n };
	struct counted content = { out, 0 };

	TRY(sink_put(out, str_of(n, sizeof(n)), f));
	TRY(sink_put(out, header, f));
	TRY(put_sealed(s, e, p, (struct sink){ put_counted, &content }, f));
	*ret_bytes = header.n + b64_lines_bytes(content.bytes);
	return OK;
}

static void outer_type(const struct seal_plan *p, struct buf *b)
{
	buf_addf(b,
	         "Content-Type: application/pkcs7-mime; smime-type=%s; name=smime.p7m\r\n"
	         "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; "
	         "filename=smime.p7m\r\n\r\n",
	         p->cipher == CMS_AES_256_GCM ? "authEnveloped-data" : "enveloped-data");
}

static int form_sealed(const struct scan *s, const struct seal_plan *p, struct arena *a, struct sink out,
                       struct seal_result *ret, struct fail *f)
{
	OWN(buf) head = BUF(HEADER_MAX);
	OWN(buf) outer = BUF(HEADER_MAX);
	OWN(buf) inner = BUF(2 * HEADER_MAX);
	struct entity e;

	if (!p->user || !p->sender || !p->sender_key)
		return fail(f, FAIL_BUG, "a seal without its certificates");
	if (!cms_cert_is_for(p->sender,
	                     p->from)) /* core made both; a mixed-up one would show a stranger as signer */
		return fail(f, FAIL_BUG, "the sender's certificate is for another address than From");
	TRY(seal_header(s, p, a, &head, f));
	if (p->hide_subject)
		hidden_split(buf_str(&head), &outer, &inner);
	else
		buf_add(&outer, buf_str(&head));
	outer_type(p, &outer);
	if (outer.over || inner.over) /* in no case a subject that is not hidden */
		return fail(f, FAIL_LIMIT, "a header of more than %d bytes", HEADER_MAX);
	TRY(entity_make(s, p, buf_str(&inner), a, &e, f));
	return p->binary ? put_binary(s, &e, p, buf_str(&outer), out, &ret->bytes, f)
	                 : put_text(s, &e, p, buf_str(&outer), out, f);
}

static int form_clear(const struct scan *s, const struct seal_plan *p, struct arena *a, struct sink out,
                      struct seal_result *ret, struct fail *f)
{
	OWN(buf) head = BUF(HEADER_MAX);
	struct entity e;

	TRY(seal_header(s, p, a, &head, f));
	TRY(entity_make(s, p, STR(""), a, &e, f));
	ret->eight_bit = entity_is_eight_bit(&e);
	TRY(sink_put(out, buf_str(&head), f));
	return entity_put(&e, out, f);
}

static int form_as_is(const struct scan *s, const struct seal_plan *p, struct arena *a, struct sink out,
                      struct seal_result *ret, struct fail *f)
{
	ret->eight_bit = !str_is_ascii(s->in);
	ret->utf8 = !str_is_ascii(s->root->header.block);
	return sink_put(out, s->in, f);
}

int seal_message(const struct scan *s, const struct seal_plan *p, struct sink out, struct seal_result *ret,
                 struct fail *f)
{
	static int (*const forms[])(const struct scan *, const struct seal_plan *, struct arena *,
	                            struct sink, struct seal_result *, struct fail *) = {
		[FORM_SEALED] = form_sealed,
		[FORM_CLEAR] = form_clear,
		[FORM_AS_IS] = form_as_is,
	};
	struct counted c = { out, 0 };
	struct seal_result r = { 0 };
	OWN(arena) a = ARENA;

	if (p->form < FORM_SEALED || p->form > FORM_AS_IS)
		return fail(f, FAIL_BUG, "no such form");
	TRY(forms[p->form](s, p, &a, (struct sink){ put_counted, &c }, &r, f));
	if (!r.bytes)
		r.bytes = c.bytes;
	*ret = r;
	return OK;
}
