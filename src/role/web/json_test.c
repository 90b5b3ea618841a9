/* json_test.c - bodies to arguments, records to JSON, targets to variables. */
#include "ipc/codec.h"
#include "role/web/json.h"
#include "role/web/target.h"

#include <stdarg.h>

#include <setjmp.h>

#include <cmocka.h>

static const struct {
	const char *body;
	int want;
	const char *args; /* NAME=VALUE; */
} bodies[] = {
	{ "", OK, "" },
	{ "  \r\n", OK, "" },
	{ "{}", OK, "" },
	{ "{\"a\":\"b\",\"n\":5,\"t\":true,\"f\":false}", OK, "a=b;n=5;t=on;f=off;" },
	{ "{\"mailboxes\":[\"x@y\",\"z@y\"]}", OK, "mailbox=x@y;mailbox=z@y;" },
	{ "{\"expires\":null,\"count\":null,\"reply_to\":null,\"label\":null}", OK,
	  "expires=never;count=unlimited;reply_to=none;" },
	{ "{\"csr\":\"aGkh\"}", OK, "csr=hi!;" },
	{ "{\"csr\":\"a\"}", FAIL_SYNTAX, NULL },
	{ "{\"password\":\"x\",\"new_password\":\"y\",\"name\":\"z\"}", OK, "name=z;" },
	{ "{\"n\":-5}", FAIL_SYNTAX, NULL },
	{ "{\"n\":1.5}", FAIL_SYNTAX, NULL },
	{ "{\"o\":{}}", FAIL_SYNTAX, NULL },
	{ "{\"o\":[[1]]}", FAIL_SYNTAX, NULL },
	{ "{\"a\":1,\"a\":2}", FAIL_SYNTAX, NULL },
	{ "[]", FAIL_SYNTAX, NULL },
	{ "\"x\"", FAIL_SYNTAX, NULL },
	{ "{\"a\":\"\\u0000\"}", FAIL_SYNTAX, NULL },
	{ "{\"a\":\"\xff\"}", FAIL_SYNTAX, NULL },
	{ "{\"a\":1}x", FAIL_SYNTAX, NULL },
	{ "{", FAIL_SYNTAX, NULL },
};

static int args_of(struct str body, struct buf *out)
{
	OWNP(json_t) o = NULL;
	OWN(buf) args = BUF(65536);
	struct str left, name, value;
	const char *arg;

	TRY(json_body(body, &o, NULL));
	TRY(json_args(o, &args, &arg, NULL));
	left = buf_str(&args);
	while (list_next_pair(&left, &name, &value))
		buf_addf(out, "%.*s=%.*s;", STR_ARG(name), STR_ARG(value));
	return OK;
}

static void arguments(void **state)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		OWN(buf) out = BUF(65536);
		int r = args_of(str_c(bodies[i].body), &out);

		if (r != bodies[i].want || (r == OK && strcmp(out.n ? out.p : "", bodies[i].args) != 0))
			fail_msg("case %zu: %d %s", i, r, out.n ? out.p : "");
	}
}

static void deep_bodies(void **state)
{
	OWN(buf) b = BUF(1 << 20);

	for (int i = 0; i < 200000; i++)
		buf_addz(&b, "[");
	assert_int_equal(args_of(buf_str(&b), &b), FAIL_SYNTAX);
}

static void field(struct buf *r, const char *name, const char *type, const char *value)
{
	list_add(r, str_c(name));
	list_add(r, str_c(type));
	list_add(r, str_c(value));
}

static void records(void **state)
{
	static const struct {
		const char *rest;
		bool one;
		const char *want;
	} shapes[] = {
		{ NULL, false,
		  "[{\"a\":\"x\",\"n\":5,\"b\":true,\"t\":\"1970-01-02T00:00:00Z\",\"u\":null,\"x\":\"aGkh\","
		  "\"l\":[1,-2,30],"
		  "\"mailboxes\":"
		  "[\"\\\"a,b\\\"@c\",\"d@e\"]},{\"mailboxes\":[]}]" },
		{ NULL, true,
		  "{\"a\":\"x\",\"n\":5,\"b\":true,\"t\":\"1970-01-02T00:00:00Z\",\"u\":null,\"x\":\"aGkh\","
		  "\"l\":[1,-2,30],"
		  "\"mailboxes\":["
		  "\"\\\"a,b\\\"@c\",\"d@e\"]}" },
		{ "rest", false,
		  "{\"a\":\"x\",\"n\":5,\"b\":true,\"t\":\"1970-01-02T00:00:00Z\",\"u\":null,\"x\":\"aGkh\","
		  "\"l\":[1,-2,30],"
		  "\"mailboxes\":["
		  "\"\\\"a,b\\\"@c\",\"d@e\"],\"rest\":[{\"mailboxes\":[]}]}" },
	};
	OWN(buf) one = BUF(4096), two = BUF(4096), all = BUF(8192);

	field(&one, "a", "s", "x");
	field(&one, "n", "n", "5");
	field(&one, "b", "b", "1");
	field(&one, "t", "t", "86400");
	field(&one, "u", "t", "0");
	field(&one, "x", "x", "hi!");
	field(&one, "l", "l", "1,-2,30");
	field(&one, "mailboxes", "s", "\"a,b\"@c, d@e");
	field(&two, "mailboxes", "s", "");
	list_add(&all, buf_str(&one));
	list_add(&all, buf_str(&two));
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		OWN(buf) out = BUF(8192);

		json_print(json_records(buf_str(&all), shapes[i].rest, shapes[i].one), &out);
		assert_string_equal(out.p, shapes[i].want);
	}
	assert_true(str_eq(json_field(buf_str(&all), "a"), STR("x")));
	assert_true(str_eq(json_field(buf_str(&all), "z"), STR("")));
}

