/* cert_in.h - private to crypto/: the parts that building, checking and reading certificates share. */
#ifndef CRYPTO_CERT_IN_H
#define CRYPTO_CERT_IN_H

#include "crypto/cert.h"
#include "crypto/der.h"
#include "crypto/key_in.h"

enum { CERT_MAX = 65536, CSR_MAX = 16384, CN_MAX = 64 /* characters, X.520 */ };

/* Do the fields go together? issuer NULL: a request, which names none. FAIL_DENIED, or FAIL_BUG for what is missing. */
MUST_CHECK int cert_fields_check(const struct cert_fields *c, const struct key *issuer, struct fail *f);

void cert_put_name(struct buf *b, struct str cn);
/* SEQUENCE OF Extension; issuer NULL: without an authority key identifier. */
void cert_put_extensions(struct buf *b, const struct cert_fields *c, const struct key *issuer);
/* TBSCertificate. The fields have been checked. */
void cert_put_tbs(struct buf *b, const struct cert_fields *c, const struct key *issuer, struct str serial);
/* SEQUENCE { tbs, algorithm, signature }, as certificates and requests have it. */
MUST_CHECK int cert_put_signed(struct buf *out, struct str tbs, const struct key *signer, struct fail *f);

/* Is it local-part@domain as in RFC 5321, or in RFC 6531 when utf8 is true? The domain in A-labels. */
bool cert_mailbox_ok(struct str mailbox, bool utf8);
struct str cert_mailbox_domain(struct str mailbox); /* the whole when it has no @ */

/* A version 3 certificate cut into its fields, whole encodings except where said. FAIL_SYNTAX. */
enum cert_part {
	PART_VERSION,
	PART_SERIAL,
	PART_ALG,
	PART_ISSUER,
	PART_VALIDITY,
	PART_SUBJECT,
	PART_SPKI,
	PARTS
};
struct cert_parts {
	struct str part[PARTS];
	struct str extensions; /* Extensions, one after the other; empty when there are none */
	struct str tbs, alg;
	struct str signature; /* the bits */
};
MUST_CHECK int cert_split(struct str der, struct cert_parts *ret, struct fail *f);

/* The next Extension of cert_parts.extensions. */
struct extension {
	struct str whole, oid, value;
	bool critical;
};
MUST_CHECK int cert_next_extension(struct str *in, struct extension *ret, struct fail *f);

/* Goes through all of them: FAIL_SYNTAX when one is broken or stands twice, FAIL_LIMIT when there are more than 64.
 * Gives the one of that OID; its oid is empty when there is none. */
MUST_CHECK int cert_find_extension(struct str extensions, struct str oid, struct extension *ret,
                                   struct fail *f);

#endif
