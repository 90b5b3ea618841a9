#include "transform/scrub_in.h"

#include "base/mem.h"
#include "transform/attribution.h"
#include "wire/html.h"

#include <stdlib.h>

enum { ATTRIBUTE_MAX = 32 << 20, AHEAD = 16 };

/* A line as a reader sees it: text, decoded, and the inline tags between. An address may stand across them. */
struct piece {
	bool is_tag;
	size_t at, n; /* of the line's text, or of its tags */
};
struct line {
	struct buf text, tags;
	struct piece *pieces;
	size_t n, cap;
};

struct html_scrub {
	struct scrubber *s;
	struct buf *out;
	struct line line;
	struct rewrite_match *matches;
	size_t n_matches, cap;
	unsigned quotes; /* blockquotes around */
	bool header;     /* the line before was one of those above a quotation */
	bool alone;      /* and what it says stands on this one: a table */
};

static void add_piece(struct line *l, bool is_tag, size_t at, size_t n)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->pieces = xrealloc(l->pieces, l->cap * sizeof(*l->pieces));
	}
	l->pieces[l->n++] = (struct piece){ is_tag, at, n };
}

/* ---- matches in a line ------------------------------------------------------------------------------------------- */

static void add_match(struct html_scrub *h, const struct rewrite_match *m)
{
	if (h->n_matches == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 64;
		h->matches = xrealloc(h->matches, h->cap * sizeof(*h->matches));
	}
	h->matches[h->n_matches++] = *m;
}

