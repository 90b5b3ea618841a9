#include "aliasfile/file.h"

#include "ipc/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* "2 a@b: address=a@b state=on" */
static int note(void *arg, const struct alias_row *row, struct fail *f)
{
	struct buf *out = arg;
	struct str list = row->args, name, value;

	buf_addf(out, "%zu %.*s:", row->number, STR_ARG(row->address));
	while (list_next_pair(&list, &name, &value))
		buf_addf(out, " %.*s=%.*s", STR_ARG(name), STR_ARG(value));
	buf_addf(out, "%s%s%s\n", row->shortened ? " (cut)" : "", row->wrong ? " !" : "",
	         row->wrong ? row->wrong : "");
	return OK;
}

static const struct {
	struct str text;
	const char *kind, *rows;
} good[] = {
	{ STR_INIT("alias,note,enabled,mailboxes\r\na@x.example,\"two\nlines, and more\",True,me@m.example "
	           "you@m.example\r\n"
	           "b@x.example,,False,\r\n"),
	  "simplelogin",
	  "1 a@x.example: address=a@x.example label=two lines, and more mailbox=me@m.example "
	  "mailbox=you@m.example state=on\n"
	  "2 b@x.example: address=b@x.example label= state=off-drop\n" },
	{ STR_INIT("alias,note,enabled\r\na@x.example,n,True\r\n"), "simplelogin",
	  "1 a@x.example: address=a@x.example label=n state=on\n" },
	{ STR_INIT("{\"email\":\"me@m.example\",\"name\":\"Me\",\"aliases\":[{\"email\":\"a@x.example\","
	           "\"enabled\":true},"
	           "{\"email\":\"b@x.example\",\"enabled\":false}],\"apps\":[],\"custom_domains\":[\"x."
	           "example\"]}"),
	  "simplelogin",
	  "1 a@x.example: address=a@x.example state=on\n2 b@x.example: address=b@x.example "
	  "state=off-drop\n" },
	{ STR_INIT("id,user_id,aliasable_id,aliasable_type,local_part,extension,domain,email,active,"
	           "description,from_name,"
	           "emails_forwarded,created_at,updated_at,deleted_at\n"
	           "1,2,,,a,,x.example,a@x.example,1,shop,Me,3,2026-01-01 00:00:00,2026-01-01 00:00:00,\n"
	           "2,2,,,b,,x.example,b@x.example,,,,3,2026-01-01 00:00:00,2026-01-01 00:00:00,\n"
	           "3,2,,,c,,x.example,c@x.example,0,,,3,2026-01-01 00:00:00,2026-01-01 00:00:00,2026-02-02 "
	           "00:00:00\n"),
	  "addy.io",
	  "1 a@x.example: address=a@x.example label=shop name=Me state=on\n"
	  "2 b@x.example: address=b@x.example label= name= state=off-drop\n"
	  "3 c@x.example: address=c@x.example label= name= state=off-reject\n" },
	{ STR_INIT("{\"data\":[{\"email\":\"a@x.example\",\"active\":true,\"description\":null,"
	           "\"recipients\":["
	           "{\"id\":\"1\",\"email\":\"me@m.example\"}],\"deleted_at\":null}]}"),
	  "addy.io", "1 a@x.example: address=a@x.example mailbox=me@m.example state=on\n" },
	{ STR_INIT("address,state,label,name,mailboxes,expires,idle_days,count,messages_hour,used\r\n"
	           "'+a@x.example,off-reject,'=1,N,\"\"\"a b\"\"@m.example "
	           "me@m.example\",2030-01-01T00:00:00Z,3,unlimited,,7\r\n"),
	  "postern",
	  "1 +a@x.example: address=+a@x.example state=off-reject label==1 name=N mailbox=\"a b\"@m.example "
	  "mailbox=me@m.example"
	  " expires=2030-01-01T00:00:00Z idle_days=3 count=unlimited\n" },
	{ STR_INIT("  "
	           "[{\"address\":\"a@x.example\",\"state\":\"on\",\"label\":\"l\",\"expires\":null,\"idle_"
	           "days\":0,\"count\":5,"
	           "\"mailboxes\":[\"me@m.example\"],\"used\":9}]"),
	  "postern",
	  "1 a@x.example: address=a@x.example state=on label=l idle_days=0 count=5 mailbox=me@m.example\n" },
	{ STR_INIT("{\"aliases\":[]}"), "postern", "" },
	{ STR_INIT("address;state\na@x.example;on\n"), "postern",
	  "1 a@x.example: address=a@x.example state=on\n" },
	/* what cannot be read is of its row alone */
	{ STR_INIT("alias,enabled\na@x.example,maybe\nb@x.example,True,three,four\nc@x.example,True\n\n"),
	  "simplelogin",
	  "1 a@x.example: !whether it is on is said neither by true nor by false\n"
	  "2 b@x.example: !it has more cells than the first line has names\n3 c@x.example: "
	  "address=c@x.example state=on\n" },
	{ STR_INIT("[{\"email\":\"a@x.example\",\"enabled\":true},7,{\"email\":{},\"enabled\":true},{"
	           "\"email\":1.5,\"enabled\":1}]"),
	  "simplelogin",
	  "1 a@x.example: address=a@x.example state=on\n2 : !it is no object\n"
	  "3 : !a member is neither a text nor a number, or is too long\n"
	  "4 : !a member is neither a text nor a number, or is too long\n" },
};

