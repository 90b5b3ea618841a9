/* Laws: what is said to be signed is what the seeds have signed, whatever stands around it; a key is lent only for what names
 * its certificate at the root; what is told of the content lies in it. */
#include "crypto/aead.h"
#include "crypto/cms_open_seed.h"
#include "transform/open.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { IN_MAX = 256 * 1024 };

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

static int lend(void *self, size_t i, const struct key **ret, struct fail *f)
{
	size_t *lent = self;

	++*lent;
	*ret = key;
	return OK;
}

static void check(const struct opened *o, size_t lent)
{
	static const struct str never[] = { STR_INIT("Bcc"), STR_INIT("Received"), STR_INIT("Content-Type") };

	require(o->content && (!o->encrypted || lent));
	require(o->signature != OPEN_PINNED || str_eq(o->content->whole, seed_text));
	require(!o->cbc || (o->encrypted && o->signature != OPEN_PINNED));
	for (size_t i = 0; o->inner.n && i < sizeof(never) / sizeof(never[0]); i++)
		require(!opened_field(o, never[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const size_t group = 0;
	size_t lent = 0;
	const struct cms_cert *certs[1];
	struct open_ring ring = { .certs = certs,
		                  .group = &group,
		                  .n = 1,
		                  .n_groups = 1,
		                  .pinned = certs,
		                  .n_pinned = 1,
		                  .key = lend,
		                  .self = &lent };
	OWN(arena) a = ARENA;
	struct opened o;
	struct fail f = { 0 };
	int how;

	if (!cert)
		make();
	certs[0] = cert;
	if (n > IN_MAX)
		return 0;
	how = open_message(str_of(p, n), &ring, &a, &o, &f);
	if (how == OK)
		check(&o, lent);
	else
		require(!lent ||
		        (how == FAIL_FORGED && strcmp(f.why, "it is encrypted and cannot be opened") == 0));
	return 0;
}
