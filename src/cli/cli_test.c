#include "cli/check.h"
#include "cli/file.h"
#include "cli/recovery.h"
#include "cli/show.h"
#include "crypto/aead.h"
#include "ipc/codec.h"
#include "sys/swap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void recovery_keys_find_slips(void **state)
{
	OWN(secret) key = SECRET_NONE;
	OWN(secret) back = SECRET_NONE;
	OWN(buf) text = BUF(256);

	assert_int_equal(secret_new(&key, RECOVERY_KEY, NULL), OK);
	for (size_t i = 0; i < key.n; i++)
		key.p[i] = (uint8_t)(i * 11);
	recovery_print(&key, &text);
	assert_int_equal(recovery_parse(buf_str(&text), &back, NULL), OK);
	assert_true(secret_eq(&key, &back));
	for (size_t i = 0; i < text.n; i++) {
		char was = text.p[i];

		if (was == '-')
			continue;
		text.p[i] = was == 'a' ? 'b' : 'a';
		assert_true(recovery_parse(buf_str(&text), &back, NULL) < 0);
		text.p[i] = was;
	}
	assert_int_equal(recovery_parse(STR("too short"), &back, NULL), FAIL_SYNTAX);
	assert_int_equal(recovery_parse(STR(""), &back, NULL), FAIL_SYNTAX);
}

/* Two groups or two neighbours exchanged, a letter left out or written twice: what hands do. */
static void recovery_keys_find_exchanges(void **state)
{
	OWN(secret) key = SECRET_NONE;
	OWN(secret) back = SECRET_NONE;
	OWN(buf) text = BUF(256);

	assert_int_equal(secret_new(&key, RECOVERY_KEY, NULL), OK);
	for (size_t i = 0; i < key.n; i++)
		key.p[i] = (uint8_t)(i * 37 + 5);
	recovery_print(&key, &text);
	for (size_t i = 0; i + 1 < text.n; i++) {
		OWN(buf) wrong = BUF(256);
		OWN(buf) less = BUF(256);
		char a = text.p[i], b = text.p[i + 1];

		buf_add(&wrong, buf_str(&text));
		wrong.p[i] = b;
		wrong.p[i + 1] = a;
		if (a != b && a != '-' && b != '-')
			assert_int_equal(recovery_parse(buf_str(&wrong), &back, NULL), FAIL_FORGED);
		buf_add(&less, str_first(buf_str(&text), i));
		buf_add(&less, str_from(buf_str(&text), i + 1));
		if (a != '-')
			assert_int_equal(recovery_parse(buf_str(&less), &back, NULL), FAIL_SYNTAX);
	}
}

/* Blanks, capitals, and the figures that look like letters: marks in *figures which of those there were. */
static void as_written(struct str text, struct buf *out, unsigned *figures)
{
	static const struct str looks = STR_INIT("o0l1b8");

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		size_t at = str_chr(looks, c);

		if (at < looks.n) {
			*figures |= 1u << at;
			buf_addc(out, looks.p[at + 1]);
		} else if (c == '-') {
			buf_addz(out, " - ");
		} else {
			buf_addc(out, c >= 'a' && i % 2 ? (char)(c - 32) : c);
		}
	}
	buf_addc(out, '\n');
}

static void recovery_keys_are_read_as_people_write_them(void **state)
{
	unsigned figures = 0;

	for (unsigned seed = 0; seed < 8; seed++) {
		OWN(secret) key = SECRET_NONE;
		OWN(secret) back = SECRET_NONE;
		OWN(buf) text = BUF(256);
		OWN(buf) typed = BUF(512);

		assert_int_equal(secret_new(&key, RECOVERY_KEY, NULL), OK);
		for (size_t i = 0; i < key.n; i++)
			key.p[i] = (uint8_t)(seed * 85 + i * 23);
		recovery_print(&key, &text);
		assert_int_equal(text.n, RECOVERY_LETTERS + RECOVERY_LETTERS / 4 - 1);
		as_written(buf_str(&text), &typed, &figures);
		assert_int_equal(recovery_parse(buf_str(&typed), &back, NULL), OK);
		assert_true(secret_eq(&key, &back));
	}
	assert_int_equal(figures, 1 + 4 + 16); /* each of them */
}

