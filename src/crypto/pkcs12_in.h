/* pkcs12_in.h - private to crypto/: the salts that gpgsm cannot read. */
#ifndef CRYPTO_PKCS12_IN_H
#define CRYPTO_PKCS12_IN_H

#include "base/str.h"

enum { PKCS12_OLD_SALT = 8 };

/* gpgsm up to 2.2 at least: where RFC 7292 B.2 step 6C adds to a block of 64 bytes and the sum begins with a zero byte,
 * it takes the sum for shorter than it is, derives another key and calls the passphrase bad. A key of 3DES is longer
 * than one SHA-1, so this happens to one file in sixty. Does it, with this salt? `passphrase` ends in a NUL. */
bool pkcs12_trips_gpgsm(const char *passphrase, const uint8_t salt[static PKCS12_OLD_SALT], int iterations);

#endif