static void test_good(void **state)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		OWN(buf) out = BUF(4096);
		const char *kind = NULL;
		struct fail f = { 0 };

		if (alias_file_read(good[i].text, note, &out, &kind, &f) < 0)
			fail_msg("%zu: %s", i, f.why);
		assert_string_equal(kind, good[i].kind);
		assert_string_equal(out.p ? out.p : "", good[i].rows);
	}
}

static const struct str bad[] = {
	STR_INIT(""),
	STR_INIT("hello"),
	STR_INIT("alias,note\na@x.example,n\n"),
	STR_INIT("email,name\na@x.example,n\n"),
	STR_INIT("{}"),
	STR_INIT("{\"aliases\":{}}"),
	STR_INIT("[1]"),
	STR_INIT("[{\"a\":1}]"),
	STR_INIT("[{\"address\":\"a\",\"address\":\"b\",\"state\":\"on\"}]"),
	STR_INIT("{\"aliases\":["),
	STR_INIT("address,state\n\"a@x.example,on\n"),
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OWN(buf) out = BUF(4096);
		const char *kind = NULL;

		assert_int_equal(alias_file_read(bad[i], note, &out, &kind, NULL), FAIL_SYNTAX);
		assert_null(kind);
	}
}

static int count(void *arg, const struct alias_row *row, struct fail *f)
{
	*(size_t *)arg += 1 + row->shortened;
	return OK;
}

static void test_limits(void **state)
{
	OWN(buf) text = BUF(4 << 20);
	const char *kind;
	size_t n = 0;

	buf_addz(&text, "address,state,label\na@x,on,");
	for (int i = 0; i < 201; i++)
		buf_addc(&text, 'x');
	buf_addz(&text, "\n");
	assert_int_equal(alias_file_read(buf_str(&text), count, &n, &kind, NULL), OK);
	assert_int_equal(n, 2);
	for (int i = 0; i < ALIAS_FILE_ROWS_MOST - 1; i++)
		buf_addz(&text, "a@x,on,\n");
	assert_int_equal(alias_file_read(buf_str(&text), count, &n, &kind, NULL), OK);
	buf_addz(&text, "a@x,on,\n");
	assert_int_equal(alias_file_read(buf_str(&text), count, &n, &kind, NULL), FAIL_LIMIT);
}

static void add(struct buf *record, const char *name, const char *type, const char *value)
{
	list_add(record, str_c(name));
	list_add(record, str_c(type));
	list_add(record, str_c(value));
}

