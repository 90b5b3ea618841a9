#include "transform/scrub_in.h"

#include "crypto/aead.h"
#include "transform/calendar.h"
#include "wire/b64.h"
#include "wire/word.h"

enum { BOUNDARY_BYTES = 16, NAME_MAX_BYTES = 200, QP_SHARE = 6, BYTES_MAX = 96 << 20, LINE_MAX = 76 };

/* ---- small pieces ------------------------------------------------------------------------------------------------ */

static int put(struct scrubber *s, struct str bytes, struct fail *f)
{
	s->bytes += bytes.n;
	return sink_put(s->out, bytes, f);
}

static int put_buf(struct scrubber *s, const struct buf *b, struct fail *f)
{
	return b->over ? fail(f, FAIL_LIMIT, "a part that is too large") : put(s, buf_str(b), f);
}

static int putz(struct scrubber *s, const char *z, struct fail *f)
{
	return put(s, str_c(z), f);
}

void scrub_cid(struct scrubber *s, struct str original, struct buf *out)
{
	OWN(buf) b = BUF(4096);
	OWN(buf) name = BUF(64);
	uint8_t h[32];

	if (str_starts(original, STR("<")))
		original = str_from(original, 1);
	if (str_ends(original, STR(">")))
		original.n--;
	buf_add(&b,
	        s->plan->message_id); /* another message's are others, so that two are not seen to be from one program */
	buf_addc(&b, '|');
	buf_add(&b, str_first(original, 2000));
	sha256(buf_str(&b), h);
	b32_print(str_of(h, 10), &name);
	buf_add(out, buf_str(&name));
	buf_add(out, str_from(s->plan->from, str_rchr(s->plan->from, '@')));
}

struct str scrub_filename(struct scrubber *s, struct str name)
{
	struct str line;

	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '/' || name.p[i - 1] == '\\') {
			name = str_from(name, i);
			break;
		}
	line = scrub_line(s, word_decode(name, s->a), true);
	if (!str_eq(line, name))
		s->removed[SCRUB_MARKS]++;
	return str_first_utf8(line, NAME_MAX_BYTES);
}

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
	       c == '-' || c == '_';
}

/* RFC 2231 4 where it is not plain. */
static void put_param(const char *name, struct str value, struct buf *out)
{
	bool plain = str_is_ascii(value);

	for (size_t i = 0; i < value.n; i++)
		plain = plain && value.p[i] >= ' ' && value.p[i] != '"' && value.p[i] != '\\';
	if (plain) {
		buf_addf(out, ";\r\n %s=\"%.*s\"", name, STR_ARG(value));
		return;
	}
	buf_addf(out, ";\r\n %s*=utf-8''", name);
	for (size_t i = 0; i < value.n; i++) {
		if (is_plain(value.p[i]))
			buf_addc(out, value.p[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)value.p[i]);
	}
}

/* ---- fields of a part -------------------------------------------------------------------------------------------- */

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > 126 || strchr("()<>@,;:\\\"[]?=", s.p[i]))
			return false;
	return s.n && s.n < 100 && str_chr(s, '/') < s.n;
}

/* Attached or shown, by which name, and under which Content-ID it is shown in the text. */
static void put_fields(struct scrubber *s, const struct mime_part *p, struct buf *out)
{
	const struct field *id = header_get(&p->header, STR("Content-ID"));
	bool inl = str_eq(p->disposition.value, STR("inline")), file = p->disposition.value.n && !inl;
	struct str name = p->filename.n ? scrub_filename(s, p->filename) : STR("");

	if (file || inl || name.n) {
		buf_addf(out, "Content-Disposition: %s", file || !inl ? "attachment" : "inline");
		if (name.n)
			put_param("filename", name, out);
		buf_addz(out, "\r\n");
	}
	if (id) {
		buf_addz(out, "Content-ID: <");
		scrub_cid(s, str_trim(header_unfold(id->body, s->a)), out);
		buf_addz(out, ">\r\n");
	}
}

/* ---- leaves ------------------------------------------------------------------------------------------------------ */

