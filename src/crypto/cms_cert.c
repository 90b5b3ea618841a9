#include "crypto/cms.h"

#include "base/mem.h"
#include "crypto/cert_in.h"
#include "crypto/cms_in.h"
#include "crypto/oid.h"

#include <openssl/rsa.h>
#include <stdlib.h>

static int read_usage(struct str extensions, unsigned *ret, struct fail *f)
{
	struct extension e = { 0 };
	struct str bits = STR_NONE;

	TRY(cert_find_extension(extensions, OID_KEY_USAGE, &e, f));
	if (!e.oid.n) {
		*ret = CMS_ANY;
		return OK;
	}
	TRY(der_get(&e.value, DER_BITS, &bits, f));
	TRY(der_end(e.value, f));
	*ret = bits.n > 1 ? (uint8_t)bits.p[1] : 0;
	return OK;
}

static bool prepare(struct cms_cert *c)
{
	c->op = EVP_PKEY_CTX_new_from_pkey(NULL, c->key->pkey, NULL);
	if (!c->op)
		return false;
	if (c->key->curve)
		return EVP_PKEY_keygen_init(c->op) == 1;
	return EVP_PKEY_encrypt_init(c->op) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(c->op, RSA_PKCS1_PADDING) == 1;
}

static int read_names(struct cms_cert *c, struct fail *f)
{
	struct cert_parts p = { 0 };
	size_t seq;

	TRY(cert_split(buf_str(&c->der), &p, f));
	TRY(read_usage(p.extensions, &c->usage, f));
	c->spki = p.part[PART_SPKI];
	seq = der_open(&c->sid, DER_SEQ);
	buf_add(&c->sid, p.part[PART_ISSUER]);
	buf_add(&c->sid, p.part[PART_SERIAL]);
	der_close(&c->sid, seq);
	return OK;
}

static int read_key(struct cms_cert *c, struct fail *f)
{
	TRY(key_import_public(c->spki, &c->key, f));
	return prepare(c) ? OK : fail_ossl(f, FAIL_SYS, "prepared certificate");
}

static int make(struct str der, bool with_key, struct cms_cert **ret, struct fail *f)
{
	OWNS(cms_cert) c = xnew(struct cms_cert);

	if (der.n > CERT_MAX)
		return fail(f, FAIL_LIMIT, "certificate of %zu bytes", der.n);
	c->der = BUF(CERT_MAX);
	c->sid = BUF(CERT_MAX);
	buf_add(&c->der, der);
	TRY(read_names(c, f));
	if (with_key)
		TRY(read_key(c, f));
	*ret = TAKE(c);
	return OK;
}

/* The library's own reader of certificates takes half a millisecond, most of it for the key. */
int cms_cert_new(struct str der, struct cms_cert **ret, struct fail *f)
{
	return make(der, true, ret, f);
}

int cms_cert_signer(struct str der, struct cms_cert **ret, struct fail *f)
{
	return make(der, false, ret, f);
}

void cms_cert_free(struct cms_cert *c)
{
	if (!c)
		return;
	EVP_PKEY_CTX_free(c->op);
	key_free(c->key);
	buf_done(&c->der);
	buf_done(&c->sid);
	free(c);
}

struct str cms_cert_der(const struct cms_cert *c)
{
	return buf_str(&c->der);
}

enum { RFC822_NAME = DER_CONTEXT + 1 }; /* RFC 5280 4.2.1.6 */

bool cms_cert_is_for(const struct cms_cert *c, struct str address)
{
	struct extension e = { 0 };
	struct cert_parts p = { 0 };
	struct str names, name;

	return cert_split(buf_str(&c->der), &p, NULL) == OK &&
	       cert_find_extension(p.extensions, OID_SAN, &e, NULL) == OK &&
	       der_get(&e.value, DER_SEQ, &names, NULL) == OK &&
	       der_get(&names, RFC822_NAME, &name, NULL) == OK && !names.n && str_eq_nocase(name, address);
}
