/* wrap.h - keys under the vault's master key. The kind, user and profile are authenticated: a CA key cannot be
 * relabelled as a leaf, nor one user's key used for another. Only the vault calls this with a real key. */
#ifndef CRYPTO_WRAP_H
#define CRYPTO_WRAP_H

#include "crypto/aead.h"

enum wrap_kind { WRAP_SPARE = 1, WRAP_LEAF = 2, WRAP_CA = 3, WRAP_COLUMN = 4, WRAP_HASH = 5 };

struct wrap_label {
	enum wrap_kind kind;
	uint64_t user;    /* 0 for SPARE, COLUMN, HASH */
	uint64_t profile; /* 0 for SPARE, COLUMN, HASH */
};

/* out = version, master key id (8 bytes), label in clear, nonce, ciphertext, tag; the label and the id are the
 * associated data. */
MUST_CHECK int wrap_seal(const struct secret *master, const struct wrap_label *l, struct str key,
                         struct buf *out, struct fail *f);
/* FAIL_FORGED when it does not open; FAIL_ABSENT when it was wrapped under another master key. The caller checks
 * ret_label against what it wants. */
MUST_CHECK int wrap_open(const struct secret *master, struct str wrapped, struct wrap_label *ret_label,
                         struct secret *ret_key, struct fail *f);

/* SHA-256("postern master key id" || key), first 8 bytes: names a master key without telling it. */
void wrap_key_id(const struct secret *master, uint8_t ret[static 8]);

#endif
