#include "wire/word.h"

#include "wire/b64.h"
#include "wire/charset.h"

enum { WORD_MAX = 75, LINE_MAX = 76, DECODED_MAX = 256 * 1024, CHARSET_MAX = 64 };

/* A text that is read for encoded words: where the next "?=" and the next space stand, from the last place where somebody
 * asked. Each is looked for once, or a text of beginnings without an end would take quadratic time. */
struct reader {
	struct str left;
	const char *close, *space;
};

/* The first "?=" of s, which is a tail of the text, or the end. */
static const char *next_close(struct reader *r, struct str s)
{
	if (!r->close || r->close < s.p)
		r->close = s.p + str_find(s, STR("?="));
	return r->close;
}

static const char *next_space(struct reader *r, struct str s)
{
	if (!r->space || r->space < s.p)
		r->space = s.p + str_chr(s, ' ');
	return r->space;
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
	struct str charset, text;
	bool base64;
	size_t n; /* what it took */
};

/* "=?charset?B?text?=" at the start of s, a tail of the text. */
static bool read_word(struct reader *r, struct str s, struct word *w)
{
	struct str left, head = str_first(str_from(s, 2), CHARSET_MAX);
	const char *end;
	size_t n = str_chr(head, '?');

	if (!str_starts(s, STR("=?")) || !n || n + 2 >= s.n - 2 || n == head.n || s.p[2 + n + 2] != '?')
		return false;
	w->charset = str_first(head, n);
	w->base64 = ascii_lower(s.p[2 + n + 1]) == 'b';
	if (str_chr(w->charset, ' ') < n || (!w->base64 && ascii_lower(s.p[2 + n + 1]) != 'q'))
		return false;
	left = str_from(s, 2 + n + 3);
	end = next_close(r, left);
	if (end == left.p + left.n || next_space(r, left) < end)
		return false;
	w->text = str_of(left.p, (size_t)(end - left.p));
	w->charset = str_first(w->charset, str_chr(w->charset, '*')); /* RFC 2231 5: a language may follow */
	w->n = (size_t)(end + 2 - s.p);
	return charset_known(w->charset);
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
static size_t decode_run(struct reader *r, struct buf *out)
{
	OWN(buf) raw = BUF(DECODED_MAX);
	struct str s = r->left;
	struct word w, first;
	size_t at = 0;

	if (!read_word(r, s, &first))
		return 0;
	w = first;
	for (;;) {
		size_t gap;

		(w.base64 ? b64_parse_lenient : q_decode)(w.text, &raw);
		at += w.n;
		gap = blanks(str_from(s, at));
		if (!read_word(r, str_from(s, at + gap), &w))
			break;
		if (!str_eq_nocase(w.charset, first.charset)) {
			at += gap; /* the blanks vanish, the next run begins */
			break;
		}
		at += gap;
	}
	charset_to_utf8(first.charset, buf_str(&raw), out);
	return at;
}

static size_t utf8_length(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= s.n && str_is_utf8(str_first(s, n)) ? n : 0;
}

/* Controls to spaces, what is not UTF-8 to U+FFFD. */
struct str word_tidy(struct str s, struct arena *a)
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
	struct reader r = { .left = str_first(in, DECODED_MAX / 4) };
	OWN(buf) out = BUF(DECODED_MAX);

	while (r.left.n) {
		size_t n = r.left.p[0] == '=' ? decode_run(&r, &out) : 0;

		if (!n) {
			n = 1;
			if (r.left.p[0] != '\r' &&
			    r.left.p[0] != '\n') /* of a fold the blank that follows stays */
				buf_addc(&out, r.left.p[0]);
		}
		r.left = str_from(r.left, n);
	}
	if (!str_is_utf8(buf_str(&out))) { /* raw 8-bit from before UTF-8: mostly the Windows charset */
		OWN(buf) guessed = BUF(3 * DECODED_MAX);

		if (str_find(in, STR("=?")) == in.n && charset_to_utf8(STR("windows-1252"), in, &guessed))
			return word_tidy(buf_str(&guessed), a);
	}
	return word_tidy(buf_str(&out), a);
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