/* Addresses, names and, in the line above a quotation, the time of day: in order, none across another. */
static void find_matches(struct html_scrub *h, bool quoted, bool timed)
{
	struct str text = buf_str(&h->line.text);
	const struct rewrite_quotes quotes = { .first = quoted };
	struct rewrite_scan scan = { .r = &h->s->rw, .text = text, .quotes = &quotes };
	struct rewrite_match m = { 0 }, t = { .to = STR("") };
	bool has = rewrite_next(&scan, &m), has_time = timed && next_time(text, 0, &t.at, &t.n);
	size_t end = 0;

	h->n_matches = 0;
	while (has || has_time) {
		bool time_first = has_time && (!has || t.at < m.at);
		const struct rewrite_match *first = time_first ? &t : &m;

		if (first->at >= end) {
			add_match(h, first);
			end = first->at + first->n;
			h->s->removed[SCRUB_MARKS] += time_first;
		}
		if (time_first)
			has_time = next_time(text, t.at + t.n, &t.at, &t.n);
		else
			has = rewrite_next(&scan, &m);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct rewrite_match *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Of one piece by itself, without what lies across a match of the whole line (its first `n`, in order; *ret_from: those
 * before end earlier). */
static void find_in_piece(struct html_scrub *h, const struct piece *p, bool quoted, size_t n,
                          size_t *ret_from)
{
	const struct rewrite_quotes quotes = { .first = quoted };
	struct rewrite_scan scan = { .r = &h->s->rw,
		                     .text = str_of(h->line.text.p + p->at, p->n),
		                     .quotes = &quotes };
	struct rewriter *r = &h->s->rw;
	uint32_t hits = r->hits, addresses = r->addresses;
	struct rewrite_match m;

	for (; rewrite_next(&scan, &m); hits = r->hits, addresses = r->addresses) {
		m.at += p->at;
		while (*ret_from < n && h->matches[*ret_from].at + h->matches[*ret_from].n <= m.at)
			++*ret_from;
		if (*ret_from == n || h->matches[*ret_from].at >= m.at + m.n) {
			add_match(h, &m);
			continue;
		}
		r->hits = hits; /* found, and counted, with the whole line */
		r->addresses = addresses;
	}
}

/* A tag may also part two words that nothing else parts: "Alice Example</b>alice@mailbox.example". */
static void find_between_tags(struct html_scrub *h, bool quoted)
{
	size_t n = h->n_matches, from = 0;

	for (size_t i = 0; i < h->line.n; i++)
		if (!h->line.pieces[i].is_tag && h->line.pieces[i].n < h->line.text.n)
			find_in_piece(h, &h->line.pieces[i], quoted, n, &from);
	if (h->n_matches > n)
		qsort(h->matches, h->n_matches, sizeof(*h->matches), by_place);
}

/* Text from..to with the matches in it; a match that began before is cut out. */
static void put_text(struct html_scrub *h, size_t from, size_t to, size_t *next)
{
	struct str text = buf_str(&h->line.text);

	while (from < to) {
		const struct rewrite_match *m = *next < h->n_matches ? &h->matches[*next] : NULL;
		size_t stop = m && m->at < to ? m->at : to;

		if (from < stop)
			html_escape(str_of(text.p + from, stop - from), h->out);
		if (!m || m->at >= to)
			return;
		if (m->at >= from)
			html_escape(m->to, h->out);
		from = m->at + m->n;
		if (from > to)
			return; /* it goes on behind a tag */
		++*next;
	}
}

/* left_out: nothing of it stays but the tags that others match, so that what stands around it keeps its form. */
static void put_piece_tag(struct html_scrub *h, struct str tag, bool left_out)
{
	bool link = str_starts(tag, STR("<a ")) || str_eq(tag, STR("<a>")) || str_eq(tag, STR("</a>")) ||
	            str_starts(tag, STR("<img"));

	if (!left_out || !link)
		buf_add(h->out, tag);
}

static void put_line(struct html_scrub *h, bool left_out)
{
	struct line *l = &h->line;
	size_t next = 0, skip = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct piece *p = &l->pieces[i];
		size_t from = p->at > skip ? p->at : skip;

		if (p->is_tag) {
			put_piece_tag(h, str_of(l->tags.p + p->at, p->n), left_out);
			continue;
		}
		if (next < h->n_matches && h->matches[next].at < p->at) { /* begun in a piece before */
			skip = h->matches[next].at + h->matches[next].n;
			from = from > skip ? from : skip;
			if (from >= p->at + p->n)
				continue;
			next++;
		}
		put_text(h, from, p->at + p->n, &next);
	}
}

/* Is what comes next, behind this line, a quotation? */
static bool quotes_next(const struct html *in)
{
	struct html ahead = *in;
	struct html_token t;

	for (size_t i = 0; i < AHEAD && html_next(&ahead, &t); i++) {
		if (t.kind == HTML_OPEN && str_eq_nocase(t.name, STR("blockquote")))
			return true;
		if ((t.kind == HTML_TEXT && str_trim(t.text).n) || t.kind == HTML_RAW)
			return false;
	}
	return false;
}

/* Does the line say when, by the clock of whoever answers? */
static bool is_timed(const struct html_scrub *h, const struct html *in, struct str text, bool header)
{
	if (!h->alone && !has_date_and_time(text))
		return false;
	if (h->alone || (header && h->header))
		return true;
	return ends_with_colon(text) && (h->quotes || str_chr(text, '@') < text.n || quotes_next(in));
}

static bool is_blank(struct str text)
{
	return !str_trim(text).n;
}

static void flush(struct html_scrub *h, const struct html *in)
{
	struct str text = buf_str(&h->line.text);
	bool alone = false, header = is_quote_header(text, &alone);
	bool timed = is_timed(h, in, text, header);
	bool left_out = !h->quotes && is_client_line(str_trim(text));

	if (left_out) {
		h->n_matches = 0;
		add_match(h, &(struct rewrite_match){ 0, text.n, STR("") });
		h->s->removed[SCRUB_MARKS]++;
	} else {
		find_matches(h, header || h->alone || timed || h->quotes, timed);
		find_between_tags(h, header || h->alone || timed || h->quotes);
	}
	put_line(h, left_out);
	if (!is_blank(text)) {
		h->header = header || h->alone;
		h->alone = header && alone;
	}
	buf_clear(&h->line.text);
	buf_clear(&h->line.tags);
	h->line.n = 0;
}

/* ---- tags -------------------------------------------------------------------------------------------------------- */

static struct str lower(struct str s, struct buf *b)
{
	for (size_t i = 0; i < s.n && i < 64; i++)
		buf_addc(b, ascii_lower(s.p[i]));
	return buf_str(b);
}

/* Up to the next ";" that ends a declaration: none in quotes or brackets, where URLs have them. */
static struct str cut_declaration(struct str *style)
{
	struct str all = *style;
	unsigned depth = 0;
	char quote = 0;
	size_t i = 0;

	for (; i < all.n; i++) {
		char c = all.p[i];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '(')
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (c == ';' && !depth)
			break;
	}
	*style = str_from(all, i + 1);
	return str_trim(str_first(all, i));
}

