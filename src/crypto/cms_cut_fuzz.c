/* Laws: what is left of an envelope is one, for recipients that were in it, in their order, without the seed's certificate,
 * and with the same content; what is left has nothing more to cut; and where nothing was cut it is what it was. */
#include "crypto/aead.h"
#include "crypto/cms_cut.h"
#include "crypto/cms_open_in.h"
#include "crypto/cms_open_seed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 1 << 20 };

static struct cms_cert *cert;

static void require(bool law)
{
	if (!law)
		abort();
}

static void make(void)
{
	require(crypto_init(NULL) == OK &&
	        cms_cert_new(str_of(seed_cert, sizeof(seed_cert)), &cert, NULL) == OK);
}

static bool same(const struct cms_recipient *a, const struct cms_recipient *b)
{
	return a->agree == b->agree && str_eq(a->name.sid, b->name.sid) && str_eq(a->name.ski, b->name.ski) &&
	       str_eq(a->alg, b->alg) && str_eq(a->originator, b->originator) && str_eq(a->ukm, b->ukm) &&
	       str_eq(a->wrapped, b->wrapped);
}

static void check_recipients(const struct cms_in *before, const struct cms_in *after)
{
	size_t k = 0;

	for (size_t i = 0; i < before->n_recipients; i++) {
		if (cms_name_is(&before->recipients[i].name, cert))
			continue;
		require(k < after->n_recipients && same(&before->recipients[i], &after->recipients[k]));
		k++;
	}
	require(k == after->n_recipients && k > 0);
}

static void check(struct str in, struct str out, size_t cut)
{
	const struct cms_cert *own = cert;
	OWN(buf) again = BUF(OUT_MAX);
	OWNS(cms_in) before = NULL;
	OWNS(cms_in) after = NULL;
	size_t more = 0;

	require(cms_in_new(in, &before, NULL) == OK && cms_in_new(out, &after, NULL) == OK);
	require(before->kind == after->kind && !cms_in_is_for(after, cert));
	require(str_eq(before->type, after->type) && str_eq(before->cipher, after->cipher) &&
	        str_eq(before->encrypted, after->encrypted) && str_eq(before->tag, after->tag) &&
	        str_eq(before->attributes, after->attributes) && before->pieces == after->pieces);
	check_recipients(before, after);
	require(cut ? !str_eq(in, out) : str_eq(in, out));
	require(cms_cut(out, &own, 1, &again, &more, NULL) == OK && more == 0 &&
	        str_eq(buf_str(&again), out));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct cms_cert *own;
	OWN(buf) out = BUF(OUT_MAX);
	size_t cut = 0;

	if (!cert)
		make();
	own = cert;
	if (cms_cut(str_of(p, n), &own, 1, &out, &cut, NULL) == OK)
		check(str_of(p, n), buf_str(&out), cut);
	return 0;
}
