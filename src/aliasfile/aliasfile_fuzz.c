/* aliasfile_fuzz.c - a file of aliases as strangers write it. Laws: cells that are written are read again as they were, and none
 * of them begins a formula; arguments are well packed pairs, a label is one line of bounded length; rows are counted. */
#include "aliasfile/csv.h"
#include "aliasfile/file.h"

#include "ipc/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void must(bool is)
{
	if (!is)
		abort();
}

/* A formula is what begins with one of these, within the quotes too. */
static void check_safe(struct str cell)
{
	struct str s = str_starts(cell, STR("\"")) ? str_from(cell, 1) : cell;

	must(!s.n || !strchr("=+-@", s.p[0]) || !s.p[0]);
}

static void again(const struct str *cells, size_t n)
{
	OWN(buf) out = BUF(2 << 20);
	OWN(arena) a = ARENA;
	struct str twice[CSV_CELLS_MOST];
	struct csv c;
	size_t m;

	if (n == 1 && !cells[0].n)
		return; /* an empty line is no record */
	for (size_t i = 0; i < n; i++) {
		OWN(buf) one = BUF(1 << 16);

		csv_cell(&one, cells[i], true);
		check_safe(buf_str(&one));
		csv_cell(&out, cells[i], !i);
	}
	csv_end(&out);
	c = (struct csv){ .left = buf_str(&out), .separator = ',', .line = 1 };
	/* an apostrophe more may be one too many */
	if (csv_next(&c, &a, twice, &m, NULL) == FAIL_LIMIT)
		return;
	must(m == n && !c.left.n);
	for (size_t i = 0; i < n; i++)
		must(str_eq(cells[i], twice[i]));
}

static void records(struct str text)
{
	struct csv c = csv_open(text);
	struct str cells[CSV_CELLS_MOST];
	size_t n, left;

	do {
		OWN(arena) a = ARENA;

		left = c.left.n;
		if (csv_next(&c, &a, cells, &n, NULL) < 0)
			return;
		must(n <= CSV_CELLS_MOST && (!n || c.left.n < left));
		if (n)
			again(cells, n);
	} while (n);
	must(!c.left.n);
}

static int check_row(void *arg, const struct alias_row *row, struct fail *f)
{
	struct str list = row->args, name, value;
	size_t *rows = arg;

	must(row->number == ++*rows && (!row->wrong || !row->args.n));
	while (list_next_pair(&list, &name, &value)) {
		must(name.n > 0);
		if (!str_eq(name, STR("label")) && !str_eq(name, STR("name")))
			continue;
		must(value.n <= ALIAS_FILE_TEXT_MOST);
		for (size_t i = 0; i < value.n; i++)
			must((unsigned char)value.p[i] >= 32 && value.p[i] != 127);
	}
	must(!list.n);
	return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str text = str_of(p, n);
	const char *kind = NULL;
	size_t rows = 0;

	records(text);
	if (alias_file_read(text, check_row, &rows, &kind, NULL) == OK)
		must(kind != NULL);
	return 0;
}
