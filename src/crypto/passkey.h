/* passkey.h - is this answer of an authenticator one to this question, under this key (Web Authentication, Level 2)?
 * Nothing is parsed: what a browser says of itself is compared with the bytes that it has to say (5.8.1.2), what the
 * authenticator says has one size, and a key is numbers of known sizes. So the decision can stand in a process that reads
 * nothing from outside, and whoever carried the bytes there has no part in it. */
#ifndef CRYPTO_PASSKEY_H
#define CRYPTO_PASSKEY_H

#include "base/fail.h"
#include "base/str.h"

enum {
	PASSKEY_CHALLENGE = 43, /* 32 random bytes in base64url without padding */
	PASSKEY_DATA = 37, /* authenticatorData without credential and extensions (6.1): none are asked for */
	PASSKEY_ORIGIN_MOST = 300,
	PASSKEY_CLIENT_MOST = 2048,
	PASSKEY_SIGNATURE_MOST = 512,
};

/* COSE's numbers (RFC 9053 2, RFC 8812 2). */
enum passkey_alg { PASSKEY_RS256 = -257, PASSKEY_EDDSA = -8, PASSKEY_ES256 = -7 };

struct passkey_key {
	enum passkey_alg alg;
	struct str a,
	        b; /* ES256: x and y, 32 bytes each; EdDSA: Ed25519's 32 bytes and nothing; RS256: n and e */
};

/* What the key is for: another answer to the same challenge is refused. */
enum passkey_act { PASSKEY_MAKE = 1, PASSKEY_USE };

/* What an authenticator said, once it is believed. */
struct passkey_seen {
	uint32_t count; /* of signatures: to keep for the next time */
	bool verified;  /* it knew who was there (UV): by a finger, a face, a PIN */
};

/* What was asked. Challenge and origin stand in JSON as they are: what would need an escape is FAIL_BUG. */
struct passkey_ask {
	enum passkey_act act;
	struct str challenge; /* PASSKEY_CHALLENGE bytes */
	struct str origin;    /* as in the address bar: https://relay.example */
	struct str rp_id;     /* its host name */
	uint32_t count;       /* of signatures, when the key was last used */
};

/* What came. */
struct passkey_answer {
	struct str client; /* clientDataJSON, at most PASSKEY_CLIENT_MOST bytes */
	struct str
	        data; /* authenticatorData, PASSKEY_DATA bytes; when one is made, its first PASSKEY_DATA bytes */
	struct str signature;
};

/* FAIL_DENIED: numbers of other sizes, another algorithm, a point off its curve, RSA as key.h refuses it. */
MUST_CHECK int passkey_key_check(const struct passkey_key *k, struct fail *f);

/* The browser's half alone: type, challenge, origin, and that no frame of another site asked. FAIL_DENIED; FAIL_LIMIT. */
MUST_CHECK int passkey_client_check(const struct passkey_ask *ask, struct str client, struct fail *f);

/* The authenticator's half alone: for this site, with a person there (UP), and not a copy of a key that was used since. Where
 * one is made (PASSKEY_MAKE) what follows the PASSKEY_DATA bytes was read elsewhere. FAIL_DENIED; FAIL_SYNTAX: another size. */
MUST_CHECK int passkey_data_check(const struct passkey_ask *ask, struct str data, struct passkey_seen *ret,
                                  struct fail *f);

/* A new one, that no maker vouches for: both halves, and a key that can be used. */
MUST_CHECK int passkey_check_new(const struct passkey_ask *ask, const struct passkey_key *k,
                                 const struct passkey_answer *answer, struct passkey_seen *ret,
                                 struct fail *f);

/* All of it, and the signature over both halves. FAIL_FORGED: it does not verify; the others as above. That the challenge
 * is young and unused, and the key the asker's own, is for the caller to know. */
MUST_CHECK int passkey_check(const struct passkey_ask *ask, const struct passkey_key *k,
                             const struct passkey_answer *answer, struct passkey_seen *ret, struct fail *f);

#endif
