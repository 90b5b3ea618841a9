#include "crypto/aead.h"

#include "base/mem.h"
#include "crypto/ossl.h"

#include <assert.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

int random_bytes(void *p, size_t n, struct fail *f)
{
	if (n > INT_MAX || RAND_bytes(p, (int)n) != 1)
		return fail_ossl(f, FAIL_SYS, "no randomness");
	return OK;
}

/* The digests of short strings fail only when there is no memory, which everywhere else aborts too. */
void sha256(struct str data, uint8_t ret[static 32])
{
	if (EVP_Digest(data.p, data.n, ret, NULL, ossl()->sha256, NULL) != 1)
		abort();
}

/* One context for all: with its digest it costs more to make than the sum of a short string. It holds the last key, as does the
 * caller for as long as it lives, and to begin anew with that costs half of what a key does. */
static struct {
	EVP_MAC_CTX *ctx;
	size_t n;
	uint8_t key[32];
} mac;

static EVP_MAC_CTX *mac_ctx(void)
{
	OSSL_PARAM with[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA2-256" },
		                                               0),
		              OSSL_PARAM_construct_end() };

	if (mac.ctx)
		return mac.ctx;
	mac.ctx = EVP_MAC_CTX_new(ossl()->hmac);
	if (!mac.ctx || EVP_MAC_CTX_set_params(mac.ctx, with) != 1)
		abort();
	return mac.ctx;
}

static const uint8_t none[1]; /* where an empty text stands, whose own pointer may be NULL */

static bool mac_begin(struct str key)
{
	if (mac.n && mac.n == key.n && ct_eq(mac.key, key.p, key.n))
		return EVP_MAC_init(mac.ctx, NULL, 0, NULL) == 1;
	mac.n = key.n <= sizeof(mac.key) ? key.n : 0;
	memcpy(mac.key, key.n ? key.p : "", mac.n);
	return EVP_MAC_init(mac_ctx(), key.n ? str_bytes(key) : none, key.n, NULL) == 1;
}

void mac_sha256(struct str key, struct str data, uint8_t ret[static 32])
{
	size_t n = 0;

	if (!mac_begin(key) || EVP_MAC_update(mac.ctx, data.n ? str_bytes(data) : none, data.n) != 1 ||
	    EVP_MAC_final(mac.ctx, ret, &n, 32) != 1 || n != 32)
		abort();
}

bool ct_eq(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* A cipher context under the key that it was given last: the next call under the same key, as those of a group's columns and of
 * a body's chunks are, only says its nonce, for a context with its key costs more to make than a short text to seal. */
struct keyed {
	EVP_CIPHER_CTX *ctx;
	bool set, sealing;
	uint8_t key[AEAD_KEY];
};

static void keyed_done(struct keyed *k)
{
	EVP_CIPHER_CTX_free(k->ctx);
	wipe(k->key, sizeof(k->key));
	*k = (struct keyed){ 0 };
}

static bool keyed_use(struct keyed *k, bool sealing, struct str key, const uint8_t *nonce)
{
	assert(key.n == AEAD_KEY);
	if (k->set && k->sealing == sealing && ct_eq(k->key, key.p, AEAD_KEY))
		return EVP_CipherInit_ex2(k->ctx, NULL, NULL, nonce, sealing, NULL) == 1;
	if (!k->ctx)
		k->ctx = EVP_CIPHER_CTX_new();
	k->set = k->ctx &&
	         EVP_CipherInit_ex2(k->ctx, ossl()->aes_256_gcm, str_bytes(key), nonce, sealing, NULL) == 1;
	k->sealing = sealing;
	memcpy(k->key, key.p, AEAD_KEY);
	return k->set;
}

/* out has room for plain.n + AEAD_TAG. EVP counts in int. */
static bool gcm_seal(struct keyed *k, struct str key, const uint8_t *nonce, struct str ad, struct str plain,
                     uint8_t *out)
{
	int n = 0, tail = 0;

	return keyed_use(k, true, key, nonce) &&
	       (!ad.n || EVP_EncryptUpdate(k->ctx, NULL, &n, str_bytes(ad), (int)ad.n) == 1) &&
	       (!plain.n || EVP_EncryptUpdate(k->ctx, out, &n, str_bytes(plain), (int)plain.n) == 1) &&
	       EVP_EncryptFinal_ex(k->ctx, out + plain.n, &tail) == 1 && tail == 0 &&
	       EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, out + plain.n) == 1;
}

/* sealed = ciphertext || tag; out has room for sealed.n - AEAD_TAG and is to be wiped on failure. */
static bool gcm_open(struct keyed *k, struct str key, const uint8_t *nonce, struct str ad, struct str sealed,
                     uint8_t *out)
{
	uint8_t tag[AEAD_TAG], rest[AEAD_TAG];
	size_t plain = sealed.n - AEAD_TAG;
	int n = 0;

	memcpy(tag, sealed.p + plain, AEAD_TAG);
	return keyed_use(k, false, key, nonce) &&
	       (!ad.n || EVP_DecryptUpdate(k->ctx, NULL, &n, str_bytes(ad), (int)ad.n) == 1) &&
	       (!plain || EVP_DecryptUpdate(k->ctx, out, &n, str_bytes(sealed), (int)plain) == 1) &&
	       EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) == 1 &&
	       EVP_DecryptFinal_ex(k->ctx, rest, &n) == 1;
}

