/* write.c - records of alias.export as a file. */
#include "aliasfile/csv.h"
#include "aliasfile/file.h"

#include "ipc/codec.h"
#include "wire/date.h"

#include <jansson.h>
#include <stdlib.h>

/* What a field holds. A number may be a word: unlimited, default. */
enum form { TEXT, NUMBER, LIST, TIME, TRUTH };

struct column {
	const char *name, *field;
	enum form form;
};

/* What an import takes comes first; what it passes over, because it is not to be told, last. */
static const struct column own[] = {
	{ "address", "address", TEXT },
	{ "state", "state", TEXT },
	{ "label", "label", TEXT },
	{ "name", "name", TEXT },
	{ "mailboxes", "mailboxes", LIST },
	{ "expires", "expires", TIME },
	{ "idle_days", "idle_days", NUMBER },
	{ "count", "count", NUMBER },
	{ "messages_hour", "messages_hour", NUMBER },
	{ "messages_day", "messages_day", NUMBER },
	{ "bytes_hour", "bytes_hour", NUMBER },
	{ "bytes_day", "bytes_day", NUMBER },
	{ "used", "used", NUMBER },
	{ "last_used", "last_used", TIME },
	{ "created", "created", TIME },
	{ NULL, NULL, TEXT },
};
static const struct column simplelogin[] = {
	{ "alias", "address", TEXT },       { "note", "label", TEXT }, { "enabled", "state", TRUTH },
	{ "mailboxes", "mailboxes", LIST }, { NULL, NULL, TEXT },
};

static const struct {
	const struct column *columns;
	bool json;
} formats[ALIAS_FORMATS] = {
	[ALIAS_CSV] = { own, false },
	[ALIAS_JSON] = { own, true },
	[ALIAS_SL_CSV] = { simplelogin, false },
};

struct str alias_record_field(struct str record, const char *want)
{
	struct str name, type, value;

	while (list_next(&record, &name) && list_next(&record, &type) && list_next(&record, &value))
		if (str_eq(name, str_c(want)))
			return value;
	return STR("");
}

/* "a, b": a comma within quotes is of a local part. */
static struct str next_of(struct str *list)
{
	bool quoted = false;
	struct str one;

	for (size_t i = 0; i < list->n; i++) {
		quoted = quoted != (list->p[i] == '"');
		if (list->p[i] != ',' || quoted)
			continue;
		one = str_first(*list, i);
		*list = str_from(*list, i + 1);
		return str_trim(one);
	}
	one = *list;
	*list = STR_NONE;
	return str_trim(one);
}

static void print_time(struct str seconds, struct buf *out)
{
	uint64_t t;

	if (str_u64(seconds, &t) && t && t <= INT64_MAX)
		date_print_iso((int64_t)t, out);
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

static void print_cell(const struct column *c, struct str value, struct buf *out)
{
	switch (c->form) {
	case TEXT:
	case NUMBER:
		buf_add(out, value);
		break;
	case TIME:
		print_time(value, out);
		break;
	case TRUTH:
		buf_addz(out, str_eq(value, STR("on")) ? "True" : "False");
		break;
	case LIST:
		while (value.n) {
			buf_addz(out, out->n ? " " : "");
			buf_add(out, next_of(&value));
		}
		break;
	}
}

static void put_csv(const struct column *columns, struct str record, struct buf *out)
{
	for (const struct column *c = columns; c->name; c++) {
		OWN(buf) cell = BUF(16384);

		print_cell(c, alias_record_field(record, c->field), &cell);
		csv_cell(out, buf_str(&cell), c == columns);
	}
	csv_end(out);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *text_of(struct str s)
{
	json_t *v = json_stringn(s.n ? s.p : "", s.n);

	return v ? v : json_string("");
}

static json_t *list_of(struct str value)
{
	json_t *all = json_array();

	while (value.n)
		json_array_append_new(all, text_of(next_of(&value)));
	return all;
}

static json_t *value_of(const struct column *c, struct str value)
{
	OWN(buf) time = BUF(64);
	uint64_t n;

	switch (c->form) {
	case NUMBER:
		return str_u64(value, &n) && n <= INT64_MAX ? json_integer((json_int_t)n) : text_of(value);
	case LIST:
		return list_of(value);
	case TIME:
		print_time(value, &time);
		return time.n ? text_of(buf_str(&time)) : json_null();
	case TRUTH:
		return json_boolean(str_eq(value, STR("on")));
	case TEXT:
		break;
	}
	return text_of(value);
}

static void put_json(const struct column *columns, struct str record, struct buf *out)
{
	json_t *o = json_object();
	char *z;

	for (const struct column *c = columns; c->name; c++)
		json_object_set_new(o, c->name, value_of(c, alias_record_field(record, c->field)));
	z = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	buf_addz(out, z ? z : "{}");
	free(z);
	json_decref(o);
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

void alias_file_begin(enum alias_format format, struct buf *out)
{
	const struct column *columns = formats[format].columns;

	if (formats[format].json)
		buf_addz(out, "{\"aliases\":[\n");
	for (const struct column *c = columns; c->name && !formats[format].json; c++)
		csv_cell(out, str_c(c->name), c == columns);
	if (!formats[format].json)
		csv_end(out);
}

void alias_file_put(enum alias_format format, struct str record, bool first, struct buf *out)
{
	if (!formats[format].json) {
		put_csv(formats[format].columns, record, out);
		return;
	}
	buf_addz(out, first ? "" : ",\n");
	put_json(formats[format].columns, record, out);
}

void alias_file_end(enum alias_format format, struct buf *out)
{
	if (formats[format].json)
		buf_addz(out, "\n]}\n");
}
