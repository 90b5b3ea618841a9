/* scrub_part.c - what a part is, and its text. */
#include "transform/scrub_in.h"

#include "crypto/cms_open.h"
#include "wire/charset.h"

/* ---- which rule -------------------------------------------------------------------------------------------------- */

bool scrub_is_onward(const struct mime_part *p)
{
	OWN(buf) der = BUF(SCRUB_TEXT_MAX);
	OWNS(cms_in) c = NULL;

	if (str_eq(p->type.value, STR("multipart/encrypted")))
		return p->child && !p->child->child; /* RFC 3156 4 */
	if (p->child || mime_decode(p, &der, NULL) < 0 || der.over || cms_in_new(buf_str(&der), &c, NULL) < 0)
		return false;
	return cms_in_kind(c) == CMS_ENVELOPED || cms_in_kind(c) == CMS_AUTH_ENVELOPED;
}

static bool leaves(const struct mime_part *p)
{
	const struct part_row *row;

	return scrub_effective(p, &row) != NULL;
}

/* A frame in which nothing is left is nothing; one in which one thing is left is that. */
static const struct mime_part *only_child(const struct mime_part *p, size_t *ret_n)
{
	const struct mime_part *first = NULL;

	*ret_n = 0;
	for (const struct mime_part *c = p->child; c; c = c->next) {
		if (!leaves(c))
			continue;
		first = first ? first : c;
		++*ret_n;
	}
	return first;
}

const struct mime_part *scrub_effective(const struct mime_part *p, const struct part_row **ret)
{
	for (;;) {
		size_t n;

		*ret = part_row(p->type.value, p->filename);
		switch ((*ret)->rule) {
		case PART_DROP:
			return NULL;
		case PART_FIRST:
			if (!p->child)
				return NULL;
			p = p->child;
			continue;
		case PART_MULTI: {
			const struct mime_part *only = only_child(p, &n);

			if (n > 1)
				return p;
			if (!only)
				return NULL;
			p = only;
			continue;
		}
		case PART_BYTES:
		case PART_TEXT:
		case PART_HTML:
		case PART_CALENDAR:
		case PART_MESSAGE:
		case PART_ONWARD:
		case PART_JPEG:
		case PART_PNG:
		case PART_REFUSE:
			return p;
		}
	}
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Every end of a line becomes CRLF. */
void scrub_crlf(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c == '\r' || c == '\n') {
			buf_addz(out, "\r\n");
			i += c == '\r' && i + 1 < in.n && in.p[i + 1] == '\n';
			continue;
		}
		if (c)
			buf_addc(out, c);
	}
}

/* A part says its charset, or it is UTF-8 (of which US-ASCII is a part). What is neither is not guessed: a wrong guess hides
 * a name. */
static int to_utf8(struct str charset, struct str in, struct buf *out, struct fail *f)
{
	bool plain = !charset.n || str_eq_nocase(charset, STR("us-ascii")) ||
	             str_eq_nocase(charset, STR("utf-8")) || str_eq_nocase(charset, STR("utf8"));

	if (plain && !str_is_utf8(in))
		return fail(f, FAIL_DENIED, "text that is not in the charset it names");
	if (plain)
		buf_add(out, in);
	else if (!charset_to_utf8(charset, in, out))
		return fail(f, FAIL_DENIED, "text in a charset that is not known here");
	return out->over ? fail(f, FAIL_LIMIT, "a text of more than %d bytes", SCRUB_TEXT_MAX) : OK;
}

int scrub_text(const struct mime_part *p, struct buf *out, struct fail *f)
{
	OWN(buf) raw = BUF(SCRUB_TEXT_MAX);
	OWN(buf) utf8 = BUF(SCRUB_TEXT_MAX);

	if (mime_decode(p, &raw, NULL) < 0)
		return fail(f, FAIL_DENIED, "text in an encoding that is not known");
	if (raw.over)
		return fail(f, FAIL_LIMIT, "a text of more than %d bytes", SCRUB_TEXT_MAX);
	TRY(to_utf8(typed_param(&p->type, STR("charset")), buf_str(&raw), &utf8, f));
	scrub_crlf(buf_str(&utf8), out);
	return out->over ? fail(f, FAIL_LIMIT, "a text of more than %d bytes", SCRUB_TEXT_MAX) : OK;
}