/* One for each way, for rows are read and written in turn; a body's chunks have their own. */
static struct {
	struct keyed seal, open;
} kept;

void aead_forget(void)
{
	keyed_done(&kept.seal);
	keyed_done(&kept.open);
}

static struct {
	uint8_t at[RANDOM_SHOWN_MOST * 32];
	size_t left;
	bool armed;
} ahead;

static void forget_ahead(void)
{
	ahead.left = 0;
}

/* A call of the generator costs nearly the same for many. What is forked draws its own. */
int random_shown(void *p, size_t n, struct fail *f)
{
	assert(n <= RANDOM_SHOWN_MOST);
	if (!ahead.armed && pthread_atfork(NULL, NULL, forget_ahead) != 0)
		return fail(f, FAIL_SYS, "no memory");
	ahead.armed = true;
	if (ahead.left < n) {
		TRY(random_bytes(ahead.at, sizeof(ahead.at), f));
		ahead.left = sizeof(ahead.at);
	}
	ahead.left -= n;
	memcpy(p, ahead.at + ahead.left, n);
	return OK;
}

int aead_seal(struct str key, struct str ad, struct str plain, struct buf *out, struct fail *f)
{
	uint8_t *to;

	if (key.n != AEAD_KEY)
		return fail(f, FAIL_BUG, "a key of %zu bytes", key.n);
	if (plain.n > INT_MAX || ad.n > INT_MAX)
		return fail(f, FAIL_LIMIT, "too long to seal in one piece");
	to = (uint8_t *)buf_room(out, plain.n + AEAD_OVERHEAD);
	if (!to)
		return fail(f, FAIL_LIMIT, "sealed text exceeds %zu bytes", out->max);
	TRY(random_shown(to, AEAD_NONCE, f));
	if (!gcm_seal(&kept.seal, key, to, ad, plain, to + AEAD_NONCE))
		return fail_ossl(f, FAIL_SYS, "sealing");
	out->n += plain.n + AEAD_OVERHEAD;
	return OK;
}

/* Checks the shape and opens into `to`, which has room for sealed.n - AEAD_OVERHEAD. */
static int open_into(struct str key, struct str ad, struct str sealed, uint8_t *to, struct fail *f)
{
	if (!gcm_open(&kept.open, key, str_bytes(sealed), ad, str_from(sealed, AEAD_NONCE), to)) {
		wipe(to, sealed.n - AEAD_OVERHEAD);
		return fail_ossl(f, FAIL_FORGED, "sealed text does not open");
	}
	return OK;
}

static int check_sealed(struct str key, struct str ad, struct str sealed, struct fail *f)
{
	if (key.n != AEAD_KEY)
		return fail(f, FAIL_BUG, "a key of %zu bytes", key.n);
	if (sealed.n < AEAD_OVERHEAD || sealed.n > INT_MAX || ad.n > INT_MAX)
		return fail(f, FAIL_FORGED, "sealed text of %zu bytes", sealed.n);
	return OK;
}

int aead_open(struct str key, struct str ad, struct str sealed, struct buf *out, struct fail *f)
{
	uint8_t *to;

	TRY(check_sealed(key, ad, sealed, f));
	if (out->over || sealed.n - AEAD_OVERHEAD > out->max - out->n)
		return fail(f, FAIL_LIMIT, "opened text exceeds %zu bytes", out->max);
	to = (uint8_t *)buf_room(out, sealed.n - AEAD_OVERHEAD);
	TRY(open_into(key, ad, sealed, to, f));
	out->n += sealed.n - AEAD_OVERHEAD;
	return OK;
}

int aead_open_secret(struct str key, struct str ad, struct str sealed, struct secret *ret, struct fail *f)
{
	OWN(secret) s = SECRET_NONE;

	TRY(check_sealed(key, ad, sealed, f));
	TRY(secret_new(&s, sealed.n - AEAD_OVERHEAD, f));
	TRY(open_into(key, ad, sealed, s.p, f));
	*ret = secret_take(&s);
	return OK;
}

/* --- the long form ------------------------------------------------------------------------------------ */

struct aead_stream {
	struct sink out;
	uint64_t chunk; /* number of the next one */
	size_t n, unit; /* bytes waiting; bytes of a full chunk as it comes in */
	bool opening, broken, ended;
	struct keyed keyed;
	uint8_t key[AEAD_KEY];
	uint8_t *at;               /* where the next chunk is made: `made`, or the caller's */
	size_t in_used, made_used; /* how far the two have been written: a short body wipes no 128 KiB */
	uint8_t in[AEAD_CHUNK + AEAD_TAG], made[AEAD_CHUNK + AEAD_TAG];
};