static void test_written(void **state)
{
	static const char *const want[ALIAS_FORMATS] = {
		[ALIAS_CSV] = "address,state,label,name,mailboxes,expires,idle_days,count,messages_hour,"
		              "messages_day,bytes_hour,bytes_day,"
		              "used,last_used,created\r\n"
		              "'+a@x.example,on,\"'=1,2\",N,\"\"\"a,b\"\"@m.example "
		              "me@m.example\",2030-01-01T00:00:00Z,0,unlimited,default,"
		              "5,,,7,,1970-01-01T00:00:09Z\r\n",
		[ALIAS_JSON] = "{\"aliases\":[\n{\"address\":\"+a@x.example\",\"state\":\"on\",\"label\":\"="
		               "1,2\",\"name\":\"N\","
		               "\"mailboxes\":[\"\\\"a,b\\\"@m.example\",\"me@m.example\"],\"expires\":"
		               "\"2030-01-01T00:00:00Z\","
		               "\"idle_days\":0,\"count\":\"unlimited\",\"messages_hour\":\"default\","
		               "\"messages_day\":5,"
		               "\"bytes_hour\":\"\",\"bytes_day\":\"\",\"used\":7,\"last_used\":null,"
		               "\"created\":\"1970-01-01T00:00:09Z\"}\n]}\n",
		[ALIAS_SL_CSV] = "alias,note,enabled,mailboxes\r\n"
		                 "'+a@x.example,\"'=1,2\",True,\"\"\"a,b\"\"@m.example me@m.example\"\r\n",
	};
	OWN(buf) record = BUF(4096);

	add(&record, "address", "s", "+a@x.example");
	add(&record, "state", "s", "on");
	add(&record, "label", "s", "=1,2");
	add(&record, "name", "s", "N");
	add(&record, "mailboxes", "s", "\"a,b\"@m.example, me@m.example");
	add(&record, "expires", "t", "1893456000");
	add(&record, "idle_days", "n", "0");
	add(&record, "count", "s", "unlimited");
	add(&record, "messages_hour", "s", "default");
	add(&record, "messages_day", "s", "5");
	add(&record, "used", "n", "7");
	add(&record, "last_used", "t", "0");
	add(&record, "created", "t", "9");
	for (int i = 0; i < ALIAS_FORMATS; i++) {
		OWN(buf) out = BUF(4096);
		OWN(buf) rows = BUF(4096);
		const char *kind;

		alias_file_begin((enum alias_format)i, &out);
		alias_file_put((enum alias_format)i, buf_str(&record), true, &out);
		alias_file_end((enum alias_format)i, &out);
		assert_string_equal(out.p, want[i]);
		assert_int_equal(alias_file_read(buf_str(&out), note, &rows, &kind, NULL), OK);
		assert_non_null(strstr(rows.p, " label==1,2 "));
		assert_non_null(strstr(rows.p, " mailbox=\"a,b\"@m.example mailbox=me@m.example"));
	}
}

static void test_twice(void **state)
{
	OWN(arena) a = ARENA;
	struct alias_rows rows;
	const char *kind;

	assert_int_equal(
	        alias_file_rows(
	                STR("alias,enabled\nb@x,True\nA@x,True\n,True\nB@X,maybe\na@X,False\n,True\n"), &a,
	                &rows, &kind, NULL),
	        OK);
	assert_int_equal(rows.n, 6);
	assert_true(!rows.of[0].wrong && !rows.of[1].wrong && !rows.of[2].wrong && !rows.of[5].wrong);
	assert_non_null(strstr(rows.of[3].wrong, "true"));
	assert_string_equal(rows.of[4].wrong, "the file has this address twice");
	assert_int_equal(rows.of[4].number, 5);
	assert_int_equal(alias_file_rows(STR("address,state\n"), &a, &rows, &kind, NULL), OK);
	assert_int_equal(rows.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),  cmocka_unit_test(test_bad),     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_twice), cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
