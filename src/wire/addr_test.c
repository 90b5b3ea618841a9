#include "wire/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	struct str in;
	int want;
	struct str print;
} addresses[] = {
	{ STR_INIT("a@b.org"), OK, STR_INIT("a@b.org") },
	{ STR_INIT("a.b+c@B.Org."), OK, STR_INIT("a.b+c@B.Org") },
	{ STR_INIT("\"a\"@b.org"), OK, STR_INIT("a@b.org") },
	{ STR_INIT("\"a b\"@b.org"), OK, STR_INIT("\"a b\"@b.org") },
	{ STR_INIT("\"a\\\"b\"@b.org"), OK, STR_INIT("\"a\\\"b\"@b.org") },
	{ STR_INIT("a@[127.0.0.1]"), OK, STR_INIT("a@[127.0.0.1]") },
	{ STR_INIT("\xe7\x94\xa8@\xe4\xbe\x8b.example"), OK, STR_INIT("\xe7\x94\xa8@\xe4\xbe\x8b.example") },
	{ STR_INIT(""), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("@b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a@"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a@b@c"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT(".a@b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a..b@b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a@b..org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a@-b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a b@b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a@b.org\r\n"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a\0b@b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("\"a\nb\"@b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("a\xff@b.org"), FAIL_SYNTAX, STR_INIT("") },
	{ STR_INIT("0123456789012345678901234567890123456789012345678901234567890123x@b.org"), FAIL_SYNTAX,
	  STR_INIT("") },
};

static void addresses_are_read_one_way(void **state)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) out = BUF(1024);
		struct addr r;

		assert_int_equal(addr_parse(addresses[i].in, &a, &r, NULL), addresses[i].want);
		if (addresses[i].want < 0)
			continue;
		addr_print(&r, &out);
		assert_true(str_eq(buf_str(&out), addresses[i].print));
	}
}

static const struct {
	struct str in;
	int want;
	struct str print, rest;
} paths[] = {
	{ STR_INIT("<>"), OK, STR_INIT(""), STR_INIT("") },
	{ STR_INIT("<a@b.org> SIZE=1"), OK, STR_INIT("a@b.org"), STR_INIT(" SIZE=1") },
	{ STR_INIT("<@x.org,@y.org:a@b.org>"), OK, STR_INIT("a@b.org"), STR_INIT("") },
	{ STR_INIT("<Postmaster>"), OK, STR_INIT("Postmaster"), STR_INIT("") },
	{ STR_INIT("<\">\"@b.org>"), OK, STR_INIT("\">\"@b.org"), STR_INIT("") },
	{ STR_INIT("a@b.org"), FAIL_SYNTAX, STR_INIT(""), STR_INIT("") },
	{ STR_INIT("<a@b.org"), FAIL_SYNTAX, STR_INIT(""), STR_INIT("") },
	{ STR_INIT("<a>"), FAIL_SYNTAX, STR_INIT(""), STR_INIT("") },
	{ STR_INIT("< a@b.org>"), FAIL_SYNTAX, STR_INIT(""), STR_INIT("") },
	{ STR_INIT("<@x.org>"), FAIL_SYNTAX, STR_INIT(""), STR_INIT("") },
};

static void paths_are_read_with_their_rest(void **state)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) out = BUF(1024);
		struct str rest;
		struct addr r;

		assert_int_equal(addr_path(paths[i].in, true, &a, &r, &rest, NULL), paths[i].want);
		if (paths[i].want < 0)
			continue;
		addr_print(&r, &out);
		assert_true(str_eq(buf_str(&out), paths[i].print));
		assert_true(str_eq(rest, paths[i].rest));
	}
}

static const struct {
	struct str in;
	size_t n;
	struct str name, addr; /* of the last entry */
	bool broken;
} lists[] = {
	{ STR_INIT(" a@b.org"), 1, STR_INIT(""), STR_INIT("a@b.org"), false },
	{ STR_INIT("Bob <b@c.org>, \"Doe, J.\" <j@d.org>"), 2, STR_INIT("Doe, J."), STR_INIT("j@d.org"),
	  false },
	{ STR_INIT("b@c.org (Bob)"), 1, STR_INIT("Bob"), STR_INIT("b@c.org"), false },
	{ STR_INIT("Friends: a@b.org, <c@d.org>;, e@f.org"), 3, STR_INIT(""), STR_INIT("e@f.org"), false },
	{ STR_INIT("undisclosed-recipients:;"), 0, STR_INIT(""), STR_INIT(""), false },
	{ STR_INIT("=?utf-8?Q?J=C3=BCrgen?= <j@d.org>"), 1, STR_INIT("J\xc3\xbcrgen"), STR_INIT("j@d.org"),
	  false },
	{ STR_INIT("a . b @ c.org"), 1, STR_INIT(""), STR_INIT("a.b@c.org"), false },
	{ STR_INIT("no address here"), 1, STR_INIT("no address here"), STR_INIT(""), true },
	{ STR_INIT("a@b.org:c@d.org, e@f.org"), 2, STR_INIT(""), STR_INIT("e@f.org"), false },
	{ STR_INIT("a@b.org:c:d@e.org:f:g@h.org:i"), 1, STR_INIT("a@b.org:c:d@e.org:f:g@h.org:i"),
	  STR_INIT(""), true },
	{ STR_INIT("<a@b.org>,,  ,"), 1, STR_INIT(""), STR_INIT("a@b.org"), false },
	{ STR_INIT("\"=?utf-8?Q?a=0D=0ABcc:_x?=\" <j@d.org>"), 1, STR_INIT("a  Bcc: x"), STR_INIT("j@d.org"),
	  false },
};

static void lists_are_read_as_they_come(void **state)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) out = BUF(1024);
		struct addr_entry *e;
		size_t n;

		assert_int_equal(addr_list(lists[i].in, &a, &e, &n, NULL), OK);
		assert_int_equal(n, lists[i].n);
		if (!n)
			continue;
		addr_print(&e[n - 1].addr, &out);
		assert_true(str_eq(buf_str(&out), lists[i].addr));
		assert_true(str_eq(e[n - 1].name, lists[i].name));
		assert_int_equal(e[n - 1].broken, lists[i].broken);
	}
}

/* ATTACKS 19: colons where none may be are no more entries than there is room for. */
static void attack_19_colons_make_no_entries(void **state)
{
	OWN(arena) a = ARENA;
	OWN(buf) in = BUF(1 << 20);
	struct addr_entry *e;
	size_t n;

	for (int i = 0; i < 10000; i++)
		buf_addz(&in, "a@b.org:c:");
	assert_int_equal(addr_list(buf_str(&in), &a, &e, &n, NULL), OK);
	assert_true(n == 1 && e[0].broken);
}

static void keys_ignore_spelling(void **state)
{
	OWN(arena) a = ARENA;
	struct addr x, y;

	assert_int_equal(addr_parse(STR("\"Bob\"@Example.ORG"), &a, &x, NULL), OK);
	assert_int_equal(addr_parse(STR("bob@example.org."), &a, &y, NULL), OK);
	assert_true(addr_eq(&x, &y));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_one_way),
		cmocka_unit_test(paths_are_read_with_their_rest),
		cmocka_unit_test(lists_are_read_as_they_come),
		cmocka_unit_test(attack_19_colons_make_no_entries),
		cmocka_unit_test(keys_ignore_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
