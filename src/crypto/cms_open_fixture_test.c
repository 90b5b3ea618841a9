#include "base/mem.h"
#include "crypto/cms_in.h"
#include "crypto/cms_open_test.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PEM_MAX = 1 << 20 };

static void take_cert(X509 *x, struct identity *ret)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct fail f = { 0 };

	assert_true(n > 0);
	if (cms_cert_new(str_of(der, (size_t)n), &ret->cert, &f) < 0)
		fail_msg("%s", f.why);
	OPENSSL_free(der);
}

static EVP_PKEY *read_key(struct str pem)
{
	BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);

	BIO_free(in);
	ERR_clear_error();
	return key;
}

static void read_cert(struct str pem, EVP_PKEY *key, struct identity *ret)
{
	BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);

	for (X509 *x; !ret->cert && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL; X509_free(x))
		if (!key || X509_check_private_key(x, key) == 1)
			take_cert(x, ret);
	BIO_free(in);
	ERR_clear_error();
	assert_non_null(ret->cert);
}

void identity_load(const char *pem_file, struct identity *ret)
{
	OWN(buf) pem = BUF(PEM_MAX);
	EVP_PKEY *key;

	*ret = (struct identity){ NULL, NULL };
	judge_get(pem_file, &pem);
	key = read_key(buf_str(&pem));
	read_cert(buf_str(&pem), key, ret);
	if (!key)
		return;
	/* More kinds than a record holds are opened with here. */
	ret->key = xnew(struct key);
	ret->key->pkey = key;
	ret->key->curve = ret->cert->key->curve;
	ret->key->spki = BUF(SPKI_MAX);
	buf_add(&ret->key->spki, buf_str(&ret->cert->key->spki));
}

void identity_done(struct identity *i)
{
	cms_cert_free(i->cert);
	key_free(i->key);
	*i = (struct identity){ NULL, NULL };
}

void identity_make(const char *name, const char *kind, struct identity *ret)
{
	OWN(buf) file = BUF(256);

	judge_accepts("openssl req -x509 -newkey %s -nodes -keyout %s.key -out %s.crt -days 30 -subj /CN=%s "
	              "-addext keyUsage=digitalSignature,keyEncipherment,keyAgreement && "
	              "cat %s.key %s.crt > %s.pem",
	              kind, name, name, name, name, name, name);
	buf_addf(&file, "%s.pem", name);
	identity_load(file.p, ret);
}

bool identity_p12(const char *sub, const char *password, struct identity *ret)
{
	OWN(buf) path = BUF(4096);

	if (!vectors_path(sub, &path))
		return false;
	judge_accepts(
	        "{ grep -aq '^-----BEGIN' '%s' && grep -v '^-----' '%s' | base64 -d || cat '%s'; } > p12 && "
	        "openssl pkcs12 -legacy -in p12 -passin pass:%s -nodes -out p12.pem",
	        path.p, path.p, path.p, password);
	identity_load("p12.pem", ret);
	return true;
}

bool identity_pair(const char *cert, const char *key, struct identity *ret)
{
	OWN(buf) a = BUF(4096);
	OWN(buf) b = BUF(4096);

	if (!vectors_path(cert, &a) || !vectors_path(key, &b))
		return false;
	judge_accepts("{ cat '%s'; echo; cat '%s'; } > pair.pem", b.p, a.p);
	identity_load("pair.pem", ret);
	return true;
}
