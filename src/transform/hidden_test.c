#include "transform/hidden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void check(struct str is, const char *wanted)
{
	if (!str_eq(is, str_c(wanted)))
		fail_msg("%.*s\nis not\n%s", STR_ARG(is), wanted);
}

static void the_subject_is_outside_no_more_and_the_rest_is_said_twice(void **state)
{
	OWN(buf) outer = BUF(4096);
	OWN(buf) inner = BUF(4096);

	hidden_split(STR("Received: by relay.example;\r\n now\r\nX-Postern-Trace: t\r\nFrom: Bob "
	                 "<r@relay.example>\r\n"
	                 "Subject: The long\r\n secret: x\r\nDate: today\r\nMIME-Version: 1.0\r\n"),
	             &outer, &inner);
	check(buf_str(&outer),
	      "Received: by relay.example;\r\n now\r\nX-Postern-Trace: t\r\nFrom: Bob <r@relay.example>\r\n"
	      "Subject: [...]\r\nDate: today\r\nMIME-Version: 1.0\r\n");
	check(buf_str(&inner),
	      "From: Bob <r@relay.example>\r\nSubject: The long\r\n secret: x\r\nDate: today\r\n"
	      "HP-Outer: From: Bob <r@relay.example>\r\nHP-Outer: Subject: [...]\r\n"
	      "HP-Outer: Date: today\r\n");
}

static void what_has_no_subject_gets_none(void **state)
{
	OWN(buf) outer = BUF(4096);
	OWN(buf) inner = BUF(4096);

	hidden_split(STR("From: r@relay.example\r\nX-Subject: y\r\n"), &outer, &inner);
	check(buf_str(&outer), "From: r@relay.example\r\nX-Subject: y\r\n");
	hidden_split(STR(""), &outer, &inner);
}

static const struct {
	const char *field, *marked; /* NULL: it cannot be */
} marks[] = {
	{ "Content-Type: text/plain\r\n", "Content-Type: text/plain;\r\n hp=\"cipher\"\r\n" },
	{ "Content-Type: text/plain", "Content-Type: text/plain;\r\n hp=\"cipher\"\r\n" },
	{ "content-type: multipart/mixed;\r\n\tboundary=\"a;b\"\r\n",
	  "content-type: multipart/mixed;\r\n\tboundary=\"a;b\";\r\n hp=\"cipher\"\r\n" },
	{ "Content-Type: text/plain; charset=utf-8; \r\n", NULL },
	{ "Content-Type: text/plain;\r\n", NULL },
	{ "Content-Type: text/plain (a comment\r\n", NULL },
	{ "Content-Type: text/plain; name=\"no end\r\n", NULL },
	{ "Content-Type: text/plain; name=\"a\\\"b\"\r\n", NULL },
	{ "Content-Type: text/plain; name=gr\xc3\xbc\r\n", NULL },
	{ "Content-Type: text\r\n", NULL },
	{ "Content-Type:\r\n", NULL },
};

static void a_type_bears_the_mark_where_every_reader_sees_one_parameter_more(void **state)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		OWN(buf) out = BUF(4096);

		assert_int_equal(hidden_mark(str_c(marks[i].field), &out), marks[i].marked != NULL);
		check(buf_str(&out), marks[i].marked ? marks[i].marked : "");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_subject_is_outside_no_more_and_the_rest_is_said_twice),
		cmocka_unit_test(what_has_no_subject_gets_none),
		cmocka_unit_test(a_type_bears_the_mark_where_every_reader_sees_one_parameter_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