static bool is_short(struct str text)
{
	while (text.n)
		if (str_cut(&text, '\n').n > LINE_MAX)
			return false;
	return true;
}

static bool is_mostly_ascii(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += (unsigned char)text.p[i] > 127;
	return n * QP_SHARE <= text.n;
}

static int put_base64(struct scrubber *s, struct str in, struct fail *f)
{
	struct b64_lines e = { .n = 0 };
	OWN(buf) b = BUF(in.n / 3 * 4 + in.n / 24 + 256);

	TRY(b64_lines_put(&e, in, sink_buf(&b), f));
	TRY(b64_lines_end(&e, sink_buf(&b), f));
	return put_buf(s, &b, f);
}

/* Text as it is where lines are short and ASCII; else in the shorter of the two encodings. */
static int put_text(struct scrubber *s, struct str head, struct str text, struct fail *f)
{
	bool ascii = str_is_ascii(text), plain = ascii && is_short(text), qp = is_mostly_ascii(text);
	OWN(buf) b = BUF(BYTES_MAX);

	TRY(put(s, head, f));
	if (plain) {
		TRY(putz(s, "Content-Transfer-Encoding: 7bit\r\n\r\n", f));
		return put(s, text, f);
	}
	if (!qp) {
		TRY(putz(s, "Content-Transfer-Encoding: base64\r\n\r\n", f));
		return put_base64(s, text, f);
	}
	qp_print(text, &b);
	TRY(putz(s, "Content-Transfer-Encoding: quoted-printable\r\n\r\n", f));
	return put_buf(s, &b, f);
}

/* RFC 9788 5.2.1: the protected header once more, for programs that do not know of it; a paragraph before the text. */
static void cut_legacy(struct buf *text)
{
	size_t at = str_find(buf_str(text), STR("\r\n\r\n"));

	if (at < text->n)
		buf_shift(text, at + 4);
}

static int put_words(struct scrubber *s, const struct mime_part *p, enum part_rule rule, struct fail *f)
{
	struct str flowed = typed_param(&p->type, STR("format")),
	           method = typed_param(&p->type, STR("method"));
	struct str type = is_token(p->type.value) ? p->type.value : STR("text/plain");
	OWN(buf) text = BUF(SCRUB_TEXT_MAX);
	OWN(buf) written = BUF(SCRUB_TEXT_MAX);
	OWN(buf) head = BUF(SCRUB_HEAD_MAX);

	TRY(scrub_text(p, &text, f));
	if (str_eq(typed_param(&p->type, STR("hp-legacy-display")), STR("1")))
		cut_legacy(&text);
	if (rule == PART_HTML)
		scrub_html(s, buf_str(&text), &written);
	else if (rule == PART_CALENDAR)
		TRY(scrub_calendar(s, buf_str(&text), &written, f));
	else
		rewriter_put_lines(&s->rw, buf_str(&text), &written);
	if (written.over)
		return fail(f, FAIL_LIMIT, "a text of more than %d bytes", SCRUB_TEXT_MAX);
	buf_addf(&head, "Content-Type: %.*s; charset=utf-8", STR_ARG(type));
	if (rule == PART_TEXT && str_eq_nocase(flowed, STR("flowed")))
		buf_addz(&head, "; format=flowed");
	if (rule == PART_TEXT && str_eq_nocase(typed_param(&p->type, STR("delsp")), STR("yes")))
		buf_addz(&head, "; delsp=yes");
	if (rule == PART_CALENDAR && method.n && method.n < 20 && str_is_ascii(method))
		put_param("method", method, &head);
	buf_addz(&head, "\r\n");
	put_fields(s, p, &head);
	return put_text(s, buf_str(&head), buf_str(&written), f);
}

static const char *smime_type(const struct mime_part *p)
{
	bool authenticated =
	        str_eq_nocase(typed_param(&p->type, STR("smime-type")), STR("authEnveloped-data"));

	return authenticated ? "authEnveloped-data" : "enveloped-data";
}