/* Declarations apart, so that one program's own do not take the others with them. */
static void put_style(struct scrubber *s, struct str style, struct buf *out)
{
	while (style.n) {
		struct str one = cut_declaration(&style);
		size_t before = out->n;

		if (one.n && out->n)
			buf_addz(out, "; ");
		if (is_client_mark(one) || !scrub_css(s, one, out)) {
			s->removed[SCRUB_MARKS]++;
			out->n = before;
		}
	}
}

static bool is_place(struct str name)
{
	return str_eq(name, STR("href")) || str_eq(name, STR("src")) || str_eq(name, STR("background"));
}

/* False: the attribute goes. */
static bool write_value(struct scrubber *s, struct str name, struct str value, bool quoted, struct buf *out)
{
	if (str_eq(name, STR("style"))) {
		put_style(s, value, out);
		return out->n > 0;
	}
	if ((str_eq(name, STR("class")) || str_eq(name, STR("id"))) && is_client_mark(value))
		return false;
	if (is_place(name))
		return scrub_link(s, value, out);
	rewriter_put(&s->rw, value, quoted, out);
	return true;
}

static void put_attribute(struct html_scrub *h, struct str name, struct str raw, struct buf *out)
{
	OWN(buf) value = BUF(ATTRIBUTE_MAX);
	OWN(buf) written = BUF(ATTRIBUTE_MAX);
	OWN(buf) small = BUF(65);
	struct str n = lower(name, &small);
	struct scrubber *s = h->s;

	if (!attribute_stays(n)) {
		s->removed[SCRUB_MARKS]++;
		return;
	}
	html_decode(raw, &value);
	if (!write_value(s, n, buf_str(&value), h->quotes, &written) || value.over || written.over) {
		s->removed[SCRUB_MARKS]++;
		return;
	}
	buf_addf(out, " %.*s=\"", STR_ARG(n));
	html_escape(buf_str(&written), out);
	buf_addc(out, '"');
}

static void put_tag(struct html_scrub *h, const struct html_token *t, struct str name, struct buf *out)
{
	struct str attrs = t->attrs, key, value;

	if (t->kind == HTML_CLOSE) {
		buf_addf(out, "</%.*s>", STR_ARG(name));
		return;
	}
	buf_addf(out, "<%.*s", STR_ARG(name));
	while (html_attribute(&attrs, &key, &value))
		put_attribute(h, key, value, out);
	buf_addc(out, '>');
}

/* An element that goes with its content: to its end, or where another one could not be inside of it. */
static void skip_element(struct html *in, struct str name)
{
	struct html_token t;
	unsigned depth = 1;

	while (depth && html_next(in, &t)) {
		if (!str_eq_nocase(t.name, name))
			continue;
		if (t.kind == HTML_OPEN)
			depth++;
		if (t.kind == HTML_CLOSE)
			depth--;
	}
}

