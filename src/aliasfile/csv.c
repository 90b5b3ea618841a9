#include "aliasfile/csv.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char separators[] = { ',', ';', '\t' };

struct csv csv_open(struct str text)
{
	struct csv c = { .left = text, .separator = ',', .line = 1 };
	struct str first;

	if (str_starts(c.left, STR("\xef\xbb\xbf")))
		c.left = str_from(c.left, 3);
	first = str_first(c.left, str_chr(c.left, '\n'));
	for (size_t i = 0; i < sizeof(separators); i++) {
		if (str_chr(first, separators[i]) == first.n)
			continue;
		c.separator = separators[i];
		break;
	}
	return c;
}

static bool needs_guard(struct str cell)
{
	return cell.n && strchr("=+-@'\t\r\n", cell.p[0]) && cell.p[0];
}

/* An apostrophe that stands before what would need one is not of the cell. */
static struct str unguarded(struct str cell)
{
	return cell.n > 1 && cell.p[0] == '\'' && needs_guard(str_from(cell, 1)) ? str_from(cell, 1) : cell;
}

static char head(const struct csv *c)
{
	return c->left.n ? c->left.p[0] : '\n';
}

static bool at_end(const struct csv *c)
{
	return !c->left.n || c->left.p[0] == '\n' || str_starts(c->left, STR("\r\n")) ||
	       str_eq(c->left, STR("\r"));
}

static int too_long(const struct csv *c, struct fail *f)
{
	return fail(f, FAIL_LIMIT, "a cell in line %zu is longer than %d bytes", c->line, CSV_CELL_MOST);
}

/* Behind the opening quote; ends behind the closing one. */
static int read_quoted(struct csv *c, struct arena *a, struct str *ret, struct fail *f)
{
	size_t begun = c->line;
	OWN(buf) b = BUF(CSV_CELL_MOST);

	for (;;) {
		size_t n = str_chr(c->left, '"');

		if (n == c->left.n)
			return fail(f, FAIL_SYNTAX, "a quote that is opened in line %zu is never closed",
			            begun);
		buf_add(&b, str_first(c->left, n));
		for (size_t i = 0; i < n; i++)
			c->line += c->left.p[i] == '\n';
		c->left = str_from(c->left, n + 1);
		if (head(c) != '"' || !c->left.n)
			break;
		buf_addc(&b, '"');
		c->left = str_from(c->left, 1);
	}
	if (b.over)
		return too_long(c, f);
	*ret = arena_str(a, buf_str(&b));
	return OK;
}

static void read_plain(struct csv *c, struct str *ret)
{
	size_t n = 0;

	while (n < c->left.n && c->left.p[n] != c->separator && c->left.p[n] != '\n')
		n++;
	*ret = str_first(c->left, n);
	if (n == c->left.n || c->left.p[n] == '\n')
		*ret = str_ends(*ret, STR("\r")) ? str_first(*ret, n - 1) : *ret;
	c->left = str_from(c->left, ret->n);
}

static int read_cell(struct csv *c, struct arena *a, struct str *ret, struct fail *f)
{
	if (head(c) == '"') {
		c->left = str_from(c->left, 1);
		TRY(read_quoted(c, a, ret, f));
	} else {
		read_plain(c, ret);
	}
	if (!at_end(c) && head(c) != c->separator)
		return fail(f, FAIL_SYNTAX, "text stands behind a closing quote in line %zu", c->line);
	if (ret->n > CSV_CELL_MOST)
		return too_long(c, f);
	*ret = unguarded(*ret);
	return OK;
}

static void end_line(struct csv *c)
{
	c->left = str_from(c->left, str_starts(c->left, STR("\r\n")) ? 2 : 1);
	c->line++;
}

int csv_next(struct csv *c, struct arena *a, struct str ret[static CSV_CELLS_MOST], size_t *ret_n,
             struct fail *f)
{
	size_t n = 0;
	bool more;

	while (c->left.n && at_end(c))
		end_line(c);
	more = c->left.n;
	while (more) {
		if (n == CSV_CELLS_MOST)
			return fail(f, FAIL_LIMIT, "line %zu has more than %d cells", c->line,
			            CSV_CELLS_MOST);
		TRY(read_cell(c, a, &ret[n++], f));
		more = c->left.n && c->left.p[0] == c->separator;
		c->left = str_from(c->left, more ? 1 : 0);
	}
	if (n)
		end_line(c);
	*ret_n = n;
	return OK;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool needs_quotes(struct str cell)
{
	for (size_t i = 0; i < cell.n; i++)
		if (strchr("\",;\t\r\n", cell.p[i]) && cell.p[i])
			return true;
	return false;
}

void csv_cell(struct buf *out, struct str cell, bool first)
{
	bool quotes = needs_quotes(cell);

	if (!first)
		buf_addc(out, ',');
	if (quotes)
		buf_addc(out, '"');
	if (needs_guard(cell))
		buf_addc(out, '\'');
	for (size_t i = 0; i < cell.n; i++) {
		if (cell.p[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, cell.p[i]);
	}
	if (quotes)
		buf_addc(out, '"');
}

void csv_end(struct buf *out)
{
	buf_add(out, STR("\r\n"));
}
