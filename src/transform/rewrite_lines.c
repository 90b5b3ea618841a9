/* rewrite_lines.c - text/plain: which lines quote, and which of them nobody wrote. */
#include "base/mem.h"
#include "policy/scrub.h"
#include "transform/attribution.h"
#include "transform/rewrite.h"

#include <stdlib.h>

enum { TEXT_MAX = 64 << 20, AHEAD = 4 };

/* Inline PGP (RFC 9580 6.2, 7): a key and a signature name the user; a signed text is what it says. */
enum armor { ARMOR_NONE, ARMOR_SKIP, ARMOR_HEAD, ARMOR_SIGNED_HEAD, ARMOR_SIGNED };

/* What the lines say, before anything in them is replaced; where they quote. */
struct lines {
	struct buf text;
	size_t *turns;
	size_t n, cap;
	bool quoting, changed;
	bool after;  /* the sentence above a quotation goes on */
	bool header; /* the line before was one of those above a quotation */
	enum armor armor;
};

static bool is_quote(struct str line)
{
	return line.n && line.p[0] == '>';
}

/* Does a quotation begin behind this sentence, which ends on this line or on the next one? An address in it tells the same. */
static bool introduces(struct str line, struct str rest)
{
	bool ends = ends_with_colon(line), named = str_chr(line, '@') < line.n;

	for (size_t i = 0; i < AHEAD && rest.n; i++) {
		struct str next = str_cut(&rest, '\n');

		if (is_quote(next))
			return ends;
		if (!ends && i == 0) {
			ends = ends_with_colon(next);
			named = named || str_chr(next, '@') < next.n;
		}
	}
	return ends && named;
}

static void quote_from(struct lines *l, bool quoted)
{
	if (quoted == l->quoting)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->turns = xrealloc(l->turns, l->cap * sizeof(*l->turns));
	}
	l->turns[l->n++] = l->text.n;
	l->quoting = quoted;
}

static void lines_done(struct lines *l)
{
	buf_done(&l->text);
	free(l->turns);
}

static enum armor armor_begins(struct str line)
{
	static const struct {
		struct str begin;
		enum armor is;
	} kinds[] = {
		{ STR_INIT("-----BEGIN PGP PUBLIC KEY BLOCK-----"), ARMOR_SKIP },
		{ STR_INIT("-----BEGIN PGP PRIVATE KEY BLOCK-----"), ARMOR_SKIP },
		{ STR_INIT("-----BEGIN PGP SIGNATURE-----"), ARMOR_SKIP },
		{ STR_INIT("-----BEGIN PGP SIGNED MESSAGE-----"), ARMOR_SIGNED_HEAD },
		{ STR_INIT("-----BEGIN PGP MESSAGE-----"), ARMOR_HEAD },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(line, kinds[i].begin))
			return kinds[i].is;
	return ARMOR_NONE;
}

/* True: the line is left out. */
static bool leave_out_armor(struct lines *l, struct str line)
{
	struct str t = str_trim(line);
	enum armor now = l->armor, begun = now == ARMOR_SKIP ? ARMOR_NONE : armor_begins(t);

	if (begun != ARMOR_NONE) {
		l->armor = begun;
		return begun != ARMOR_HEAD;
	}
	if (now == ARMOR_SKIP && str_starts(t, STR("-----END PGP ")))
		l->armor = ARMOR_NONE;
	if (!t.n && now == ARMOR_HEAD)
		l->armor = ARMOR_NONE;
	if (!t.n && now == ARMOR_SIGNED_HEAD)
		l->armor = ARMOR_SIGNED;
	if (now == ARMOR_HEAD)
		return t.n && str_find(t, STR(": ")) < t.n;
	return now == ARMOR_SKIP || now == ARMOR_SIGNED_HEAD;
}

/* One line with its end; cut is without. */
static void read_line(struct lines *l, struct str line, struct str cut, struct str rest)
{
	bool alone, header = is_quote_header(cut, &alone), dated = has_date_and_time(cut);
	bool timed = dated && ((header && l->header) || introduces(cut, rest));

	quote_from(l, is_quote(cut) || timed || l->after || header);
	l->after = timed && !header && !ends_with_colon(cut);
	l->header = header;
	l->changed = l->changed || timed;
	if (l->armor == ARMOR_SIGNED && str_starts(line, STR("- ")))
		line = str_from(line, 2);
	if (timed)
		put_without_times(line, &l->text);
	else
		buf_add(&l->text, line);
}

static void read_lines(struct rewriter *r, struct str text, struct lines *l)
{
	struct str rest = text;

	while (rest.n) {
		struct str line = rest, cut = str_cut(&rest, '\n');

		line = str_first(line, cut.n < line.n ? cut.n + 1 : cut.n);
		if (leave_out_armor(l, cut) || is_client_line(str_trim(cut))) {
			r->hits++;
			l->changed = true;
			continue;
		}
		read_line(l, line, cut, rest);
	}
}

bool rewriter_put_lines(struct rewriter *r, struct str text, struct buf *out)
{
	OWN(lines) l = { .text = BUF(TEXT_MAX) };
	bool changed;

	read_lines(r, text, &l);
	changed = rewriter_put_quotes(r, buf_str(&l.text), &(struct rewrite_quotes){ false, l.turns, l.n },
	                              out);
	out->over = out->over || l.text.over;
	return changed || l.changed;
}
