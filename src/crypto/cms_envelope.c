#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/cms_in.h"
#include "crypto/oid.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <stdlib.h>

/* EnvelopedData (RFC 5652 6) and AuthEnvelopedData (RFC 5083, 5084):
 *
 *   ContentInfo { id-envelopedData, [0] EnvelopedData { version, SET { RecipientInfo },
 *     { id-data, { aes256-CBC, IV }, [0] ciphertext } } }
 *   ContentInfo { id-ct-authEnvelopedData, [0] AuthEnvelopedData { 0, SET { RecipientInfo },
 *     { id-data, { aes256-GCM, { nonce, 16 } }, [0] ciphertext }, tag } }
 *
 * The ciphertext is one primitive OCTET STRING: its length is known before the first byte is. */

enum { CEK = 32, WRAPPED_CEK = 40, BLOCK = 16, GCM_NONCE = 12, GCM_TAG = 16, PIECE = 16384 };
enum { RECIPIENT_MAX = 1 << 17 };
static const uint64_t CONTENT_MAX = (1ull << 36) - 32; /* of one GCM key and nonce, NIST SP 800-38D 5.2.1.1 */

struct cms_envelope {
	struct sink out;
	EVP_CIPHER_CTX *cipher;
	uint64_t left;
	bool gcm, closed; /* ended or failed */
	uint8_t made[PIECE + BLOCK];
};

/* A key on the stack. */
struct cek {
	uint8_t p[CEK];
};

static void cek_done(struct cek *c)
{
	wipe(c, sizeof(*c));
}

/* --- recipients --------------------------------------------------------------------------------------- */

/* KeyTransRecipientInfo, RFC 5652 6.2.1: version 0 goes with issuerAndSerialNumber. */
static int put_key_transport(struct buf *b, const struct cms_cert *to, const struct cek *cek, struct fail *f)
{
	uint8_t sealed[KEY_SIG_MAX];
	size_t n = sizeof(sealed), seq;

	if (EVP_PKEY_encrypt(to->op, sealed, &n, cek->p, CEK) != 1)
		return fail_ossl(f, FAIL_SYS, "key transport");
	seq = der_open(b, DER_SEQ);
	der_put_small(b, 0);
	buf_add(b, buf_str(&to->sid));
	buf_add(b, ALG_RSA);
	der_put(b, DER_OCTETS, str_of(sealed, n));
	der_close(b, seq);
	return OK;
}

/* ECC-CMS-SharedInfo, RFC 5753 7.2: { id-aes256-wrap }, no entityUInfo, the key's 256 bits. */
#define SHARED_INFO                                                                                          \
	STR("\x30\x15\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2d\xa2\x06\x04\x04\x00\x00\x01\x00")

/* The key encryption key out of ephemeral and static key. The recipient's point was seen to lie on its curve when it was
 * imported, and the curves have cofactor 1: the library's full check, another multiplication, would add nothing. */
static bool agree(EVP_PKEY *ephemeral, const struct key *to, struct cek *ret)
{
	OWNP(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ephemeral, NULL);
	struct str info = SHARED_INFO;
	size_t want = CEK, n = CEK;
	OSSL_PARAM with[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, (char[]){ "X963KDF" }, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, (char[]){ "SHA2-256" }, 0),
		OSSL_PARAM_construct_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, &want),
		OSSL_PARAM_construct_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, (void *)(uintptr_t)info.p,
		                                  info.n),
		OSSL_PARAM_construct_end(),
	};

	return ctx && EVP_PKEY_derive_init_ex(ctx, with) == 1 &&
	       EVP_PKEY_derive_set_peer_ex(ctx, to->pkey, 0) == 1 && EVP_PKEY_derive(ctx, ret->p, &n) == 1 &&
	       n == CEK;
}