static void strangers_do_not_steer_the_terminal(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{ STR_INIT("J\xc3\xbcrgen \xe5\xb1\xb1 \xf0\x9f\x98\x80"),
		  "J\xc3\xbcrgen \xe5\xb1\xb1 \xf0\x9f\x98\x80" },
		{ STR_INIT("a\x1b[31mb"), "a\xef\xbf\xbd[31mb" },
		{ STR_INIT("a\nb\tc\x7f"), "a\xef\xbf\xbd"
		                           "b\xef\xbf\xbd"
		                           "c\xef\xbf\xbd" },
		{ STR_INIT("a\0b"), "a\xef\xbf\xbd"
		                    "b" },
		{ STR_INIT("a\xc2\x9b"
		           "31m"),
		  "a\xef\xbf\xbd"
		  "31m" },
		{ STR_INIT("\xc2\xa0"), "\xc2\xa0" },
		{ STR_INIT("\xe2\x80\xae"
		           "cod.exe"),
		  "\xef\xbf\xbd"
		  "cod.exe" },
		{ STR_INIT("\xe2\x81\xa6x\xe2\x81\xaa"), "\xef\xbf\xbdx\xe2\x81\xaa" },
		{ STR_INIT("\xff\xc3"), "\xef\xbf\xbd\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) out = BUF(256);

		show_clean(cases[i].in, &out);
		assert_string_equal(out.p, cases[i].out);
	}
}

static void add(struct buf *record, const char *key, const char *type, const char *value)
{
	list_add(record, str_c(key));
	list_add(record, str_c(type));
	list_add(record, str_c(value));
}

static void records_are_shown_both_ways(void **state)
{
	OWN(buf) record = BUF(1024);
	OWN(buf) records = BUF(1024);
	OWN(buf) out = BUF(4096);

	add(&record, "name", "s", "J\xc3\xbcrgen");
	add(&record, "used", "n", "3");
	add(&record, "on", "b", "1");
	add(&record, "ends", "t", "0");
	list_add(&records, buf_str(&record));
	show_table(buf_str(&records), "none", &out);
	assert_string_equal(out.p, "NAME    USED  ON   ENDS\nJ\xc3\xbcrgen  3     yes  -\n");
	buf_clear(&out);
	show_json(buf_str(&records), &out);
	assert_string_equal(out.p,
	                    "[\n  {\n    \"name\": \"J\xc3\xbcrgen\",\n    \"used\": 3,\n    \"on\": true,\n"
	                    "    \"ends\": null\n  }\n]\n");
	buf_clear(&out);
	show_table(STR(""), "none", &out);
	assert_string_equal(out.p, "none\n");
}

/* What is no UTF-8 keeps its field; times, bytes and errors have their forms. */
static void json_is_whole(void **state)
{
	OWN(show_records) r = SHOW_RECORDS;
	OWN(buf) out = BUF(4096);

	show_text(&r, "name", STR("a\xff\x1b\"b"));
	show_time(&r, "at", 1795435200);
	show_number(&r, "n", -9000000000);
	show_bool(&r, "off", false);
	list_add(&r.record, STR("raw"));
	list_add(&r.record, STR("x"));
	list_add(&r.record, STR("\0\1\2"));
	show_end(&r);
	show_end(&r);
	show_json(buf_str(&r.list), &out);
	assert_string_equal(out.p, "[\n  {\n    \"name\": \"a\xef\xbf\xbd\\u001B\\\"b\",\n"
	                           "    \"at\": \"2026-11-23T12:00:00Z\",\n    \"n\": -9000000000,\n"
	                           "    \"off\": false,\n    \"raw\": \"AAEC\"\n  },\n  {}\n]\n");
	buf_clear(&out);
	show_error(FAIL_EXISTS, STR("there is one"), STR("name"), &out);
	assert_string_equal(out.p, "{\n  \"error\": \"exists\",\n  \"why\": \"there is one\",\n"
	                           "  \"argument\": \"name\"\n}\n");
	buf_clear(&out);
	show_error(FAIL_SYS, STR("x"), STR(""), &out);
	assert_true(str_find(buf_str(&out), STR("\"argument\": null")) < out.n);
}

static void columns_are_aligned(void **state)
{
	static const char *const names[] = { "al", "a longer one", "\xc3\xa4\xc3\xb6\xc3\xbc" };
	OWN(show_records) r = SHOW_RECORDS;
	OWN(buf) out = BUF(4096);

	for (size_t i = 0; i < 3; i++) {
		show_text(&r, "name", str_c(names[i]));
		show_number(&r, "last_used", (int64_t)i);
		show_end(&r);
	}
	show_table(buf_str(&r.list), "none", &out);
	assert_string_equal(out.p, "NAME          LAST USED\nal            0\na longer one  1\n"
	                           "\xc3\xa4\xc3\xb6\xc3\xbc           2\n");
}

