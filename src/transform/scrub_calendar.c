/* scrub_calendar.c - an answer to an invitation: who comes is the alias. The organiser's times stay as they are, with the zone
 * they came with; what the user's calendar adds about itself does not. */
#include "transform/calendar.h"
#include "transform/scrub_in.h"

enum { LINE_FOLD = 75, LINE_MAX = 1 << 20 };

static struct addr map_address(void *self, const struct addr *found)
{
	struct scrubber *s = self;
	OWN(buf) text = BUF(1024);
	struct addr to = *found;
	struct str told;

	addr_print(found, &text);
	told = rewriter_address(&s->rw, buf_str(&text));
	if (!told.p)
		return to; /* somebody else who was invited: the organiser knows them */
	s->removed[SCRUB_CALENDARS]++;
	if (!told.n || addr_parse(told, s->a, &to, NULL) < 0)
		return (struct addr){ .local = STR("") };
	return to;
}

static void unfold(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		size_t eol = in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] == '\n' ? 2 : in.p[i] == '\n';

		if (eol && i + eol < in.n && (in.p[i + eol] == ' ' || in.p[i + eol] == '\t')) {
			i += eol;
			continue;
		}
		buf_addc(out, in.p[i]);
	}
}

/* RFC 5545 3.1: at most 75 bytes a line, never within a character. */
static void put_folded(struct str line, struct buf *out)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n; i++) {
		bool inside = ((unsigned char)line.p[i] & 0xc0) == 0x80;

		if (column >= LINE_FOLD - 3 && !inside) {
			buf_addz(out, "\r\n ");
			column = 1;
		}
		buf_addc(out, line.p[i]);
		column++;
	}
	buf_addz(out, "\r\n");
}

static bool is_property(struct str line, const char *name)
{
	struct str n = str_c(name);

	return str_starts_nocase(line, n) && line.n > n.n && (line.p[n.n] == ':' || line.p[n.n] == ';');
}

/* Properties that are a program's own, or say where something lies on the user's side. */
static bool is_left_out(struct str line)
{
	static const char *const names[] = { "CONTACT", "URL", "SOURCE", "TZURL", "ACKNOWLEDGED", "CREATED" };

	if (str_starts_nocase(line, STR("X-")))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_property(line, names[i]))
			return true;
	return false;
}

/* Parameters that are a program's own: ";X-NUM-GUESTS=0". Up to the colon outside of quotes. */
static void put_without_own(struct str line, struct buf *out)
{
	bool quoted = false, skip = false;

	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];

		if (!quoted && (c == ';' || c == ':'))
			skip = c == ';' && str_starts_nocase(str_from(line, i + 1), STR("X-"));
		quoted ^= c == '"';
		if (!skip)
			buf_addc(out, c);
		if (!quoted && c == ':') {
			buf_add(out, str_from(line, i + 1));
			return;
		}
	}
}

/* ";CN=" of a single word that is the user's: a longer name is found like in any text. */
static bool is_person(struct str line)
{
	return is_property(line, "ATTENDEE") || is_property(line, "ORGANIZER");
}

static void put_line(struct scrubber *s, struct str line, struct buf *out)
{
	OWN(buf) b = BUF(LINE_MAX);
	OWN(buf) own = BUF(LINE_MAX);

	if (is_left_out(line)) {
		s->removed[SCRUB_CALENDARS]++;
		return;
	}
	if (is_property(line, "PRODID"))
		line = STR("PRODID:-//Postern//EN");
	put_without_own(line, &own);
	if (rewriter_put(&s->rw, buf_str(&own), is_person(line), &b) || own.n < line.n)
		s->removed[SCRUB_CALENDARS]++;
	put_folded(buf_str(&b), out);
	out->over = out->over || b.over || own.over;
}

int scrub_calendar(struct scrubber *s, struct str in, struct buf *out, struct fail *f)
{
	OWN(buf) mapped = BUF(CALENDAR_MAX);
	OWN(buf) flat = BUF(CALENDAR_MAX);
	struct str rest;

	TRY(calendar_rewrite(in, (struct ical_map){ map_address, s }, &mapped, f));
	unfold(buf_str(&mapped), &flat);
	if (mapped.over || flat.over)
		return fail(f, FAIL_LIMIT, "a calendar of more than %d bytes", CALENDAR_MAX);
	rest = buf_str(&flat);
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		if (str_ends(line, STR("\r")))
			line.n--;
		if (line.n)
			put_line(s, line, out);
	}
	return OK;
}
