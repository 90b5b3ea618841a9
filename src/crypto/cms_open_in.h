/* cms_open_in.h - private to crypto/: a CMS that was read, cut into views of its DER. */
#ifndef CRYPTO_CMS_OPEN_IN_H
#define CRYPTO_CMS_OPEN_IN_H

#include "crypto/cms_in.h"
#include "crypto/cms_open.h"

/* DER_MORE: how much longer the DER may be than the BER: a length of five bytes where there were one and an end of two. */
enum { CMS_DEPTH_MAX = 32, CEK_MAX = 32, DER_MORE = 4096 };

/* RecipientIdentifier, SignerIdentifier: one of the two. */
struct cms_name {
	struct str sid; /* IssuerAndSerialNumber, the whole encoding */
	struct str ski;
};

struct cms_recipient {
	struct cms_name name;
	bool agree;
	struct str alg;             /* body of the AlgorithmIdentifier */
	struct str originator, ukm; /* key agreement; ukm: the whole [1], or empty */
	struct str wrapped;
};

struct cms_in {
	struct buf der;
	enum cms_kind kind;
	struct str type; /* of the content */

	struct cms_recipient recipients[CMS_RECIPIENTS_MAX];
	size_t n_recipients;
	struct str cipher; /* body of the AlgorithmIdentifier */
	struct str encrypted;
	bool pieces;           /* `encrypted` is OCTET STRINGs, else it is the bytes */
	struct str attributes; /* authenticated ones, body of the SET */
	struct str tag;

	struct str content; /* p NULL: detached */
	struct str certs, signers;
};

/* BER to DER of the same structure: definite and shortest lengths, OCTET STRINGs in one piece. Takes one element off the front
 * of *in, in time linear in its size times its depth. FAIL_SYNTAX; FAIL_LIMIT: deeper than CMS_DEPTH_MAX, or more than
 * out's maximum. */
MUST_CHECK int ber_to_der(struct str *in, struct buf *out, struct fail *f);

/* One element of BER as it stands. open: of indefinite length; its body is without the two bytes that end it. */
struct ber {
	uint8_t tag;
	bool open;
	struct str whole, body;
};
/* Takes one off the front of *in, in time linear in its size. FAIL_SYNTAX; FAIL_LIMIT: deeper than CMS_DEPTH_MAX. */
MUST_CHECK int ber_next(struct str *in, struct ber *ret, struct fail *f);

/* RecipientIdentifier, KeyAgreeRecipientIdentifier: off the front of DER. */
MUST_CHECK int cms_get_name(struct str *in, struct cms_name *ret, struct fail *f);
bool cms_name_is(const struct cms_name *name, const struct cms_cert *cert);
/* By which a certificate is named: its subject key identifier, or the one that its key would have. */
struct str cms_cert_ski(const struct cms_cert *cert);

/* Algorithms by their identifiers; NULL: not known. */
const EVP_MD *cms_digest(struct str oid);
const EVP_MD *cms_kdf_digest(struct str oid);      /* of ECDH with the X9.63 KDF */
const EVP_CIPHER *cms_wrap_cipher(struct str oid); /* AES key wrap */

/* AlgorithmIdentifier off the front of *in: *ret_params is what follows the OID, with NULL left out. */
MUST_CHECK int cms_get_alg(struct str *in, struct str *ret_oid, struct str *ret_params, struct fail *f);

/* Can that recipient's algorithm be read with a key of this kind? */
bool cms_can_unwrap(const struct cms_recipient *r, const struct key *k);
/* Does it open a key of that many bytes? What is answered takes the same road in either case: 0xff or 0, a mask. */
uint8_t cms_unwrap(const struct cms_recipient *r, const struct key *k, size_t bytes,
                   uint8_t ret[static CEK_MAX]);

#endif
