/* read.c - what a file says of aliases, in the words of core. */
#include "aliasfile/csv.h"
#include "aliasfile/file.h"

#include "ipc/codec.h"

#include <jansson.h>

DEFINE_OWNP(json_t, json_decref)

/* ---- kinds of files ---------------------------------------------------------------------------------------------- */

enum field { ADDRESS, ARGUMENT, SWITCH, LINE, MAILBOXES, DELETED };

enum { COLUMNS_MOST = 16 };

/* A file is of the first kind whose two first columns it has. */
static const struct kind {
	const char *name;
	struct column {
		const char *name;
		enum field field;
		const char *arg;
	} columns[COLUMNS_MOST]; /* ends with a NULL name */
} kinds[] = {
	{ "postern",
	  { { "address", ADDRESS, "address" },
	    { "state", ARGUMENT, "state" },
	    { "label", LINE, "label" },
	    { "name", LINE, "name" },
	    { "mailboxes", MAILBOXES, "mailbox" },
	    { "expires", ARGUMENT, "expires" },
	    { "idle_days", ARGUMENT, "idle_days" },
	    { "count", ARGUMENT, "count" },
	    { "messages_hour", ARGUMENT, "messages_hour" },
	    { "messages_day", ARGUMENT, "messages_day" },
	    { "bytes_hour", ARGUMENT, "bytes_hour" },
	    { "bytes_day", ARGUMENT, "bytes_day" } } },
	{ "simplelogin",
	  { { "alias", ADDRESS, "address" },
	    { "enabled", SWITCH, "state" },
	    { "note", LINE, "label" },
	    { "mailboxes", MAILBOXES, "mailbox" } } },
	{ "simplelogin",
	  { { "email", ADDRESS, "address" }, { "enabled", SWITCH, "state" }, { "note", LINE, "label" } } },
	{ "addy.io",
	  { { "email", ADDRESS, "address" },
	    { "active", SWITCH, "state" },
	    { "description", LINE, "label" },
	    { "from_name", LINE, "name" },
	    { "recipients", MAILBOXES, "mailbox" },
	    { "deleted_at", DELETED, "state" } } },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct column *column_of(const struct kind *k, struct str name)
{
	for (size_t i = 0; i < COLUMNS_MOST && k->columns[i].name; i++)
		if (str_eq_nocase(name, str_c(k->columns[i].name)))
			return &k->columns[i];
	return NULL;
}

static int no_kind(struct fail *f)
{
	return fail(
	        f, FAIL_SYNTAX,
	        "this is no list of aliases: wanted Postern's columns (address, state, ...), SimpleLogin's "
	        "(alias, note, enabled) or addy.io's (email, active, description)");
}

/* ---- one row ----------------------------------------------------------------------------------------------------- */

struct reader {
	const struct kind *kind;
	int (*fn)(void *arg, const struct alias_row *row, struct fail *f);
	void *arg;
	size_t rows;
	struct arena arena; /* of one row */
	struct buf args;
	struct str state, deleted;
	struct alias_row row;
};

static void put(struct reader *r, const char *arg, struct str value)
{
	list_add(&r->args, str_c(arg));
	list_add(&r->args, value);
}

/* Notes of others have lines and any length; a label is one line, and bounded. */
static struct str line_of(struct reader *r, struct str s)
{
	struct str cut = str_first_utf8(str_trim(s), ALIAS_FILE_TEXT_MOST);
	char *z = arena_z(&r->arena, cut);

	r->row.shortened = r->row.shortened || cut.n < str_trim(s).n;
	for (size_t i = 0; i < cut.n; i++)
		if ((unsigned char)z[i] < 32 || z[i] == 127)
			z[i] = ' ';
	return str_of(z, cut.n);
}

/* Addresses are separated by white space, commas or semicolons; within quotes of a local part these are its own. */
static void put_mailboxes(struct reader *r, const char *arg, struct str s)
{
	size_t from = 0;
	bool quoted = false;

	for (size_t i = 0; i <= s.n; i++) {
		char c = i < s.n ? s.p[i] : ' ';

		quoted = i < s.n && (c == '"' ? !quoted : quoted);
		if (quoted || !strchr(" ,;\t\r\n", c) || !c)
			continue;
		if (i > from)
			put(r, arg, str_first(str_from(s, from), i - from));
		from = i + 1;
	}
}

static const struct {
	struct str word;
	bool on;
} switches[] = {
	{ STR_INIT("true"), true },   { STR_INIT("1"), true },
	{ STR_INIT("yes"), true },    { STR_INIT("on"), true },
	{ STR_INIT("false"), false }, { STR_INIT("0"), false },
	{ STR_INIT("no"), false },    { STR_INIT("off"), false },
	{ STR_INIT(""), false }, /* as some spreadsheets write what is false */
};

static void read_switch(struct reader *r, struct str s)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (!str_eq_nocase(s, switches[i].word))
			continue;
		r->state = switches[i].on ? STR("on") : STR("off-drop");
		return;
	}
	r->row.wrong = "whether it is on is said neither by true nor by false";
}

static void read_field(struct reader *r, const struct column *c, struct str value)
{
	value = str_trim(value);
	switch (c->field) {
	case ADDRESS:
		r->row.address = value;
		put(r, c->arg, value);
		break;
	case ARGUMENT:
		if (value.n)
			put(r, c->arg, value);
		break;
	case SWITCH:
		read_switch(r, value);
		break;
	case LINE:
		put(r, c->arg, line_of(r, value));
		break;
	case MAILBOXES:
		put_mailboxes(r, c->arg, value);
		break;
	case DELETED:
		r->deleted = value;
		break;
	}
}