/* A file, byte for byte, encoded anew; the picture formats without what stands beside the picture. */
static int put_bytes(struct scrubber *s, const struct mime_part *p, enum part_rule rule, struct fail *f)
{
	struct str type = is_token(p->type.value) ? p->type.value : STR("application/octet-stream");
	OWN(buf) raw = BUF(BYTES_MAX);
	OWN(buf) clean = BUF(BYTES_MAX);
	OWN(buf) head = BUF(SCRUB_HEAD_MAX);
	bool picture = rule == PART_JPEG || rule == PART_PNG;

	if (mime_decode(p, &raw, NULL) < 0)
		return fail(f, FAIL_DENIED, "a file in an encoding that is not known");
	if (rule == PART_JPEG)
		scrub_jpeg(s, buf_str(&raw), &clean);
	if (rule == PART_PNG)
		scrub_png(s, buf_str(&raw), &clean);
	if (raw.over || clean.over)
		return fail(f, FAIL_LIMIT, "a file of more than %d bytes", BYTES_MAX);
	buf_addf(&head, "Content-Type: %.*s", STR_ARG(type));
	if (rule == PART_ONWARD)
		buf_addf(&head, "; smime-type=%s; name=\"smime.p7m\"", smime_type(p));
	buf_addz(&head, "\r\n");
	put_fields(s, p, &head);
	buf_addz(&head, "Content-Transfer-Encoding: base64\r\n\r\n");
	TRY(put(s, buf_str(&head), f));
	return put_base64(s, buf_str(picture ? &clean : &raw), f);
}

static int new_boundary(struct buf *out, struct fail *f)
{
	uint8_t raw[BOUNDARY_BYTES];

	TRY(random_bytes(raw, sizeof(raw), f));
	buf_addz(out, "=_");
	b32_print(str_of(raw, sizeof(raw)), out);
	return OK;
}

/* RFC 9580 6.2: between the first line and the empty one stand "Version:" and "Comment:", which name a program. */
static void put_armor(struct str text, struct buf *out)
{
	bool head = false;

	while (text.n) {
		struct str line = str_cut(&text, '\n'), t = str_trim(line);

		if (str_starts(t, STR("-----BEGIN ")))
			head = true;
		else if (!t.n)
			head = false;
		else if (head && str_find(t, STR(": ")) < t.n)
			continue;
		buf_add(out, t);
		buf_addz(out, "\r\n");
	}
}

/* PGP/MIME (RFC 3156 4): a new frame around what was encrypted. */
static int put_pgp(struct scrubber *s, const struct mime_part *p, struct fail *f)
{
	const struct mime_part *sealed = p->child ? p->child->next : NULL;
	OWN(buf) boundary = BUF(128);
	OWN(buf) raw = BUF(BYTES_MAX);
	OWN(buf) b = BUF(BYTES_MAX);

	if (!sealed || sealed->next || mime_decode(sealed, &raw, NULL) < 0 || raw.over)
		return fail(f, FAIL_DENIED, "an encrypted part that is not whole");
	TRY(new_boundary(&boundary, f));
	buf_addf(&b,
	         "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n "
	         "boundary=\"%s\"\r\n\r\n"
	         "--%s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n"
	         "--%s\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n",
	         boundary.p, boundary.p, boundary.p);
	put_armor(buf_str(&raw), &b);
	buf_addf(&b, "\r\n--%s--\r\n", boundary.p);
	return put_buf(s, &b, f);
}

