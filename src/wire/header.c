#include "wire/header.h"

#include "wire/word.h"

enum { LINE_MAX = 76 };

/* RFC 5322 3.6.8: printable ASCII but the colon; blanks before the colon are obsolete and read. */
static bool field_name(struct str line, struct str *ret_name, size_t *ret_colon)
{
	size_t colon = str_chr(line, ':');
	struct str name = str_first(line, colon);

	while (name.n && (name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t'))
		name.n--;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= 32 || name.p[i] > 126)
			return false;
	*ret_name = name;
	*ret_colon = colon;
	return colon < line.n && name.n > 0;
}

/* Length of the line with its CRLF (or LF), or all that is left. */
static size_t line_length(struct str s)
{
	size_t n = str_chr(s, '\n');

	return n < s.n ? n + 1 : s.n;
}

static struct str without_end(struct str line)
{
	if (line.n && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* A field with its folds. */
static size_t field_length(struct str s)
{
	size_t n = line_length(s);

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n += line_length(str_from(s, n));
	return n;
}

static size_t count_lines(struct str s, size_t most)
{
	size_t n = 0;

	while (s.n && n <= most) {
		size_t k = line_length(s);

		if (!without_end(str_first(s, k)).n)
			break;
		s = str_from(s, k);
		n++;
	}
	return n;
}

int header_parse(struct str in, const struct header_limits *lim, struct arena *a, struct header *ret,
                 struct str *ret_body, struct fail *f)
{
	struct header h = { .block = in };
	struct str left = in;

	if (str_starts(left, STR("From ")) && str_chr(left, ':') > 4) /* an mbox's own line */
		left = str_from(left, line_length(left));
	h.block.p = left.p;
	h.fields = arena_array(a, struct field, count_lines(left, lim->fields) + 1);
	while (left.n) {
		struct str line = without_end(str_first(left, line_length(left))), raw;
		struct field *fd;
		size_t colon;

		if (!line.n) {
			h.block.n = (size_t)(left.p - h.block.p);
			*ret_body = str_from(left, line_length(left));
			*ret = h;
			return OK;
		}
		fd = &h.fields[h.n];
		if (!field_name(line, &fd->name, &colon))
			break;
		if (h.n == lim->fields)
			return fail(f, FAIL_LIMIT, "more than %zu header fields", lim->fields);
		raw = str_first(left, field_length(left));
		fd->raw = raw;
		fd->body = without_end(str_from(raw, colon + 1));
		h.n++;
		left = str_from(left, raw.n);
		if ((size_t)(left.p - in.p) > lim->block_bytes)
			return fail(f, FAIL_LIMIT, "a header of more than %zu bytes", lim->block_bytes);
	}
	/* No empty line: the body begins where no field does, as mail clients have it. */
	h.block.n = (size_t)(left.p - h.block.p);
	*ret_body = left;
	*ret = h;
	return OK;
}

const struct field *header_next(const struct header *h, const struct field *after, struct str name)
{
	for (size_t i = after ? (size_t)(after - h->fields) + 1 : 0; i < h->n; i++)
		if (str_eq_nocase(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

const struct field *header_get(const struct header *h, struct str name)
{
	return header_next(h, NULL, name);
}

struct str header_unfold(struct str body, struct arena *a)
{
	char *out;
	size_t n = 0;

	if (str_chr(body, '\n') == body.n && str_chr(body, '\r') == body.n)
		return str_trim(body);
	out = arena_alloc(a, body.n + 1);
	for (size_t i = 0; i < body.n; i++)
		if (body.p[i] != '\r' && body.p[i] != '\n')
			out[n++] = body.p[i];
	return str_trim(str_of(out, n));
}

size_t header_msgids(struct str body, struct arena *a, size_t max, struct str *ret)
{
	struct str s = header_unfold(body, a);
	size_t n = 0;

	while (s.n && max) {
		size_t open = str_chr(s, '<'), close;
		struct str id;

		s = str_from(s, open + 1);
		close = str_chr(s, '>');
		if (close == s.n)
			break;
		id = str_trim(str_first(s, close));
		s = str_from(s, close + 1);
		if (!id.n || id.n > 500 || str_chr(id, ' ') < id.n || str_chr(id, '<') < id.n)
			continue;
		if (n == max) { /* the newest are at the end */
			memmove(ret, ret + 1, (max - 1) * sizeof(*ret));
			n--;
		}
		ret[n++] = id;
	}
	return n;
}

size_t header_uris(struct str body, struct arena *a, size_t max, struct str *ret)
{
	struct str s = header_unfold(body, a);
	size_t n = 0;

	while (s.n && n < max) {
		size_t open = str_chr(s, '<'), close;

		s = str_from(s, open + 1);
		close = str_chr(s, '>');
		if (close == s.n)
			break;
		ret[n] = str_trim(str_first(s, close));
		n += ret[n].n > 0;
		s = str_from(s, close + 1);
	}
	return n;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static struct str without_controls(struct str v, struct buf *room)
{
	bool bad = false;

	for (size_t i = 0; i < v.n; i++)
		bad = bad || v.p[i] == '\r' || v.p[i] == '\n' || !v.p[i];
	if (!bad)
		return v;
	buf_add(room, v);
	for (size_t i = 0; i < room->n; i++)
		if (room->p[i] == '\r' || room->p[i] == '\n' || !room->p[i])
			room->p[i] = ' ';
	return buf_str(room);
}

void header_put(struct buf *out, const char *name, struct str value)
{
	OWN(buf) room = BUF(1 << 20);
	size_t column = strlen(name) + 2;
	struct str v = without_controls(str_trim(value), &room);

	buf_addz(out, name);
	buf_addz(out, ": ");
	while (v.n) {
		size_t n = str_chr(str_from(v, 1), ' ') + 1;

		if (column + n > LINE_MAX && v.p[0] == ' ' && n > 1) {
			buf_add(out, STR("\r\n"));
			column = 0;
		}
		buf_add(out, str_first(v, n));
		column += n;
		v = str_from(v, n);
	}
	buf_add(out, STR("\r\n"));
}

void header_put_text(struct buf *out, const char *name, struct str utf8)
{
	OWN(buf) room = BUF(1 << 20);

	buf_addz(out, name);
	buf_addz(out, ": ");
	word_print_text(without_controls(str_trim(utf8), &room), strlen(name) + 2, out);
	buf_add(out, STR("\r\n"));
}

static void put_entry(const struct addr_entry *e, size_t *column, struct buf *out)
{
	OWN(buf) room = BUF(1 << 20);
	OWN(buf) address = BUF(1024);
	struct str name = without_controls(e->name, &room);

	addr_print(&e->addr, &address);
	if (!address.n) { /* an empty group: something to read, nobody to write to */
		*column = word_print_phrase(name.n ? name : STR("undisclosed"), *column, out);
		buf_addz(out, ":;");
		*column += 2;
		return;
	}
	if (name.n) {
		*column = word_print_phrase(name, *column, out);
		if (*column + address.n + 3 > LINE_MAX && *column > 1) {
			buf_add(out, STR("\r\n"));
			*column = 0;
		}
		buf_addc(out, ' ');
		(*column)++;
	}
	buf_addc(out, '<');
	buf_add(out, buf_str(&address));
	buf_addc(out, '>');
	*column += address.n + 2;
}

void header_put_addrs(struct buf *out, const char *name, const struct addr_entry *entries, size_t n)
{
	size_t column = strlen(name) + 2;

	buf_addz(out, name);
	buf_addz(out, ": ");
	for (size_t i = 0; i < n; i++) {
		if (i) {
			buf_addc(out, ',');
			if (column + entries[i].name.n + entries[i].addr.local.n + entries[i].addr.domain.n +
			            6 >
			    LINE_MAX) {
				buf_add(out, STR("\r\n"));
				column = 0;
			}
			buf_addc(out, ' ');
			column += 2;
		}
		put_entry(&entries[i], &column, out);
	}
	buf_add(out, STR("\r\n"));
}