static int begin_row(struct reader *r, struct fail *f)
{
	if (++r->rows > ALIAS_FILE_ROWS_MOST)
		return fail(f, FAIL_LIMIT, "the file has more than %d rows: cut it in parts",
		            ALIAS_FILE_ROWS_MOST);
	buf_clear(&r->args);
	r->state = r->deleted = STR_NONE;
	r->row = (struct alias_row){ .number = r->rows };
	return OK;
}

/* What lies in a trash there refuses its mail here: a catch-all would else make it anew. */
static int end_row(struct reader *r, struct fail *f)
{
	if (r->deleted.n)
		r->state = STR("off-reject");
	if (r->state.n)
		put(r, "state", r->state);
	if (r->args.over)
		r->row.wrong = "the row is too long";
	r->row.args = r->row.wrong ? STR("") : buf_str(&r->args);
	return r->fn(r->arg, &r->row, f);
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

static bool has_column(const struct str *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(str_trim(names[i]), str_c(name)))
			return true;
	return false;
}

static const struct kind *kind_of_names(const struct str *names, size_t n)
{
	for (size_t i = 0; i < KINDS; i++)
		if (has_column(names, n, kinds[i].columns[0].name) &&
		    has_column(names, n, kinds[i].columns[1].name))
			return &kinds[i];
	return NULL;
}

static int read_csv_row(struct reader *r, const struct column *const *columns, size_t n_columns,
                        const struct str *cells, size_t n, struct fail *f)
{
	TRY(begin_row(r, f));
	if (n > n_columns)
		r->row.wrong = "it has more cells than the first line has names";
	for (size_t i = 0; i < n && i < n_columns; i++)
		if (columns[i])
			read_field(r, columns[i], cells[i]);
	return end_row(r, f);
}

static int read_csv(struct reader *r, struct str text, struct fail *f)
{
	const struct column *columns[CSV_CELLS_MOST] = { NULL };
	struct str cells[CSV_CELLS_MOST];
	struct csv c = csv_open(text);
	OWN(arena) names = ARENA;
	size_t n_columns, n;

	TRY(csv_next(&c, &names, cells, &n_columns, f));
	r->kind = kind_of_names(cells, n_columns);
	if (!r->kind)
		return no_kind(f);
	for (size_t i = 0; i < n_columns; i++)
		columns[i] = column_of(r->kind, str_trim(cells[i]));
	for (;;) {
		OWN(arena) a = ARENA;

		TRY(csv_next(&c, &a, cells, &n, f));
		if (!n)
			return OK;
		TRY(read_csv_row(r, columns, n_columns, cells, n, f));
		arena_done(&r->arena);
	}
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static const struct kind *kind_of_object(const json_t *o)
{
	for (size_t i = 0; i < KINDS; i++)
		if (json_object_get(o, kinds[i].columns[0].name) &&
		    json_object_get(o, kinds[i].columns[1].name))
			return &kinds[i];
	return NULL;
}

static struct str text_of(struct reader *r, const json_t *v)
{
	OWN(buf) b = BUF(CSV_CELL_MOST);
	const json_t *item;
	size_t i;

	if (json_is_string(v))
		return str_of(json_string_value(v), json_string_length(v));
	if (json_is_boolean(v))
		return json_is_true(v) ? STR("true") : STR("false");
	if (json_is_integer(v))
		buf_addf(&b, "%lld", (long long)json_integer_value(v));
	json_array_foreach(v, i, item)
	{
		const json_t *t = json_is_object(item) ? json_object_get(item, "email") : item;

		buf_addz(&b, i ? ", " : "");
		buf_addz(&b, json_is_string(t) ? json_string_value(t) : "?");
	}
	if (json_is_real(v) || json_is_object(v) || b.over)
		r->row.wrong = "a member is neither a text nor a number, or is too long";
	return arena_str(&r->arena, buf_str(&b));
}

static int read_object(struct reader *r, json_t *o, struct fail *f)
{
	const char *name;
	json_t *v;

	TRY(begin_row(r, f));
	if (!json_is_object(o))
		r->row.wrong = "it is no object";
	json_object_foreach(o, name, v)
	{
		const struct column *c = column_of(r->kind, str_c(name));

		if (c && !json_is_null(v))
			read_field(r, c, text_of(r, v));
	}
	TRY(end_row(r, f));
	arena_done(&r->arena);
	return OK;
}

static int read_json(struct reader *r, struct str text, struct fail *f)
{
	json_error_t e;
	OWNP(json_t) all = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &e);
	const json_t *list = json_is_object(all) ? json_object_get(all, "aliases") : all;
	json_t *o;
	size_t i;

	if (!all)
		return fail(f, FAIL_SYNTAX, "the file is not JSON: line %d: %s", e.line, e.text);
	list = list ? list : json_object_get(all, "data");
	if (!json_is_array(list))
		return no_kind(f);
	r->kind = json_array_size(list) ? kind_of_object(json_array_get(list, 0)) : &kinds[0];
	if (!r->kind)
		return no_kind(f);
	json_array_foreach(list, i, o) TRY(read_object(r, o, f));
	return OK;
}

int alias_file_read(struct str text, int (*fn)(void *arg, const struct alias_row *row, struct fail *f),
                    void *arg, const char **ret_kind, struct fail *f)
{
	struct reader r = { .fn = fn, .arg = arg, .args = BUF(2 * CSV_CELL_MOST) };
	struct str begin = str_trim(str_starts(text, STR("\xef\xbb\xbf")) ? str_from(text, 3) : text);
	bool json = begin.n && (begin.p[0] == '{' || begin.p[0] == '[');
	int result = json ? read_json(&r, begin, f) : read_csv(&r, text, f);

	if (result == OK && r.kind)
		*ret_kind = r.kind->name;
	arena_done(&r.arena);
	buf_done(&r.args);
	return result;
}
