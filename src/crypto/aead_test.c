#include "crypto/aead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const size_t CHUNK = AEAD_CHUNK, UNIT = AEAD_CHUNK + AEAD_TAG;

static const uint8_t key_bytes[AEAD_KEY] = { 1, 2, 3 };
#define KEY str_of(key_bytes, AEAD_KEY)
static const uint8_t other_bytes[AEAD_KEY] = { 1, 2, 4 };
#define OTHER_KEY str_of(other_bytes, AEAD_KEY)

static int hex_eq(const uint8_t *p, size_t n, const char *hex)
{
	OWN(buf) b = BUF(1024);

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%02x", (unsigned)p[i]);
	return str_eq(buf_str(&b), str_c(hex));
}

/* FIPS 180-4's "abc"; RFC 4231 2, cases 2 and 6 (a key longer than a block). */
static void digests_are_the_standards(void **state)
{
	uint8_t d[32];
	char long_key[131];

	sha256(STR("abc"), d);
	assert_true(hex_eq(d, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	mac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), d);
	assert_true(hex_eq(d, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
	memset(long_key, 0xaa, sizeof(long_key));
	mac_sha256(str_of(long_key, sizeof(long_key)),
	           STR("Test Using Larger Than Block-Size Key - Hash Key First"), d);
	assert_true(hex_eq(d, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
	mac_sha256(STR_NONE, STR_NONE, d);
	assert_true(hex_eq(d, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

/* RFC 4231 2, cases 1 and 2: the context is kept under the key before, whatever comes between. */
static void a_sum_is_the_same_whatever_key_was_used_before(void **state)
{
	static const char *const sums[] = {
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	};
	char longer[64] = { 0 };
	uint8_t key[20], d[32];

	memset(key, 0x0b, sizeof(key));
	for (int i = 0; i < 40; i++) {
		int which = (i / 2 ^ i / 7) & 1;

		if (which)
			mac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), d);
		else
			mac_sha256(str_of(key, sizeof(key)), STR("Hi There"), d);
		assert_true(hex_eq(d, 32, sums[which]));
		if (i % 5 == 0)
			mac_sha256(i % 2 ? str_of(longer, sizeof(longer)) : STR_NONE, STR("x"), d);
	}
}

/* As many as are drawn at once, several times over: none comes twice. */
static void what_is_drawn_ahead_comes_once(void **state)
{
	static uint64_t drawn[1000];

	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(random_shown(&drawn[i], sizeof(drawn[i]), NULL), OK);
		for (size_t k = 0; k < i; k++)
			assert_true(drawn[k] != drawn[i]);
	}
}

static void equal_is_equal(void **state)
{
	assert_true(ct_eq("abc", "abc", 3));
	assert_false(ct_eq("abc", "abd", 3));
	assert_true(ct_eq("abc", "abd", 2));
}

static void what_is_sealed_opens(void **state)
{
	static const struct str texts[] = { STR_INIT(""), STR_INIT("x"), STR_INIT("an address@example.org") };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		OWN(buf) sealed = BUF(4096), again = BUF(4096), open = BUF(4096);
		OWN(secret) s = SECRET_NONE;

		assert_int_equal(aead_seal(KEY, STR("ad"), texts[i], &sealed, NULL), OK);
		assert_int_equal(aead_seal(KEY, STR("ad"), texts[i], &again, NULL), OK);
		assert_int_equal(sealed.n, texts[i].n + AEAD_OVERHEAD);
		assert_false(str_eq(buf_str(&sealed), buf_str(&again)));
		buf_addz(&open, "before ");
		assert_int_equal(aead_open(KEY, STR("ad"), buf_str(&sealed), &open, NULL), OK);
		assert_true(str_eq(str_from(buf_str(&open), 7), texts[i]));
		assert_int_equal(aead_open_secret(KEY, STR("ad"), buf_str(&sealed), &s, NULL), OK);
		assert_true(str_eq(str_of(s.p, s.n), texts[i]));
	}
}

/* The kept context is of one key and one text: another key, a forgery, nothing at all in between change nothing. */
static void keys_may_come_in_turn(void **state)
{
	static const struct str keys[] = { { (const char *)key_bytes, AEAD_KEY },
		                           { (const char *)other_bytes, AEAD_KEY } };

	for (size_t i = 0; i < 16; i++) {
		struct str key = keys[i / 2 % 2], other = keys[1 - i / 2 % 2];
		OWN(buf) sealed = BUF(4096), open = BUF(4096);

		assert_int_equal(aead_seal(key, STR("ad"), STR("text"), &sealed, NULL), OK);
		if (i % 4 == 3)
			aead_forget();
		assert_int_equal(aead_open(other, STR("ad"), buf_str(&sealed), &open, NULL), FAIL_FORGED);
		assert_int_equal(aead_open(key, STR("da"), buf_str(&sealed), &open, NULL), FAIL_FORGED);
		assert_int_equal(aead_open(key, STR("ad"), buf_str(&sealed), &open, NULL), OK);
		assert_true(str_eq(buf_str(&open), STR("text")));
	}
}

static void any_change_is_forged(void **state)
{
	OWN(buf) sealed = BUF(4096), open = BUF(4096);
	OWN(secret) s = SECRET_NONE;
	struct fail f;

	assert_int_equal(aead_seal(KEY, STR("ad"), STR("secret text"), &sealed, &f), OK);
	for (size_t i = 0; i < sealed.n; i++) {
		sealed.p[i] ^= 0x40;
		assert_int_equal(aead_open(KEY, STR("ad"), buf_str(&sealed), &open, &f), FAIL_FORGED);
		assert_int_equal(aead_open_secret(KEY, STR("ad"), buf_str(&sealed), &s, &f), FAIL_FORGED);
		sealed.p[i] ^= 0x40;
	}
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_equal(aead_open(KEY, STR("ad"), str_first(buf_str(&sealed), n), &open, &f),
		                 FAIL_FORGED);
	assert_int_equal(aead_open(KEY, STR("aD"), buf_str(&sealed), &open, &f), FAIL_FORGED);
	assert_int_equal(aead_open(KEY, STR_NONE, buf_str(&sealed), &open, &f), FAIL_FORGED);
	assert_int_equal(aead_open(OTHER_KEY, STR("ad"), buf_str(&sealed), &open, &f), FAIL_FORGED);
	assert_int_equal(open.n, 0);
	assert_null(s.p);
}

static void bounds_are_kept(void **state)
{
	OWN(buf) small = BUF(30), sealed = BUF(4096), tiny = BUF(2);
	struct fail f;

	assert_int_equal(aead_seal(KEY, STR_NONE, STR("too long"), &small, &f), FAIL_LIMIT);
	assert_int_equal(aead_seal(KEY, STR_NONE, STR("long"), &sealed, &f), OK);
	assert_int_equal(aead_open(KEY, STR_NONE, buf_str(&sealed), &tiny, &f), FAIL_LIMIT);
	assert_int_equal(aead_seal(STR("short"), STR_NONE, STR("x"), &sealed, &f), FAIL_BUG);
	assert_int_equal(aead_open(STR("short"), STR_NONE, buf_str(&sealed), &tiny, &f), FAIL_BUG);
}

/* Feeds `in` in uneven pieces through a stream. */
static int stream(bool opening, struct str in, size_t piece, struct buf *out)
{
	OWNS(aead_stream) s = NULL;
	struct fail f;

	if (opening)
		TRY(aead_stream_open_new(KEY, sink_buf(out), &s, &f));
	else
		TRY(aead_stream_seal_new(KEY, sink_buf(out), &s, &f));
	for (size_t at = 0, n = piece; at < in.n; at += n, n = n * 3 + 1) {
		n = n < in.n - at ? n : in.n - at;
		TRY(aead_stream_put(s, str_first(str_from(in, at), n), &f));
	}
	return aead_stream_end(s, &f);
}

/* The same by whole chunks. */
static int chunks(bool opening, struct str in, struct buf *out)
{
	size_t unit = opening ? UNIT : CHUNK;
	OWNS(aead_stream) s = NULL;
	struct fail f;
	bool last;

	if (opening)
		TRY(aead_stream_open_new(KEY, (struct sink){ 0 }, &s, &f));
	else
		TRY(aead_stream_seal_new(KEY, (struct sink){ 0 }, &s, &f));
	do {
		struct str one = str_first(in, unit), made;

		last = in.n <= unit;
		TRY(aead_stream_chunk(s, one, last, &made, &f));
		buf_add(out, made);
		in = str_from(in, one.n);
	} while (!last);
	assert_int_equal(aead_stream_chunk(s, STR("x"), true, &in, &f), FAIL_BUG);
	return OK;
}

static const size_t stream_sizes[] = {
	0, 1, AEAD_CHUNK - 1, AEAD_CHUNK, AEAD_CHUNK + 1, 2L * AEAD_CHUNK, 3L * AEAD_CHUNK + 12345,
};

static char body[4L * AEAD_CHUNK];

static void bodies_come_back(void **state)
{
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 31 + i / 256);
	for (size_t i = 0; i < sizeof(stream_sizes) / sizeof(stream_sizes[0]); i++)
		for (size_t piece = 1; piece <= 5 * CHUNK; piece *= 17) {
			OWN(buf) sealed = BUF(1 << 20), open = BUF(1 << 20);
			OWN(buf) by_chunks = BUF(1 << 20), opened = BUF(1 << 20);
			struct str in = str_of(body, stream_sizes[i]);

			assert_int_equal(stream(false, in, piece, &sealed), OK);
			assert_int_equal(sealed.n, aead_stream_size(in.n));
			assert_int_equal(stream(true, buf_str(&sealed), piece, &open), OK);
			assert_true(str_eq(buf_str(&open), in));
			assert_int_equal(chunks(false, in, &by_chunks), OK);
			assert_true(str_eq(buf_str(&by_chunks), buf_str(&sealed)));
			assert_int_equal(chunks(true, buf_str(&sealed), &opened), OK);
			assert_true(str_eq(buf_str(&opened), in));
		}
}

/* Whatever comes out of a stream that is forged later was in the original, at its place. */
static void expect_forged(struct str sealed, struct str plain)
{
	OWN(buf) open = BUF(1 << 20), opened = BUF(1 << 20);

	assert_int_equal(stream(true, sealed, 1000, &open), FAIL_FORGED);
	assert_true(str_starts(plain, buf_str(&open)));
	assert_int_equal(chunks(true, sealed, &opened), FAIL_FORGED);
	assert_true(str_starts(plain, buf_str(&opened)));
}

static void bodies_cannot_be_cut_or_shuffled(void **state)
{
	struct str plain = str_of(body, 3 * CHUNK), s;
	OWN(buf) sealed = BUF(1 << 20), turned = BUF(1 << 20), longer = BUF(1 << 20);

	assert_int_equal(stream(false, plain, 70000, &sealed), OK);
	s = buf_str(&sealed);
	expect_forged(str_first(s, 2 * UNIT), plain); /* at a chunk's end */
	expect_forged(str_first(s, 2 * UNIT + 99), plain);
	expect_forged(STR_NONE, plain);
	buf_add(&turned, str_first(str_from(s, UNIT), UNIT));
	buf_add(&turned, str_first(s, UNIT));
	buf_add(&turned, str_from(s, 2 * UNIT));
	expect_forged(buf_str(&turned), plain);
	buf_add(&longer, s);
	buf_add(&longer, str_first(s, UNIT));
	expect_forged(buf_str(&longer), plain);
	for (size_t i = 0; i < s.n; i += 7001) {
		sealed.p[i] ^= 1;
		expect_forged(s, plain);
		sealed.p[i] ^= 1;
	}
}

static int refuse(void *self, struct str b, struct fail *f)
{
	return FAIL_SYS;
}

static void a_broken_stream_stays_broken(void **state)
{
	OWNS(aead_stream) s = NULL;
	OWNS(aead_stream) done = NULL;
	OWN(buf) out = BUF(100);
	struct fail f;

	assert_int_equal(aead_stream_seal_new(KEY, (struct sink){ refuse, NULL }, &s, &f), OK);
	assert_int_equal(aead_stream_put(s, str_of(body, 2 * CHUNK), &f), FAIL_SYS);
	assert_int_equal(aead_stream_put(s, STR("x"), &f), FAIL_BUG);
	assert_int_equal(aead_stream_end(s, &f), FAIL_BUG);
	assert_int_equal(aead_stream_seal_new(KEY, sink_buf(&out), &done, &f), OK);
	assert_int_equal(aead_stream_end(done, &f), OK);
	assert_int_equal(aead_stream_put(done, STR("x"), &f), FAIL_BUG);
	assert_int_equal(aead_stream_end(done, &f), FAIL_BUG);
	assert_int_equal(aead_stream_open_new(STR("short"), sink_buf(&out), &s, &f), FAIL_BUG);
}

static void a_chunk_is_whole_or_the_last(void **state)
{
	OWNS(aead_stream) s = NULL;
	OWN(buf) out = BUF(1 << 20);
	struct str made;
	struct fail f;

	assert_int_equal(aead_stream_seal_new(KEY, sink_buf(&out), &s, &f), OK);
	assert_int_equal(aead_stream_chunk(s, str_of(body, CHUNK - 1), false, &made, &f), FAIL_BUG);
	assert_int_equal(aead_stream_chunk(s, str_of(body, CHUNK + 1), true, &made, &f), FAIL_BUG);
	assert_int_equal(aead_stream_put(s, STR("x"), &f), OK);
	assert_int_equal(aead_stream_chunk(s, str_of(body, CHUNK), false, &made, &f), FAIL_BUG);
}

/* ATTACKS: two children of one process must not draw the same numbers, nor the parent's next ones. */
static void children_draw_their_own_numbers(void **state)
{
	uint8_t drawn[3][32];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			uint8_t r[32];

			if (random_bytes(r, sizeof(r), NULL) < 0 || write(fds[1], r, sizeof(r)) != sizeof(r))
				_exit(1);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		assert_int_equal(read(fds[0], drawn[i], 32), 32);
	}
	assert_int_equal(random_bytes(drawn[2], 32, NULL), OK);
	assert_memory_not_equal(drawn[0], drawn[1], 32);
	assert_memory_not_equal(drawn[0], drawn[2], 32);
	assert_memory_not_equal(drawn[1], drawn[2], 32);
	close(fds[0]);
	close(fds[1]);
}

static void seal_one(uint8_t ret[static AEAD_NONCE])
{
	static const char key[AEAD_KEY] = "one key for all of the processes";
	OWN(buf) sealed = BUF(256);

	if (aead_seal(str_of(key, AEAD_KEY), STR("what"), STR("it says"), &sealed, NULL) < 0)
		abort();
	memcpy(ret, sealed.p, AEAD_NONCE);
}

/* One nonce under one key twice would give both texts away, and the key of the sums. */
static void children_seal_by_their_own_nonces(void **state)
{
	uint8_t drawn[4][AEAD_NONCE];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	seal_one(drawn[0]); /* some lie ready */
	for (int i = 1; i < 3; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			uint8_t n[AEAD_NONCE];

			seal_one(n);
			_exit(write(fds[1], n, sizeof(n)) != sizeof(n));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		assert_int_equal(read(fds[0], drawn[i], AEAD_NONCE), AEAD_NONCE);
	}
	seal_one(drawn[3]);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(drawn[i], drawn[k], AEAD_NONCE);
	close(fds[0]);
	close(fds[1]);
}

static int setup(void **state)
{
	return crypto_init(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_the_standards),
		cmocka_unit_test(a_sum_is_the_same_whatever_key_was_used_before),
		cmocka_unit_test(what_is_drawn_ahead_comes_once),
		cmocka_unit_test(equal_is_equal),
		cmocka_unit_test(what_is_sealed_opens),
		cmocka_unit_test(any_change_is_forged),
		cmocka_unit_test(keys_may_come_in_turn),
		cmocka_unit_test(bounds_are_kept),
		cmocka_unit_test(bodies_come_back),
		cmocka_unit_test(bodies_cannot_be_cut_or_shuffled),
		cmocka_unit_test(a_broken_stream_stays_broken),
		cmocka_unit_test(a_chunk_is_whole_or_the_last),
		cmocka_unit_test(children_draw_their_own_numbers),
		cmocka_unit_test(children_seal_by_their_own_nonces),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
