/* The scribe's cache: what was just given is there, whatever the clock says. */
#include "role/scribe/cache.h"

#include "crypto/aead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 1795435200 };

static struct key *issuer, *sender;

static void make_der(unsigned i, struct buf *out)
{
	OWN(buf) name = BUF(64);
	struct cert_fields c = { .kind = CERT_SENDER,
		                 .issuer_cn = STR("int"),
		                 .not_before = NOW,
		                 .not_after = NOW + 1000000,
		                 .subject_key = sender,
		                 .issuer_key = issuer };

	buf_addf(&name, "r%u@relay.example", i);
	c.subject_cn = c.email = buf_str(&name);
	*out = BUF(16384);
	assert_int_equal(cert_build(&c, out, NULL), OK);
}

static int make_issuer(void **state)
{
	return crypto_init(NULL) < 0 || key_new(KEY_P256, &issuer, NULL) < 0 ||
	       key_new(KEY_P256, &sender, NULL) < 0;
}

static int free_issuer(void **state)
{
	key_free(issuer);
	key_free(sender);
	return 0;
}

/* A full cache, two more in one millisecond: the second must not put out the first, whose pointer is in use. */
static void the_certificate_just_returned_stays(void **state)
{
	static struct cache c;
	const struct cms_cert *first, *second;
	OWN(buf) one = BUF(0);
	OWN(buf) two = BUF(0);

	cache_for_user(&c, 1);
	for (unsigned i = 0; i < CACHE_CERTS; i++) {
		OWN(buf) der = BUF(0);

		make_der(i, &der);
		assert_int_equal(cache_cert(&c, buf_str(&der), 5000, &first, NULL), OK);
	}
	make_der(100, &one);
	make_der(101, &two);
	assert_int_equal(cache_cert(&c, buf_str(&one), 5000, &first, NULL), OK);
	assert_int_equal(cache_cert(&c, buf_str(&two), 5000, &second, NULL), OK);
	assert_ptr_not_equal(first, second);
	assert_true(cms_cert_is_for(first, STR("r100@relay.example")));
	assert_true(cms_cert_is_for(second, STR("r101@relay.example")));
	cache_for_user(&c, 2);
}

static void keys_of_one_millisecond_are_put_out_in_turn(void **state)
{
	static struct cache c;

	cache_for_user(&c, 1);
	for (uint64_t id = 1; id <= CACHE_KEYS + 1; id++) {
		struct key *key;

		assert_int_equal(key_new(KEY_P256, &key, NULL), OK);
		cache_put_key(&c, id, key, 5000);
		if (id == CACHE_KEYS)
			assert_non_null(cache_key(&c, 1, 5000)); /* used again: the oldest is 2 now */
	}
	assert_null(cache_key(&c, 2, 5000));
	assert_non_null(cache_key(&c, 1, 5000));
	assert_non_null(cache_key(&c, CACHE_KEYS + 1, 5000));
	cache_age(&c, 5000 + CACHE_MS);
	assert_non_null(cache_key(&c, 1, 5000));
	cache_age(&c, 5001 + CACHE_MS);
	assert_null(cache_key(&c, 1, 5000));
	cache_for_user(&c, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_certificate_just_returned_stays),
		cmocka_unit_test(keys_of_one_millisecond_are_put_out_in_turn),
	};

	return cmocka_run_group_tests(tests, make_issuer, free_issuer);
}
