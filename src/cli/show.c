#include "cli/show.h"

#include "base/fail.h"
#include "base/mem.h"
#include "ipc/codec.h"
#include "wire/b64.h"
#include "wire/date.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS_MAX = 24, TEXT_MAX = 1 << 20 };

bool show_next(struct str *record, struct show_cell *c)
{
	return list_next(record, &c->key) && list_next(record, &c->type) && list_next(record, &c->value);
}

/* ---- records of our own ------------------------------------------------------------------------------------------ */

void show_records_done(struct show_records *r)
{
	if (r->list.p)
		wipe(r->list.p, r->list.cap);
	if (r->record.p)
		wipe(r->record.p, r->record.cap);
	buf_done(&r->list);
	buf_done(&r->record);
}

static void add_field(struct show_records *r, const char *name, const char *type, struct str v)
{
	list_add(&r->record, str_c(name));
	list_add(&r->record, str_c(type));
	list_add(&r->record, v);
}

void show_text(struct show_records *r, const char *name, struct str v)
{
	add_field(r, name, "s", v);
}

static void add_integer(struct show_records *r, const char *name, const char *type, int64_t v)
{
	char z[24];

	snprintf(z, sizeof(z), "%lld", (long long)v);
	add_field(r, name, type, str_c(z));
}

void show_number(struct show_records *r, const char *name, int64_t v)
{
	add_integer(r, name, "n", v);
}

void show_time(struct show_records *r, const char *name, int64_t v)
{
	add_integer(r, name, "t", v);
}

void show_bool(struct show_records *r, const char *name, bool v)
{
	add_field(r, name, "b", v ? STR("1") : STR("0"));
}

void show_end(struct show_records *r)
{
	list_add(&r->list, buf_str(&r->record));
	buf_clear(&r->record);
}

/* ---- hostile text ------------------------------------------------------------------------------------------------ */

#define REPLACEMENT STR("\xef\xbf\xbd")

/* Bytes of the character at the beginning of s, 0 when there is none that is well formed. */
static size_t character(struct str s)
{
	for (size_t n = 1; n <= 4 && n <= s.n; n++)
		if (str_is_utf8(str_first(s, n)))
			return n;
	return 0;
}

/* Ends of ranges of the characters that show nothing and change how the rest is shown: C0, DEL and C1, the marks and
 * embeddings of UAX #9, the separators of lines and paragraphs. In UTF-8 their order is that of their bytes. */
static const struct {
	struct str first, last;
} steering[] = {
	{ STR_INIT("\x00"), STR_INIT("\x1f") },
	{ STR_INIT("\x7f"), STR_INIT("\x7f") },
	{ STR_INIT("\xc2\x80"), STR_INIT("\xc2\x9f") },
	{ STR_INIT("\xd8\x9c"), STR_INIT("\xd8\x9c") },
	{ STR_INIT("\xe2\x80\x8e"), STR_INIT("\xe2\x80\x8f") },
	{ STR_INIT("\xe2\x80\xa8"), STR_INIT("\xe2\x80\xae") },
	{ STR_INIT("\xe2\x81\xa6"), STR_INIT("\xe2\x81\xa9") },
};

static bool is_steering(struct str c)
{
	for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
		if (str_cmp(c, steering[i].first) >= 0 && str_cmp(c, steering[i].last) <= 0)
			return true;
	return false;
}

/* well_formed: only what is no UTF-8 is replaced. */
static void put_clean(struct str s, bool well_formed, struct buf *out)
{
	while (s.n) {
		size_t n = character(s);
		struct str c = str_first(s, n ? n : 1);

		buf_add(out, !n || (!well_formed && is_steering(c)) ? REPLACEMENT : c);
		s = str_from(s, c.n);
	}
}

void show_clean(struct str s, struct buf *out)
{
	put_clean(s, false, out);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static int64_t number(struct str v)
{
	char *z = xstrdup(v);
	int64_t n = strtoll(z, NULL, 10);

	free(z);
	return n;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

/* A string that is no UTF-8 would be no string to jansson, and its field would be missing. */
static json_t *json_text(struct str s)
{
	OWN(buf) b = BUF(TEXT_MAX);

	put_clean(s, true, &b);
	return json_stringn(b.p ? b.p : "", b.n);
}

static json_t *json_cell(const struct show_cell *c)
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

/* Takes it. */
static void put_json(json_t *o, struct buf *out)
{
	char *text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

	buf_addz(out, text ? text : "null");
	buf_addc(out, '\n');
	if (text)
		wipe(text, strlen(text));
	free(text);
	json_decref(o);
}

void show_json(struct str records, struct buf *out)
{
	json_t *all = json_array();
	struct str record;

	while (list_next(&records, &record)) {
		json_t *o = json_object();
		struct show_cell c;

		while (show_next(&record, &c)) {
			char *key = xstrdup(c.key);

			json_object_set_new(o, key, json_cell(&c));
			free(key);
		}
		json_array_append_new(all, o);
	}
	put_json(all, out);
}

void show_error(int code, struct str why, struct str argument, struct buf *out)
{
	json_t *o = json_object();
	char name[16] = "";

	for (size_t i = 0; i + 1 < sizeof(name) && fail_name(code)[i]; i++)
		name[i] = ascii_lower(fail_name(code)[i]);
	json_object_set_new(o, "error", json_string(name));
	json_object_set_new(o, "why", json_text(why));
	json_object_set_new(o, "argument", argument.n ? json_text(argument) : json_null());
	put_json(o, out);
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void put_cell(const struct show_cell *c, struct buf *out)
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
			show_clean(c->value, out);
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
		struct show_cell c;

		for (size_t i = 0; i < COLUMNS_MAX && show_next(&record, &c); i++) {
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
	struct show_cell c;

	for (size_t i = 0; i < COLUMNS_MAX && show_next(&record, &c); i++) {
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
	struct show_cell c;

	while (list_next(&records, &record)) {
		while (show_next(&record, &c)) {
			put_padded(c.key, 18, out);
			put_cell(&c, out);
			buf_addc(out, '\n');
		}
	}
}
