/* spki.h - private to crypto/: SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 3279 2.3.1, RFC 5480 2) read and
 * written by hand, and which public keys this program believes in. */
#ifndef CRYPTO_SPKI_H
#define CRYPTO_SPKI_H

#include "crypto/der.h"
#include "crypto/key.h"

struct curve {
	const char *name; /* libcrypto's */
	struct str oid;
	size_t bytes; /* of a coordinate */
};

struct spki {
	const struct curve *curve; /* NULL: RSA */
	struct str n, e;           /* RSA: big-endian, no leading zeros */
	struct str point;          /* EC: uncompressed, first byte 4 */
	struct str bits;           /* of the BIT STRING: what a key identifier hashes */
};

enum { SPKI_MAX = 800, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096 };

extern const struct curve curve_p256;

/* Views into der. FAIL_SYNTAX: broken DER, bytes left over. FAIL_DENIED: an algorithm that we do not know, RSA
 * moduli below 2048 or above 4096 bits, even, or with the fingerprint of ROCA (CVE-2017-15361); exponents even,
 * below 65537 or above 2^32-1; explicit curves, other curves, compressed points. */
MUST_CHECK int spki_read(struct str der, struct spki *ret, struct fail *f);

enum key_alg spki_alg(const struct spki *s); /* 0: none that we make */

void spki_put_rsa(struct buf *b, struct str n, struct str e);
void spki_put_ec(struct buf *b, const struct curve *c, struct str point);

#endif
