#include "crypto/pkcs12.h"

#include "crypto/aead.h"
#include "crypto/cert_in.h"
#include "crypto/pkcs12_in.h"

#include <openssl/pkcs12.h>

/* The MAC is made of the passphrase too, so its iterations count as much as those of the encryption: whoever guesses
 * takes the cheaper of the two. The old form is bound to SHA-1 and to the patience of old telephones. */
static const struct form {
	int pbe; /* a cipher's NID means PBES2 with PBKDF2 and HMAC-SHA-256 */
	int mac; /* digest */
	int iterations;
	int salt; /* bytes */
} modern_form = { NID_aes_256_cbc, NID_sha256, 600000, 16 },
  legacy_form = { NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_sha1, 100000, PKCS12_OLD_SALT };

enum { PASSPHRASE_MIN = 8, PASSPHRASE_MAX = 1024, NAME_MAX_BYTES = 1024, P12_MAX = 1 << 20 };
enum { SALT = 16, SHA1_BYTES = 20, KDF_BLOCK = 64 };

DEFINE_OWNP(X509, X509_free)
DEFINE_OWNP(PKCS12, PKCS12_free)

static void certs_free(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}

static void safes_free(STACK_OF(PKCS7) * safes)
{
	sk_PKCS7_pop_free(safes, PKCS7_free);
}

typedef STACK_OF(X509) cert_list;
typedef STACK_OF(PKCS7) safe_list;
DEFINE_OWNP(cert_list, certs_free)
DEFINE_OWNP(safe_list, safes_free)
DEFINE_OWNP(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

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

/* --- the old form's salt ------------------------------------------------------------------------------ */

/* Does (block + B + 1) mod 2^512 begin with a zero byte? The block is `of` repeated from `at` on, B is A repeated. */
static bool sum_begins_with_zero(struct str of, size_t at, const uint8_t a[static SHA1_BYTES])
{
	unsigned sum = 0, carry = 1;

	for (size_t i = KDF_BLOCK; i-- > 0; carry = sum >> 8)
		sum = (uint8_t)of.p[(at + i) % of.n] + a[i % SHA1_BYTES] + carry;
	return (sum & 0xff) == 0;
}

bool pkcs12_trips_gpgsm(const char *passphrase, const uint8_t salt[static PKCS12_OLD_SALT], int iterations)
{
	uint8_t a[SHA1_BYTES], copy[PKCS12_OLD_SALT];
	unsigned char *uni = NULL;
	int n = 0;
	bool trips = false;

	memcpy(copy, salt, sizeof(copy)); /* the library forgot a const */
	if (!OPENSSL_utf82uni(passphrase, -1, &uni, &n))
		return false;
	if (PKCS12_key_gen_uni(uni, n, copy, sizeof(copy), PKCS12_KEY_ID, iterations, SHA1_BYTES, a,
	                       ossl()->sha1) == 1) {
		trips = sum_begins_with_zero(str_of(copy, sizeof(copy)), 0, a);
		for (size_t at = 0; at < (size_t)n; at += KDF_BLOCK)
			trips = trips || sum_begins_with_zero(str_of(uni, (size_t)n), at, a);
	}
	OPENSSL_clear_free(uni, (size_t)n);
	OPENSSL_cleanse(a, sizeof(a));
	return trips;
}

static int draw_salt(const struct form *form, const char *passphrase, uint8_t salt[static SALT],
                     struct fail *f)
{
	for (int tries = 0; tries < 32; tries++) {
		TRY(random_bytes(salt, SALT, f));
		if (form == &modern_form || !pkcs12_trips_gpgsm(passphrase, salt, form->iterations))
			return OK;
	}
	return fail(f, FAIL_SYS, "no salt for a PKCS#12");
}

/* --- the safes ---------------------------------------------------------------------------------------- */

struct identity {
	const struct form *form;
	const char *passphrase, *name; /* C strings for the library */
	uint8_t id[SHA1_BYTES];        /* localKeyId, as everybody makes it: SHA-1 of the leaf */
};

static bool label(PKCS12_SAFEBAG *bag, const struct identity *who)
{
	uint8_t id[SHA1_BYTES];

	memcpy(id, who->id, sizeof(id));
	return PKCS12_add_friendlyname_utf8(bag, who->name, -1) == 1 &&
	       PKCS12_add_localkeyid(bag, id, sizeof(id)) == 1;
}

static PKCS7 *encrypt_certs(const struct identity *who, X509 *leaf, STACK_OF(X509) * above,
                            uint8_t salt[static SALT])
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	PKCS12_SAFEBAG *bag = PKCS12_add_cert(&bags, leaf);
	bool good = bag && label(bag, who);
	PKCS7 *p7 = NULL;

	for (int i = 0; good && i < sk_X509_num(above); i++)
		good = PKCS12_add_cert(&bags, sk_X509_value(above, i)) != NULL;
	if (good)
		p7 = PKCS12_pack_p7encdata(who->form->pbe, who->passphrase, -1, salt, who->form->salt,
		                           who->form->iterations, bags);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return p7;
}

