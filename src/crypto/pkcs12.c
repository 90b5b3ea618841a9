#include "crypto/pkcs12.h"

#include "crypto/cert_in.h"

#include <openssl/pkcs12.h>

/* The MAC is made of the passphrase too, so its iterations count as much as those of the encryption: whoever guesses
 * takes the cheaper of the two. The old form is bound to SHA-1 and to the patience of old telephones. */
static const struct form {
	int pbe; /* a cipher's NID means PBES2 with PBKDF2 and HMAC-SHA-256 */
	int mac; /* digest */
	int iterations;
} modern_form = { NID_aes_256_cbc, NID_sha256, 600000 },
  legacy_form = { NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_sha1, 100000 };

enum { PASSPHRASE_MIN = 8, PASSPHRASE_MAX = 1024, NAME_MAX_BYTES = 1024, P12_MAX = 1 << 20 };

DEFINE_OWNP(X509, X509_free)
DEFINE_OWNP(PKCS12, PKCS12_free)

static void certs_free(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}

typedef STACK_OF(X509) certs;
DEFINE_OWNP(certs, certs_free)

static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return str_is_utf8(s);
}

static X509 *cert_from(struct str der)
{
	const unsigned char *p = str_bytes(der);
	OWNP(X509) x = der.n <= CERT_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;

	return x && p == str_bytes(der) + der.n ? TAKE(x) : NULL;
}

static bool push(STACK_OF(X509) * to, struct str der)
{
	OWNP(X509) x = cert_from(der);

	if (!x || !sk_X509_push(to, x))
		return false;
	x = NULL;
	return true;
}

static int write_out(const PKCS12 *p12, struct buf *ret, struct fail *f)
{
	int n = i2d_PKCS12(p12, NULL);
	char *to = n > 0 && n <= P12_MAX ? buf_room(ret, (size_t)n) : NULL;
	unsigned char *p = (unsigned char *)to;

	if (!to || i2d_PKCS12(p12, &p) != n)
		return fail_ossl(f, FAIL_LIMIT, "no room for a PKCS#12");
	ret->n += (size_t)n;
	return OK;
}

/* The library takes C strings; the passphrase's copy is a secret as well. */
static int pack(const struct key *key, const char *passphrase, const char *name, X509 *leaf,
                STACK_OF(X509) * above, const struct form *form, struct buf *ret, struct fail *f)
{
	OWNP(PKCS12) p12 = PKCS12_create(passphrase, name, key->pkey, leaf, above, form->pbe, form->pbe,
	                                 form->iterations, -1, 0);

	if (!p12 || PKCS12_set_mac(p12, passphrase, -1, NULL, 0, form->iterations,
	                           EVP_get_digestbynid(form->mac)) != 1)
		return fail_ossl(f, FAIL_SYS, "PKCS#12");
	return write_out(p12, ret, f);
}

int pkcs12_write(const struct key *key, struct str leaf_der, struct str intermediate_der, struct str root_der,
                 struct str friendly_name, struct str passphrase, bool legacy, struct buf *ret_der,
                 struct fail *f)
{
	OWNP(X509) leaf = cert_from(leaf_der);
	OWNP(certs) above = sk_X509_new_null();
	OWN(secret) z = SECRET_NONE;
	OWN(buf) name = BUF(NAME_MAX_BYTES);

	if (!key->sign)
		return fail(f, FAIL_BUG, "a public key in a PKCS#12");
	if (legacy && key->curve)
		return fail(f, FAIL_DENIED, "the old form is for RSA");
	if (passphrase.n < PASSPHRASE_MIN || passphrase.n > PASSPHRASE_MAX || !is_text(passphrase))
		return fail(f, FAIL_DENIED, "passphrase of %zu bytes, or not text", passphrase.n);
	buf_add(&name, friendly_name);
	if (!name.n || name.over || !is_text(friendly_name))
		return fail(f, FAIL_DENIED, "friendly name");
	if (!leaf || !above || !push(above, intermediate_der) || !push(above, root_der))
		return fail_ossl(f, FAIL_SYNTAX, "certificate for a PKCS#12");
	if (X509_check_private_key(leaf, key->pkey) != 1)
		return fail_ossl(f, FAIL_BUG, "key and certificate of a PKCS#12");
	TRY(secret_new(&z, passphrase.n + 1, f));
	memcpy(z.p, passphrase.p, passphrase.n);
	return pack(key, (const char *)z.p, name.p, leaf, above, legacy ? &legacy_form : &modern_form,
	            ret_der, f);
}
