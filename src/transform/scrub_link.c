/* scrub_link.c - where HTML points to: links, pictures, style sheets. Some programs write an address there that nobody sees. */
#include "transform/scrub_in.h"

enum { ROUNDS = 3, LINK_MAX = 32 << 20 };

static int hex(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Without blanks around it, and without controls in it, as browsers read it (URL Standard 4.4). */
static void put_plain(struct str in, struct buf *out)
{
	while (in.n && (unsigned char)in.p[0] <= ' ')
		in = str_from(in, 1);
	while (in.n && (unsigned char)in.p[in.n - 1] <= ' ')
		in.n--;
	for (size_t i = 0; i < in.n; i++)
		if ((unsigned char)in.p[i] >= ' ')
			buf_addc(out, in.p[i]);
}

/* RFC 3986 2.3: these mean the same with and without "%". */
static bool is_unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

static void percent_decode(struct str in, bool all, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		int c = in.p[i] == '%' && i + 2 < in.n && hex(in.p[i + 1]) >= 0 && hex(in.p[i + 2]) >= 0
		                ? hex(in.p[i + 1]) * 16 + hex(in.p[i + 2])
		                : -1;

		if (c > 0 && (all || is_unreserved(c))) {
			buf_addc(out, (char)c);
			i += 2;
		} else {
			buf_addc(out, all && in.p[i] == '+' ? ' ' : in.p[i]);
		}
	}
}

/* Does it name the user once all is decoded, a URL within a URL too? */
static bool hides_something(struct scrubber *s, struct str url)
{
	OWN(buf) a = BUF(LINK_MAX);
	OWN(buf) b = BUF(LINK_MAX);

	buf_add(&a, url);
	for (int i = 0; i < ROUNDS && str_chr(buf_str(&a), '%') < a.n; i++) {
		struct buf t;

		buf_clear(&b);
		percent_decode(buf_str(&a), true, &b);
		t = a;
		a = b;
		b = t;
	}
	return a.over || rewriter_finds(&s->rw, buf_str(&a));
}

static bool put_cid(struct scrubber *s, struct str id, struct buf *out)
{
	OWN(buf) plain = BUF(LINK_MAX);

	percent_decode(id, true, &plain); /* RFC 2392 2 */
	buf_addz(out, "cid:");
	scrub_cid(s, buf_str(&plain), out);
	return true;
}

void scrub_normal_link(struct str url, struct buf *out)
{
	OWN(buf) plain = BUF(LINK_MAX);

	put_plain(url, &plain);
	percent_decode(buf_str(&plain), false, out);
}

bool scrub_link(struct scrubber *s, struct str value, struct buf *out)
{
	OWN(buf) plain = BUF(LINK_MAX);
	OWN(buf) normal = BUF(LINK_MAX);
	OWN(buf) written = BUF(LINK_MAX);

	put_plain(value, &plain);
	if (!link_stays(buf_str(&plain)))
		return false;
	if (str_starts_nocase(buf_str(&plain), STR("cid:")))
		return put_cid(s, str_from(buf_str(&plain), 4), out);
	if (str_starts_nocase(buf_str(&plain), STR("data:"))) {
		if (plain.over || hides_something(s, buf_str(&plain)))
			return false;
		buf_add(out, buf_str(&plain));
		return true;
	}
	percent_decode(buf_str(&plain), false, &normal);
	if (rewriter_finds(&s->rw, buf_str(&normal)))
		rewriter_put(&s->rw, buf_str(&normal), false, &written);
	else
		buf_add(&written, buf_str(&plain));
	if (plain.over || normal.over || written.over || hides_something(s, buf_str(&written)))
		return false;
	buf_add(out, buf_str(&written));
	return true;
}

/* ---- CSS --------------------------------------------------------------------------------------------------------- */

/* CSS Syntax 4.3.7: "\40 " is "@". */
static void unescape(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		unsigned c = 0;
		size_t k = i + 1;

		for (; in.p[i] == '\\' && k < in.n && k - i <= 6 && hex(in.p[k]) >= 0; k++)
			c = c * 16 + (unsigned)hex(in.p[k]);
		if (in.p[i] != '\\' || k == i + 1) {
			buf_addc(out, in.p[i]);
			continue;
		}
		buf_addc(out, c < 128 ? (char)c : '?');
		i = k < in.n && in.p[k] == ' ' ? k : k - 1;
	}
}

static struct str url_in(struct str rest, size_t *ret_n)
{
	size_t end = str_chr(rest, ')');
	struct str url = str_trim(str_first(rest, end));

	*ret_n = end < rest.n ? end + 1 : rest.n;
	if (url.n > 1 && (url.p[0] == '"' || url.p[0] == '\'') && url.p[url.n - 1] == url.p[0])
		url = str_first(str_from(url, 1), url.n - 2);
	return url;
}

static size_t next_url(struct str css)
{
	for (size_t i = 0; i + 4 <= css.n; i++)
		if (ascii_lower(css.p[i]) == 'u' && str_starts_nocase(str_from(css, i), STR("url(")))
			return i;
	return css.n;
}

/* Within quotation marks of ours. */
static void put_url(struct scrubber *s, struct str url, struct buf *out)
{
	OWN(buf) written = BUF(LINK_MAX);

	if (!scrub_link(s, url, &written))
		s->removed[SCRUB_MARKS]++;
	buf_addz(out, "url('");
	for (size_t i = 0; i < written.n; i++) {
		if (written.p[i] == '\'')
			buf_addz(out, "%27");
		else
			buf_addc(out, written.p[i]);
	}
	buf_addz(out, "')");
}

bool scrub_css(struct scrubber *s, struct str css, struct buf *out)
{
	OWN(buf) plain = BUF(LINK_MAX);

	if (str_chr(css, '\\') < css.n) {
		unescape(css, &plain);
		if (plain.over || rewriter_finds(&s->rw, buf_str(&plain)))
			return false;
	}
	while (css.n) {
		size_t at = next_url(css), n;

		rewriter_put(&s->rw, str_first(css, at), false, out);
		if (at == css.n)
			break;
		css = str_from(css, at + 4);
		put_url(s, url_in(css, &n), out);
		css = str_from(css, n);
	}
	return true;
}