/* Of these "<style/>" is nothing in XHTML, and in HTML would take all the rest. */
static bool is_raw_tag(struct str name)
{
	return str_eq(name, STR("style")) || str_eq(name, STR("title"));
}

/* A style sheet is its program's, or what the user has it look like. What stands raw in another element is shown by some
 * (xmp) and else by nobody. */
static void put_raw(struct html_scrub *h, const struct html_token *t)
{
	OWN(buf) css = BUF(ATTRIBUTE_MAX);

	if (str_eq_nocase(t->name, STR("xmp"))) {
		size_t before = h->line.text.n;

		buf_add(&h->line.text, t->text);
		add_piece(&h->line, false, before, h->line.text.n - before);
		return;
	}
	if (!str_eq_nocase(t->name, STR("style")) || is_client_mark(t->text) ||
	    !scrub_css(h->s, t->text, &css))
		h->s->removed[SCRUB_MARKS]++;
	else
		buf_add(h->out, buf_str(&css));
	h->out->over = h->out->over || css.over;
}

/* RFC 9788 5.2.2: the protected header once more, for programs that do not know of it. */
static bool is_legacy_display(const struct html_token *t)
{
	struct str attrs = t->attrs, key, value;

	if (t->kind != HTML_OPEN || !str_eq_nocase(t->name, STR("div")))
		return false;
	while (html_attribute(&attrs, &key, &value))
		if (str_eq_nocase(key, STR("class")) &&
		    str_find(value, STR("header-protection-legacy-display")) < value.n)
			return true;
	return false;
}

static void on_tag(struct html_scrub *h, struct html *in, const struct html_token *t)
{
	OWN(buf) small = BUF(65);
	struct str name = lower(t->name, &small);
	const struct tag_row *row = tag_row(name);
	bool legacy = is_legacy_display(t), empty = str_ends(t->attrs, STR("/"));
	size_t before;

	if (row->block)
		flush(h, in);
	if (str_eq(name, STR("blockquote")))
		h->quotes = t->kind == HTML_OPEN ? h->quotes + 1 : h->quotes ? h->quotes - 1 : 0;
	if ((row->rule == TAG_DROP && t->kind == HTML_OPEN && !empty) || legacy)
		skip_element(in, t->name);
	if (row->rule != TAG_KEEP || legacy || (empty && is_raw_tag(name))) {
		h->s->removed[SCRUB_MARKS]++;
		return;
	}
	if (row->block) {
		put_tag(h, t, name, h->out);
		return;
	}
	before = h->line.tags.n;
	put_tag(h, t, name, &h->line.tags);
	add_piece(&h->line, true, before, h->line.tags.n - before);
}

static void on_text(struct html_scrub *h, struct str text)
{
	size_t before = h->line.text.n;

	html_decode(text, &h->line.text);
	add_piece(&h->line, false, before, h->line.text.n - before);
}

void scrub_html(struct scrubber *s, struct str in, struct buf *out)
{
	struct html_scrub h = { .s = s, .out = out };
	struct html reader = { .left = in };
	struct html_token t;

	h.line.text = BUF(SCRUB_TEXT_MAX);
	h.line.tags = BUF(SCRUB_TEXT_MAX);
	while (html_next(&reader, &t)) {
		if (t.kind == HTML_OPEN || t.kind == HTML_CLOSE)
			on_tag(&h, &reader, &t);
		else if (t.kind == HTML_TEXT)
			on_text(&h, t.text);
		else if (t.kind == HTML_RAW)
			put_raw(&h, &t);
		else if (t.kind == HTML_DOCTYPE)
			buf_addz(out, "<!DOCTYPE html>\r\n");
		else
			s->removed[SCRUB_MARKS]++;
	}
	flush(&h, &reader);
	out->over = out->over || h.line.text.over || h.line.tags.over;
	buf_done(&h.line.text);
	buf_done(&h.line.tags);
	free(h.line.pieces);
	free(h.matches);
}