#define TITLES "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static void open_swap_is_seen(void **state)
{
	static const struct {
		const char *swaps;
		bool open;
	} cases[] = {
		{ "", false },
		{ TITLES, false },
		{ TITLES "/dev/sda2 partition 1 0 -2\n", true },
		{ TITLES "/swapfile file 1 0 -2\n", true },
		{ TITLES "/dev/dm-1 partition 1 0 -2\n", false },
		{ TITLES "/dev/zram0 partition 1 0 100\n", false },
		{ TITLES "/dev/zram0 partition 1 0 100\n/dev/sda2 partition 1 0 -2", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(swap_text_is_open(str_c(cases[i].swaps)), cases[i].open);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static bool finds(const struct conf *c, struct str subject, const char *why)
{
	OWN(show_records) found = SHOW_RECORDS;
	OWN(buf) text = BUF(65536);

	check_machine(c, &found);
	show_table(buf_str(&found.list), "", &text);
	return str_find(buf_str(&text), subject) < text.n && str_find(buf_str(&text), str_c(why)) < text.n;
}

static void the_machine_is_looked_at(void **state)
{
	char dir[] = "/tmp/postern-check-XXXXXX", key[64], chain[64];
	struct conf c = { 0 };

	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/master.key", dir);
	snprintf(chain, sizeof(chain), "%s/chain", dir);
	c.state_dir = str_c(dir);
	c.master_key = str_c(key);
	assert_true(finds(&c, c.master_key, "is not there, and nothing"));
	write_file(key, "0123456789abcdef0123456789abcdef", 0400);
	assert_false(finds(&c, c.master_key, ""));
	assert_false(finds(&c, str_c(dir), "entered"));
	assert_true(finds(&c, STR("smtp.tls_certificate"), "without STARTTLS"));
	assert_int_equal(chmod(key, 0440), 0);
	assert_true(finds(&c, c.master_key, "may be read by others"));
	assert_int_equal(chmod(dir, 0755), 0);
	assert_true(finds(&c, c.state_dir, "may be entered by others: chmod 0700"));
	assert_int_equal(unlink(key), 0);
	write_file(key, "short", 0400);
	assert_true(finds(&c, c.master_key, "is not 32 bytes long"));
	write_file(chain, "", 0644);
	c.tls_certificate = c.tls_key = str_c(chain);
	assert_true(finds(&c, c.tls_key, "taken for this server: chmod 0400"));
	assert_false(finds(&c, STR("STARTTLS"), ""));
	(void)unlink(key);
	(void)unlink(chain);
	(void)rmdir(dir);
}

static void files_are_new_and_whole(void **state)
{
	char dir[] = "/tmp/postern-file-XXXXXX", path[64], link[64];
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/one", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(file_new(path, STR("abc"), 0400, NULL), OK);
	assert_int_equal(stat(path, &st), 0);
	assert_true((st.st_mode & 0777) == 0400 && st.st_size == 3);
	assert_int_equal(file_new(path, STR("other"), 0400, NULL), FAIL_EXISTS);
	assert_int_equal(symlink("elsewhere", link), 0);
	assert_int_equal(file_new(link, STR("abc"), 0400, NULL), FAIL_EXISTS);
	assert_true(file_is(link));
	assert_int_equal(file_dir(dir, 0700, NULL), OK);
	assert_int_equal(file_dir(path, 0700, NULL), FAIL_EXISTS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3);
	(void)unlink(link);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void one_line_is_read(void **state)
{
	static const struct {
		const char *text;
		int want;
		const char *line;
	} cases[] = {
		{ "one\ntwo\n", OK, "one" },
		{ "one\r\n", OK, "one" },
		{ "one", OK, "one" },
		{ "", OK, "" },
		{ "\n", OK, "" },
		{ "0123456789\n", OK, "0123456789" },
		{ "0123456789", OK, "0123456789" },
		{ "0123456789\r\n", OK, "0123456789" },
		{ "0123456789a\n", FAIL_LIMIT, "" },
		{ "0123456789abcdef\n", FAIL_LIMIT, "" },
	};
	char path[] = "/tmp/postern-line-XXXXXX";

	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(secret) s = SECRET_NONE;

		write_file(path, cases[i].text, 0600);
		assert_int_equal(file_line(path, 10, &s, NULL), cases[i].want);
		assert_true(str_eq(secret_str(&s), str_c(cases[i].line)));
	}
	unlink(path);
	OWN(secret) s = SECRET_NONE;
	assert_int_equal(file_line(path, 10, &s, NULL), FAIL_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recovery_keys_find_slips),
		cmocka_unit_test(recovery_keys_find_exchanges),
		cmocka_unit_test(recovery_keys_are_read_as_people_write_them),
		cmocka_unit_test(records_are_shown_both_ways),
		cmocka_unit_test(strangers_do_not_steer_the_terminal),
		cmocka_unit_test(json_is_whole),
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(open_swap_is_seen),
		cmocka_unit_test(the_machine_is_looked_at),
		cmocka_unit_test(files_are_new_and_whole),
		cmocka_unit_test(one_line_is_read),
	};

	if (crypto_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
