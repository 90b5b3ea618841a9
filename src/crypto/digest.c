#include "base/mem.h"
#include "crypto/cms.h"
#include "crypto/ossl.h"

#include <stdlib.h>

struct digest {
	EVP_MD_CTX *ctx;
	bool ended;
};

int digest_new(struct digest **ret, struct fail *f)
{
	OWNS(digest) d = xnew(struct digest);

	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx || EVP_DigestInit_ex2(d->ctx, ossl()->sha256, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "digest");
	*ret = TAKE(d);
	return OK;
}

int digest_put(struct digest *d, struct str in, struct fail *f)
{
	if (d->ended)
		return fail(f, FAIL_BUG, "digest has ended");
	if (in.n && EVP_DigestUpdate(d->ctx, in.p, in.n) != 1)
		return fail_ossl(f, FAIL_SYS, "digest");
	return OK;
}

int digest_end(struct digest *d, uint8_t ret[static 32], struct fail *f)
{
	if (d->ended)
		return fail(f, FAIL_BUG, "digest has ended");
	d->ended = true;
	if (EVP_DigestFinal_ex(d->ctx, ret, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "digest");
	return OK;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}
