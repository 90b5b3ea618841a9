/* What of an answer is asked about: each address of ours wherever it stands, the names that the user goes by, the kind of it. */
#include "transform/scrub.h"

#include "crypto/aead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { OUT_MAX = 16 << 20, LONG = 1 << 20 };

static const struct str domains[] = { STR_INIT("relay.example") };

static int scan(struct str in, struct arena *a, struct scrub_facts *ret, struct fail *f)
{
	const struct open_ring ring = { .n = 0 };
	struct opened o;

	TRY(open_message(in, &ring, a, &o, f));
	return scrub_scan(&o, domains, 1, a, ret, f);
}

static bool has(const struct scrub_facts *x, const char *address)
{
	for (size_t i = 0; i < x->n_found; i++)
		if (str_eq(x->found[i], str_c(address)))
			return true;
	return false;
}

#define FROM "From: Alice <alice@mailbox.example>\r\nTo: r0@relay.example\r\n"

static const char *const places[] = {
	FROM "Subject: =?utf-8?Q?r1=40relay.example?=\r\n\r\nx",
	FROM "\r\nsee R1@Relay.Example.",
	FROM "Content-Transfer-Encoding: base64\r\n\r\ncjFAcmVsYXkuZXhhbXBsZQ==",
	FROM "Content-Type: text/html\r\n\r\n<p>r<b>1</b>&#64;relay.<i>example</i></p>",
	FROM "Content-Type: text/html\r\n\r\n<a href=\"mailto:%72%31%40relay%2Eexample\">x</a>",
	FROM "Content-Type: text/html\r\n\r\n<a href='https://x.example/?u=r1%2540relay.example'>x</a>",
	FROM "Content-Type: text/html\r\n\r\n<style>p { content: 'r1@relay.example' }</style>",
	FROM "Content-Type: text/calendar\r\n\r\nATTENDEE:mailto:r1@re\r\n lay.example\r\n",
	FROM "Content-Type: application/pdf; name=\"r1@relay.example\"\r\n\r\nx",
	FROM "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
	     "message/rfc822\r\n\r\nCc: r1@relay.example\r\n\r\nx\r\n--b--\r\n",
	FROM "Content-Type: multipart/signed; "
	     "boundary=b\r\n\r\n--b\r\n\r\nr1@relay.example\r\n--b\r\nContent-Type: "
	     "application/pkcs7-signature\r\n\r\nx\r\n--b--\r\n",
};

static void every_address_is_asked_about(void **state)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		OWN(arena) a = ARENA;
		struct scrub_facts x = { 0 };

		assert_int_equal(scan(str_c(places[i]), &a, &x, NULL), OK);
		if (!has(&x, "r1@relay.example") || x.n_people != 1)
			fail_msg("%s", places[i]);
	}
}

static void who_and_what_it_is(void **state)
{
	static const char in[] =
	        "From: Alice <alice@mailbox.example>\r\nSender: \"Example, Alice\" <a@mailbox.example>\r\n"
	        "To: r0@relay.example, R0@relay.example, x:;\r\nCc: Bob <r2@relay.example>\r\n"
	        "Message-ID: <1@x>\r\nReferences: <2@x> <3@x>\r\nIn-Reply-To: <3@x>\r\nAuto-Submitted: "
	        "auto-replied\r\n"
	        "Date: Thu, 1 Jan 2026 05:30:00 +0530\r\nContent-Type: multipart/report; "
	        "report-type=delivery-status; boundary=b\r\n"
	        "\r\n--b\r\n\r\nx\r\n--b--\r\n";
	OWN(arena) a = ARENA;
	struct scrub_facts x = { 0 };

	assert_int_equal(scan(str_c(in), &a, &x, NULL), OK);
	assert_true(str_eq(x.from.address, STR("alice@mailbox.example")) &&
	            str_eq(x.from.name, STR("Alice")));
	assert_int_equal(x.n_people, 2);
	assert_int_equal(x.n_names, 2);
	assert_true(str_eq(x.names[1], STR("Example, Alice")));
	assert_true(str_eq(x.message_id, STR("1@x")) && x.n_refs == 3);
	assert_int_equal(x.date_utc, 1767225600);
	assert_true(x.automatic && x.receipt);
}

static void limits_are_kept(void **state)
{
	OWN(arena) a = ARENA;
	OWN(buf) many = BUF(OUT_MAX);
	OWN(buf) people = BUF(OUT_MAX);
	struct scrub_facts x = { 0 };
	struct fail f = { 0 };

	buf_addz(&many, FROM "\r\n");
	for (size_t i = 0; many.n < LONG; i++)
		buf_addf(&many, "r%zu@relay.example\r\n", i);
	assert_int_equal(scan(buf_str(&many), &a, &x, &f), FAIL_LIMIT);
	buf_addz(&people, FROM "Cc: x@y.example");
	for (size_t i = 0; i < SCRUB_PEOPLE_MAX; i++)
		buf_addf(&people, ",\r\n r%zu@relay.example", i);
	buf_addz(&people, "\r\n\r\nx");
	assert_int_equal(scan(buf_str(&people), &a, &x, &f), FAIL_LIMIT);
	assert_int_equal(scan(STR(FROM "Cc: <broken\r\n\r\nx"), &a, &x, &f), FAIL_SYNTAX);
	assert_int_equal(scan(STR(FROM "Content-Type: text/plain; charset=x-y\r\n\r\nx"), &a, &x, &f),
	                 FAIL_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_is_asked_about),
		cmocka_unit_test(who_and_what_it_is),
		cmocka_unit_test(limits_are_kept),
	};

	return crypto_init(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : EXIT_FAILURE;
}
