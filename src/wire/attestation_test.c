/* attestation_test.c - a row a form: what is read, and what is refused. */
#include "wire/attestation.h"

#include "base/buf.h"

#include <stdarg.h>

#include <setjmp.h>

#include <cmocka.h>

#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define Y32 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
#define ES256 "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" X32 "\x22\x58\x20" Y32
#define ED25519 "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20" X32
#define ID "credential of 24 bytes.."

enum { UP_AT = 0x41, UP_AT_ED = 0xc1 };

static void put_data(struct buf *out, unsigned flags, struct str id, struct str key, struct str more)
{
	buf_add(out, STR("the hash of the site in 32 bytes"));
	buf_addc(out, (char)flags);
	buf_add(out, str_of("\0\0\0\x05", 4));
	buf_add(out, STR("0123456789abcdef"));
	buf_addc(out, (char)(id.n >> 8));
	buf_addc(out, (char)id.n);
	buf_add(out, id);
	buf_add(out, key);
	buf_add(out, more);
}

/* start: up to where the data's length stands; NULL: the usual one. */
static void put(struct buf *out, const char *start, struct str data, const char *end)
{
	buf_addz(out, start ? start
	                    : "\xa3\x63"
	                      "fmt\x64none\x67"
	                      "attStmt\xa0\x68"
	                      "authData");
	buf_addc(out, 0x59);
	buf_addc(out, (char)(data.n >> 8));
	buf_addc(out, (char)data.n);
	if (data.n < 256) { /* in the fewest bytes */
		out->n -= 3;
		buf_addc(out, 0x58);
		buf_addc(out, (char)data.n);
	}
	buf_add(out, data);
	buf_addz(out, end ? end : "");
}

