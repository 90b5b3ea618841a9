#include "proto/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MARK "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(s) str_of(s, sizeof(s) - 1)

static const struct {
	const char *what, *in;
	size_t n;
	enum proxy_result want;
	size_t used;
	const char *addr; /* NULL: not known */
	size_t n_addr;
	uint16_t port;
} cases[] = {
#define C(s) s, sizeof(s) - 1
	{ "v1", C("PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\r\nEHLO"), PROXY_OK, 44, "\xc0\0\2\1", 4,
	  40000 },
	{ "v1, six", C("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), PROXY_OK, 32,
	  "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, 1 },
	{ "v1, unknown", C("PROXY UNKNOWN whatever this is\r\n"), PROXY_OK, 32, NULL, 0, 0 },
	{ "no bare LF", C("PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\n"), PROXY_MORE, 0, NULL, 0, 0 },
	{ "a port with a nought", C("PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "a port too large", C("PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "a port too few", C("PROXY TCP4 192.0.2.1 192.0.2.2 25\r\n"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "words behind", C("PROXY TCP4 192.0.2.1 192.0.2.2 1 25 x\r\n"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "two blanks", C("PROXY TCP4  192.0.2.1 192.0.2.2 1 25\r\n"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "the wrong family", C("PROXY TCP4 ::1 ::1 1 25\r\n"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "another word", C("EHLO client.example\r\n"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "the beginning of one", C("PROX"), PROXY_MORE, 0, NULL, 0, 0 },
	{ "v2", C(MARK "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x9c\x40\0\x19"), PROXY_OK, 28, "\xc0\0\2\1", 4,
	  40000 },
	{ "v2, options", C(MARK "\x21\x11\0\x10\xc0\0\2\1\xc0\0\2\2\0\1\0\x19\x04\0\1x"), PROXY_OK, 32,
	  "\xc0\0\2\1", 4, 1 },
	{ "v2, local", C(MARK "\x20\0\0\0"), PROXY_OK, 16, NULL, 0, 0 },
	{ "v2, unspecified", C(MARK "\x21\0\0\0"), PROXY_OK, 16, NULL, 0, 0 },
	{ "v2, too short for its family", C(MARK "\x21\x21\0\x0c\xc0\0\2\1\xc0\0\2\2\x9c\x40\0\x19"),
	  PROXY_BAD, 0, NULL, 0, 0 },
	{ "v2, a datagram", C(MARK "\x21\x12\0\x0c\xc0\0\2\1\xc0\0\2\2\x9c\x40\0\x19"), PROXY_BAD, 0, NULL, 0,
	  0 },
	{ "v2, version 3", C(MARK "\x31\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x9c\x40\0\x19"), PROXY_BAD, 0, NULL, 0,
	  0 },
	{ "v2, command 2", C(MARK "\x22\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x9c\x40\0\x19"), PROXY_BAD, 0, NULL, 0,
	  0 },
	{ "v2, a length that lies", C(MARK "\x21\x11\xff\xff"), PROXY_BAD, 0, NULL, 0, 0 },
	{ "v2, cut off", C(MARK "\x21\x11\0\x0c\xc0\0"), PROXY_MORE, 0, NULL, 0, 0 },
#undef C
};

static void headers_are_read(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proxy p = { 0 };
		enum proxy_result r = proxy_read(str_of(cases[i].in, cases[i].n), &p);

		if (r != cases[i].want || p.used != cases[i].used || p.known != (cases[i].addr != NULL) ||
		    p.port != cases[i].port)
			fail_msg("%s: %d %zu", cases[i].what, r, p.used);
		if (cases[i].addr)
			assert_memory_equal(p.addr, cases[i].addr, cases[i].n_addr);
	}
}

/* Byte by byte the answer is "more" until it is what the whole says; nothing behind the header is looked at. */
static void any_split_reads_the_same(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t n = 0; n < cases[i].used; n++) {
			struct proxy p;

			assert_int_equal(proxy_read(str_of(cases[i].in, n), &p), PROXY_MORE);
		}
	}
}

static void a_line_that_does_not_end_is_refused(void **state)
{
	static const char start[14] = { "PROXY UNKNOWN " };
	char line[PROXY_LINE_MAX + 1];
	struct proxy p;

	memset(line, 'x', sizeof(line));
	memcpy(line, start, sizeof(start));
	assert_int_equal(proxy_read(str_of(line, PROXY_LINE_MAX - 1), &p), PROXY_MORE);
	assert_int_equal(proxy_read(str_of(line, sizeof(line)), &p), PROXY_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read),
		cmocka_unit_test(any_split_reads_the_same),
		cmocka_unit_test(a_line_that_does_not_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
