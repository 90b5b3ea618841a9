/* cms_open_test.h - for tests: certificates with keys of any kind that mail is opened with, read from PEM files that the
 * judges' folder holds. */
#ifndef CRYPTO_CMS_OPEN_TEST_H
#define CRYPTO_CMS_OPEN_TEST_H

#include "crypto/cms_open.h"
#include "crypto/judges_test.h"

struct identity {
	struct cms_cert *cert;
	struct key *key; /* NULL: the file holds a certificate alone */
};

/* The certificate of the private key, or the first one. */
void identity_load(const char *pem_file, struct identity *ret);
void identity_done(struct identity *i);

/* A key and a self-signed certificate for it into NAME.pem by openssl; kind as for `openssl req -newkey`. */
void identity_make(const char *name, const char *kind, struct identity *ret);

/* A PKCS#12 file of the third-party data, by openssl into NAME.pem. */
bool identity_p12(const char *sub, const char *password, struct identity *ret);
/* A certificate and a key of the third-party data, in PEM. */
bool identity_pair(const char *cert, const char *key, struct identity *ret);

#endif