static const struct {
	struct str key, more;
	unsigned flags;
	int want;
	int64_t alg;
} key_rows[] = {
	{ STR_INIT(ES256), STR_INIT(""), UP_AT, OK, -7 },
	{ STR_INIT(ED25519), STR_INIT(""), UP_AT, OK, -8 },
	{ STR_INIT("\xa4\x01\x03\x03\x39\x01\x00\x20\x58\x20" X32 "\x21\x43\x01\x00\x01"), STR_INIT(""),
	  UP_AT, OK, -257 },
	{ STR_INIT(ES256),
	  STR_INIT("\xa1\x6b"
	           "credProtect\x02"),
	  UP_AT_ED, OK, -7 },
	{ STR_INIT(ES256),
	  STR_INIT("\xa1\x6b"
	           "hmac-secret\xf5"),
	  UP_AT_ED, OK, -7 },
	/* more than is said, less than is said */
	{ STR_INIT(ES256),
	  STR_INIT("\xa1\x6b"
	           "credProtect\x02"),
	  UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT(ES256), STR_INIT(""), UP_AT_ED, FAIL_SYNTAX, 0 },
	{ STR_INIT(ES256), STR_INIT("\x01"), UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT(""), STR_INIT(""), UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT(ES256), STR_INIT(""), 1, FAIL_SYNTAX, 0 },
	/* kinds that were not offered: ES384, ES256 on another curve, X25519, an RSA key of PS256 */
	{ STR_INIT("\xa5\x01\x02\x03\x38\x22\x20\x02\x21\x58\x20" X32 "\x22\x58\x20" Y32), STR_INIT(""),
	  UP_AT, FAIL_DENIED, 0 },
	{ STR_INIT("\xa5\x01\x02\x03\x26\x20\x02\x21\x58\x20" X32 "\x22\x58\x20" Y32), STR_INIT(""), UP_AT,
	  FAIL_DENIED, 0 },
	{ STR_INIT("\xa4\x01\x01\x03\x27\x20\x04\x21\x58\x20" X32), STR_INIT(""), UP_AT, FAIL_DENIED, 0 },
	{ STR_INIT("\xa4\x01\x03\x03\x38\x24\x20\x58\x20" X32 "\x21\x43\x01\x00\x01"), STR_INIT(""), UP_AT,
	  FAIL_DENIED, 0 },
	/* a point with its y as a sign, a key without a part, of two kinds at once */
	{ STR_INIT("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" X32 "\x22\xf5"), STR_INIT(""), UP_AT,
	  FAIL_SYNTAX, 0 },
	{ STR_INIT("\xa4\x01\x02\x03\x26\x20\x01\x21\x58\x20" X32), STR_INIT(""), UP_AT, FAIL_DENIED, 0 },
	{ STR_INIT("\xa5\x01\x01\x03\x27\x20\x06\x21\x58\x20" X32 "\x22\x58\x20" Y32), STR_INIT(""), UP_AT,
	  FAIL_DENIED, 0 },
	/* twice the same, a label that is not to be there, a private key, text for a number */
	{ STR_INIT("\xa5\x01\x02\x01\x02\x03\x26\x20\x01\x21\x41x"), STR_INIT(""), UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT("\xa5\x01\x01\x02\x41k\x03\x27\x20\x06\x21\x58\x20" X32), STR_INIT(""), UP_AT, FAIL_SYNTAX,
	  0 },
	{ STR_INIT("\xa5\x01\x01\x03\x27\x20\x06\x21\x58\x20" X32 "\x23\x41k"), STR_INIT(""), UP_AT,
	  FAIL_SYNTAX, 0 },
	{ STR_INIT("\xa4\x61"
	           "1\x01\x03\x27\x20\x06\x21\x58\x20" X32),
	  STR_INIT(""), UP_AT, FAIL_SYNTAX, 0 },
	/* a map that is told to be larger than it is, of no told length, a number in too many bytes */
	{ STR_INIT("\xa5\x01\x01\x03\x27\x20\x06\x21\x58\x20" X32), STR_INIT(""), UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT("\xb8\xff\x01\x01"), STR_INIT(""), UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT("\xbf\x01\x01\x03\x27\x20\x06\x21\x58\x20" X32 "\xff"), STR_INIT(""), UP_AT, FAIL_SYNTAX,
	  0 },
	{ STR_INIT("\xa4\x01\x01\x03\x27\x20\x18\x06\x21\x58\x20" X32), STR_INIT(""), UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT("\xa4\x01\x01\x03\x27\x20\x06\x21\x59\xff\xff" X32), STR_INIT(""), UP_AT, FAIL_SYNTAX, 0 },
	{ STR_INIT("\xa4\x01\x01\x03\x3b\xff\xff\xff\xff\xff\xff\xff\xff\x20\x06\x21\x41x"), STR_INIT(""),
	  UP_AT, FAIL_SYNTAX, 0 },
	/* extensions: a tag, depth, a list of more things than there are bytes */
	{ STR_INIT(ES256), STR_INIT("\xc1\x01"), UP_AT_ED, FAIL_SYNTAX, 0 },
	{ STR_INIT(ES256), STR_INIT("\x81\x81\x81\x81\x81\x81\x81\x81\x01"), UP_AT_ED, FAIL_LIMIT, 0 },
	{ STR_INIT(ES256), STR_INIT("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), UP_AT_ED, FAIL_SYNTAX, 0 },
	{ STR_INIT(ES256), STR_INIT("\xbb\x80\x00\x00\x00\x00\x00\x00\x00"), UP_AT_ED, FAIL_SYNTAX, 0 },
};

static void keys(void **state)
{
	for (size_t i = 0; i < sizeof(key_rows) / sizeof(key_rows[0]); i++) {
		OWN(buf) data = BUF(4096);
		OWN(buf) object = BUF(4096);
		struct attestation at = { .alg = 77 };
		struct fail f = { 0 };

		put_data(&data, key_rows[i].flags, STR(ID), key_rows[i].key, key_rows[i].more);
		put(&object, NULL, buf_str(&data), NULL);
		if (attestation_read(buf_str(&object), &at, &f) != key_rows[i].want)
			fail_msg("row %zu: %s", i, f.why);
		assert_int_equal(at.alg, key_rows[i].want == OK ? key_rows[i].alg : 77);
		if (key_rows[i].want < 0)
			continue;
		assert_true(str_eq(at.credential, STR(ID)) && str_eq(at.a, STR(X32)));
		assert_true(str_eq(at.b, at.alg == -7   ? STR(Y32)
		                         : at.alg == -8 ? STR("")
		                                        : STR("\x01\x00\x01")));
		assert_true(at.data.n == ATTESTATION_DATA && (uint8_t)at.data.p[32] == key_rows[i].flags);
	}
}

static const struct {
	const char *start, *end;
	int want;
} form_rows[] = {
	{ NULL, NULL, OK },
	/* a self attestation, which browsers leave as it is */
	{ "\xa3\x63"
	  "fmt\x66packed\x67"
	  "attStmt\xa2\x63"
	  "alg\x26\x63sig\x44"
	  "abcd\x68"
	  "authData",
	  NULL, OK },
	{ "\xa3\x63"
	  "fmt\x66packed\x67"
	  "attStmt\xa1\x63x5c\x82\x41"
	  "a\x41"
	  "b\x68"
	  "authData",
	  NULL, OK },
	{ NULL, "\x01", FAIL_SYNTAX },
	{ "", NULL, FAIL_SYNTAX },
	{ "\xa2\x63"
	  "fmt\x64none\x68"
	  "authData",
	  NULL, FAIL_SYNTAX },
	{ "\xa3\x67"
	  "attStmt\xa0\x63"
	  "fmt\x64none\x68"
	  "authData",
	  NULL, OK },
	{ "\xa3\x63"
	  "fmt\x64none\x63"
	  "fmt\xa0\x68"
	  "authData",
	  NULL, FAIL_SYNTAX },
	{ "\xa3\x63"
	  "fmt\x64none\x67"
	  "attStmt\xa0\x68"
	  "authDatb",
	  NULL, FAIL_SYNTAX },
	{ "\xa3\x63"
	  "fmt\x44none\x67"
	  "attStmt\xa0\x68"
	  "authData",
	  NULL, FAIL_SYNTAX },
	{ "\xa3\x63"
	  "fmt\x64none\x67"
	  "attStmt\xbf\xff\x68"
	  "authData",
	  NULL, FAIL_SYNTAX },
	{ "\xbf\x63"
	  "fmt\x64none\x67"
	  "attStmt\xa0\x68"
	  "authData",
	  "\xff", FAIL_SYNTAX },
	{ "\xa3\x78\x03"
	  "fmt\x64none\x67"
	  "attStmt\xa0\x68"
	  "authData",
	  NULL, FAIL_SYNTAX },
	{ "\xa3\x63"
	  "fmt\x64none\x67"
	  "attStmt\x81\x81\x81\x81\x81\x81\x81\x81\x01\x68"
	  "authData",
	  NULL, FAIL_LIMIT },
};

static void the_outer_form(void **state)
{
	OWN(buf) data = BUF(4096);

	put_data(&data, UP_AT, STR(ID), STR(ES256), STR(""));
	for (size_t i = 0; i < sizeof(form_rows) / sizeof(form_rows[0]); i++) {
		OWN(buf) object = BUF(4096);
		struct attestation at;
		struct fail f = { 0 };

		put(&object, form_rows[i].start, buf_str(&data), form_rows[i].end);
		if (attestation_read(buf_str(&object), &at, &f) != form_rows[i].want)
			fail_msg("row %zu: %s", i, f.why);
	}
}

/* Names that could be guessed, or that are longer than the specification has them. */
static void names(void **state)
{
	static const struct {
		size_t n;
		int want;
	} rows[] = {
		{ 0, FAIL_SYNTAX }, { 15, FAIL_SYNTAX }, { 16, OK }, { 1023, OK }, { 1024, FAIL_SYNTAX }
	};
	char id[1024] = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(buf) data = BUF(4096);
		OWN(buf) object = BUF(4096);
		struct attestation at;

		put_data(&data, UP_AT, str_of(id, rows[i].n), STR(ED25519), STR(""));
		put(&object, NULL, buf_str(&data), NULL);
		assert_int_equal(attestation_read(buf_str(&object), &at, NULL), rows[i].want);
	}
}

/* Cut off anywhere it is refused, and never read behind its end. */
static void cut_off(void **state)
{
	OWN(buf) data = BUF(4096);
	OWN(buf) object = BUF(4096);
	struct attestation at;

	put_data(&data, UP_AT_ED, STR(ID), STR(ES256),
	         STR("\xa1\x6b"
	             "credProtect\x02"));
	put(&object, NULL, buf_str(&data), NULL);
	for (size_t n = 0; n < object.n; n++)
		assert_true(attestation_read(str_first(buf_str(&object), n), &at, NULL) < 0);
	assert_int_equal(attestation_read(buf_str(&object), &at, NULL), OK);
}

static void too_long(void **state)
{
	OWN(buf) b = BUF(ATTESTATION_MOST + 1);
	struct attestation at;

	while (b.n <= ATTESTATION_MOST)
		buf_addc(&b, 0);
	assert_int_equal(attestation_read(buf_str(&b), &at, NULL), FAIL_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keys), cmocka_unit_test(the_outer_form),
		                            cmocka_unit_test(names), cmocka_unit_test(cut_off),
		                            cmocka_unit_test(too_long) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
