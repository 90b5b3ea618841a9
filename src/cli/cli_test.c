#include "cli/recovery.h"
#include "cli/show.h"
#include "crypto/aead.h"
#include "ipc/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recovery_keys_find_slips),
		cmocka_unit_test(records_are_shown_both_ways),
	};

	if (crypto_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
