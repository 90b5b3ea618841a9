/* export.c - all aliases, fetched by their numbers some hundreds at a time: no list is held by core meanwhile, and mail is not kept
 * waiting. Few are made at once, for each is held here until it is whole. */
#include "role/web/foreign.h"
#include "role/web/transfer.h"

enum { STEP = 500, EXPORTS_MOST = 4 };

struct exporting {
	enum alias_format format;
	bool begun;
	void (*put)(struct exchange *x, struct str record);
	void (*done)(struct exchange *x);
	uint64_t after;
};

static void ask_on(struct exchange *x);

static void on_some(struct exchange *x, int code, struct str why, struct str arg)
{
	struct str records = buf_str(&x->records), record;
	size_t n = 0;

	if (code < 0) {
		exchange_fail(x, code, why, arg);
		return;
	}
	for (; list_next(&records, &record); n++) {
		(void)str_u64(alias_record_field(record, "id"), &x->exporting->after);
		x->exporting->put(x, record);
	}
	if (x->reply.over)
		exchange_error(x, 413, "limit",
		               "these are more aliases than one file may hold: the command line writes them",
		               "");
	else if (n == STEP)
		ask_on(x);
	else
		x->exporting->done(x);
}

static void ask_on(struct exchange *x)
{
	OWN(buf) args = BUF(256);

	foreign_put_number(&args, "after", (json_int_t)x->exporting->after);
	foreign_put_number(&args, "limit", STEP);
	exchange_ask(x, "alias.export", buf_str(&args), on_some);
}

/* False: it is answered. */
static bool begin(struct exchange *x, void (*put)(struct exchange *x, struct str record),
                  void (*done)(struct exchange *x))
{
	if (x->web->exports >= EXPORTS_MOST) {
		exchange_error(x, 503, "again",
		               "others are exporting at this moment: try again in some seconds", "");
		return false;
	}
	x->web->exports++;
	x->exporting = arena_new(&x->arena, struct exporting);
	x->exporting->put = put;
	x->exporting->done = done;
	return true;
}

void export_each(struct exchange *x, void (*put)(struct exchange *x, struct str record),
                 void (*done)(struct exchange *x))
{
	if (begin(x, put, done))
		ask_on(x);
}

void export_end(struct exchange *x)
{
	if (x->exporting)
		x->web->exports--;
	x->exporting = NULL;
}

/* ---- as a file --------------------------------------------------------------------------------------------------- */

static void put_record(struct exchange *x, struct str record)
{
	/* SimpleLogin's has no trash in it */
	if (x->cors && str_eq(alias_record_field(record, "trashed"), STR("1")))
		return;
	alias_file_put(x->exporting->format, record, !x->exporting->begun, &x->reply);
	x->exporting->begun = true;
}

static void end_file(struct exchange *x)
{
	alias_file_end(x->exporting->format, &x->reply);
	exchange_done(x);
}

void export_as(struct exchange *x, enum alias_format format, const char *name)
{
	if (!begin(x, put_record, end_file))
		return;
	x->exporting->format = format;
	alias_file_begin(format, &x->reply);
	x->status = 200;
	x->type = format == ALIAS_JSON ? "application/json" : "text/csv; charset=utf-8";
	x->filename = name;
	ask_on(x);
}

void export_aliases(struct exchange *x, json_t *body)
{
	struct str format = foreign_param(x, "format");

	if (str_eq(format, STR("json")))
		export_as(x, ALIAS_JSON, "postern-aliases.json");
	else if (str_eq(format, STR("csv")) || !format.n)
		export_as(x, ALIAS_CSV, "postern-aliases.csv");
	else
		exchange_error(x, 400, "syntax", "format is to be one of csv|json", "format");
}
