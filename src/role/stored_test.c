#include "role/stored.h"

#include "base/mem.h"
#include "crypto/aead.h"
#include "sys/memfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* A message that comes in pieces of that size. */
struct pieces {
	struct str all;
	size_t size;
	int result; /* what is returned at its end */
};

static int write_pieces(void *self, struct sink out, struct fail *f)
{
	const struct pieces *p = self;

	for (struct str left = p->all; left.n; left = str_from(left, p->size))
		TRY(sink_put(out, str_first(left, p->size), f));
	return p->result;
}

/* What stands in the memory opens under the key, and is what was written. */
static void check(int fd, const struct stored *s, struct str want)
{
	OWNS(aead_stream) stream = NULL;
	OWN(buf) plain = BUF(want.n);
	char *file = xrealloc(NULL, s->bytes);

	assert_int_equal(s->bytes, aead_stream_size(want.n));
	assert_int_equal(pread(fd, file, s->bytes, 0), s->bytes);
	assert_int_equal(aead_stream_open_new(secret_str(&s->body_key), sink_buf(&plain), &stream, NULL), OK);
	assert_int_equal(aead_stream_put(stream, str_of(file, s->bytes), NULL), OK);
	assert_int_equal(aead_stream_end(stream, NULL), OK);
	assert_true(str_eq(buf_str(&plain), want));
	free(file);
}

/* Sizes around a chunk of the stream, and around what is written at once. */
static void what_is_stored_is_what_was_written(void **state)
{
	static const size_t sizes[] = {
		0, 1, 65535, 65536, 65537, 4 * 65536 - 65, 4 * 65536 - 64, 4 * 65536, 262144 + 65537, 3000000
	};
	static const size_t pieces[] = { 1000, 65536, 100000, 5000000 };
	char *all = xrealloc(NULL, 3000000);

	for (size_t i = 0; i < 3000000; i++)
		all[i] = (char)(i * 89 + (i >> 8) * 31);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			struct pieces p = { str_of(all, sizes[i]), pieces[k], OK };
			OWN(stored) s = STORED_NONE;
			OWNFD fd = -1;

			assert_int_equal(memfd_new(&fd, NULL), OK);
			assert_int_equal(stored_write(fd, false, write_pieces, &p, &s, NULL), OK);
			check(fd, &s, p.all);
		}
	free(all);
}

/* What one failed to write is not in the next one. */
static void a_failure_leaves_nothing_behind(void **state)
{
	struct pieces broken = { STR("what does not come to its end"), 7, FAIL_LIMIT },
	              good = { STR("good"), 7, OK };
	OWN(stored) none = STORED_NONE;
	OWN(stored) s = STORED_NONE;
	OWNFD fd = -1;

	assert_int_equal(memfd_new(&fd, NULL), OK);
	assert_int_equal(stored_write(fd, false, write_pieces, &broken, &none, NULL), FAIL_LIMIT);
	assert_int_equal(none.bytes, 0);
	assert_int_equal(stored_write(fd, false, write_pieces, &good, &s, NULL), OK);
	check(fd, &s, good.all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_stored_is_what_was_written),
		cmocka_unit_test(a_failure_leaves_nothing_behind),
	};
	struct fail f = { 0 };

	return crypto_init(&f) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
