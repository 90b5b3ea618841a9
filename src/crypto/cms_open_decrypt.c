#include "base/mem.h"
#include "crypto/cms_open_in.h"
#include "crypto/oid.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

enum { NONCE = 12, TAG_MIN = 12, TAG_MAX = 16, PIECE = 1 << 20 };
/* How often a key is tried at most: a client names each of our certificates once. */
enum { TRIES_EACH = 2 };

/* --- content ciphers ---------------------------------------------------------------------------------- */

static const struct cipher_row {
	struct str oid;
	enum cms_kind kind;
	size_t key;
	const EVP_CIPHER *(*cipher)(void);
} ciphers[] = {
	/* What S/MIME 3.1 clients fall back to when they know nothing of the recipient (RFC 3851 2.7.1). */
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x03\x07"), CMS_ENVELOPED, 24, EVP_des_ede3_cbc },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x02"), CMS_ENVELOPED, 16, EVP_aes_128_cbc },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x16"), CMS_ENVELOPED, 24, EVP_aes_192_cbc },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x2a"), CMS_ENVELOPED, 32, EVP_aes_256_cbc },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x06"), CMS_AUTH_ENVELOPED, 16, EVP_aes_128_gcm },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x1a"), CMS_AUTH_ENVELOPED, 24, EVP_aes_192_gcm },
	{ STR_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x2e"), CMS_AUTH_ENVELOPED, 32, EVP_aes_256_gcm },
};

struct content_cipher {
	const struct cipher_row *row;
	struct str iv;
};

static const struct cipher_row *row_of(struct str oid, enum cms_kind kind)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].kind == kind && str_eq(ciphers[i].oid, oid))
			return &ciphers[i];
	return NULL;
}

/* GCMParameters, RFC 5084 3.2: the tag's length is 12 where it is not told. */
static int read_gcm(struct str in, size_t tag, struct str *ret_nonce, struct fail *f)
{
	struct str seq = STR_NONE, length = STR("\x0c");

	TRY(der_get(&in, DER_SEQ, &seq, f));
	TRY(der_get(&seq, DER_OCTETS, ret_nonce, f));
	if (seq.n)
		TRY(der_get_uint(&seq, &length, f));
	TRY(der_end(seq, f));
	TRY(der_end(in, f));
	if (ret_nonce->n != NONCE || length.n != 1 || (uint8_t)length.p[0] != tag || tag < TAG_MIN ||
	    tag > TAG_MAX)
		return fail(f, FAIL_DENIED, "AES-GCM with another nonce or tag than RFC 5084 has");
	return OK;
}

static int read_cipher(const struct cms_in *c, struct content_cipher *ret, struct fail *f)
{
	struct str in = c->cipher, oid = STR_NONE;

	TRY(der_get(&in, DER_OID, &oid, f));
	ret->row = row_of(oid, c->kind);
	if (!ret->row)
		return fail(f, FAIL_DENIED,
		            "encrypted with a cipher that is not read (AES in CBC or GCM is)");
	if (c->kind == CMS_AUTH_ENVELOPED)
		return read_gcm(in, c->tag.n, &ret->iv, f);
	TRY(der_get(&in, DER_OCTETS, &ret->iv, f));
	TRY(der_end(in, f));
	return ret->iv.n == (size_t)EVP_CIPHER_get_iv_length(ret->row->cipher())
	               ? OK
	               : fail(f, FAIL_SYNTAX, "an IV of %zu bytes", ret->iv.n);
}

/* The pieces are OCTET STRINGs throughout. */
static int check_pieces(const struct cms_in *c, struct fail *f)
{
	struct str in = c->encrypted, piece;

	while (c->pieces && in.n)
		TRY(der_get(&in, DER_OCTETS, &piece, f));
	return OK;
}

/* --- the content -------------------------------------------------------------------------------------- */

static bool update(EVP_CIPHER_CTX *ctx, struct str in, uint8_t **to)
{
	while (in.n) {
		struct str piece = str_first(in, PIECE);
		int n = 0;

		if (EVP_DecryptUpdate(ctx, *to, &n, str_bytes(piece), (int)piece.n) != 1)
			return false;
		*to += n;
		in = str_from(in, piece.n);
	}
	return true;
}

static bool update_all(const struct cms_in *c, EVP_CIPHER_CTX *ctx, uint8_t **to)
{
	struct str in = c->encrypted, piece;

	if (!c->pieces)
		return update(ctx, in, to);
	while (in.n)
		if (der_get(&in, DER_OCTETS, &piece, NULL) < 0 || !update(ctx, piece, to))
			return false;
	return true;
}

/* The tag, and the authenticated attributes: as a SET, whatever tag they were sent with (RFC 5083 2.2). */
static bool set_tag(const struct cms_in *c, EVP_CIPHER_CTX *ctx)
{
	OWN(buf) set = BUF(c->attributes.n + DER_HEAD_MAX);
	int n = 0;

	if (c->kind != CMS_AUTH_ENVELOPED)
		return true;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)c->tag.n, (void *)(uintptr_t)c->tag.p) != 1)
		return false;
	if (!c->attributes.p)
		return true;
	der_put(&set, DER_SET, c->attributes);
	return EVP_DecryptUpdate(ctx, NULL, &n, str_bytes(buf_str(&set)), (int)set.n) == 1;
}

