#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void utf8_is_strict(void **state)
{
	static const struct {
		struct str in;
		bool ok;
	} cases[] = {
		{ STR_INIT(""), true },
		{ STR_INIT("plain"), true },
		{ STR_INIT("\xc3\xa9"), true },
		{ STR_INIT("\xf0\x9f\x98\x80"), true },
		{ STR_INIT("\xc0\xaf"), false },
		{ STR_INIT("\xe0\x80\xaf"), false },
		{ STR_INIT("\xed\xa0\x80"), false },
		{ STR_INIT("\xf4\x90\x80\x80"), false },
		{ STR_INIT("\xc3"), false },
		{ STR_INIT("\xff"), false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(str_is_utf8(cases[i].in), cases[i].ok);
}

static void numbers_do_not_overflow(void **state)
{
	uint64_t v = 7;

	assert_true(str_u64(STR("18446744073709551615"), &v));
	assert_true(v == UINT64_MAX);
	assert_false(str_u64(STR("18446744073709551616"), &v));
	assert_false(str_u64(STR("-1"), &v));
	assert_false(str_u64(STR(""), &v));
}

static void find_tells_where(void **state)
{
	assert_int_equal(str_find(STR("abcbc"), STR("bc")), 1);
	assert_int_equal(str_find(STR("abc"), STR("d")), 3);
	assert_int_equal(str_find(STR("abc"), STR_NONE), 0);
	assert_int_equal(str_find(STR_NONE, STR("d")), 0);
}

static void cut_walks_a_list(void **state)
{
	struct str s = STR("a,bc,,d");

	assert_true(str_eq(str_cut(&s, ','), STR("a")));
	assert_true(str_eq(str_cut(&s, ','), STR("bc")));
	assert_true(str_eq(str_cut(&s, ','), STR("")));
	assert_true(str_eq(str_cut(&s, ','), STR("d")));
	assert_null(s.p);
}

static void overflow_is_sticky(void **state)
{
	OWN(buf) b = BUF(4);

	buf_add(&b, STR("abc"));
	buf_add(&b, STR("de"));
	assert_true(b.over);
	buf_add(&b, STR("f"));
	assert_true(str_eq(buf_str(&b), STR("abc")));
	buf_clear(&b);
	buf_add(&b, STR("wxyz"));
	assert_false(b.over);
}

static void sinks_report_the_limit(void **state)
{
	OWN(buf) b = BUF(3);
	struct fail f;

	assert_int_equal(sink_put(sink_buf(&b), STR("abc"), &f), OK);
	assert_int_equal(sink_put(sink_buf(&b), STR("d"), &f), FAIL_LIMIT);
}

/* More than there are heads, taken away in another order than they came. */
static void things_are_found_by_number(void **state)
{
	enum { N = 3 * IDS_HEADS };
	static struct ids all;
	static struct ids_place places[N];
	struct ids_place again = { 0 }, never = { 0 };
	int thing;

	for (size_t i = 0; i < N; i++)
		ids_add(&all, &places[i], i, &places[i]);
	for (size_t i = 0; i < N; i++)
		assert_ptr_equal(ids_find(&all, i), &places[i]);
	assert_null(ids_find(&all, N));
	for (size_t i = 0; i < N; i += 2)
		ids_remove(&places[(i * 7 + 4) % N]);
	for (size_t i = 0; i < N; i++)
		assert_ptr_equal(ids_find(&all, i), i % 2 ? &places[i] : NULL);
	ids_add(&all, &again, 5, &thing);
	assert_ptr_equal(ids_find(&all, 5), &thing);
	ids_remove(&again);
	ids_remove(&again);
	ids_remove(&never);
	assert_ptr_equal(ids_find(&all, 5), &places[5]);
	for (size_t i = 1; i < N; i += 2)
		ids_remove(&places[i]);
	for (size_t i = 0; i < IDS_HEADS; i++)
		assert_null(all.heads[i]);
}

static void arena_gives_aligned_zeroes(void **state)
{
	OWN(arena) a = ARENA;

	for (size_t n = 1; n < 20000; n = n * 3 + 1) {
		char *p = arena_alloc(&a, n);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
}

static void secrets_move_and_compare(void **state)
{
	OWN(secret) a = SECRET_NONE;
	OWN(secret) b = SECRET_NONE;

	assert_int_equal(secret_copy(&a, "key", 3, NULL), OK);
	b = secret_take(&a);
	assert_null(a.p);
	assert_int_equal(secret_copy(&a, "key", 3, NULL), OK);
	assert_true(secret_eq(&a, &b));
	a.p[0] ^= 1;
	assert_false(secret_eq(&a, &b));
}

static void every_code_has_a_face(void **state)
{
	for (int code = FAIL_LAST; code <= OK; code++) {
		assert_int_equal(fail_face(code)->code, code);
		assert_non_null(fail_name(code));
	}
	assert_int_equal(fail_face(-999)->code, FAIL_BUG);
}

/* Promise 10: what a log line says of an address is a hash that nobody can compute without the key. */
static void promise_10_mask_is_keyed(void **state)
{
	static const uint8_t one[16] = { 1 }, two[16] = { 2 };
	char first[17];

	assert_string_equal(log_mask(STR("a@b.example")), "-");
	log_mask_key(one);
	memcpy(first, log_mask(STR("A@B.example")), 17);
	assert_string_equal(first, log_mask(STR("a@b.example")));
	assert_string_not_equal(first, log_mask(STR("a@c.example")));
	log_mask_key(two);
	assert_string_not_equal(first, log_mask(STR("a@b.example")));
}

static void quotes_make_one_line(void **state)
{
	assert_string_equal(log_quote(STR("a \"b\"\n\x7f")), "\"a \\\"b\\\"\\x0a\\x7f\"");
}

static void a_cut_leaves_characters_whole(void **state)
{
	static const struct str text = STR_INIT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");

	for (size_t n = 0; n <= text.n + 1; n++) {
		struct str cut = str_first_utf8(text, n);

		assert_true(cut.n <= n && cut.n + 4 > (n < text.n ? n : text.n));
		assert_true(str_is_utf8(cut) && str_starts(text, cut));
	}
	assert_int_equal(str_first_utf8(STR("\x80\x80\x80\x80\x80\x80"), 5).n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_leaves_characters_whole),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(numbers_do_not_overflow),
		cmocka_unit_test(find_tells_where),
		cmocka_unit_test(cut_walks_a_list),
		cmocka_unit_test(overflow_is_sticky),
		cmocka_unit_test(sinks_report_the_limit),
		cmocka_unit_test(things_are_found_by_number),
		cmocka_unit_test(arena_gives_aligned_zeroes),
		cmocka_unit_test(secrets_move_and_compare),
		cmocka_unit_test(every_code_has_a_face),
		cmocka_unit_test(promise_10_mask_is_keyed),
		cmocka_unit_test(quotes_make_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
