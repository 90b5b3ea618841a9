#include "wire/html.h"

#include "base/fail.h"
#include "wire/reference.h"

#include <string.h>

enum { REFERENCE_MAX = 40 };

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

static struct str take(struct html *h, size_t n)
{
	struct str s = str_first(h->left, n);

	h->left = str_from(h->left, n);
	return s;
}

static bool is_raw(struct str name)
{
	static const char *const names[] = {
		"script", "style", "xmp", "iframe", "noembed", "noframes", "xml"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(name, str_c(names[i])))
			return true;
	return false;
}

/* Up to its own closing tag, or the end. */
static bool take_raw(struct html *h, struct html_token *ret)
{
	struct str name = h->raw, in = h->left;

	h->raw = STR_NONE;
	for (size_t i = 0; i < in.n; i++) {
		struct str rest = str_from(in, i + 2);

		if (in.p[i] != '<' || i + 1 >= in.n || in.p[i + 1] != '/' || !str_starts_nocase(rest, name) ||
		    (rest.n > name.n && is_alnum(rest.p[name.n])))
			continue;
		in.n = i;
		break;
	}
	*ret = (struct html_token){ .kind = HTML_RAW, .name = name, .text = take(h, in.n) };
	return ret->text.n > 0;
}

/* "<!-- ... -->" ends also at "--!>"; "<!-->" is a whole one. */
static size_t comment_size(struct str in)
{
	if (str_starts(in, STR("<!-->")) || str_starts(in, STR("<!--->")))
		return in.p[4] == '>' ? 5 : 6;
	for (size_t i = 4; i + 2 < in.n; i++)
		if (in.p[i] == '-' && in.p[i + 1] == '-' &&
		    (in.p[i + 2] == '>' || (in.p[i + 2] == '!' && i + 3 < in.n && in.p[i + 3] == '>')))
			return i + (in.p[i + 2] == '>' ? 3 : 4);
	return in.n;
}

static size_t to_end(struct str in)
{
	size_t n = str_chr(in, '>');

	return n < in.n ? n + 1 : in.n;
}

static size_t name_size(struct str in)
{
	size_t n = 0;

	while (n < in.n && !is_space(in.p[n]) && in.p[n] != '/' && in.p[n] != '>')
		n++;
	return n;
}

/* A tag ends at the first ">" outside of a quoted value; in: from its name on. */
static size_t tag_size(struct str in)
{
	char quote = 0, before = 0;

	for (size_t i = name_size(in); i < in.n; i++) {
		char c = in.p[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
			before = c;
			continue;
		}
		if (c == '>')
			return i + 1;
		if ((c == '"' || c == '\'') && before == '=')
			quote = c;
		before = is_space(c) ? before : c;
	}
	return in.n;
}

static void take_tag(struct html *h, struct html_token *ret)
{
	bool close = h->left.p[1] == '/';
	size_t mark = close ? 2 : 1;
	struct str tag = take(h, mark + tag_size(str_from(h->left, mark))), inner = str_from(tag, mark);

	if (str_ends(inner, STR(">")))
		inner.n--;
	*ret = (struct html_token){ .kind = close ? HTML_CLOSE : HTML_OPEN };
	ret->name = str_first(inner, name_size(inner));
	ret->attrs = close ? STR("") : str_from(inner, ret->name.n);
	if (!close && is_raw(ret->name) && !str_ends(inner, STR("/")))
		h->raw = ret->name;
}

static bool begins_markup(struct str in)
{
	return in.n > 1 && in.p[0] == '<' &&
	       (is_letter(in.p[1]) || in.p[1] == '!' || in.p[1] == '?' ||
	        (in.p[1] == '/' && in.n > 2 && !is_space(in.p[2])));
}

static size_t text_size(struct str in)
{
	size_t n = 1;

	while (n < in.n && !begins_markup(str_from(in, n)))
		n++;
	return n;
}

bool html_next(struct html *h, struct html_token *ret)
{
	struct str in;

	if (h->raw.n && h->left.n && take_raw(h, ret))
		return true;
	in = h->left;
	if (!in.n)
		return false;
	if (!begins_markup(in)) {
		*ret = (struct html_token){ .kind = HTML_TEXT, .text = take(h, text_size(in)) };
	} else if (is_letter(in.p[1]) || (in.p[1] == '/' && is_letter(in.p[2]))) {
		take_tag(h, ret);
	} else {
		bool doctype = str_starts_nocase(in, STR("<!doctype"));

		(void)take(h, str_starts(in, STR("<!--")) ? comment_size(in) : to_end(in));
		*ret = (struct html_token){ .kind = doctype ? HTML_DOCTYPE : HTML_COMMENT };
	}
	return true;
}

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static void skip(struct str *s, const char *what)
{
	while (s->n && (is_space(s->p[0]) || (s->p[0] && strchr(what, s->p[0]))))
		*s = str_from(*s, 1);
}

