/* import.c - aliases from a file: read here, where nothing is held, and given to core some hundreds of rows at a time. What one row
 * does, none of the others hinders; a dry run gives the same answer and changes nothing. */
#include "role/web/transfer.h"

enum { STEP_ROWS = 500, STEP_BYTES = 96 * 1024 };

struct importing {
	struct alias_rows rows;
	size_t asked_to; /* rows before this one were asked about, or need not be */
	size_t told_to;
	bool dry;
	const char *kind;
	json_int_t added, exists, refused;
	json_t *told; /* of the answer, which owns it */
};

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static json_t *text_of(struct str s)
{
	json_t *v = json_stringn(s.n ? s.p : "", s.n);

	return v ? v : json_string("\xef\xbf\xbd");
}

/* record: what core said; empty: it was not asked. */
static void tell_row(struct importing *in, const struct alias_row *row, const json_t *record)
{
	struct str result = record ? json_member(record, "result") : STR("refused");
	struct str why = record ? json_member(record, "why") : str_c(row->wrong),
	           arg = record ? json_member(record, "argument") : STR("");
	struct str address = record ? json_member(record, "address") : STR("");

	if (!why.n && row->shortened)
		why = STR("its label or name was too long, and is cut");
	if (str_eq(result, STR("added")))
		in->added++;
	else if (str_eq(result, STR("exists")))
		in->exists++;
	else
		in->refused++;
	json_array_append_new(
	        in->told, json_pack("{s:I, s:o, s:o, s:o, s:o}", "row", (json_int_t)row->number, "address",
	                            text_of(address.n ? address : row->address), "result", text_of(result),
	                            "why", text_of(why), "argument", arg.n ? text_of(arg) : json_null()));
}

static void tell_wrong(struct importing *in, size_t before)
{
	for (; in->told_to < before && in->rows.of[in->told_to].wrong; in->told_to++)
		tell_row(in, &in->rows.of[in->told_to], NULL);
}

static void ask_on(struct exchange *x);

static void on_some(struct exchange *x, int code, struct str why, struct str arg)
{
	struct importing *in = x->importing;
	struct str records = buf_str(&x->records), record;

	if (code < 0) {
		exchange_fail(x, code, why, arg);
		return;
	}
	while (list_next(&records, &record) && in->told_to < in->asked_to) {
		json_t *o = json_record(record);

		tell_wrong(in, in->asked_to);
		if (in->told_to < in->asked_to)
			tell_row(in, &in->rows.of[in->told_to++], o);
		json_decref(o);
	}
	tell_wrong(in, in->asked_to);
	ask_on(x);
}

static void finish(struct exchange *x)
{
	struct importing *in = x->importing;

	tell_wrong(in, in->rows.n);
	exchange_json(
	        x, 200,
	        json_pack("{s:s, s:b, s:I, s:I, s:I, s:O}", "kind", in->kind, "dry_run", in->dry, "added",
	                  in->added, "exists", in->exists, "refused", in->refused, "rows", in->told));
}

/* The next rows; when there are none, the answer. */
static void ask_on(struct exchange *x)
{
	struct importing *in = x->importing;
	OWN(buf) args = BUF(IPC_RECORD_MAX);
	size_t n = 0;

	list_add(&args, STR("dry_run"));
	list_add(&args, in->dry ? STR("on") : STR("off"));
	for (; in->asked_to < in->rows.n && n < STEP_ROWS && args.n < STEP_BYTES; in->asked_to++) {
		const struct alias_row *row = &in->rows.of[in->asked_to];

		if (row->wrong)
			continue;
		list_add(&args, STR("row"));
		list_add(&args, row->args);
		n++;
	}
	if (n)
		exchange_ask(x, "alias.import", buf_str(&args), on_some);
	else
		finish(x);
}

static void read_file(struct exchange *x)
{
	const json_t *file = json_object_get(x->foreign, "file");
	const json_t *dry = json_object_get(x->foreign, "dry_run");
	struct importing *in = x->importing = arena_new(&x->arena, struct importing);
	struct fail f = { 0 };
	int r;

	if (!json_is_string(file)) {
		exchange_error(x, 400, "syntax", "file is to be the text of a file", "file");
		return;
	}
	if (dry && !json_is_boolean(dry)) { /* "on" is not taken for false: it would write */
		exchange_error(x, 400, "syntax", "dry_run is to be true or false", "dry_run");
		return;
	}
	in->dry = json_is_true(dry);
	r = alias_file_rows(json_member(x->foreign, "file"), &x->arena, &in->rows, &in->kind, &f);
	if (r < 0) {
		exchange_fail(x, r, str_c(f.why), STR("file"));
		return;
	}
	in->told = json_array();
	json_object_set_new(x->foreign, "rows", in->told);
	ask_on(x);
}

static void on_known(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code < 0)
		exchange_fail(x, code, why, arg);
	else
		read_file(x);
}

/* Asked without a row first: for nobody a file is read before core knows who it is. */
void import_aliases(struct exchange *x, json_t *body)
{
	x->foreign = json_incref(body);
	exchange_ask(x, "alias.import", STR(""), on_known);
}
