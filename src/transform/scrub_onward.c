/* scrub_onward.c - what is encrypted for the correspondent: it cannot be read here and goes on as it is, in a new frame and
 * without what stands around the ciphertext. */
#include "transform/scrub_in.h"

#include "crypto/cms_cut.h"

enum { ARMOR_LINE = 200 };

/* ---- S/MIME ------------------------------------------------------------------------------------------------------ */

/* CMS says in clear who can read it, by issuer and serial number or by key, and may carry certificates: the user's own among
 * them are taken out, and where that is all it is refused. */
static int cut_own(struct scrubber *s, struct str der, struct buf *out, struct fail *f)
{
	size_t n;

	TRY(cms_cut(der, s->plan->own_certs, s->plan->n_own_certs, out, &n, f));
	s->removed[SCRUB_PARTS] += (uint32_t)n;
	if (rewriter_finds(&s->rw, buf_str(out)))
		return fail(f, FAIL_DENIED, "an encrypted part that names its sender in clear");
	return OK;
}

static int put_cms(struct scrubber *s, const struct mime_part *p, struct fail *f)
{
	bool aead = str_starts_nocase(typed_param(&p->type, STR("smime-type")), STR("auth"));
	struct str type = scrub_type(s, p, "application/octet-stream");
	OWN(buf) raw = BUF(SCRUB_BYTES_MAX);
	OWN(buf) der = BUF(SCRUB_BYTES_MAX);
	OWN(buf) head = BUF(SCRUB_HEAD_MAX);

	if (mime_decode(p, &raw, NULL) < 0)
		return fail(f, FAIL_DENIED, "a file in an encoding that is not known");
	if (raw.over)
		return fail(f, FAIL_LIMIT, "a file of more than %d bytes", SCRUB_BYTES_MAX);
	TRY(cut_own(s, buf_str(&raw), &der, f));
	buf_done(&raw); /* it may be large, and there are copies enough */
	buf_addf(&head, "Content-Type: %.*s; smime-type=%s; name=\"smime.p7m\"\r\n", STR_ARG(type),
	         aead ? "authEnveloped-data" : "enveloped-data");
	scrub_put_fields(s, p, &head);
	buf_addz(&head, "Content-Transfer-Encoding: base64\r\n\r\n");
	TRY(scrub_put(s, buf_str(&head), f));
	return scrub_put_base64(s, buf_str(&der), f);
}

/* ---- OpenPGP ----------------------------------------------------------------------------------------------------- */

/* What stands in armor and nothing around it. RFC 9580 6.2: between the first line and the empty one stand "Version:" and
 * "Comment:", which name a program. False: it is none, or more than one. */
static bool put_armor(struct str text, struct buf *out)
{
	bool begun = false, ended = false, head = false;

	while (text.n && !ended) {
		struct str t = str_trim(str_cut(&text, '\n'));
		bool begins = !begun && str_eq(t, STR("-----BEGIN PGP MESSAGE-----"));

		head = begins || (head && t.n);
		begun = begun || begins;
		ended = begun && str_eq(t, STR("-----END PGP MESSAGE-----"));
		if (t.n > ARMOR_LINE || !str_is_ascii(t))
			return false;
		if (!begun || (head && !begins && str_find(t, STR(": ")) < t.n))
			continue;
		buf_add(out, t);
		buf_addz(out, "\r\n");
	}
	return ended && !str_trim(text).n;
}

/* PGP/MIME (RFC 3156 4): a new frame around what was encrypted. */
static int put_pgp(struct scrubber *s, const struct mime_part *p, struct fail *f)
{
	const struct mime_part *sealed = p->child ? p->child->next : NULL;
	OWN(buf) boundary = BUF(128);
	OWN(buf) raw = BUF(SCRUB_BYTES_MAX);
	OWN(buf) b = BUF(SCRUB_BYTES_MAX);

	if (!sealed || sealed->next || mime_decode(sealed, &raw, NULL) < 0 || raw.over)
		return fail(f, FAIL_DENIED, "an encrypted part that is not whole");
	TRY(scrub_boundary(&boundary, f));
	buf_addf(&b,
	         "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n "
	         "boundary=\"%s\"\r\n\r\n"
	         "--%s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n"
	         "--%s\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n",
	         boundary.p, boundary.p, boundary.p);
	if (!put_armor(buf_str(&raw), &b))
		return fail(f, FAIL_DENIED, "an encrypted part that is not whole");
	buf_addf(&b, "\r\n--%s--\r\n", boundary.p);
	return scrub_put_buf(s, &b, f);
}

int scrub_onward(struct scrubber *s, const struct mime_part *p, struct fail *f)
{
	if (!scrub_is_onward(p))
		return fail(f, FAIL_DENIED, "a signed part within the message");
	return p->child ? put_pgp(s, p, f) : put_cms(s, p, f);
}
