/* transfer.c - aliases into a file and from one. */
#include "aliasfile/file.h"
#include "cli/file.h"
#include "cli/show.h"
#include "cli/simple.h"
#include "ipc/codec.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_MOST = 64 << 20, STEP = 64, EXPORT_STEP = 1000 };

/* ---- out --------------------------------------------------------------------------------------------------------- */

/* In steps, between which the server does other things. */
static int export_some(struct cli *c, enum alias_format format, struct buf *after, size_t *ret_n,
                       struct fail *f)
{
	OWN(ask) a = ASK("alias.export");
	OWN(buf) out = BUF(16 << 20);
	struct str records, record;
	bool first = str_eq(buf_str(after), STR("0"));
	size_t n = 0;

	ask_argz(&a, "user", c->operands[0]);
	ask_arg(&a, "after", buf_str(after));
	TRY(ask_run(&a, c, f));
	for (records = buf_str(&a.records); list_next(&records, &record); n++) {
		alias_file_put(format, record, first && !n, &out);
		buf_clear(after);
		buf_add(after, alias_record_field(record, "id"));
	}
	print_out(&out);
	*ret_n = n;
	return OK;
}

static int alias_export(struct cli *c, struct fail *f)
{
	enum alias_format format = c->json ? ALIAS_JSON : ALIAS_CSV;
	OWN(buf) frame = BUF(4096);
	OWN(buf) after = BUF(32);
	size_t n = EXPORT_STEP;

	buf_addz(&after, "0");
	alias_file_begin(format, &frame);
	while (n == EXPORT_STEP) {
		print_out(&frame);
		buf_clear(&frame);
		TRY(export_some(c, format, &after, &n, f));
	}
	alias_file_end(format, &frame);
	print_out(&frame);
	return fflush(stdout) == 0 ? OK : fail_errno(f, FAIL_SYS, "the file cannot be written");
}

/* ---- in ---------------------------------------------------------------------------------------------------------- */

struct intake {
	struct cli *c;
	struct alias_rows rows;
	struct buf told; /* records: of rows that need a word */
	size_t added, exists, refused;
};

static void put(struct buf *record, const char *name, struct str value)
{
	list_add(record, str_c(name));
	list_add(record, STR("s"));
	list_add(record, value);
}

static void tell(struct intake *in, const struct alias_row *row, struct str result, struct str why)
{
	OWN(buf) record = BUF(16384);
	OWN(buf) number = BUF(32);

	if (str_eq(result, STR("added")))
		in->added++;
	else if (str_eq(result, STR("exists")))
		in->exists++;
	else
		in->refused++;
	if (!why.n && !row->shortened && !in->c->json)
		return;
	buf_add_u64(&number, row->number);
	put(&record, "row", buf_str(&number));
	put(&record, "address", row->address);
	put(&record, "result", result);
	put(&record, "why",
	    why.n || !row->shortened ? why : STR("its label or name was too long, and is cut"));
	list_add(&in->told, buf_str(&record));
}

/* The rows of one request: from *at on; those that cannot be read are told of between them. */
static int import_some(struct intake *in, size_t *at, struct fail *f)
{
	OWN(ask) a = ASK("alias.import");
	const struct alias_row *asked[STEP];
	struct str records, record;
	size_t n = 0;

	ask_argz(&a, "user", in->c->operands[0]);
	if (cli_option(in->c, "dry-run"))
		ask_argz(&a, "dry_run", "on");
	for (; *at < in->rows.n && n < STEP; (*at)++) {
		const struct alias_row *row = &in->rows.of[*at];

		if (row->wrong) {
			tell(in, row, STR("refused"), str_c(row->wrong));
			continue;
		}
		ask_arg(&a, "row", row->args);
		asked[n++] = row;
	}
	TRY(ask_run(&a, in->c, f));
	records = buf_str(&a.records);
	for (size_t i = 0; i < n && list_next(&records, &record); i++)
		tell(in, asked[i], alias_record_field(record, "result"), alias_record_field(record, "why"));
	return OK;
}

/* Without rows too the server is asked once: is there such a user? */
static int import_all(struct intake *in, struct fail *f)
{
	size_t at = 0;

	do
		TRY(import_some(in, &at, f));
	while (at < in->rows.n);
	return OK;
}

static void print_summary(const struct intake *in, const char *kind)
{
	OWN(buf) out = BUF(64 << 20);
	bool dry = cli_option(in->c, "dry-run");

	if (in->told.n) {
		show_table(buf_str(&in->told), "", &out);
		buf_addc(&out, '\n');
	}
	buf_addf(&out, "A file of %s: %zu %s, %zu %s there already, %zu refused.\n", kind, in->added,
	         dry ? "would be added" : "added", in->exists, dry ? "are" : "were", in->refused);
	print_out(&out);
}

static int alias_import(struct cli *c, struct fail *f)
{
	struct intake in = { .c = c, .told = BUF(64 << 20) };
	OWN(buf) text = BUF(FILE_MOST);
	const char *kind = "";
	int r;

	TRY(file_text(c->operands[1], &text, f));
	r = alias_file_rows(buf_str(&text), &c->arena, &in.rows, &kind, f);
	if (r == OK)
		r = import_all(&in, f);
	if (r == OK && c->json)
		print_json(buf_str(&in.told));
	else if (r == OK)
		print_summary(&in, kind);
	buf_done(&in.told);
	return r;
}

// clang-format off
const struct cli_command cli_transfer[] = {
	{ "alias export", "USER", "write all aliases of a user as CSV, or with --json as JSON", alias_export, 1, 1, { { 0 } } },
	{ "alias import", "USER FILE", "add those of a file: ours, SimpleLogin's, addy.io's; -: standard input",
	  alias_import, 2, 2, { { "dry-run", NULL, "say what would happen, and change nothing" } } },
	{ 0 }
};
// clang-format on
