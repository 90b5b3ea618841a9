#include "wire/dns.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Header with so many answers, then the question: "a.example", any type. */
#define HEAD(code, answers) "\x12\x34\x81" code "\x00\x01\x00" answers "\x00\x00\x00\x00" QUESTION
#define QUESTION                                                                                             \
	"\x01\x61\x07"                                                                                       \
	"example\x00\x00\x0f\x00\x01"
#define OWNER "\xc0\x0c"                      /* the question's name */
#define MX "\x00\x0f\x00\x01\x00\x00\x00\x3c" /* class IN, ttl 60 */
#define A "\x00\x01\x00\x01\x00\x00\x00\x3c"
#define TXT "\x00\x10\x00\x01\x00\x00\x00\x3c"
#define CNAME "\x00\x05\x00\x01\x00\x00\x00\x3c"

static const struct {
	struct str packet;
	enum dns_type type;
	int result;
	unsigned code;
	const char *says; /* "10 mx.example " or "1.2.3.4 " */
} cases[] = {
	{ STR_INIT(HEAD("\x80", "\x01") OWNER MX "\x00\x07\x00\x0a\x02mx\xc0\x0e"), DNS_MX, OK, 0,
	  "10 mx.example " },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER MX "\x00\x07\x00\x0a\x02MX\xc0\x0e"), DNS_MX, OK, 0,
	  "10 mx.example " },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER MX "\x00\x03\x00\x00\x00"), DNS_MX, OK, 0, "0  " },
	{ STR_INIT(HEAD("\x80", "\x02") OWNER A "\x00\x04\x01\x02\x03\x04" OWNER A
	                                        "\x00\x04\x05\x06\x07\x08"),
	  DNS_A, OK, 0, "1.2.3.4 5.6.7.8 " },
	{ STR_INIT(HEAD("\x83", "\x00")), DNS_A, OK, DNS_NXDOMAIN, "" },
	{ STR_INIT(HEAD("\x82", "\x00")), DNS_A, OK, DNS_SERVFAIL, "" },
	/* Over an alias; records of others and of other types and classes say nothing. */
	{ STR_INIT(HEAD("\x80", "\x02") OWNER CNAME "\x00\x02\xc0\x0e"
	                                            "\xc0\x0e" A "\x00\x04\x01\x02\x03\x04"),
	  DNS_A, OK, 0, "1.2.3.4 " },
	{ STR_INIT(HEAD("\x80", "\x01") "\xc0\x0e" A "\x00\x04\x01\x02\x03\x04"), DNS_A, OK, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER A "\x00\x04\x01\x02\x03\x04"), DNS_AAAA, OK, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER "\x00\x01\x00\x03\x00\x00\x00\x3c\x00\x04\x01\x02\x03\x04"),
	  DNS_A, OK, 0, "" },

	/* Several strings are one text; it may hold anything. */
	{ STR_INIT(HEAD("\x80", "\x01") OWNER TXT "\x00\x03\x02hi"), DNS_TXT, OK, 0, "hi " },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER TXT "\x00\x08\x02hi\x00\x03 yo"), DNS_TXT, OK, 0, "hi yo " },
	{ STR_INIT(HEAD("\x80", "\x02") OWNER TXT "\x00\x02\x01\n" OWNER TXT "\x00\x01\x00"), DNS_TXT, OK, 0,
	  "\n  " },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER TXT "\x00\x00"), DNS_TXT, FAIL_SYNTAX, 0, "" },
	/* A string that ends behind its record, and one behind the packet. */
	{ STR_INIT(HEAD("\x80", "\x02") OWNER TXT "\x00\x03\x03hi" OWNER TXT "\x00\x02\x01x"), DNS_TXT,
	  FAIL_SYNTAX, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER TXT "\x00\x03\xffhi"), DNS_TXT, FAIL_SYNTAX, 0, "" },

	{ STR_INIT(""), DNS_A, FAIL_SYNTAX, 0, "" },
	{ STR_INIT("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION), DNS_A, FAIL_SYNTAX, 0,
	  "" }, /* a question */
	{ STR_INIT("\x12\x34\x81\x80\x00\x02\x00\x00\x00\x00\x00\x00" QUESTION QUESTION), DNS_A, FAIL_SYNTAX,
	  0, "" },
	{ STR_INIT(HEAD("\x80", "\x01")), DNS_A, FAIL_SYNTAX, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER A "\x00\x04\x01\x02\x03"), DNS_A, FAIL_SYNTAX, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER A "\x00\x03\x01\x02\x03"), DNS_A, FAIL_SYNTAX, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER A "\xff\xff\x01\x02\x03\x04"), DNS_A, FAIL_SYNTAX, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") "\xc0\x1b" A "\x00\x04\x01\x02\x03\x04"), DNS_A, FAIL_SYNTAX, 0,
	  "" }, /* itself */
	{ STR_INIT(HEAD("\x80", "\x01") "\xc0\xff" A "\x00\x04\x01\x02\x03\x04"), DNS_A, FAIL_SYNTAX, 0,
	  "" }, /* past it */
	{ STR_INIT(HEAD("\x80", "\x01") "\x80" A "\x00\x04\x01\x02\x03\x04"), DNS_A, FAIL_SYNTAX, 0, "" },
	{ STR_INIT(HEAD("\x80", "\x01") OWNER MX "\x00\x07\x00\x0a\x02m\n\xc0\x0e"), DNS_MX, FAIL_SYNTAX, 0,
	  "" },
	{ STR_INIT(HEAD("\x80", "\xff") OWNER A "\x00\x04\x01\x02\x03\x04"), DNS_A, FAIL_SYNTAX, 0, "" },
};

