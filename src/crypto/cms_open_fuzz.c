/* Laws: whatever is read, nothing verifies under the seeds' key but what the seeds have signed; a failure leaves nothing
 * behind, and after a key was used there is one failure. */
#include "crypto/aead.h"
#include "crypto/cms_open.h"
#include "crypto/cms_open_seed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 1 << 20 };

static struct cms_cert *cert;
static struct key *key;

static void require(bool law)
{
	if (!law)
		abort();
}

static void make(void)
{
	require(crypto_init(NULL) == OK &&
	        cms_cert_new(str_of(seed_cert, sizeof(seed_cert)), &cert, NULL) == OK &&
	        key_import_private(str_of(seed_key, sizeof(seed_key)), &key, NULL) == OK);
}

static void check_signature(struct cms_in *c)
{
	const struct cms_cert *pin = cert;
	struct cms_signature s;
	struct str content;

	if (cms_in_verify(c, STR_NONE, &pin, 1, &s, NULL) == OK)
		require(cms_in_content(c, &content, NULL) == OK && str_eq(content, seed_text));
	require(cms_in_verify(c, STR("another text"), &pin, 1, &s, NULL) < 0);
	(void)!cms_in_verify(c, seed_text, &pin, 1, &s, NULL);
}

static void check_envelope(struct cms_in *c)
{
	const struct cms_lock locks[] = { { cert, key, 0 }, { cert, key, 1 } };
	OWN(buf) one = BUF(OUT_MAX);
	OWN(buf) both = BUF(OUT_MAX);
	struct fail f = { 0 };
	int how = cms_in_decrypt(c, locks, 1, 1, &one, &f);

	require(how == OK || one.n == 0);
	require(how != FAIL_FORGED || strcmp(f.why, "it cannot be decrypted") == 0);
	require(how != FAIL_ABSENT && how != FAIL_BUG);
	require(cms_in_decrypt(c, locks, 2, 2, &both, NULL) == how);
	require(str_eq(buf_str(&one), buf_str(&both)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWNS(cms_in) c = NULL;

	if (!cert)
		make();
	if (cms_in_new(str_of(p, n), &c, NULL) < 0)
		return 0;
	if (cms_in_kind(c) == CMS_SIGNED)
		check_signature(c);
	else
		check_envelope(c);
	return 0;
}
