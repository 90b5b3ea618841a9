#include "wire/ical.h"

enum { FOLD_AT = 75, LINE_BYTES = 64 * 1024 };

/* One unfolded property line at the start of s; *ret_raw with its folds and line end. */
static struct str unfold(struct str s, struct arena *a, struct str *ret_raw)
{
	size_t raw = 0, n = 0;
	char *out;

	do {
		size_t k = str_chr(str_from(s, raw), '\n');

		raw += raw + k < s.n ? k + 1 : k;
	} while (raw < s.n && (s.p[raw] == ' ' || s.p[raw] == '\t'));
	*ret_raw = str_first(s, raw);
	out = arena_alloc(a, raw + 1);
	for (size_t i = 0; i < raw; i++) {
		if (s.p[i] == '\r' || s.p[i] == '\n') {
			bool folded = s.p[i] == '\n' && i + 1 < raw;

			i += folded; /* the blank after a fold is of the fold */
			continue;
		}
		out[n++] = s.p[i];
	}
	return str_of(out, n);
}

static struct str name_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] != ';' && line.p[n] != ':')
		n++;
	line = str_first(line, n);
	n = str_rchr(line, '.'); /* a group before it */
	return n < line.n ? str_from(line, n + 1) : line;
}

static bool has_address(struct str line)
{
	static const char *const names[] = { "ORGANIZER", "ATTENDEE" };
	struct str name = name_of(line);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(name, str_c(names[i])))
			return true;
	return false;
}

static int hex(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct str percent_decode(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
			out[n++] = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			i += 2;
		} else {
			out[n++] = s.p[i];
		}
	}
	return str_of(out, n);
}

static void percent_encode(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c > 32 && c < 127 && !strchr("%\",;:?&<>\\", c))
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

/* Where an address ends that begins a value or stands in a quoted parameter. */
static size_t address_end(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '"' && s.p[n] != ';' && s.p[n] != ',' && s.p[n] != '?' && s.p[n] > 32)
		n++;
	return n;
}

struct line {
	struct ical_map map;
	struct arena *a;
	struct buf *out;
	bool changed, dropped;
};

static void put_mapped(struct line *l, struct str text)
{
	OWN(buf) b = BUF(2048);
	struct addr found, told;

	if (addr_parse(percent_decode(text, l->a), l->a, &found, NULL) < 0) {
		l->dropped = true; /* what cannot be read cannot be mapped, and a client might write to it */
		return;
	}
	told = l->map.map(l->map.self, &found);
	if (addr_is_null(&told)) {
		l->dropped = true;
		return;
	}
	if (!addr_eq(&told, &found))
		l->changed = true;
	addr_print(&told, &b);
	percent_encode(buf_str(&b), l->out);
}

/* EMAIL=bob@example.org, a parameter that is an address without "mailto:" (RFC 7986 6.2). */
static size_t email_param(struct str s, size_t i)
{
	static const struct str name = STR_INIT("EMAIL=");

	return i && s.p[i - 1] == ';' && str_starts_nocase(str_from(s, i), name) ? name.n : 0;
}

/* Every "mailto:", in the value and in the parameters (SENT-BY, DELEGATED-TO, MEMBER, DIR...), and EMAIL. */
static void rewrite_line(struct line *l, struct str s)
{
	static const struct str mailto = STR_INIT("mailto:");

	for (size_t i = 0; i < s.n && !l->dropped;) {
		size_t lead = str_starts_nocase(str_from(s, i), mailto) ? mailto.n : email_param(s, i);
		size_t quote, end;

		if (!lead) {
			buf_addc(l->out, s.p[i++]);
			continue;
		}
		quote = i + lead < s.n && s.p[i + lead] == '"' ? 1 : 0;
		buf_add(l->out, str_of(s.p + i, lead + quote));
		i += lead + quote;
		end = address_end(str_from(s, i));
		if (lead != mailto.n && !quote) /* an unquoted parameter ends at the colon */
			end = str_chr(str_of(s.p + i, end), ':');
		put_mapped(l, str_of(s.p + i, end));
		i += end;
	}
}

/* As it stood: the last line may have none. */
static struct str line_end(struct str raw)
{
	return str_ends(raw, STR("\r\n")) ? STR("\r\n") : str_ends(raw, STR("\n")) ? STR("\n") : STR("");
}

/* RFC 5545 3.1: lines of at most 75 octets, never cut inside a character. */
static void put_folded(struct str s, struct str eol, struct buf *out)
{
	struct str fold = eol.n ? eol : STR("\r\n");
	size_t room = FOLD_AT;

	while (s.n > room) {
		size_t n = room;

		while (n > 1 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
			n--;
		buf_add(out, str_first(s, n));
		buf_add(out, fold);
		buf_addc(out, ' ');
		s = str_from(s, n);
		room = FOLD_AT - 1;
	}
	buf_add(out, s);
	buf_add(out, eol);
}

int ical_rewrite(struct str in, struct ical_map map, struct arena *a, struct buf *out, struct fail *f)
{
	while (in.n) {
		OWN(buf) text = BUF(LINE_BYTES);
		struct line l = { .map = map, .a = a, .out = &text };
		struct str raw, s = unfold(in, a, &raw);

		in = str_from(in, raw.n);
		if (has_address(s))
			rewrite_line(&l, s);
		if (text.over)
			return fail(f, FAIL_LIMIT, "a calendar line of more than %d bytes", LINE_BYTES);
		if (!out || l.dropped)
			continue;
		if (l.changed)
			put_folded(buf_str(&text), line_end(raw), out);
		else
			buf_add(out, raw);
	}
	return out && out->over ? fail(f, FAIL_LIMIT, "a calendar of more than %zu bytes", out->max) : OK;
}
