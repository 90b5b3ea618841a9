#include "crypto/wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct secret master, other;

static void every_kind_comes_back(void **state)
{
	static const struct wrap_label labels[] = {
		{ WRAP_SPARE, 0, 0 },  { WRAP_LEAF, 7, 9 }, { WRAP_CA, UINT64_MAX, 1ull << 63 },
		{ WRAP_COLUMN, 0, 0 }, { WRAP_HASH, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		OWN(buf) out = BUF(4096);
		OWN(secret) key = SECRET_NONE;
		struct wrap_label l;

		assert_int_equal(wrap_seal(&master, &labels[i], STR("a private key"), &out, NULL), OK);
		assert_int_equal(wrap_open(&master, buf_str(&out), &l, &key, NULL), OK);
		assert_int_equal(l.kind, labels[i].kind);
		assert_true(l.user == labels[i].user && l.profile == labels[i].profile);
		assert_true(str_eq(str_of(key.p, key.n), STR("a private key")));
	}
}

static void labels_that_cannot_be_are_refused(void **state)
{
	static const struct wrap_label labels[] = {
		{ 0, 0, 0 },          { WRAP_HASH + 1, 0, 0 }, { WRAP_LEAF, 0, 1 }, { WRAP_CA, 0, 0 },
		{ WRAP_SPARE, 1, 0 }, { WRAP_COLUMN, 0, 1 },   { WRAP_HASH, 2, 0 },
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		OWN(buf) out = BUF(4096);

		assert_int_equal(wrap_seal(&master, &labels[i], STR("k"), &out, NULL), FAIL_BUG);
		assert_int_equal(out.n, 0);
	}
}

/* A CA key that is relabelled as a leaf would be lent to the process that parses mail. */
static void promise_3_a_key_cannot_be_relabelled(void **state)
{
	const struct wrap_label label = { WRAP_CA, 7, 9 };
	OWN(buf) out = BUF(4096);
	OWN(secret) key = SECRET_NONE;
	struct wrap_label l = { 0 };

	assert_int_equal(wrap_seal(&master, &label, STR("a private key"), &out, NULL), OK);
	for (size_t i = 0; i < out.n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			int want = i >= 1 && i < 9 ? FAIL_ABSENT : FAIL_FORGED;

			out.p[i] = (char)(out.p[i] ^ 1 << bit);
			assert_int_equal(wrap_open(&master, buf_str(&out), &l, &key, NULL), want);
			out.p[i] = (char)(out.p[i] ^ 1 << bit);
		}
	for (size_t n = 0; n < out.n; n++)
		assert_true(wrap_open(&master, str_first(buf_str(&out), n), &l, &key, NULL) < 0);
	assert_null(key.p);
	assert_int_equal(l.kind, 0);
}

static void another_master_key_is_told_apart(void **state)
{
	const struct wrap_label label = { WRAP_SPARE, 0, 0 };
	OWN(buf) out = BUF(4096), sealed_short = BUF(20);
	OWN(secret) key = SECRET_NONE, stub = SECRET_NONE;
	struct wrap_label l;
	uint8_t a[8], b[8];

	wrap_key_id(&master, a);
	wrap_key_id(&other, b);
	assert_memory_not_equal(a, b, 8);
	assert_int_equal(wrap_seal(&master, &label, STR("k"), &out, NULL), OK);
	assert_memory_equal(out.p + 1, a, 8);
	assert_int_equal(wrap_open(&other, buf_str(&out), &l, &key, NULL), FAIL_ABSENT);
	assert_int_equal(wrap_seal(&master, &label, STR("k"), &sealed_short, NULL), FAIL_LIMIT);
	assert_int_equal(secret_copy(&stub, "short", 5, NULL), OK);
	assert_int_equal(wrap_seal(&stub, &label, STR("k"), &out, NULL), FAIL_BUG);
	assert_int_equal(wrap_open(&stub, buf_str(&out), &l, &key, NULL), FAIL_BUG);
}

static int setup(void **state)
{
	uint8_t k[32];

	if (crypto_init(NULL) < 0 || random_bytes(k, 32, NULL) < 0 || secret_copy(&master, k, 32, NULL) < 0)
		return -1;
	return random_bytes(k, 32, NULL) < 0 || secret_copy(&other, k, 32, NULL) < 0;
}

static int teardown(void **state)
{
	secret_done(&master);
	secret_done(&other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(labels_that_cannot_be_are_refused),
		cmocka_unit_test(promise_3_a_key_cannot_be_relabelled),
		cmocka_unit_test(another_master_key_is_told_apart),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
