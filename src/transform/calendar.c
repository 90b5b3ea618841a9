#include "transform/calendar.h"

enum { PIECE = 64 * 1024, EXTENSION = 4 };

bool calendar_is(const struct mime_part *p)
{
	static const char *const types[] = { "text/calendar", "text/x-vcalendar", "application/ics",
		                             "application/x-vcalendar", "application/calendar" };
	struct str end =
	        p->filename.n > EXTENSION ? str_from(p->filename, p->filename.n - EXTENSION) : STR("");

	if (p->child)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(p->type.value, str_c(types[i])))
			return true;
	return str_eq_nocase(end, STR(".ics")) || str_eq_nocase(end, STR(".vcs")) ||
	       str_eq_nocase(end, STR(".ifb"));
}

bool calendar_is_signed(const struct mime_part *p)
{
	for (; p; p = p->parent)
		if (str_eq(p->type.value, STR("multipart/signed")))
			return true;
	return false;
}

/* The charsets in which a byte below 128 is that ASCII character and no other, as far as calendars come in them. */
static bool is_ascii_like(struct str charset)
{
	static const char *const families[] = { "us-ascii",  "ascii",       "utf-8", "utf8",
		                                "iso-8859-", "windows-125", "cp125", "latin1",
		                                "koi8-",     "euc-",        "gb2312" };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (str_starts_nocase(charset, str_c(families[i])))
			return true;
	return !charset.n;
}

static bool has_other_line_ends(struct str s)
{
	for (size_t i; (i = str_chr(s, '\r')) < s.n; s = str_from(s, i + 1))
		if (i + 1 == s.n || s.p[i + 1] != '\n')
			return true;
	return false;
}

bool calendar_read(const struct mime_part *p, struct buf *text)
{
	struct str charset = typed_param(&p->type, STR("charset"));

	return p->body.n <= CALENDAR_MAX && is_ascii_like(charset) && mime_decode(p, text, NULL) == OK &&
	       str_chr(buf_str(text), '\0') == text->n && !has_other_line_ends(buf_str(text));
}

/* Length of the property line at the start of s, with its folds (RFC 5545 3.1). */
static size_t property_length(struct str s)
{
	size_t n = 0;

	do {
		size_t k = str_chr(str_from(s, n), '\n');

		n += n + k < s.n ? k + 1 : k;
	} while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'));
	return n;
}

static struct str unfolded(struct str raw, struct arena *a)
{
	char *out = arena_alloc(a, raw.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\n')
			i++; /* with the blank that makes the fold */
		else if (raw.p[i] != '\r')
			out[n++] = raw.p[i];
	}
	return str_of(out, n);
}

/* What follows the first colon outside of quotes. */
static struct str value_of(struct str line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.n; i++) {
		quoted ^= line.p[i] == '"';
		if (line.p[i] == ':' && !quoted)
			return str_from(line, i + 1);
	}
	return STR("");
}

static bool names_somebody(struct str line)
{
	size_t end = str_chr(line, ';'), colon = str_chr(line, ':');
	struct str name = str_first(line, end < colon ? end : colon);
	size_t dot = str_rchr(name, '.'); /* a group before it */

	name = dot < name.n ? str_from(name, dot + 1) : name;
	return str_eq_nocase(name, STR("ORGANIZER")) || str_eq_nocase(name, STR("ATTENDEE"));
}

static bool is_bare_address(struct str raw, struct arena *a)
{
	struct str line = unfolded(raw, a), value;

	if (!names_somebody(line))
		return false;
	value = value_of(line);
	return !str_starts_nocase(value, STR("mailto:")) &&
	       (str_chr(value, '@') < value.n || str_find(value, STR("%40")) < value.n);
}

/* The next whole properties of *text, without those that cannot be mapped. */
static void take_piece(struct str *text, struct arena *a, struct buf *piece)
{
	buf_clear(piece);
	while (text->n && piece->n < PIECE) {
		struct str raw = str_first(*text, property_length(*text));

		*text = str_from(*text, raw.n);
		if (!is_bare_address(raw, a))
			buf_add(piece, raw);
	}
}

int calendar_rewrite(struct str text, struct ical_map map, struct buf *out, struct fail *f)
{
	OWN(buf) piece = BUF(SIZE_MAX / 2);

	while (text.n) {
		OWN(arena) a = ARENA;
		bool lent;

		take_piece(&text, &a, &piece);
		/* The last line of a part may have no line end, for that belongs to the delimiter: it is lent one. */
		lent = piece.n && piece.p[piece.n - 1] != '\n';
		if (lent)
			buf_add(&piece, STR("\r\n"));
		TRY(ical_rewrite(buf_str(&piece), map, &a, out, f));
		if (lent && out && str_ends(buf_str(out), STR("\r\n")))
			out->n -= 2;
	}
	return OK;
}
