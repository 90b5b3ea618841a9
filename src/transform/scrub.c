#include "transform/scrub_in.h"

#include "crypto/aead.h"
#include "transform/calendar.h"
#include "wire/b64.h"
#include "wire/letter.h"
#include "wire/word.h"

enum { BOUNDARY_BYTES = 16, NAME_MAX_BYTES = 200, QP_SHARE = 6, LINE_MAX = 76, CID_MAX = 300 };

/* ---- small pieces ------------------------------------------------------------------------------------------------ */

int scrub_put(struct scrubber *s, struct str bytes, struct fail *f)
{
	s->bytes += bytes.n;
	return sink_put(s->out, bytes, f);
}

int scrub_put_buf(struct scrubber *s, const struct buf *b, struct fail *f)
{
	return b->over ? fail(f, FAIL_LIMIT, "a part that is too large") : scrub_put(s, buf_str(b), f);
}

static int putz(struct scrubber *s, const char *z, struct fail *f)
{
	return scrub_put(s, str_c(z), f);
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
	OWN(buf) seen = BUF(SCRUB_HEAD_MAX);
	OWN(buf) written = BUF(SCRUB_HEAD_MAX);
	struct str plain = word_decode(name, s->a);

	letter_visible(plain, &seen);
	plain = buf_str(&seen);
	for (size_t i = plain.n; i > 0; i--)
		if (plain.p[i - 1] == '/' || plain.p[i - 1] == '\\') {
			plain = str_from(plain, i);
			break;
		}
	rewriter_put_file(&s->rw, plain, &written);
	if (!str_eq(buf_str(&written), name))
		s->removed[SCRUB_MARKS]++;
	return arena_str(s->a, str_first_utf8(str_trim(buf_str(&written)), NAME_MAX_BYTES));
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
		plain = plain && value.p[i] >= ' ' && value.p[i] != 127 && value.p[i] != '"' &&
		        value.p[i] != '\\';
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

/* As it says, where that is a type and no hiding place. */
struct str scrub_type(struct scrubber *s, const struct mime_part *p, const char *other)
{
	return is_token(p->type.value) && !rewriter_finds(&s->rw, p->type.value) ? p->type.value
	                                                                         : str_c(other);
}

/* Attached or shown, by which name, and under which Content-ID it is shown in the text. */
void scrub_put_fields(struct scrubber *s, const struct mime_part *p, struct buf *out)
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

int scrub_put_base64(struct scrubber *s, struct str in, struct fail *f)
{
	struct b64_lines e = { .n = 0 };
	OWN(buf) b = BUF(in.n / 3 * 4 + in.n / 24 + 256);

	TRY(b64_lines_put(&e, in, sink_buf(&b), f));
	TRY(b64_lines_end(&e, sink_buf(&b), f));
	return scrub_put_buf(s, &b, f);
}

/* Text as it is where lines are short and ASCII; else in the shorter of the two encodings. */
static int put_text(struct scrubber *s, struct str head, struct str text, struct fail *f)
{
	bool ascii = str_is_ascii(text), plain = ascii && is_short(text), qp = is_mostly_ascii(text);
	OWN(buf) b = BUF(SCRUB_BYTES_MAX);

	TRY(scrub_put(s, head, f));
	if (plain) {
		TRY(putz(s, "Content-Transfer-Encoding: 7bit\r\n\r\n", f));
		return scrub_put(s, text, f);
	}
	if (!qp) {
		TRY(putz(s, "Content-Transfer-Encoding: base64\r\n\r\n", f));
		return scrub_put_base64(s, text, f);
	}
	qp_print(text, &b);
	TRY(putz(s, "Content-Transfer-Encoding: quoted-printable\r\n\r\n", f));
	return scrub_put_buf(s, &b, f);
}

/* RFC 9788 5.2.1: the protected header once more, for programs that do not know of it; a paragraph before the text. */
static void cut_legacy(struct buf *text)
{
	size_t at = str_find(buf_str(text), STR("\r\n\r\n")), colon = str_chr(buf_str(text), ':');

	if (at < text->n && colon < at)
		buf_shift(text, at + 4);
}

/* "[cid:image001.png@01DA5C3B.7F0E1A20]": so Outlook's text shows where a picture was; the second half is a time. */
static void put_cids(struct scrubber *s, struct str text, struct buf *out)
{
	static const struct str sign = STR_INIT("[cid:");

	while (text.n) {
		size_t at = str_find(text, sign), end;

		buf_add(out, str_first(text, at + sign.n));
		text = str_from(text, at + sign.n);
		end = str_chr(str_first(text, CID_MAX), ']');
		if (end >= text.n || end == CID_MAX)
			continue;
		scrub_cid(s, str_first(text, end), out);
		s->removed[SCRUB_MARKS]++;
		text = str_from(text, end);
	}
}

/* What was written as the message has lines that quote; a file of text has none. */
static void put_plain(struct scrubber *s, const struct mime_part *p, struct str text, struct buf *out)
{
	OWN(buf) named = BUF(SCRUB_TEXT_MAX);

	if (str_eq(p->disposition.value, STR("attachment"))) {
		rewriter_put(&s->rw, text, false, out);
		return;
	}
	put_cids(s, text, &named);
	rewriter_put_lines(&s->rw, buf_str(&named), out);
	out->over = out->over || named.over;
}

/* RFC 3676 4: how lines are to be joined; RFC 6047 2.4: what a calendar asks for. */
static void put_words_params(const struct mime_part *p, enum part_rule rule, struct buf *head)
{
	struct str method = typed_param(&p->type, STR("method"));
	bool word = method.n && method.n < 20;

	for (size_t i = 0; i < method.n; i++)
		word = word && ascii_lower(method.p[i]) >= 'a' && ascii_lower(method.p[i]) <= 'z';
	if (rule == PART_TEXT && str_eq_nocase(typed_param(&p->type, STR("format")), STR("flowed")))
		buf_addz(head, "; format=flowed");
	if (rule == PART_TEXT && str_eq_nocase(typed_param(&p->type, STR("delsp")), STR("yes")))
		buf_addz(head, "; delsp=yes");
	if (rule == PART_CALENDAR && word)
		put_param("method", method, head);
}

/* A reference may be the end of a line ("&#10;"), and is one once it is read: a lone LF is nothing that leaves. */
static void put_html(struct scrubber *s, struct str text, struct buf *out)
{
	OWN(buf) b = BUF(SCRUB_TEXT_MAX);

	scrub_html(s, text, &b);
	scrub_crlf(buf_str(&b), out);
	out->over = out->over || b.over;
}

static int put_words(struct scrubber *s, const struct mime_part *p, enum part_rule rule, struct fail *f)
{
	OWN(buf) text = BUF(SCRUB_TEXT_MAX);
	OWN(buf) written = BUF(SCRUB_TEXT_MAX);
	OWN(buf) head = BUF(SCRUB_HEAD_MAX);

	TRY(scrub_text(p, &text, f));
	if (rule == PART_TEXT && str_eq(typed_param(&p->type, STR("hp-legacy-display")), STR("1")))
		cut_legacy(&text);
	if (rule == PART_HTML)
		put_html(s, buf_str(&text), &written);
	else if (rule == PART_CALENDAR)
		TRY(scrub_calendar(s, buf_str(&text), &written, f));
	else
		put_plain(s, p, buf_str(&text), &written);
	if (written.over)
		return fail(f, FAIL_LIMIT, "a text of more than %d bytes", SCRUB_TEXT_MAX);
	buf_addf(&head, "Content-Type: %.*s; charset=utf-8", STR_ARG(scrub_type(s, p, "text/plain")));
	put_words_params(p, rule, &head);
	buf_addz(&head, "\r\n");
	scrub_put_fields(s, p, &head);
	return put_text(s, buf_str(&head), buf_str(&written), f);
}

/* A picture is known by its first bytes: many programs send whatever they attach as octets. */
static bool is_picture(struct scrubber *s, struct str raw, struct buf *clean)
{
	return scrub_jpeg(s, raw, clean) || scrub_png(s, raw, clean);
}

/* A file, byte for byte, encoded anew; the picture formats without what stands beside the picture. */
static int put_bytes(struct scrubber *s, const struct mime_part *p, struct fail *f)
{
	OWN(buf) raw = BUF(SCRUB_BYTES_MAX);
	OWN(buf) clean = BUF(SCRUB_BYTES_MAX);
	OWN(buf) head = BUF(SCRUB_HEAD_MAX);
	bool picture;

	if (mime_decode(p, &raw, NULL) < 0)
		return fail(f, FAIL_DENIED, "a file in an encoding that is not known");
	picture = is_picture(s, buf_str(&raw), &clean);
	if (raw.over || clean.over)
		return fail(f, FAIL_LIMIT, "a file of more than %d bytes", SCRUB_BYTES_MAX);
	buf_addf(&head, "Content-Type: %.*s", STR_ARG(scrub_type(s, p, "application/octet-stream")));
	buf_addz(&head, "\r\n");
	scrub_put_fields(s, p, &head);
	buf_addz(&head, "Content-Transfer-Encoding: base64\r\n\r\n");
	TRY(scrub_put(s, buf_str(&head), f));
	return scrub_put_base64(s, buf_str(picture ? &clean : &raw), f);
}

int scrub_boundary(struct buf *out, struct fail *f)
{
	uint8_t raw[BOUNDARY_BYTES];

	TRY(random_bytes(raw, sizeof(raw), f));
	buf_addz(out, "=_");
	b32_print(str_of(raw, sizeof(raw)), out);
	return OK;
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

	TRY(scrub_boundary(&boundary, f));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		type = str_eq(p->type.value, str_c(known[i])) ? known[i] : type;
	buf_addf(&line, "Content-Type: %s; boundary=\"%s\"\r\n\r\n", type, boundary.p);
	TRY(scrub_put(s, buf_str(&line), f));
	for (const struct mime_part *c = p->child; c; c = c->next) {
		if (!scrub_effective(c, &row)) {
			s->removed[SCRUB_PARTS]++;
			continue;
		}
		buf_clear(&line);
		buf_addf(&line, "--%s\r\n", boundary.p);
		TRY(scrub_put(s, buf_str(&line), f));
		TRY(put_part(s, c, depth + 1, f));
		TRY(putz(s, "\r\n", f));
	}
	buf_clear(&line);
	buf_addf(&line, "--%s--\r\n", boundary.p);
	return scrub_put(s, buf_str(&line), f);
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
	scrub_put_fields(s, p, &head);
	buf_addz(&head, "\r\n");
	TRY(scrub_nested_head(s, p->child, &head, f));
	TRY(scrub_put(s, buf_str(&head), f));
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
		return put_bytes(s, p, f);
	case PART_MESSAGE:
		return put_message(s, p, depth, f);
	case PART_MULTI:
		return put_multi(s, p, depth, f);
	case PART_ONWARD:
		return scrub_onward(s, p, f);
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
	TRY(scrub_put(&s, buf_str(&head), f));
	TRY(put_part(&s, o->content, 0, f));
	*ret = (struct scrub_result){ .bytes = s.bytes, .utf8 = s.utf8, .eight_bit = s.utf8 };
	for (size_t i = 0; i < SCRUB_KINDS; i++)
		ret->removed[i] = s.removed[i];
	ret->removed[SCRUB_ADDRESSES] += s.rw.addresses;
	ret->removed[SCRUB_NAMES] += s.rw.hits;
	return OK;
}