uint64_t aead_stream_size(uint64_t plain_bytes)
{
	uint64_t chunks = plain_bytes / AEAD_CHUNK + (plain_bytes % AEAD_CHUNK != 0);

	return plain_bytes + AEAD_TAG * (chunks ? chunks : 1);
}

static int stream_new(struct str key, struct sink out, bool opening, struct aead_stream **ret, struct fail *f)
{
	struct aead_stream *s;

	if (key.n != AEAD_KEY)
		return fail(f, FAIL_BUG, "a key of %zu bytes", key.n);
	s = xrealloc(NULL, sizeof(*s));
	memset(s, 0, offsetof(struct aead_stream, in)); /* the rooms are written before they are read */
	s->out = out;
	s->opening = opening;
	s->unit = opening ? AEAD_CHUNK + AEAD_TAG : AEAD_CHUNK;
	s->at = s->made;
	memcpy(s->key, key.p, AEAD_KEY);
	*ret = s;
	return OK;
}

int aead_stream_seal_new(struct str key, struct sink out, struct aead_stream **ret, struct fail *f)
{
	return stream_new(key, out, false, ret, f);
}

int aead_stream_open_new(struct str key, struct sink out, struct aead_stream **ret, struct fail *f)
{
	return stream_new(key, out, true, ret, f);
}

void aead_stream_free(struct aead_stream *s)
{
	if (!s)
		return;
	keyed_done(&s->keyed);
	wipe(s->key, sizeof(s->key));
	assert(s->in_used <= sizeof(s->in) && s->made_used <= sizeof(s->made));
	wipe(s->in, s->in_used);
	wipe(s->made, s->made_used);
	free(s);
}

void aead_stream_make_at(struct aead_stream *s, void *room)
{
	s->at = room;
}

/* STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015): nonce = 0 (3 bytes) || counter (8) || last (1). */
static int make_chunk(struct aead_stream *s, struct str in, bool last, struct str *ret, struct fail *f)
{
	uint8_t nonce[AEAD_NONCE] = { [AEAD_NONCE - 1] = last };
	struct str key = str_of(s->key, AEAD_KEY);
	size_t made;

	for (int i = 0; i < 8; i++)
		nonce[3 + i] = (uint8_t)(s->chunk >> (56 - 8 * i));
	s->chunk++;
	if (s->opening && in.n < AEAD_TAG)
		return fail(f, FAIL_FORGED, "sealed body is cut off");
	made = s->opening ? in.n - AEAD_TAG : in.n + AEAD_TAG;
	assert(made <= sizeof(s->made));
	if (s->at == s->made && made > s->made_used)
		s->made_used = made;
	if (s->opening && !gcm_open(&s->keyed, key, nonce, STR_NONE, in, s->at))
		return fail_ossl(f, FAIL_FORGED, "sealed body does not open");
	if (!s->opening && !gcm_seal(&s->keyed, key, nonce, STR_NONE, in, s->at))
		return fail_ossl(f, FAIL_SYS, "sealing a body");
	*ret = str_of(s->at, made);
	return OK;
}

static int stream_chunk(struct aead_stream *s, struct str in, bool last, struct fail *f)
{
	struct str made;

	TRY(make_chunk(s, in, last, &made, f));
	return sink_put(s->out, made, f);
}

int aead_stream_chunk(struct aead_stream *s, struct str in, bool last, struct str *ret, struct fail *f)
{
	int r;

	if (s->broken || s->ended || s->n || (last ? in.n > s->unit : in.n != s->unit))
		return fail(f, FAIL_BUG, "no chunk of a stream, or after its end");
	r = make_chunk(s, in, last, ret, f);
	s->broken = r < 0;
	s->ended = last;
	return r;
}

/* A full chunk waits until more comes or the end does: only then it is known whether it is the last. */
static int stream_take(struct aead_stream *s, struct str in, struct fail *f)
{
	while (in.n) {
		size_t take;

		if (s->n == s->unit) {
			TRY(stream_chunk(s, str_of(s->in, s->n), false, f));
			s->n = 0;
		}
		if (s->n == 0 && in.n > s->unit) {
			TRY(stream_chunk(s, str_first(in, s->unit), false, f));
			in = str_from(in, s->unit);
			continue;
		}
		take = in.n < s->unit - s->n ? in.n : s->unit - s->n;
		memcpy(s->in + s->n, in.p, take);
		s->n += take;
		s->in_used = s->n > s->in_used ? s->n : s->in_used;
		in = str_from(in, take);
	}
	return OK;
}

int aead_stream_put(struct aead_stream *s, struct str in, struct fail *f)
{
	int r;

	if (s->broken || s->ended)
		return fail(f, FAIL_BUG, "the stream has ended or failed");
	r = stream_take(s, in, f);
	s->broken = r < 0;
	return r;
}

int aead_stream_end(struct aead_stream *s, struct fail *f)
{
	if (s->broken || s->ended)
		return fail(f, FAIL_BUG, "the stream has ended or failed");
	s->ended = true;
	return stream_chunk(s, str_of(s->in, s->n), true, f);
}
