/* What a sealed message costs beside its bare primitives, one core, CPU time, best of several rounds. The floor is
 * libcrypto alone with everything reused: EVP_DigestSign over the body, the recipient's key operation, EVP_Encrypt over
 * the body in one call. */
#include "crypto/aead.h"
#include "crypto/cert_in.h"
#include "crypto/cms_in.h"
#include "crypto/cms_open.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

#define MUST(call) assert((call) == OK)
#define SSL(call) assert((call) == 1)

enum { MIB = 1 << 20, ROUNDS = 9 };

static const struct cert_constraints limits = { .domains = { STR_INIT("relay.example") }, .n_domains = 1 };
static const int64_t begin = 1700000000, end = 1900000000;
static char body[MIB], room[MIB + 64];

struct pki {
	struct key *ca, *key;
	struct buf ca_der, der;
	struct cms_cert *cert;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds of one call, the best of ROUNDS. */
static double best(void (*run)(void *), void *arg, unsigned calls)
{
	double least = 1e12;

	run(arg);
	for (int i = 0; i < ROUNDS; i++) {
		double from = now_us(), took;

		for (unsigned k = 0; k < calls; k++)
			run(arg);
		took = (now_us() - from) / calls;
		least = took < least ? took : least;
	}
	return least;
}

static struct cert_fields leaf_of(const struct pki *p)
{
	return (struct cert_fields){ .kind = CERT_SENDER,
		                     .subject_cn = STR("x@relay.example"),
		                     .email = STR("x@relay.example"),
		                     .issuer_cn = STR("root"),
		                     .not_before = begin,
		                     .not_after = end,
		                     .subject_key = p->key,
		                     .issuer_key = p->ca };
}

static void make_pki(enum key_alg alg, struct pki *p)
{
	struct cert_fields c = { .kind = CERT_ROOT,
		                 .subject_cn = STR("root"),
		                 .issuer_cn = STR("root"),
		                 .not_before = begin,
		                 .not_after = end,
		                 .constraints = &limits };

	*p = (struct pki){ .ca_der = BUF(CERT_MAX), .der = BUF(CERT_MAX) };
	MUST(key_new(alg, &p->ca, NULL));
	MUST(key_new(alg, &p->key, NULL));
	c.subject_key = c.issuer_key = p->ca;
	MUST(cert_build(&c, &p->ca_der, NULL));
	c = leaf_of(p);
	MUST(cert_build(&c, &p->der, NULL));
	MUST(cms_cert_new(buf_str(&p->der), &p->cert, NULL));
}

/* --- a message ---------------------------------------------------------------------------------------- */

struct message {
	const struct pki *signer, *recipient;
	enum cms_cipher cipher;
	size_t n;
	EVP_MD_CTX *md;
	EVP_CIPHER_CTX *ctx;
	EVP_PKEY_CTX *to;
};

static int discard(void *self, struct str bytes, struct fail *f)
{
	*(size_t *)self += bytes.n;
	return OK;
}

static void ours(void *arg)
{
	const struct message *m = arg;
	struct str more[] = { buf_str(&m->signer->ca_der), buf_str(&m->recipient->ca_der) };
	OWNS(cms_envelope) e = NULL;
	OWNS(digest) d = NULL;
	OWN(buf) sig = BUF(65536);
	uint8_t digest[32];
	size_t made = 0;

	MUST(digest_new(&d, NULL));
	MUST(digest_put(d, str_of(body, m->n), NULL));
	MUST(digest_end(d, digest, NULL));
	MUST(cms_sign_detached(m->signer->key, m->signer->cert, more, 2, digest, &sig, NULL));
	MUST(cms_envelope_new(m->recipient->cert, m->cipher, m->n, (struct sink){ discard, &made }, &e,
	                      NULL));
	MUST(cms_envelope_put(e, str_of(body, m->n), NULL));
	MUST(cms_envelope_end(e, NULL));
}

static void to_rsa(const struct message *m, const uint8_t *cek)
{
	uint8_t sealed[512];
	size_t n = sizeof(sealed);

	SSL(EVP_PKEY_encrypt(m->to, sealed, &n, cek, 32));
}

static void to_ec(const struct message *m)
{
	EVP_PKEY *ephemeral = NULL;
	EVP_PKEY_CTX *ctx;
	uint8_t z[66];
	size_t n = sizeof(z);

	SSL(EVP_PKEY_generate(m->to, &ephemeral));
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ephemeral, NULL);
	SSL(EVP_PKEY_derive_init(ctx));
	SSL(EVP_PKEY_derive_set_peer_ex(ctx, m->recipient->key->pkey, 0));
	SSL(EVP_PKEY_derive(ctx, z, &n));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(ephemeral);
}