/* Gives how many bytes were written, also when they are not to be believed. */
static bool decrypt_content(const struct cms_in *c, const struct content_cipher *with, const uint8_t *cek,
                            uint8_t *to, size_t *ret_n)
{
	OWNP(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	uint8_t *at = to;
	int n = 0;
	bool good = ctx &&
	            EVP_DecryptInit_ex2(ctx, with->row->cipher(), cek, str_bytes(with->iv), NULL) == 1 &&
	            set_tag(c, ctx) && update_all(c, ctx, &at);

	good = good && EVP_DecryptFinal_ex(ctx, at, &n) == 1;
	*ret_n = (size_t)(at - to) + (size_t)(good ? n : 0);
	ERR_clear_error();
	return good;
}

/* --- keys --------------------------------------------------------------------------------------------- */

/* What the keys of one address have opened. */
struct opening {
	uint8_t cek[CEK_MAX];
	uint8_t good; /* a mask */
};

struct openings {
	struct opening *all;
	size_t n;
};

static void openings_done(struct openings *o)
{
	if (o->all)
		wipe(o->all, o->n * sizeof(*o->all));
	free(o->all);
}

static void choose(uint8_t *to, const uint8_t *from, uint8_t mask)
{
	for (size_t i = 0; i < CEK_MAX; i++)
		to[i] = (uint8_t)((from[i] & mask) | (to[i] & ~mask));
}

static void try_lock(const struct cms_in *c, const struct cms_lock *lock, size_t bytes, struct opening *o)
{
	size_t tries = 0;

	for (size_t i = 0; i < c->n_recipients && tries < TRIES_EACH; i++) {
		const struct cms_recipient *r = &c->recipients[i];
		struct opening one = { 0 };
		uint8_t fresh;

		if (!cms_name_is(&r->name, lock->cert) || !cms_can_unwrap(r, lock->key))
			continue;
		tries++;
		one.good = cms_unwrap(r, lock->key, bytes, one.cek);
		fresh = one.good & (uint8_t)~o->good;
		choose(o->cek, one.cek, fresh);
		o->good |= fresh;
		wipe(&one, sizeof(one));
	}
}

/* Is there a recipient that one of the keys could open? None for us at all is no denial: it fails as the others do. */
static int check_algorithms(const struct cms_in *c, const struct cms_lock *locks, size_t n, struct fail *f)
{
	bool named = false;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < c->n_recipients; k++) {
			if (!cms_name_is(&c->recipients[k].name, locks[i].cert))
				continue;
			if (cms_can_unwrap(&c->recipients[k], locks[i].key))
				return OK;
			named = true;
		}
	return named ? fail(f, FAIL_DENIED, "the content key is encrypted in a way that is not read") : OK;
}

/* Every group must have opened the same; in `cek` stays what was there (a random key) where they have not. */
static uint8_t settle(const struct openings *o, size_t bytes, uint8_t cek[static CEK_MAX])
{
	uint8_t good = 0xff, differ = 0;

	for (size_t i = 0; i < o->n; i++) {
		good &= o->all[i].good;
		for (size_t k = 0; k < bytes; k++)
			differ |= o->all[i].cek[k] ^ o->all[0].cek[k];
	}
	good &= (uint8_t)(((unsigned)differ - 1) >> 8); /* 0xff where nothing differs */
	choose(cek, o->all[0].cek, good);
	return good;
}

static int check_locks(const struct cms_lock *locks, size_t n, size_t n_groups, struct fail *f)
{
	if (!n_groups)
		return fail(f, FAIL_BUG, "no group of keys");
	for (size_t i = 0; i < n; i++)
		if (locks[i].group >= n_groups)
			return fail(f, FAIL_BUG, "key of group %zu of %zu", locks[i].group, n_groups);
	return OK;
}

static int open_content(const struct cms_in *c, const struct content_cipher *with, struct openings *o,
                        struct buf *out, struct fail *f)
{
	uint8_t *to = (uint8_t *)buf_room(out, c->encrypted.n);
	struct cek {
		uint8_t p[CEK_MAX];
	} cek;
	uint8_t good;
	size_t n = 0;
	bool done;

	if (RAND_priv_bytes(cek.p, CEK_MAX) != 1)
		return fail_ossl(f, FAIL_SYS, "no randomness");
	good = settle(o, with->row->key, cek.p);
	done = decrypt_content(c, with, cek.p, to, &n);
	wipe(&cek, sizeof(cek));
	if (!done || !good) {
		wipe(to, n);
		return fail(f, FAIL_FORGED, "it cannot be decrypted");
	}
	out->n += n;
	return OK;
}

int cms_in_decrypt(struct cms_in *c, const struct cms_lock *locks, size_t n, size_t n_groups, struct buf *out,
                   struct fail *f)
{
	OWN(openings) o = { 0 };
	struct content_cipher with = { 0 };

	if (c->kind == CMS_SIGNED)
		return fail(f, FAIL_BUG, "a signature is not decrypted");
	TRY(check_locks(locks, n, n_groups, f));
	TRY(read_cipher(c, &with, f));
	TRY(check_pieces(c, f));
	TRY(check_algorithms(c, locks, n, f));
	if (out->over || c->encrypted.n > out->max - out->n)
		return fail(f, FAIL_LIMIT, "%zu bytes of encrypted content", c->encrypted.n);
	o.n = n_groups;
	o.all = xalloc(n_groups * sizeof(*o.all));
	for (size_t i = 0; i < n; i++)
		try_lock(c, &locks[i], with.row->key, &o.all[locks[i].group]);
	return open_content(c, &with, &o, out, f);
}
