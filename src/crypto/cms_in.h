/* cms_in.h - private to crypto/: what a prepared certificate holds. */
#ifndef CRYPTO_CMS_IN_H
#define CRYPTO_CMS_IN_H

#include "crypto/cms.h"
#include "crypto/der.h"
#include "crypto/key_in.h"

/* First byte of the bits of KeyUsage, RFC 5280 4.2.1.3. */
enum cms_usage { CMS_SIGN = 0x80 | 0x40, CMS_ENCIPHER = 0x20, CMS_AGREE = 0x08, CMS_ANY = 0xff };

struct cms_cert {
	struct buf der;
	struct buf sid;   /* IssuerAndSerialNumber, RFC 5652 10.2.4 */
	struct str spki;  /* within der */
	struct key *key;  /* NULL, as op: only ever the signer's, whose private key is at hand */
	EVP_PKEY_CTX *op; /* RSA: prepared to encrypt; EC: to make ephemeral keys on the same curve */
	unsigned usage;   /* CMS_ANY when the certificate does not say */
};

#endif