static void floor_of(void *arg)
{
	const struct message *m = arg;
	uint8_t sig[KEY_SIG_MAX], cek[32] = { 1 }, iv[16] = { 2 };
	size_t n = sizeof(sig);
	int made;

	SSL(EVP_DigestSignInit(m->md, NULL, ossl()->sha256, NULL, m->signer->key->pkey));
	SSL(EVP_DigestSign(m->md, sig, &n, (const uint8_t *)body, m->n));
	if (m->recipient->key->curve)
		to_ec(m);
	else
		to_rsa(m, cek);
	SSL(EVP_EncryptInit_ex2(m->ctx,
	                        m->cipher == CMS_AES_256_GCM ? ossl()->aes_256_gcm : ossl()->aes_256_cbc, cek,
	                        iv, NULL));
	SSL(EVP_EncryptUpdate(m->ctx, (uint8_t *)room, &made, (const uint8_t *)body, (int)m->n));
	SSL(EVP_EncryptFinal_ex(m->ctx, (uint8_t *)room + made, &made));
}

static void messages(const struct pki *rsa, const struct pki *p256)
{
	static const size_t sizes[] = { 4096, 65536, MIB };
	const struct {
		const char *name;
		const struct pki *signer, *recipient;
		enum cms_cipher cipher;
	} cases[] = {
		{ "RSA-2048 / RSA / CBC", rsa, rsa, CMS_AES_256_CBC },
		{ "RSA-2048 / RSA / GCM", rsa, rsa, CMS_AES_256_GCM },
		{ "P-256 / RSA / CBC", p256, rsa, CMS_AES_256_CBC },
		{ "P-256 / P-256 / CBC", p256, p256, CMS_AES_256_CBC },
		{ "P-256 / P-256 / GCM", p256, p256, CMS_AES_256_GCM },
	};

	printf("%-24s %8s %10s %10s %8s\n", "signer/recipient/cipher", "bytes", "us", "floor us", "ratio");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			struct message m = { .signer = cases[i].signer,
				             .recipient = cases[i].recipient,
				             .cipher = cases[i].cipher,
				             .n = sizes[k],
				             .md = EVP_MD_CTX_new(),
				             .ctx = EVP_CIPHER_CTX_new(),
				             .to = cases[i].recipient->cert->op };
			unsigned calls = sizes[k] == MIB ? 8 : 60;
			double us = best(ours, &m, calls), least = best(floor_of, &m, calls);

			printf("%-24s %8zu %10.1f %10.1f %8.2f\n", cases[i].name, sizes[k], us, least,
			       us / least);
			EVP_MD_CTX_free(m.md);
			EVP_CIPHER_CTX_free(m.ctx);
		}
}

/* --- an answer, opened ---------------------------------------------------------------------------------- */

struct answer {
	const struct pki *pki;
	struct buf sealed, signature;
};

static void make_answer(struct answer *r, size_t n)
{
	OWNS(cms_envelope) e = NULL;
	OWNS(digest) d = NULL;
	uint8_t digest[32];

	MUST(digest_new(&d, NULL));
	MUST(digest_put(d, str_of(body, n), NULL));
	MUST(digest_end(d, digest, NULL));
	MUST(cms_sign_detached(r->pki->key, r->pki->cert, NULL, 0, digest, &r->signature, NULL));
	MUST(cms_envelope_new(r->pki->cert, CMS_AES_256_CBC, n, sink_buf(&r->sealed), &e, NULL));
	MUST(cms_envelope_put(e, str_of(body, n), NULL));
	MUST(cms_envelope_end(e, NULL));
}

static void open_answer(void *arg)
{
	const struct answer *r = arg;
	const struct cms_lock lock = { r->pki->cert, r->pki->key, 0 };
	const struct cms_cert *pin = r->pki->cert;
	OWNS(cms_in) envelope = NULL;
	OWNS(cms_in) signature = NULL;
	OWN(buf) plain = BUF(2 * MIB);
	struct cms_signature s;

	MUST(cms_in_new(buf_str(&r->sealed), &envelope, NULL));
	MUST(cms_in_decrypt(envelope, &lock, 1, 1, &plain, NULL));
	MUST(cms_in_new(buf_str(&r->signature), &signature, NULL));
	MUST(cms_in_verify(signature, buf_str(&plain), &pin, 1, &s, NULL));
}

