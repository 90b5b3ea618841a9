#include "crypto/ticket.h"

#include "crypto/aead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct str key = STR_INIT("0123456789abcdef0123456789abcdef");

static void what_was_sealed_comes_back(void **state)
{
	static const struct str plain[] = { STR_INIT("x"), STR_INIT("thirteen byte"),
		                            STR_INIT("0123456789abcdef0123456789abcdef") };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		OWN(buf) sealed = BUF(64);
		OWN(buf) back = BUF(64);

		ticket_seal(key, "test", plain[i], &sealed);
		assert_int_equal(sealed.n, plain[i].n + TICKET_MAC);
		assert_true(str_find(buf_str(&sealed), plain[i]) == sealed.n);
		assert_int_equal(ticket_open(key, "test", buf_str(&sealed), &back, NULL), OK);
		assert_true(str_eq(buf_str(&back), plain[i]));
	}
}

static void every_changed_bit_is_a_forgery(void **state)
{
	OWN(buf) sealed = BUF(64);

	ticket_seal(key, "test", STR("thirteen byte"), &sealed);
	for (size_t bit = 0; bit < sealed.n * 8; bit++) {
		OWN(buf) back = BUF(64);

		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ (1 << bit % 8));
		assert_int_equal(ticket_open(key, "test", buf_str(&sealed), &back, NULL), FAIL_FORGED);
		assert_int_equal(back.n, 0);
		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ (1 << bit % 8));
	}
	for (size_t n = 0; n < sealed.n; n++) {
		OWN(buf) back = BUF(64);

		assert_int_equal(ticket_open(key, "test", str_first(buf_str(&sealed), n), &back, NULL),
		                 FAIL_FORGED);
	}
}

static void another_key_or_use_opens_nothing(void **state)
{
	OWN(buf) sealed = BUF(64);
	OWN(buf) back = BUF(64);

	ticket_seal(key, "test", STR("thirteen byte"), &sealed);
	assert_int_equal(ticket_open(key, "other", buf_str(&sealed), &back, NULL), FAIL_FORGED);
	assert_int_equal(
	        ticket_open(STR("another key, another key, anothe"), "test", buf_str(&sealed), &back, NULL),
	        FAIL_FORGED);
}

static int begin(void **state)
{
	return crypto_init(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_comes_back),
		cmocka_unit_test(every_changed_bit_is_a_forgery),
		cmocka_unit_test(another_key_or_use_opens_nothing),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