static PKCS7 *shroud_key(const struct identity *who, const struct key *key, uint8_t salt[static SALT])
{
	OWNP(PKCS8_PRIV_KEY_INFO) info = EVP_PKEY2PKCS8(key->pkey);
	STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
	PKCS12_SAFEBAG *bag = NULL;
	PKCS7 *p7 = NULL;

	if (info && bags)
		bag = PKCS12_SAFEBAG_create_pkcs8_encrypt(who->form->pbe, who->passphrase, -1, salt,
		                                          who->form->salt, who->form->iterations, info);
	if (bag && sk_PKCS12_SAFEBAG_push(bags, bag) > 0) {
		if (label(bag, who))
			p7 = PKCS12_pack_p7data(bags);
	} else {
		PKCS12_SAFEBAG_free(bag);
	}
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return p7;
}

static bool push_safe(STACK_OF(PKCS7) * safes, PKCS7 *p7)
{
	if (p7 && sk_PKCS7_push(safes, p7) > 0)
		return true;
	PKCS7_free(p7);
	return false;
}

/* PKCS12_create does as much, but draws the salts itself. */
static int pack(const struct identity *who, const struct key *key, X509 *leaf, STACK_OF(X509) * above,
                struct buf *ret, struct fail *f)
{
	OWNP(safe_list) safes = sk_PKCS7_new_null();
	OWNP(PKCS12) p12 = NULL;
	uint8_t salt[2][SALT], of_mac[SALT];

	TRY(draw_salt(who->form, who->passphrase, salt[0], f));
	TRY(draw_salt(who->form, who->passphrase, salt[1], f));
	TRY(random_bytes(of_mac, SALT, f));
	if (safes && push_safe(safes, encrypt_certs(who, leaf, above, salt[0])) &&
	    push_safe(safes, shroud_key(who, key, salt[1])))
		p12 = PKCS12_add_safes(safes, 0);
	if (!p12 || PKCS12_set_mac(p12, who->passphrase, -1, of_mac, who->form->salt, who->form->iterations,
	                           EVP_get_digestbynid(who->form->mac)) != 1)
		return fail_ossl(f, FAIL_SYS, "PKCS#12");
	return write_out(p12, ret, f);
}

int pkcs12_write(const struct key *key, struct str leaf_der, struct str intermediate_der, struct str root_der,
                 struct str friendly_name, struct str passphrase, bool legacy, struct buf *ret_der,
                 struct fail *f)
{
	OWNP(X509) leaf = cert_from(leaf_der);
	OWNP(cert_list) above = sk_X509_new_null();
	OWN(secret) z = SECRET_NONE;
	OWN(buf) name = BUF(NAME_MAX_BYTES);
	struct identity who;

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
	who = (struct identity){ legacy ? &legacy_form : &modern_form, (const char *)z.p, name.p, { 0 } };
	if (EVP_Digest(leaf_der.p, leaf_der.n, who.id, NULL, ossl()->sha1, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "key identifier");
	return pack(&who, key, leaf, above, ret_der, f);
}
