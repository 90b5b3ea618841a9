/* aead.h - authenticated encryption at rest: sealed columns, wrapped keys, bodies in the queue.
 * AES-256-GCM with random 96-bit nonces; the associated data says what the bytes are for, so that nothing
 * can be moved to another place. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/secret.h"
#include "base/sink.h"

enum { AEAD_KEY = 32, AEAD_NONCE = 12, AEAD_TAG = 16, AEAD_OVERHEAD = AEAD_NONCE + AEAD_TAG };

/* out = nonce || ciphertext || tag, appended. key is 32 bytes. FAIL_SYS when randomness or libcrypto fails. */
MUST_CHECK int aead_seal(struct str key, struct str ad, struct str plain, struct buf *out, struct fail *f);
/* FAIL_FORGED on any difference; out is untouched then. */
MUST_CHECK int aead_open(struct str key, struct str ad, struct str sealed, struct buf *out, struct fail *f);
/* The same into a secret, for key material. */
MUST_CHECK int aead_open_secret(struct str key, struct str ad, struct str sealed, struct secret *ret,
                                struct fail *f);
/* The three keep a context under the key that was used last. Whoever does not hold that key for as long as it lives forgets it
 * here. */
void aead_forget(void);

/* A long body under a key of its own: chunks of 64 KiB, each with its tag, the counter in the nonce, the last
 * chunk marked (STREAM construction: reordering, truncation and extension are FAIL_FORGED). Because the key
 * is used once, the nonce is counter || last flag and is not stored. stored size = aead_stream_size(plain). */
enum { AEAD_CHUNK = 65536 };
uint64_t aead_stream_size(uint64_t plain_bytes);

struct aead_stream;
MUST_CHECK int aead_stream_seal_new(struct str key, struct sink out, struct aead_stream **ret,
                                    struct fail *f);
MUST_CHECK int aead_stream_open_new(struct str key, struct sink out, struct aead_stream **ret,
                                    struct fail *f);
MUST_CHECK int aead_stream_put(struct aead_stream *s, struct str in, struct fail *f);
/* The same for who has whole chunks at hand, as they come out of aead_stream_put() (of AEAD_CHUNK bytes, sealed AEAD_TAG more;
 * the last one any less), and knows which one is the last. *ret is a view until the next call; `out` gets nothing. */
MUST_CHECK int aead_stream_chunk(struct aead_stream *s, struct str in, bool last, struct str *ret,
                                 struct fail *f);
/* Where the next chunk is made: AEAD_CHUNK + AEAD_TAG bytes, which nobody wipes. So a caller who gathers chunks copies none. */
void aead_stream_make_at(struct aead_stream *s, void *room);
MUST_CHECK int aead_stream_end(struct aead_stream *s, struct fail *f); /* open: FAIL_FORGED when truncated */
void aead_stream_free(struct aead_stream *s);
DEFINE_OWNS(aead_stream, aead_stream_free)

/* HMAC-SHA-256, and the first n bytes of it. */
void mac_sha256(struct str key, struct str data, uint8_t ret[static 32]);
void sha256(struct str data, uint8_t ret[static 32]);
bool ct_eq(const void *a, const void *b, size_t n);

/* Random bytes from the library's generator; FAIL_SYS when it fails: every result is checked. */
MUST_CHECK int random_bytes(void *p, size_t n, struct fail *f);
/* The same for what everybody may see as soon as it is used, nonces and names: at most RANDOM_SHOWN_MOST bytes, drawn ahead for many,
 * and used once. */
enum { RANDOM_SHOWN_MOST = 32 };
MUST_CHECK int random_shown(void *p, size_t n, struct fail *f);

/* To be called once in every process before its sandbox goes up: fetches every algorithm this program uses,
 * seeds the generator, loads no configuration file and no provider but the default one. */
MUST_CHECK int crypto_init(struct fail *f);

#endif