static int put_onward(struct scrubber *s, const struct mime_part *p, struct fail *f)
{
	if (!scrub_is_onward(p))
		return fail(f, FAIL_DENIED, "a signed part within the message");
	return p->child ? put_pgp(s, p, f) : put_bytes(s, p, PART_ONWARD, f);
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static int put_part(struct scrubber *s, const struct mime_part *p, unsigned depth, struct fail *f);

static int put_multi(struct scrubber *s, const struct mime_part *p, unsigned depth, struct fail *f)
{
	static const char *const known[] = { "multipart/alternative", "multipart/related",
		                             "multipart/digest" };
	const struct part_row *row;
	const char *type = "multipart/mixed";
	OWN(buf) boundary = BUF(128);
	OWN(buf) line = BUF(512);

	TRY(new_boundary(&boundary, f));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		type = str_eq(p->type.value, str_c(known[i])) ? known[i] : type;
	buf_addf(&line, "Content-Type: %s; boundary=\"%s\"\r\n\r\n", type, boundary.p);
	TRY(put(s, buf_str(&line), f));
	for (const struct mime_part *c = p->child; c; c = c->next) {
		if (!scrub_effective(c, &row)) {
			s->removed[SCRUB_PARTS]++;
			continue;
		}
		buf_clear(&line);
		buf_addf(&line, "--%s\r\n", boundary.p);
		TRY(put(s, buf_str(&line), f));
		TRY(put_part(s, c, depth + 1, f));
		TRY(putz(s, "\r\n", f));
	}
	buf_clear(&line);
	buf_addf(&line, "--%s--\r\n", boundary.p);
	return put(s, buf_str(&line), f);
}

static int put_empty(struct scrubber *s, struct fail *f)
{
	return putz(s, "Content-Type: text/plain; charset=utf-8\r\n\r\n", f);
}

static int put_message(struct scrubber *s, const struct mime_part *p, unsigned depth, struct fail *f)
{
	OWN(buf) head = BUF(SCRUB_HEAD_MAX);

	if (!p->child)
		return fail(f, FAIL_DENIED, "a message within the message that cannot be read");
	buf_addz(&head, "Content-Type: message/rfc822\r\n");
	put_fields(s, p, &head);
	buf_addz(&head, "\r\n");
	TRY(scrub_nested_head(s, p->child, &head, f));
	TRY(put(s, buf_str(&head), f));
	return put_part(s, p->child, depth + 1, f);
}

/* With the fields that describe it, and the empty line. What leaves nothing leaves an empty text. */
static int put_part(struct scrubber *s, const struct mime_part *p, unsigned depth, struct fail *f)
{
	const struct part_row *row;

	if (depth > SCRUB_DEPTH_MAX)
		return fail(f, FAIL_LIMIT, "parts more than %d deep", SCRUB_DEPTH_MAX);
	p = scrub_effective(p, &row);
	if (!p) {
		s->removed[SCRUB_PARTS]++;
		return put_empty(s, f);
	}
	switch (row->rule) {
	case PART_TEXT:
	case PART_HTML:
	case PART_CALENDAR:
		return put_words(s, p, row->rule, f);
	case PART_BYTES:
	case PART_JPEG:
	case PART_PNG:
		return put_bytes(s, p, row->rule, f);
	case PART_MESSAGE:
		return put_message(s, p, depth, f);
	case PART_MULTI:
		return put_multi(s, p, depth, f);
	case PART_ONWARD:
		return put_onward(s, p, f);
	case PART_FIRST:
	case PART_DROP:
	case PART_REFUSE:
		break;
	}
	return fail(f, FAIL_DENIED, "a part of type %.*s", STR_ARG(str_first(p->type.value, 60)));
}

int scrub_message(const struct opened *o, const struct scrub_plan *p, struct sink out,
                  struct scrub_result *ret, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct scrubber s = { .plan = p, .a = &a, .out = out };
	OWN(buf) head = BUF(SCRUB_HEAD_MAX);

	rewriter_init(&s.rw, p, &a);
	TRY(scrub_head(&s, o, &head, f));
	TRY(put(&s, buf_str(&head), f));
	TRY(put_part(&s, o->content, 0, f));
	*ret = (struct scrub_result){ .bytes = s.bytes, .utf8 = s.utf8, .eight_bit = s.utf8 };
	for (size_t i = 0; i < SCRUB_KINDS; i++)
		ret->removed[i] = s.removed[i];
	ret->removed[SCRUB_ADDRESSES] += s.rw.addresses;
	ret->removed[SCRUB_NAMES] += s.rw.hits;
	return OK;
}
