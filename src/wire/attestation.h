/* attestation.h - what a browser hands over when a passkey has been made (Web Authentication, Level 2, 6.5.4): its public key and
 * its name, out of exactly the CBOR that stands there (RFC 8949), in the canonical form that is prescribed for it (CTAP 2.1, 8).
 * What the maker of the authenticator says of it is stepped over: nobody is asked for it. All views are of what was read. */
#ifndef WIRE_ATTESTATION_H
#define WIRE_ATTESTATION_H

#include "base/fail.h"
#include "base/str.h"

enum {
	ATTESTATION_MOST = 16 * 1024, /* with certificates that were not asked for */
	ATTESTATION_DEPTH = 6,        /* of what is stepped over */
	ATTESTATION_DATA = 37,        /* authenticatorData's first part, of one size (6.1) */
	CREDENTIAL_LEAST = 16,        /* 4, Credential ID: at least 100 bits that nobody guesses */
	CREDENTIAL_MOST = 1023,
};

struct attestation {
	struct str data; /* ATTESTATION_DATA bytes */
	struct str credential;
	int64_t alg;     /* COSE's number: -7 ES256, -8 EdDSA with Ed25519, -257 RS256 */
	struct str a, b; /* x and y of P-256; Ed25519's key and nothing; n and e */
};

/* FAIL_SYNTAX: not of this form, or bytes are left over; FAIL_LIMIT: too long, too deep; FAIL_DENIED: a key of a kind that was not
 * offered. The sizes of a and b are for crypto/ to judge. */
MUST_CHECK int attestation_read(struct str object, struct attestation *ret, struct fail *f);

#endif