static void answers(const char *name, const struct pki *p)
{
	struct answer r = { p, BUF(2 * MIB), BUF(65536) };

	make_answer(&r, 4096);
	printf("%-9s %-24s %8.1f us\n", name, "open 4096, both layers", best(open_answer, &r, 60));
	buf_done(&r.sealed);
	buf_done(&r.signature);
}

/* --- keys and certificates ------------------------------------------------------------------------------ */

struct import {
	struct str bytes;
	const struct pki *pki;
};

static void import_private(void *arg)
{
	const struct import *i = arg;
	OWNS(key) k = NULL;

	MUST(key_import_private(i->bytes, &k, NULL));
}

static void decode_private(void *arg)
{
	const struct import *i = arg;
	const unsigned char *p = str_bytes(i->bytes);
	EVP_PKEY *k = d2i_AutoPrivateKey(NULL, &p, (long)i->bytes.n);

	assert(k);
	EVP_PKEY_free(k);
}

static void import_public(void *arg)
{
	const struct import *i = arg;
	OWNS(key) k = NULL;

	MUST(key_import_public(i->bytes, &k, NULL));
}

static void decode_public(void *arg)
{
	const struct import *i = arg;
	const unsigned char *p = str_bytes(i->bytes);
	EVP_PKEY *k = d2i_PUBKEY(NULL, &p, (long)i->bytes.n);

	assert(k);
	EVP_PKEY_free(k);
}

static void prepare(void *arg)
{
	const struct import *i = arg;
	OWNS(cms_cert) c = NULL;

	MUST(cms_cert_new(i->bytes, &c, NULL));
}

static void decode_cert(void *arg)
{
	const struct import *i = arg;
	const unsigned char *p = str_bytes(i->bytes);
	X509 *x = d2i_X509(NULL, &p, (long)i->bytes.n);

	assert(x && X509_get0_pubkey(x));
	X509_free(x);
}

static void issue(void *arg)
{
	const struct import *i = arg;
	struct cert_fields c = leaf_of(i->pki);
	OWN(buf) der = BUF(CERT_MAX);

	MUST(cert_build(&c, &der, NULL));
}

static void bare_signature(void *arg)
{
	const struct import *i = arg;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t sig[KEY_SIG_MAX];
	size_t n = sizeof(sig);

	SSL(EVP_DigestSignInit(md, NULL, ossl()->sha256, NULL, i->pki->ca->pkey));
	SSL(EVP_DigestSign(md, sig, &n, (const uint8_t *)body, 600));
	EVP_MD_CTX_free(md);
}

static void beside(const char *name, const char *what, double us, const char *other, double other_us)
{
	printf("%-9s %-24s %8.1f us   %-24s %8.1f us   %5.2f\n", name, what, us, other, other_us,
	       us / other_us);
}

static void keys_and_certificates(const char *name, const struct pki *p)
{
	OWN(secret) record = SECRET_NONE;
	OWN(secret) pkcs8 = SECRET_NONE;
	struct import private = { .pki = p }, encoded = private, public = private, cert = private;

	MUST(key_export_private(p->key, &record, NULL));
	MUST(key_export_pkcs8(p->key, &pkcs8, NULL));
	private.bytes = str_of(record.p, record.n);
	encoded.bytes = str_of(pkcs8.p, pkcs8.n);
	public.bytes = buf_str(&p->key->spki);
	cert.bytes = buf_str(&p->der);
	beside(name, "key_import_private", best(import_private, &private, 200), "d2i_AutoPrivateKey",
	       best(decode_private, &encoded, 200));
	beside(name, "key_import_public", best(import_public, &public, 200), "d2i_PUBKEY",
	       best(decode_public, &public, 200));
	beside(name, "cms_cert_new", best(prepare, &cert, 200), "d2i_X509 with its key",
	       best(decode_cert, &cert, 200));
	beside(name, "cert_build", best(issue, &cert, 100), "EVP_DigestSign",
	       best(bare_signature, &cert, 100));
}

static void pki_free(struct pki *p)
{
	cms_cert_free(p->cert);
	key_free(p->ca);
	key_free(p->key);
	buf_done(&p->ca_der);
	buf_done(&p->der);
}

int main(void)
{
	struct pki rsa, p256;

	MUST(crypto_init(NULL));
	make_pki(KEY_RSA_2048, &rsa);
	make_pki(KEY_P256, &p256);
	messages(&rsa, &p256);
	keys_and_certificates("RSA-2048", &rsa);
	keys_and_certificates("P-256", &p256);
	answers("RSA-2048", &rsa);
	answers("P-256", &p256);
	pki_free(&rsa);
	pki_free(&p256);
	return 0;
}
