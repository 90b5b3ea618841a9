#include "wire/word.h"

#include "wire/b64.h"

enum { WORD_MAX = 75, LINE_MAX = 76, DECODED_MAX = 256 * 1024 };

/* Windows-1252 0x80..0x9f as code points; 0 where there is none. */
static const uint16_t cp1252[32] = { 0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	                             0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
	                             0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	                             0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178 };

/* ISO-8859-15 where it differs from ISO-8859-1. */
static const struct {
	unsigned char byte;
	uint16_t code;
} latin9[] = { { 0xa4, 0x20ac }, { 0xa6, 0x0160 }, { 0xa8, 0x0161 }, { 0xb4, 0x017d },
	       { 0xb8, 0x017e }, { 0xbc, 0x0152 }, { 0xbd, 0x0153 }, { 0xbe, 0x0178 } };

enum charset { CHARSET_OTHER, CHARSET_UTF8, CHARSET_LATIN1, CHARSET_LATIN9, CHARSET_1252 };

static enum charset charset_of(struct str name)
{
	static const struct {
		const char *name;
		enum charset set;
	} known[] = { { "utf-8", CHARSET_UTF8 },         { "us-ascii", CHARSET_UTF8 },
		      { "utf8", CHARSET_UTF8 },          { "iso-8859-1", CHARSET_LATIN1 },
		      { "iso-8859-15", CHARSET_LATIN9 }, { "latin1", CHARSET_LATIN1 },
		      { "windows-1252", CHARSET_1252 },  { "cp1252", CHARSET_1252 } };

	name = str_first(name, str_chr(name, '*')); /* RFC 2231 5: a language may follow */
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq_nocase(name, str_c(known[i].name)))
			return known[i].set;
	return CHARSET_OTHER;
}

static void put_code(uint16_t c, struct buf *out)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
	} else if (c < 0x800) {
		buf_addc(out, (char)(0xc0 | c >> 6));
		buf_addc(out, (char)(0x80 | (c & 63)));
	} else {
		buf_addc(out, (char)(0xe0 | c >> 12));
		buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(out, (char)(0x80 | (c & 63)));
	}
}

static uint16_t code_of(unsigned char c, enum charset set)
{
	if (set == CHARSET_1252 && c >= 0x80 && c < 0xa0)
		return cp1252[c - 0x80] ? cp1252[c - 0x80] : 0xfffd;
	for (size_t i = 0; set == CHARSET_LATIN9 && i < sizeof(latin9) / sizeof(latin9[0]); i++)
		if (latin9[i].byte == c)
			return latin9[i].code;
	return c;
}

static void to_utf8(struct str raw, enum charset set, struct buf *out)
{
	if (set == CHARSET_UTF8) {
		buf_add(out, raw);
		return;
	}
	for (size_t i = 0; i < raw.n; i++)
		put_code(code_of((unsigned char)raw.p[i], set), out);
}

/* RFC 2047 4.2 */
static void q_decode(struct str text, struct buf *out)
{
	OWN(buf) spaced = BUF(DECODED_MAX);

	buf_add(&spaced, text);
	for (size_t i = 0; i < spaced.n; i++)
		if (spaced.p[i] == '_')
			spaced.p[i] = ' ';
	qp_parse(buf_str(&spaced), out);
}

struct word {
	enum charset set;
	struct str charset, text;
	bool base64;
	size_t n; /* what it took */
};

/* "=?charset?B?text?=" at the start of s. */
static bool read_word(struct str s, struct word *w)
{
	struct str left = s, encoding;
	size_t end;

	if (!str_starts(s, STR("=?")))
		return false;
	left = str_from(left, 2);
	w->charset = str_cut(&left, '?');
	encoding = str_cut(&left, '?');
	if (!left.p || encoding.n != 1 || !w->charset.n || str_chr(w->charset, ' ') < w->charset.n)
		return false;
	end = str_find(left, STR("?="));
	w->base64 = ascii_lower(encoding.p[0]) == 'b';
	if (end == left.n || (!w->base64 && ascii_lower(encoding.p[0]) != 'q'))
		return false;
	w->text = str_first(left, end);
	w->set = charset_of(w->charset);
	w->n = (size_t)(left.p + end + 2 - s.p);
	return w->set != CHARSET_OTHER && str_chr(w->text, ' ') == w->text.n;
}

static size_t blanks(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t' || s.p[n] == '\r' || s.p[n] == '\n'))
		n++;
	return n;
}

/* A run of encoded words of one charset: their bytes are joined before they become characters, for senders split
 * characters between words; the blanks between them vanish (RFC 2047 6.2). Returns what was taken. */
static size_t decode_run(struct str s, struct buf *out)
{
	OWN(buf) raw = BUF(DECODED_MAX);
	struct word w, first;
	size_t at = 0;

	if (!read_word(s, &first))
		return 0;
	w = first;
	for (;;) {
		size_t gap;

		(w.base64 ? b64_parse_lenient : q_decode)(w.text, &raw);
		at += w.n;
		gap = blanks(str_from(s, at));
		if (!read_word(str_from(s, at + gap), &w))
			break;
		if (w.set != first.set) {
			at += gap; /* the blanks vanish, the next run begins */
			break;
		}
		at += gap;
	}
	to_utf8(buf_str(&raw), first.set, out);
	return at;
}