/* RFC 3394. */
static bool wrap_cek(const struct cek *kek, const struct cek *cek, uint8_t ret[static WRAPPED_CEK])
{
	OWNP(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	int n = 0, tail = 0;

	if (!ctx)
		return false;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	return EVP_EncryptInit_ex2(ctx, ossl()->aes_256_wrap, kek->p, NULL, NULL) == 1 &&
	       EVP_EncryptUpdate(ctx, ret, &n, cek->p, CEK) == 1 && n == WRAPPED_CEK &&
	       EVP_EncryptFinal_ex(ctx, ret + n, &tail) == 1 && tail == 0;
}

/* [0] { [1] { { id-ecPublicKey }, point } }: parameters absent, the curve is the recipient's (RFC 5753 3.1.1). */
static void put_originator(struct buf *b, struct str point)
{
	size_t originator = der_open(b, DER_CONTEXT_SEQ + 0), key = der_open(b, DER_CONTEXT_SEQ + 1);

	buf_add(b, ALG_EC_BARE);
	der_put_bits(b, 0, point);
	der_close(b, key);
	der_close(b, originator);
}

/* KeyAgreeRecipientInfo, RFC 5652 6.2.2: dhSinglePass-stdDH-sha256kdf over id-aes256-wrap. */
static void put_kari(struct buf *b, const struct cms_cert *to, struct str point, struct str wrapped)
{
	size_t kari = der_open(b, DER_CONTEXT_SEQ + 1), seq, one;

	der_put_small(b, 3);
	put_originator(b, point);
	seq = der_open(b, DER_SEQ);
	der_put(b, DER_OID, OID_ECDH_SHA256);
	buf_add(b, ALG_AES_256_WRAP);
	der_close(b, seq);
	seq = der_open(b, DER_SEQ);
	one = der_open(b, DER_SEQ);
	buf_add(b, buf_str(&to->sid));
	der_put(b, DER_OCTETS, wrapped);
	der_close(b, one);
	der_close(b, seq);
	der_close(b, kari);
}

static int put_key_agreement(struct buf *b, const struct cms_cert *to, const struct cek *cek, struct fail *f)
{
	uint8_t point[1 + 2 * 66], wrapped[WRAPPED_CEK];
	OWNP(EVP_PKEY) ephemeral = NULL;
	OWN(cek) kek = { 0 };
	size_t n = 0;

	if (EVP_PKEY_generate(to->op, &ephemeral) != 1 ||
	    EVP_PKEY_get_octet_string_param(ephemeral, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) !=
	            1 ||
	    !agree(ephemeral, to->key, &kek) || !wrap_cek(&kek, cek, wrapped))
		return fail_ossl(f, FAIL_SYS, "key agreement");
	put_kari(b, to, str_of(point, n), str_of(wrapped, WRAPPED_CEK));
	return OK;
}

static int put_recipient(struct buf *b, const struct cms_cert *to, const struct cek *cek, struct fail *f)
{
	bool ec = to->key->curve != NULL;

	if (!(to->usage & (ec ? CMS_AGREE : CMS_ENCIPHER)))
		return fail(f, FAIL_DENIED, "the certificate is not for encryption");
	if (ec)
		return put_key_agreement(b, to, cek, f);
	return put_key_transport(b, to, cek, f);
}

/* --- the frame ---------------------------------------------------------------------------------------- */

static void put_cipher(struct buf *b, bool gcm, struct str iv)
{
	size_t alg = der_open(b, DER_SEQ), params;

	der_put(b, DER_OID, gcm ? OID_AES_256_GCM : OID_AES_256_CBC);
	if (gcm) {
		params = der_open(b, DER_SEQ);
		der_put(b, DER_OCTETS, iv);
		der_put_small(b, GCM_TAG);
		der_close(b, params);
	} else {
		der_put(b, DER_OCTETS, iv);
	}
	der_close(b, alg);
}

/* Everything up to the ciphertext. Lengths are summed from the inside out, then written from the outside in. */
static void put_frame(struct buf *b, bool gcm, uint8_t version, struct str recipient, struct str iv,
                      uint64_t plain)
{
	struct str type = gcm ? OID_AUTH_ENVELOPED : OID_ENVELOPED_DATA;
	uint64_t cipher = gcm ? plain : (plain / BLOCK + 1) * BLOCK;
	uint64_t content, data, explicit;
	OWN(buf) set = BUF(RECIPIENT_MAX);
	OWN(buf) content_head = BUF(256);

	der_put(&set, DER_SET, recipient);
	der_put(&content_head, DER_OID, OID_DATA);
	put_cipher(&content_head, gcm, iv);
	der_put_head(&content_head, DER_CONTEXT + 0, cipher);
	content = content_head.n + cipher;
	data = 3 + set.n + der_head_size(content) + content + (gcm ? 2 + GCM_TAG : 0);
	explicit = der_head_size(data) + data;

	der_put_head(b, DER_SEQ, 2 + type.n + der_head_size(explicit) + explicit);
	der_put(b, DER_OID, type);
	der_put_head(b, DER_CONTEXT_SEQ + 0, explicit);
	der_put_head(b, DER_SEQ, data);
	der_put_small(b, version);
	buf_add(b, buf_str(&set));
	der_put_head(b, DER_SEQ, content);
	buf_add(b, buf_str(&content_head));
}

static int start(struct cms_envelope *e, const struct cms_cert *to, struct fail *f)
{
	OWN(buf) recipient = BUF(RECIPIENT_MAX);
	OWN(buf) frame = BUF(RECIPIENT_MAX + 512);
	OWN(cek) cek = { 0 };
	uint8_t iv[BLOCK];

	if (RAND_priv_bytes(cek.p, CEK) != 1)
		return fail_ossl(f, FAIL_SYS, "no randomness");
	TRY(random_bytes(iv, sizeof(iv), f));
	TRY(put_recipient(&recipient, to, &cek, f));
	e->cipher = EVP_CIPHER_CTX_new();
	if (!e->cipher || EVP_EncryptInit_ex2(e->cipher, e->gcm ? ossl()->aes_256_gcm : ossl()->aes_256_cbc,
	                                      cek.p, iv, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "content cipher");
	put_frame(&frame, e->gcm, !e->gcm && to->key->curve ? 2 : 0, buf_str(&recipient),
	          str_of(iv, e->gcm ? GCM_NONCE : BLOCK), e->left);
	if (frame.over)
		return fail(f, FAIL_LIMIT, "no room for the recipient");
	return sink_put(e->out, buf_str(&frame), f);
}

int cms_envelope_new(const struct cms_cert *recipient, enum cms_cipher cipher, uint64_t plain_bytes,
                     struct sink out, struct cms_envelope **ret, struct fail *f)
{
	OWNS(cms_envelope) e = xnew(struct cms_envelope);

	if (cipher != CMS_AES_256_CBC && cipher != CMS_AES_256_GCM)
		return fail(f, FAIL_BUG, "content cipher %d", (int)cipher);
	if (!recipient->key)
		return fail(f, FAIL_BUG, "a recipient without a key");
	if (plain_bytes > CONTENT_MAX)
		return fail(f, FAIL_LIMIT, "too long to encrypt");
	e->out = out;
	e->left = plain_bytes;
	e->gcm = cipher == CMS_AES_256_GCM;
	TRY(start(e, recipient, f));
	*ret = TAKE(e);
	return OK;
}

static int encrypt(struct cms_envelope *e, struct str plain, struct fail *f)
{
	while (plain.n) {
		struct str piece = str_first(plain, PIECE);
		int n = 0;

		if (EVP_EncryptUpdate(e->cipher, e->made, &n, str_bytes(piece), (int)piece.n) != 1)
			return fail_ossl(f, FAIL_SYS, "content encryption");
		TRY(sink_put(e->out, str_of(e->made, (size_t)n), f));
		plain = str_from(plain, piece.n);
	}
	return OK;
}

int cms_envelope_put(struct cms_envelope *e, struct str plain, struct fail *f)
{
	if (e->closed || plain.n > e->left) {
		e->closed = true;
		return fail(f, FAIL_BUG, "more content than was told, or after the end");
	}
	e->left -= plain.n;
	e->closed = true;
	TRY(encrypt(e, plain, f));
	e->closed = false;
	return OK;
}

int cms_envelope_end(struct cms_envelope *e, struct fail *f)
{
	int n = 0;

	if (e->closed || e->left)
		return fail(f, FAIL_BUG, "less content than was told, or no longer open");
	e->closed = true;
	if (EVP_EncryptFinal_ex(e->cipher, e->made, &n) != 1)
		return fail_ossl(f, FAIL_SYS, "content encryption");
	if (e->gcm) {
		n = 2 + GCM_TAG;
		e->made[0] = DER_OCTETS;
		e->made[1] = GCM_TAG;
		if (EVP_CIPHER_CTX_ctrl(e->cipher, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, e->made + 2) != 1)
			return fail_ossl(f, FAIL_SYS, "content tag");
	}
	return sink_put(e->out, str_of(e->made, (size_t)n), f);
}

void cms_envelope_free(struct cms_envelope *e)
{
	if (!e)
		return;
	EVP_CIPHER_CTX_free(e->cipher);
	free(e);
}