static struct str value_of(struct str *s)
{
	struct str v;
	char quote = s->n ? s->p[0] : 0;

	if (quote == '"' || quote == '\'') {
		*s = str_from(*s, 1);
		v = str_first(*s, str_chr(*s, quote));
		*s = str_from(*s, v.n + 1);
		return v;
	}
	v = *s;
	for (v.n = 0; v.n < s->n && !is_space(s->p[v.n]);)
		v.n++;
	*s = str_from(*s, v.n);
	return v;
}

bool html_attribute(struct str *attrs, struct str *ret_name, struct str *ret_value)
{
	size_t n = 0;

	skip(attrs, "/");
	if (!attrs->n)
		return false;
	while (n < attrs->n && !is_space(attrs->p[n]) && attrs->p[n] != '/' && (attrs->p[n] != '=' || !n))
		n++;
	*ret_name = str_first(*attrs, n);
	*attrs = str_from(*attrs, n);
	*ret_value = STR_NONE;
	skip(attrs, "");
	if (attrs->n && attrs->p[0] == '=') {
		*attrs = str_from(*attrs, 1);
		skip(attrs, "");
		*ret_value = value_of(attrs);
	}
	return true;
}

/* ---- references -------------------------------------------------------------------------------------------------- */

static void put_utf8(uint32_t c, struct buf *out)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
	} else if (c < 0x800) {
		buf_addc(out, (char)(0xc0 | c >> 6));
		buf_addc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_addc(out, (char)(0xe0 | c >> 12));
		buf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addc(out, (char)(0xf0 | c >> 18));
		buf_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

static int digit(char c, unsigned base)
{
	int d = c >= '0' && c <= '9' ? c - '0' : is_letter(c) ? ascii_lower(c) - 'a' + 10 : 99;

	return d < (int)base ? d : -1;
}

/* "&#64;", "&#x40", in: after "&#". Returns its size, 0 when it is none. */
static size_t numeric(struct str in, struct buf *out)
{
	unsigned base = in.n && (in.p[0] == 'x' || in.p[0] == 'X') ? 16 : 10;
	size_t begin = base == 16, i = begin;
	uint32_t c = 0;

	for (; i < in.n && digit(in.p[i], base) >= 0; i++)
		c = c > 0x10ffff ? c : c * base + (uint32_t)digit(in.p[i], base);
	if (i == begin)
		return 0;
	if (c == '&')
		buf_addz(out, "&amp;");
	else
		put_utf8(!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c, out);
	return i < in.n && in.p[i] == ';' ? i + 1 : i;
}

static size_t named(struct str in, struct buf *out)
{
	size_t n = 0;
	uint32_t c;

	while (n < in.n && n < REFERENCE_MAX && is_alnum(in.p[n]))
		n++;
	c = n < in.n && in.p[n] == ';' ? reference(str_first(in, n)) : 0;
	if (!c)
		return 0;
	put_utf8(c, out);
	return n + 1;
}

/* One that is left as it stands. */
static bool is_reference(struct str in)
{
	size_t n = 1;

	while (n < in.n && n < REFERENCE_MAX && is_alnum(in.p[n]))
		n++;
	return n > 1 && n < in.n && in.p[n] == ';' && is_letter(in.p[1]);
}

void html_decode(struct str in, struct buf *out)
{
	while (in.n) {
		size_t at = str_chr(in, '&'), n;
		struct str rest = str_from(in, at + 1);

		buf_add(out, str_first(in, at));
		if (at == in.n)
			return;
		n = rest.n && rest.p[0] == '#' ? numeric(str_from(rest, 1), out) : named(rest, out);
		if (n && rest.p[0] == '#')
			n++;
		if (!n)
			buf_addz(out, is_reference(str_from(in, at)) ? "&" : "&amp;");
		in = str_from(rest, n);
	}
}

void html_escape(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		switch (in.p[i]) {
		case '<':
			buf_addz(out, "&lt;");
			break;
		case '>':
			buf_addz(out, "&gt;");
			break;
		case '"':
			buf_addz(out, "&quot;");
			break;
		case '&':
			buf_addz(out, is_reference(str_from(in, i)) ? "&" : "&amp;");
			break;
		default:
			buf_addc(out, in.p[i]);
		}
	}
}
