/* http_test.c - heads that have one meaning, and those that have two. */
#include "proto/http.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /v1/login HTTP/1.1\r\nHost: a\r\n"

static const struct {
	const char *in;
	enum http_verdict want;
	unsigned status;
	uint64_t body;
} cases[] = {
	{ GET "\r\n", HTTP_GOOD, 0, 0 },
	{ "GET / HTTP/1.0\r\n\r\n", HTTP_GOOD, 0, 0 },
	{ "GET /a?b=c%20d HTTP/1.1\r\nhost:a\r\nX-A:\tb c \r\n\r\n", HTTP_GOOD, 0, 0 },
	{ POST "Content-Length: 12\r\n\r\n{}", HTTP_GOOD, 0, 12 },
	{ POST "Content-Length: 262144\r\n\r\n", HTTP_GOOD, 0, 262144 },
	{ "", HTTP_MORE, 0, 0 },
	{ "GET / HT", HTTP_MORE, 0, 0 },
	{ GET, HTTP_MORE, 0, 0 },
	{ GET "\r", HTTP_MORE, 0, 0 },
	/* bare LF and bare CR, anywhere */
	{ "GET / HTTP/1.1\nHost: a\n\n", HTTP_REFUSED, 400, 0 },
	{ "GET / HTTP/1.1\nHost: a", HTTP_REFUSED, 400, 0 },
	{ GET "X: b\nY: c\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ GET "X: b\rY: c\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ GET "\n", HTTP_REFUSED, 400, 0 },
	{ "\r\n" GET "\r\n", HTTP_REFUSED, 400, 0 },
	/* two lengths, a list of lengths, other spellings of a number */
	{ POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length: 5, 5\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length: +5\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length: -1\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length: 0x10\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length:\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length: 99999999999999999999999\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Content-Length: 262145\r\n\r\n", HTTP_REFUSED, 413, 0 },
	/* a length and a coding; a coding alone; its disguises */
	{ POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "transfer-encoding: identity\r\nContent-Length: 5\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Transfer-Encoding: chunked\r\n\r\n", HTTP_REFUSED, 411, 0 },
	{ POST "Transfer-Encoding : chunked\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST " Transfer-Encoding: chunked\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ POST "Transfer\x01-Encoding: chunked\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ GET "X: a\x01\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ GET ": a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ GET "nocolon\r\n\r\n", HTTP_REFUSED, 400, 0 },
	/* Host: none, two, empty */
	{ "GET / HTTP/1.1\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ GET "Host: b\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", HTTP_REFUSED, 400, 0 },
	/* request lines */
	{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "CONNECT a:25 HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 501, 0 },
	{ "GET /\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", HTTP_REFUSED, 505, 0 },
	{ "GET / http/1.1\r\nHost: a\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP_REFUSED, 400, 0 },
	{ "\x16\x03\x01\x02\r\n", HTTP_REFUSED, 400, 0 },
	{ "HELO there\r\n", HTTP_REFUSED, 400, 0 },
};

static void heads(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head h;
		enum http_verdict got = http_head(str_c(cases[i].in), &h);

		if (got != cases[i].want || h.status != cases[i].status ||
		    (got == HTTP_GOOD && h.body != cases[i].body))
			fail_msg("case %zu: %d %u: %s", i, (int)got, h.status, cases[i].in);
	}
}

/* Cut anywhere, a good head is never refused and never whole too early. */
static void cut_anywhere(void **state)
{
	const struct str whole = str_c(POST "Content-Length: 12\r\nX: y\r\n\r\n");
	struct http_head h;

	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(http_head(str_first(whole, n), &h), HTTP_MORE);
	assert_int_equal(http_head(whole, &h), HTTP_GOOD);
	assert_int_equal(h.bytes, whole.n);
}

static char *repeated(const char *head, const char *part, size_t times)
{
	OWN(buf) b = BUF(1 << 24);

	buf_addz(&b, head);
	for (size_t i = 0; i < times; i++)
		buf_addz(&b, part);
	buf_addz(&b, "\r\n\r\n");
	return xstrdup(buf_str(&b));
}

static void sizes(void **state)
{
	static const struct {
		const char *head, *part;
		size_t times;
		enum http_verdict want;
		unsigned status;
	} rows[] = {
		{ GET "A: b", "\r\nA: b", 62, HTTP_GOOD, 0 },
		{ GET "A: b", "\r\nA: b", 63, HTTP_REFUSED, 431 },
		{ GET "A: ", "x", 16000, HTTP_GOOD, 0 },
		{ GET "A: ", "x", 17000, HTTP_REFUSED, 431 },
		{ "GET /", "x", 4000, HTTP_REFUSED, 400 }, /* no version: but not for its length */
		{ "GET /", "x", 20000, HTTP_REFUSED, 414 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *z = repeated(rows[i].head, rows[i].part, rows[i].times);
		struct http_head h;

		assert_int_equal(http_head(str_c(z), &h), rows[i].want);
		assert_int_equal(h.status, rows[i].status);
		free(z);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(heads), cmocka_unit_test(cut_anywhere),
		                            cmocka_unit_test(sizes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
