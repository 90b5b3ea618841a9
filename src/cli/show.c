#include "cli/show.h"

#include "base/mem.h"
#include "ipc/codec.h"
#include "wire/b64.h"
#include "wire/date.h"

#include <jansson.h>
#include <stdlib.h>

enum { COLUMNS_MAX = 24, TEXT_MAX = 1 << 20 };

struct cell {
	struct str key, type, value;
};

static bool next_cell(struct str *record, struct cell *c)
{
	return list_next(record, &c->key) && list_next(record, &c->type) && list_next(record, &c->value);
}

static int64_t number(struct str v)
{
	char *z = xstrdup(v);
	int64_t n = strtoll(z, NULL, 10);

	free(z);
	return n;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *json_text(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.n);
}

static json_t *json_cell(const struct cell *c)
{
	OWN(buf) b = BUF(TEXT_MAX);

	switch (c->type.n ? c->type.p[0] : 's') {
	case 'n':
		return json_integer(number(c->value));
	case 'b':
		return json_boolean(str_eq(c->value, STR("1")));
	case 't':
		if (!number(c->value))
			return json_null();
		date_print_iso(number(c->value), &b);
		return json_text(buf_str(&b));
	case 'x':
		b64_print(c->value, &b);
		return json_text(buf_str(&b));
	default:
		return json_text(c->value);
	}
}

void show_json(struct str records, struct buf *out)
{
	json_t *all = json_array();
	struct str record;
	char *text;

	while (list_next(&records, &record)) {
		json_t *o = json_object();
		struct cell c;

		while (next_cell(&record, &c)) {
			char *key = xstrdup(c.key);

			json_object_set_new(o, key, json_cell(&c));
			free(key);
		}
		json_array_append_new(all, o);
	}
	text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	buf_addz(out, text ? text : "[]");
	buf_addc(out, '\n');
	free(text);
	json_decref(all);
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void put_cell(const struct cell *c, struct buf *out)
{
	switch (c->type.n ? c->type.p[0] : 's') {
	case 'b':
		buf_addz(out, str_eq(c->value, STR("1")) ? "yes" : "no");
		break;
	case 't':
		if (number(c->value))
			date_print_iso(number(c->value), out);
		else
			buf_addc(out, '-');
		break;
	case 'x':
		buf_addf(out, "(%zu bytes)", c->value.n);
		break;
	default:
		if (c->value.n)
			buf_add(out, c->value);
		else
			buf_addc(out, '-');
	}
}

/* Columns of a terminal: characters, not bytes. */
static size_t width(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static void measure(struct str records, size_t widths[static COLUMNS_MAX])
{
	struct str record;

	while (list_next(&records, &record)) {
		struct cell c;

		for (size_t i = 0; i < COLUMNS_MAX && next_cell(&record, &c); i++) {
			OWN(buf) b = BUF(TEXT_MAX);
			size_t w;

			put_cell(&c, &b);
			w = width(buf_str(&b));
			w = w > width(c.key) ? w : width(c.key);
			widths[i] = w > widths[i] ? w : widths[i];
		}
	}
}

static void put_padded(struct str s, size_t to, struct buf *out)
{
	buf_add(out, s);
	for (size_t n = width(s); n < to + 2; n++)
		buf_addc(out, ' ');
}

static void end_line(struct buf *out)
{
	while (out->n && out->p[out->n - 1] == ' ')
		out->n--;
	buf_addc(out, '\n');
}

static void put_row(struct str record, bool title, const size_t widths[static COLUMNS_MAX], struct buf *out)
{
	struct cell c;

	for (size_t i = 0; i < COLUMNS_MAX && next_cell(&record, &c); i++) {
		OWN(buf) b = BUF(TEXT_MAX);

		if (title)
			for (size_t k = 0; k < c.key.n; k++)
				buf_addc(&b, c.key.p[k] == '_' ? ' '
				                               : (char)(ascii_lower(c.key.p[k]) -
				                                        (c.key.p[k] >= 'a' ? 32 : 0)));
		else
			put_cell(&c, &b);
		put_padded(buf_str(&b), widths[i], out);
	}
	end_line(out);
}

void show_table(struct str records, const char *none, struct buf *out)
{
	size_t widths[COLUMNS_MAX] = { 0 };
	struct str left = records, record;
	bool first = true;

	measure(records, widths);
	while (list_next(&left, &record)) {
		if (first)
			put_row(record, true, widths, out);
		put_row(record, false, widths, out);
		first = false;
	}
	if (first)
		buf_addf(out, "%s\n", none);
}

void show_fields(struct str records, struct buf *out)
{
	struct str record;
	struct cell c;

	while (list_next(&records, &record)) {
		while (next_cell(&record, &c)) {
			put_padded(c.key, 18, out);
			put_cell(&c, out);
			buf_addc(out, '\n');
		}
	}
}