static size_t utf8_length(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= s.n && str_is_utf8(str_first(s, n)) ? n : 0;
}

/* Controls to spaces, what is not UTF-8 to U+FFFD. */
static struct str tidy(struct str s, struct arena *a)
{
	OWN(buf) out = BUF(3 * DECODED_MAX + 16);

	while (s.n) {
		size_t n = utf8_length(s);

		if (!n)
			buf_add(&out, STR("\xef\xbf\xbd"));
		else if (n == 1 && ((unsigned char)s.p[0] < 32 || s.p[0] == 127))
			buf_addc(&out, ' ');
		else if (n == 2 && (unsigned char)s.p[0] == 0xc2 && (unsigned char)s.p[1] < 0xa0)
			buf_addc(&out, ' '); /* C1 controls */
		else
			buf_add(&out, str_first(s, n));
		s = str_from(s, n ? n : 1);
	}
	return arena_str(a, buf_str(&out));
}

struct str word_decode(struct str in, struct arena *a)
{
	OWN(buf) out = BUF(DECODED_MAX);

	in = str_first(in, DECODED_MAX / 4);
	while (in.n) {
		size_t n = in.p[0] == '=' ? decode_run(in, &out) : 0;

		if (n) {
			in = str_from(in, n);
		} else if (in.p[0] == '\r' || in.p[0] == '\n') {
			in = str_from(in, 1); /* a fold: the blank that follows stays */
		} else {
			buf_addc(&out, in.p[0]);
			in = str_from(in, 1);
		}
	}
	return tidy(buf_str(&out), a);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 32 || s.p[i] > 126)
			return false;
	return str_find(s, STR("=?")) == s.n;
}

static void fold(struct buf *out, size_t *column)
{
	buf_add(out, STR("\r\n "));
	*column = 1;
}

/* Plain text, folded at its spaces; a word longer than a line stays whole. */
static size_t put_plain(struct str s, size_t column, struct buf *out)
{
	while (s.n) {
		size_t n = str_chr(str_from(s, 1), ' ') + 1;
		struct str w = str_first(s, n);

		if (column + n > LINE_MAX && w.p[0] == ' ' && column > 1 && n > 1) {
			buf_add(out, STR("\r\n"));
			column = 0;
		}
		buf_add(out, w);
		column += n;
		s = str_from(s, n);
	}
	return column;
}

/* Which characters Q leaves alone also in a phrase: RFC 2047 5 (3). */
static bool q_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '!' || c == '*' ||
	       c == '+' || c == '-' || c == '/';
}

static size_t q_size(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += q_plain((unsigned char)s.p[i]) || s.p[i] == ' ' ? 1 : 3;
	return n;
}

static void put_q(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ')
			buf_addc(out, '_');
		else if (q_plain((unsigned char)s.p[i]))
			buf_addc(out, s.p[i]);
		else
			buf_addf(out, "=%02X", (unsigned char)s.p[i]);
	}
}

/* As many whole characters as fit into `room` encoded bytes. */
static size_t piece(struct str s, bool base64, size_t room)
{
	size_t n = 0;

	while (n < s.n) {
		size_t k = utf8_length(str_from(s, n));
		size_t next = n + (k ? k : 1);
		size_t need = base64 ? (next + 2) / 3 * 4 : q_size(str_first(s, next));

		if (need > room)
			break;
		n = next;
	}
	return n;
}

static size_t put_encoded(struct str s, size_t column, struct buf *out)
{
	static const size_t frame = sizeof("=?utf-8?B?"
	                                   "?=") -
	                            1;
	bool base64 = (s.n + 2) / 3 * 4 < q_size(s);

	while (s.n) {
		size_t left = LINE_MAX > column ? LINE_MAX - column : 0, from = out->n, n;

		n = left > frame ? piece(s, base64, (left < WORD_MAX ? left : WORD_MAX) - frame) : 0;
		if (!n) {
			fold(out, &column);
			n = piece(s, base64, WORD_MAX - frame);
			from = out->n;
		}
		buf_addz(out, base64 ? "=?utf-8?B?" : "=?utf-8?Q?");
		(base64 ? b64_print : put_q)(str_first(s, n), out);
		buf_addz(out, "?=");
		column += out->n - from;
		s = str_from(s, n);
		if (s.n)
			fold(out, &column);
	}
	return column;
}

size_t word_print_text(struct str utf8, size_t column, struct buf *out)
{
	return is_plain(utf8) ? put_plain(utf8, column, out) : put_encoded(utf8, column, out);
}

static bool is_atoms(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!q_plain((unsigned char)s.p[i]) && s.p[i] != ' ' && s.p[i] != '_' && s.p[i] != '\'')
			return false;
	return s.n > 0;
}

size_t word_print_phrase(struct str utf8, size_t column, struct buf *out)
{
	size_t from = out->n;

	if (!is_plain(utf8))
		return put_encoded(utf8, column, out);
	if (is_atoms(utf8))
		return put_plain(utf8, column, out);
	buf_addc(out, '"');
	for (size_t i = 0; i < utf8.n; i++) {
		if (utf8.p[i] == '"' || utf8.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, utf8.p[i]);
	}
	buf_addc(out, '"');
	return column + out->n - from;
}
