/* pkcs12.h - the files that put a profile into a mail client (RFC 7292). */
#ifndef CRYPTO_PKCS12_H
#define CRYPTO_PKCS12_H

#include "crypto/key.h"

/* modern: PBES2 AES-256-CBC, PBKDF2-SHA256 with 600,000 iterations, MAC SHA-256.
 * legacy (RSA only, else FAIL_DENIED: gpgsm crashes on others): 3DES PBE, MAC SHA-1, for old clients; its
 * certificates are 3DES too. Both: leaf, intermediate, root in this order, friendlyName, localKeyId on key and
 * leaf. The passphrase is UTF-8, 8 bytes or more. */
MUST_CHECK int pkcs12_write(const struct key *key, struct str leaf_der, struct str intermediate_der,
                            struct str root_der, struct str friendly_name, struct str passphrase, bool legacy,
                            struct buf *ret_der, struct fail *f);

/* Apple configuration profile: payloads com.apple.security.root (root), com.apple.security.pkcs1 (intermediate)
 * and com.apple.security.pkcs12 (the legacy container), no password inside. UUIDs random. XML. */
MUST_CHECK int mobileconfig_write(struct str display_name, struct str identifier, struct str root_der,
                                  struct str intermediate_der, struct str p12_der, struct buf *ret_xml,
                                  struct fail *f);

#endif