/* One deep: what core would send deeper is left out, so that no answer takes the stack. */
static void records_within(void **state)
{
	OWN(buf) deep = BUF(4096), inner = BUF(4096), list = BUF(4096), whole = BUF(4096), all = BUF(4096),
	         out = BUF(4096);

	field(&inner, "state", "s", "ok");
	list_add(&deep, buf_str(&inner));
	field(&inner, "deeper", "r", deep.p);
	list_add(&list, buf_str(&inner));
	field(&whole, "a", "s", "x");
	list_add(&whole, STR("records"));
	list_add(&whole, STR("r"));
	list_add(&whole, buf_str(&list));
	field(&whole, "none", "r", "");
	list_add(&all, buf_str(&whole));
	json_print(json_records(buf_str(&all), NULL, true), &out);
	assert_string_equal(out.p,
	                    "{\"a\":\"x\",\"records\":[{\"state\":\"ok\",\"deeper\":[]}],\"none\":[]}");
}

static void targets(void **state)
{
	static const struct {
		const char *pattern, *path, *want; /* NULL: does not fit */
	} rows[] = {
		{ "/v1/aliases", "/v1/aliases", "" },
		{ "/v1/aliases", "/v1/aliases/", NULL },
		{ "/v1/aliases", "/v1", NULL },
		{ "/v1/aliases/{address}", "/v1/aliases/a@b", "address=a@b;" },
		{ "/v1/aliases/{address}", "/v1/aliases/a%40b%2Fc+d", "address=a@b/c+d;" },
		{ "/v1/aliases/{address}", "/v1/aliases/", NULL },
		{ "/v1/aliases/{address}", "/v1/aliases/a/b", NULL },
		{ "/v1/aliases/{address}", "/v1/aliases/a%0d", NULL },
		{ "/v1/aliases/{address}", "/v1/aliases/a%4", NULL },
		{ "/v1/aliases/{address}", "/v1/aliases/a%", NULL },
		{ "/v1/aliases/{address}", "/v1/aliases/a%zz", NULL },
		{ "/v1/aliases/{address}/block", "/v1/aliases/a/block", "address=a;" },
		{ "/v1/aliases/{address}/block", "/v1/aliases/a/unblock", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) out = BUF(1024);
		struct target_var v[TARGET_VARS];
		size_t n = 0;
		bool fits = target_fits(rows[i].pattern, str_c(rows[i].path), &a, v, &n);

		for (size_t k = 0; fits && k < n; k++)
			buf_addf(&out, "%.*s=%.*s;", STR_ARG(v[k].name), STR_ARG(v[k].value));
		if (fits != (rows[i].want != NULL) || (fits && strcmp(out.n ? out.p : "", rows[i].want) != 0))
			fail_msg("case %zu: %s", i, out.n ? out.p : "");
	}
}

static void params(void **state)
{
	OWN(arena) a = ARENA;
	struct str q = STR("a=b+c%21&&d&e=f=g");
	struct target_var v;
	bool bad;

	assert_true(target_param(&q, &a, &v, &bad) && str_eq(v.name, STR("a")) &&
	            str_eq(v.value, STR("b c!")));
	assert_true(target_param(&q, &a, &v, &bad) && str_eq(v.name, STR("d")) && str_eq(v.value, STR("")));
	assert_true(target_param(&q, &a, &v, &bad) && str_eq(v.name, STR("e")) &&
	            str_eq(v.value, STR("f=g")));
	assert_false(target_param(&q, &a, &v, &bad));
	assert_false(bad);
	q = STR("a=%0a");
	assert_false(target_param(&q, &a, &v, &bad));
	assert_true(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(arguments), cmocka_unit_test(deep_bodies),
		                            cmocka_unit_test(records),   cmocka_unit_test(records_within),
		                            cmocka_unit_test(targets),   cmocka_unit_test(params) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
