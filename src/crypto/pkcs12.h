/* pkcs12.h - the files that put a profile into a mail client (RFC 7292). */
#ifndef CRYPTO_PKCS12_H
#define CRYPTO_PKCS12_H

#include "crypto/key.h"

/* modern: PBES2 AES-256-CBC, PBKDF2-SHA256 and MAC SHA-256, 600,000 iterations each (half a second).
 * legacy (RSA only, else FAIL_DENIED: gpgsm crashes on others): 3DES PBE, MAC SHA-1, 100,000 iterations, for old
 * clients; its certificates are 3DES too. Both: leaf, intermediate, root in this order, friendlyName, localKeyId on
 * key and leaf. The passphrase is UTF-8 without control bytes, 8 bytes or more (FAIL_DENIED); `key` is the private
 * one of the leaf (FAIL_BUG). Appends to ret_der. */
MUST_CHECK int pkcs12_write(const struct key *key, struct str leaf_der, struct str intermediate_der,
                            struct str root_der, struct str friendly_name, struct str passphrase, bool legacy,
                            struct buf *ret_der, struct fail *f);

/* Apple configuration profile: payloads com.apple.security.root (root), com.apple.security.pkcs1 (intermediate)
 * and com.apple.security.pkcs12 (the legacy container), no password inside. UUIDs random. XML. display_name: UTF-8,
 * escaped here; identifier: letters, digits, hyphens and dots ("org.example.postern.x"); else FAIL_DENIED. */
MUST_CHECK int mobileconfig_write(struct str display_name, struct str identifier, struct str root_der,
                                  struct str intermediate_der, struct str p12_der, struct buf *ret_xml,
                                  struct fail *f);

#endif