static void print(const struct dns_answer *a, enum dns_type type, struct buf *out)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *r = &a->records[i];

		if (type == DNS_TXT)
			buf_addf(out, "%.*s ", STR_ARG(r->text));
		else if (r->address.n)
			buf_addf(out, "%d.%d.%d.%d ", r->address.p[0], r->address.p[1], r->address.p[2],
			         r->address.p[3]);
		else
			buf_addf(out, "%u %.*s ", r->preference, STR_ARG(r->host));
	}
}

static void test_answers(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(arena) arena = ARENA;
		OWN(buf) out = BUF(1000);
		struct dns_answer a = { 0 };
		struct fail f = { 0 };
		int r = dns_answer_read(cases[i].packet, cases[i].type, &arena, &a, &f);

		print(&a, cases[i].type, &out);
		if (r != cases[i].result || a.code != cases[i].code ||
		    !str_eq(buf_str(&out), str_c(cases[i].says)))
			fail_msg("case %zu: %d, code %u, %s %s", i, r, a.code, out.n ? out.p : "", f.why);
	}
}

/* Every part of an answer is an answer that is not whole. */
static void test_cut_answers(void **state)
{
	static const struct str whole =
	        STR_INIT(HEAD("\x80", "\x02") OWNER CNAME "\x00\x02\xc0\x0e"
	                                                  "\xc0\x0e" A "\x00\x04\x01\x02\x03\x04");

	for (size_t n = 0; n < whole.n; n++) {
		OWN(arena) arena = ARENA;
		struct dns_answer a;
		char *exact = arena_alloc(&arena, n + 1);

		memcpy(exact, whole.p, n);
		assert_int_equal(dns_answer_read(str_of(exact, n), DNS_A, &arena, &a, NULL), FAIL_SYNTAX);
	}
}

/* A ring and a long chain of aliases end. */
static void test_aliases_end(void **state)
{
	OWN(buf) ring = BUF(10000);
	OWN(arena) arena = ARENA;
	struct dns_answer a;

	buf_add(&ring, STR(HEAD("\x80", "\x14")));
	for (int i = 0; i < 20; i++)
		buf_add(&ring, STR(OWNER CNAME "\x00\x02\xc0\x0c"));
	assert_int_equal(dns_answer_read(buf_str(&ring), DNS_A, &arena, &a, NULL), FAIL_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_cut_answers),
		cmocka_unit_test(test_aliases_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
