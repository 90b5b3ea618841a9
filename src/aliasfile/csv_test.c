#include "aliasfile/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

/* Cells in brackets, a line a record. */
static int read_all(struct str text, struct buf *out, struct fail *f)
{
	struct csv c = csv_open(text);
	struct str cells[CSV_CELLS_MOST];
	size_t n;

	for (;;) {
		OWN(arena) a = ARENA;

		TRY(csv_next(&c, &a, cells, &n, f));
		if (!n)
			return OK;
		for (size_t i = 0; i < n; i++)
			buf_addf(out, "[%.*s]", STR_ARG(cells[i]));
		buf_addc(out, '\n');
	}
}

static const struct {
	struct str text;
	const char *cells;
} good[] = {
	{ STR_INIT(""), "" },
	{ STR_INIT("\n\r\n\n"), "" },
	{ STR_INIT("a,b,c"), "[a][b][c]\n" },
	{ STR_INIT("a,b\r\nc,d\r\n"), "[a][b]\n[c][d]\n" },
	{ STR_INIT("a,b\nc,d"), "[a][b]\n[c][d]\n" },
	{ STR_INIT("\xef\xbb\xbf"
	           "a,b\n"),
	  "[a][b]\n" },
	{ STR_INIT("a,,\n,,\n"), "[a][][]\n[][][]\n" },
	{ STR_INIT("a,b,"), "[a][b][]\n" },
	{ STR_INIT("\"a\",\"b,c\",\"d\"\"e\"\n"), "[a][b,c][d\"e]\n" },
	{ STR_INIT("\"a\r\nb\",c\nd,e"), "[a\r\nb][c]\n[d][e]\n" },
	{ STR_INIT("\"\",\"\"\"\"\n"), "[][\"]\n" },
	{ STR_INIT("a\"b,c"), "[a\"b][c]\n" },
	{ STR_INIT("a;b\nc;d,e\n"), "[a][b]\n[c][d,e]\n" },
	{ STR_INIT("a\tb\n"), "[a][b]\n" },
	{ STR_INIT("a,b\r"), "[a][b]\n" },
	{ STR_INIT("a\rb,c\n"), "[a\rb][c]\n" },
	{ STR_INIT("'=1,'-x,''x,'x,'\n"), "[=1][-x]['x]['x][']\n" },
	{ STR_INIT("\xc3\xa9,\xff\n"), "[\xc3\xa9][\xff]\n" },
};

static void test_good(void **state)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		OWN(buf) out = BUF(1024);

		assert_int_equal(read_all(good[i].text, &out, NULL), OK);
		assert_string_equal(out.p ? out.p : "", good[i].cells);
	}
}

static const struct {
	struct str text;
	int code;
	const char *says;
} bad[] = {
	{ STR_INIT("\"a"), FAIL_SYNTAX, "line 1" },
	{ STR_INIT("a\nb,\"c\nd"), FAIL_SYNTAX, "line 2" },
	{ STR_INIT("\"a\"b,c"), FAIL_SYNTAX, "line 1" },
	{ STR_INIT("\"x\ny\"\n\"a\" ,c"), FAIL_SYNTAX, "line 3" },
	{ STR_INIT("\"a\"\"\"\"b"), FAIL_SYNTAX, "line 1" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OWN(buf) out = BUF(1024);
		struct fail f = { 0 };

		assert_int_equal(read_all(bad[i].text, &out, &f), bad[i].code);
		assert_non_null(strstr(f.why, bad[i].says));
	}
}

static void test_limits(void **state)
{
	OWN(buf) cells = BUF(1 << 16);
	OWN(buf) cell = BUF(1 << 16);
	OWN(buf) out = BUF(1 << 16);

	for (int i = 0; i < CSV_CELLS_MOST - 1; i++)
		buf_addc(&cells, ',');
	assert_int_equal(read_all(buf_str(&cells), &out, NULL), OK);
	buf_addc(&cells, ',');
	assert_int_equal(read_all(buf_str(&cells), &out, NULL), FAIL_LIMIT);
	buf_addc(&cell, '"');
	for (int i = 0; i < CSV_CELL_MOST; i++)
		buf_addc(&cell, 'x');
	assert_int_equal(read_all(str_from(buf_str(&cell), 1), &out, NULL), OK);
	buf_addz(&cell, "x\"");
	assert_int_equal(read_all(buf_str(&cell), &out, NULL), FAIL_LIMIT);
	assert_int_equal(read_all(str_from(str_first(buf_str(&cell), CSV_CELL_MOST + 2), 1), &out, NULL),
	                 FAIL_LIMIT);
}

static const struct {
	struct str cell;
	const char *written;
} cells[] = {
	{ STR_INIT("a"), "a" },
	{ STR_INIT(""), "" },
	{ STR_INIT("a,b"), "\"a,b\"" },
	{ STR_INIT("a;b"), "\"a;b\"" },
	{ STR_INIT("a\"b"), "\"a\"\"b\"" },
	{ STR_INIT("a\nb"), "\"a\nb\"" },
	{ STR_INIT("=1+1"), "'=1+1" },
	{ STR_INIT("+1"), "'+1" },
	{ STR_INIT("-1"), "'-1" },
	{ STR_INIT("@SUM(1)"), "'@SUM(1)" },
	{ STR_INIT("\t=1"), "\"'\t=1\"" },
	{ STR_INIT("=cmd|'/c calc'!A0,x"), "\"'=cmd|'/c calc'!A0,x\"" },
	{ STR_INIT("'quoted'"), "''quoted'" },
};

/* Each reads again as it was. */
static void test_written(void **state)
{
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		OWN(buf) out = BUF(1024);
		OWN(arena) a = ARENA;
		struct str again[CSV_CELLS_MOST];
		struct csv c;
		size_t n;

		csv_cell(&out, cells[i].cell, true);
		assert_string_equal(out.p ? out.p : "", cells[i].written);
		csv_cell(&out, cells[i].cell, false);
		csv_end(&out);
		c = (struct csv){ .left = buf_str(&out), .separator = ',', .line = 1 };
		assert_int_equal(csv_next(&c, &a, again, &n, NULL), OK);
		assert_int_equal(n, 2);
		assert_true(str_eq(again[0], cells[i].cell) && str_eq(again[1], cells[i].cell));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
