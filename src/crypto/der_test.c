#include "crypto/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void lengths_are_shortest(void **state)
{
	static const struct {
		uint64_t n;
		struct str want;
	} cases[] = {
		{ 0, STR_INIT("\x30\x00") },
		{ 127, STR_INIT("\x30\x7f") },
		{ 128, STR_INIT("\x30\x81\x80") },
		{ 255, STR_INIT("\x30\x81\xff") },
		{ 256, STR_INIT("\x30\x82\x01\x00") },
		{ 65535, STR_INIT("\x30\x82\xff\xff") },
		{ 65536, STR_INIT("\x30\x83\x01\x00\x00") },
		{ 1ull << 32, STR_INIT("\x30\x85\x01\x00\x00\x00\x00") },
		{ UINT64_MAX, STR_INIT("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) b = BUF(64);

		der_put_head(&b, DER_SEQ, cases[i].n);
		assert_true(str_eq(buf_str(&b), cases[i].want));
		assert_int_equal(der_head_size(cases[i].n), cases[i].want.n);
	}
}

static void nesting_closes_at_every_length(void **state)
{
	static const size_t sizes[] = { 0, 1, 120, 126, 127, 128, 250, 255, 256, 257, 5000, 65535, 70000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		OWN(buf) b = BUF(1 << 20);
		size_t outer = der_open(&b, DER_SEQ), inner = der_open(&b, DER_OCTETS);
		struct str in, seq, octets;

		for (size_t n = 0; n < sizes[i]; n++)
			buf_addc(&b, (char)n);
		der_close(&b, inner);
		der_put_small(&b, 5);
		der_close(&b, outer);
		in = buf_str(&b);
		assert_int_equal(der_get(&in, DER_SEQ, &seq, NULL), OK);
		assert_int_equal(der_end(in, NULL), OK);
		assert_int_equal(der_get(&seq, DER_OCTETS, &octets, NULL), OK);
		assert_int_equal(octets.n, sizes[i]);
		for (size_t n = 0; n < sizes[i]; n++)
			assert_int_equal(octets.p[n], (char)n);
		assert_true(str_eq(seq, STR("\x02\x01\x05")));
	}
}

static void a_full_buffer_is_told(void **state)
{
	OWN(buf) b = BUF(200);
	size_t at = der_open(&b, DER_SEQ);

	for (int i = 0; i < 198; i++)
		buf_addc(&b, 'x');
	assert_false(b.over);
	der_close(&b, at); /* the length needs one byte more than there is */
	assert_true(b.over);
}

static void numbers_are_shortest(void **state)
{
	static const struct {
		struct str in, want;
	} cases[] = {
		{ STR_INIT(""), STR_INIT("\x02\x01\x00") },
		{ STR_INIT("\x00\x00"), STR_INIT("\x02\x01\x00") },
		{ STR_INIT("\x7f"), STR_INIT("\x02\x01\x7f") },
		{ STR_INIT("\x80"), STR_INIT("\x02\x02\x00\x80") },
		{ STR_INIT("\x00\x00\x80\x01"), STR_INIT("\x02\x03\x00\x80\x01") },
		{ STR_INIT("\x00\x01\x00\x01"), STR_INIT("\x02\x03\x01\x00\x01") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) b = BUF(64);
		struct str in, back;

		der_put_uint(&b, cases[i].in);
		assert_true(str_eq(buf_str(&b), cases[i].want));
		in = buf_str(&b);
		assert_int_equal(der_get_uint(&in, &back, NULL), OK);
		assert_true(str_ends(cases[i].in, back));
		assert_true(back.n == 0 || back.p[0] != 0);
	}
}

static void times_change_form_in_2050(void **state)
{
	static const struct {
		int64_t utc;
		struct str want; /* empty: refused */
	} cases[] = {
		{ 0, STR_INIT("\x17\x0d"
		              "700101000000Z") },
		{ -631152000, STR_INIT("\x17\x0d"
		                       "500101000000Z") },
		{ -631152001, STR_INIT("") },
		{ 1795392000, STR_INIT("\x17\x0d"
		                       "261123000000Z") },
		{ 2524607999, STR_INIT("\x17\x0d"
		                       "491231235959Z") },
		{ 2524608000, STR_INIT("\x18\x0f"
		                       "20500101000000Z") },
		{ 253402300799, STR_INIT("\x18\x0f"
		                         "99991231235959Z") },
		{ 253402300800, STR_INIT("") },
		{ INT64_MAX, STR_INIT("") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) b = BUF(64);
		struct str in;
		int64_t back;

		der_put_time(&b, cases[i].utc);
		assert_true(b.over == (cases[i].want.n == 0));
		if (b.over)
			continue;
		assert_true(str_eq(buf_str(&b), cases[i].want));
		in = buf_str(&b);
		assert_int_equal(der_get_time(&in, &back, NULL), OK);
		assert_true(back == cases[i].utc);
	}
}

/* Against the C library, a day in every month of eight thousand years, and around each end of February. */
static void the_calendar_is_the_librarys(void **state)
{
	static const int64_t day = 86400, last = 253402300800;

	for (int64_t utc = -631152000; utc < last; utc += 13 * day + 3607) {
		time_t t = utc;
		struct tm tm;
		char want[32];
		OWN(buf) b = BUF(64);
		struct str in, body;
		int64_t back;

		strftime(want, sizeof(want), "%Y%m%d%H%M%SZ", gmtime_r(&t, &tm));
		der_put_time(&b, utc);
		in = buf_str(&b);
		assert_int_equal(der_get_time(&in, &back, NULL), OK);
		assert_true(back == utc);
		body = str_from(buf_str(&b), 2);
		assert_true(str_eq(body, str_from(str_c(want), 15 - body.n)));
	}
}

static void bad_times_are_refused(void **state)
{
	static const struct str cases[] = {
		STR_INIT("\x17\x0b"
		         "7001010000Z"),
		STR_INIT("\x17\x0d"
		         "700231000000Z"),
		STR_INIT("\x17\x0d"
		         "701301000000Z"),
		STR_INIT("\x17\x0d"
		         "700100000000Z"),
		STR_INIT("\x17\x0d"
		         "700101240000Z"),
		STR_INIT("\x17\x0d"
		         "700101000060Z"),
		STR_INIT("\x17\x0d"
		         "70010100000 Z"),
		STR_INIT("\x17\x0d"
		         "7001010000000"),
		STR_INIT("\x17\x11"
		         "700101000000+0100"),
		STR_INIT("\x18\x11"
		         "20500101000000.5Z"),
		STR_INIT("\x17\x00"),
		STR_INIT("\x18\x03"
		         "205"),
		STR_INIT("\x04\x00"),
		STR_INIT("\x17\x0d"
		         "-10101000000Z"),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str in = cases[i];
		int64_t t;

		assert_int_equal(der_get_time(&in, &t, NULL), FAIL_SYNTAX);
	}
}

/* X.690 11.6: ascending, and what is there twice is written once. */
static void sets_are_sorted(void **state)
{
	struct str items[] = { STR("\x04\x02zz"),
		               STR("\x04\x01"
		                   "b"),
		               STR("\x02\x01\x05"),
		               STR("\x04\x01"
		                   "a"),
		               STR("\x04\x01"
		                   "b") };
	OWN(buf) b = BUF(64);

	der_put_set(&b, DER_CONTEXT_SEQ, items, 5);
	assert_true(str_eq(buf_str(&b), STR("\xa0\x0d\x02\x01\x05\x04\x01"
	                                    "a"
	                                    "\x04\x01"
	                                    "b"
	                                    "\x04\x02zz")));
}

static void malformed_elements_are_refused(void **state)
{
	static const struct str cases[] = {
		STR_INIT(""),
		STR_INIT("\x30"),
		STR_INIT("\x30\x01"),                     /* body missing */
		STR_INIT("\x30\x80\x00\x00"),             /* indefinite */
		STR_INIT("\x30\x81\x01x"),                /* long form of a short length */
		STR_INIT("\x30\x82\x00\x80"),             /* leading zero */
		STR_INIT("\x30\x81"),                     /* length missing */
		STR_INIT("\x30\x84\xff\xff\xff\xffx"),    /* 4 GiB */
		STR_INIT("\x30\x85\x01\x00\x00\x00\x00"), /* five bytes of length */
		STR_INIT("\x30\xff\x01\x01\x01"),         /* reserved */
		STR_INIT("\x1f\x01\x00"),                 /* high tag number */
		STR_INIT("\xbf\x81\x01\x00"),
		STR_INIT("\x00\x00"), /* end of contents */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str in = cases[i];
		struct der d;

		assert_int_equal(der_next(&in, &d, NULL), FAIL_SYNTAX);
		assert_true(in.p == cases[i].p && in.n == cases[i].n);
	}
}

static int get_uint(struct str *in)
{
	struct str s;

	return der_get_uint(in, &s, NULL);
}

static int get_bits(struct str *in)
{
	struct str s;

	return der_get_bits(in, &s, NULL);
}

static int get_bool(struct str *in)
{
	bool v;

	return der_get_bool(in, &v, NULL);
}

static int get_octets(struct str *in)
{
	struct str s;

	return der_get(in, DER_OCTETS, &s, NULL);
}

static void malformed_values_are_refused(void **state)
{
	static const struct {
		int (*get)(struct str *in);
		struct str in;
		int want;
	} cases[] = {
		{ get_uint, STR_INIT("\x02\x01\x05"), OK },
		{ get_uint, STR_INIT("\x02\x00"), FAIL_SYNTAX },
		{ get_uint, STR_INIT("\x02\x01\x80"), FAIL_SYNTAX },     /* negative */
		{ get_uint, STR_INIT("\x02\x02\x00\x7f"), FAIL_SYNTAX }, /* needless zero */
		{ get_uint, STR_INIT("\x03\x01\x05"), FAIL_SYNTAX },
		{ get_bits, STR_INIT("\x03\x02\x00x"), OK },
		{ get_bits, STR_INIT("\x03\x01\x00"), OK },
		{ get_bits, STR_INIT("\x03\x00"), FAIL_SYNTAX },
		{ get_bits, STR_INIT("\x03\x02\x03x"), FAIL_SYNTAX }, /* odd bits */
		{ get_bool, STR_INIT("\x01\x01\xff"), OK },
		{ get_bool, STR_INIT("\x01\x01\x01"), FAIL_SYNTAX }, /* BER's true */
		{ get_bool, STR_INIT("\x01\x00"), FAIL_SYNTAX },
		{ get_octets, STR_INIT("\x04\x00"), OK },
		{ get_octets, STR_INIT("\x24\x00"), FAIL_SYNTAX }, /* constructed string */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str in = cases[i].in;

		assert_int_equal(cases[i].get(&in), cases[i].want);
	}
	assert_int_equal(der_end(STR("x"), NULL), FAIL_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_shortest),
		cmocka_unit_test(nesting_closes_at_every_length),
		cmocka_unit_test(a_full_buffer_is_told),
		cmocka_unit_test(numbers_are_shortest),
		cmocka_unit_test(times_change_form_in_2050),
		cmocka_unit_test(the_calendar_is_the_librarys),
		cmocka_unit_test(bad_times_are_refused),
		cmocka_unit_test(sets_are_sorted),
		cmocka_unit_test(malformed_elements_are_refused),
		cmocka_unit_test(malformed_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
