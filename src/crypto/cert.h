/* cert.h - building and checking the four certificates of a user's PKI (RFC 5280, RFC 8550). They are
 * built from typed fields and from nothing else. All times are seconds since 1970, UTC. */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "crypto/key.h"

enum cert_kind { CERT_ROOT = 1, CERT_INTERMEDIATE, CERT_USER, CERT_SENDER };

enum { CERT_DOMAINS_MAX = 16 };

/* What the trust that a user installs is limited to: permitted rfc822Name = each domain (all its mailboxes)
 * and the exact mailbox; excluded: every dNSName ("" subtree), every IPv4 and IPv6 address. Not critical by
 * default (gpgsm 2.2 refuses a chain with a critical one; OpenSSL and NSS enforce either). */
struct cert_constraints {
	struct str domains[CERT_DOMAINS_MAX]; /* A-label, lower case, no leading dot */
	size_t n_domains;
	struct str mailbox; /* ASCII; a UTF-8 mailbox is given as its domain in A-label (see cert.c) */
	bool critical;
};

struct cert_fields {
	enum cert_kind kind;
	struct str
	        subject_cn;   /* UTF-8. For user and sender this is the address (never a display name: OpenSSL
				* applies excluded DNS constraints to a CN that looks like a host name) */
	struct str issuer_cn; /* organisation is always "Postern" in both */
	struct str email;     /* user and sender: equals subject_cn. SAN rfc822Name; non-ASCII local part:
				* SmtpUTF8Mailbox otherName (RFC 9598) */
	int64_t not_before, not_after;
	/* Root and intermediate: must be there, and is written. User and sender: what the issuer permits, when
	 * the caller knows it; not written, but an email outside of it is refused. */
	const struct cert_constraints *constraints;
	const struct key *subject_key;
	const struct key *issuer_key; /* private; for the root the same as subject_key */
};

/* DER of the certificate: v3, random 128-bit positive serial, SKI (SHA-1 of the key bits) and AKI (keyid) always,
 * basicConstraints critical (pathlen 1 root, 0 intermediate, CA:FALSE without pathlen for leaves: present, DER
 * empty), keyUsage critical (keyCertSign+cRLSign; leaves digitalSignature + keyEncipherment for RSA or
 * keyAgreement for EC), EKU emailProtection in all four. RSA issuers sign SHA-256 PKCS#1 v1.5, EC ecdsa-SHA256.
 * The exact bytes are told in cert_put.c. The issuer DN bytes equal the subject DN bytes of a certificate built with
 * that subject_cn. A leaf's CN of more than 64 characters, the most that X.520 allows, is cut and ends in a digest.
 * FAIL_DENIED: fields that contradict each other (an authority without constraints or with an email, a root that is
 * not its own issuer or another that is, dates reversed, a leaf whose CN is not its email or whose email lies outside
 * of the constraints), and names that are no mailbox, domain (A-labels) or common name. */
MUST_CHECK int cert_build(const struct cert_fields *c, struct buf *ret_der, struct fail *f);

/* PKCS#10 for the intermediate (extensionRequest with what cert_build would put) or for a user key. */
MUST_CHECK int csr_build(const struct cert_fields *c, struct buf *ret_der, struct fail *f);

/* A request from outside: broken DER, a bad self-signature (FAIL_FORGED), weak keys (FAIL_DENIED) are refused;
 * what is wanted of it is only the public key. At most 16 KiB. */
MUST_CHECK int csr_read(struct str der, struct buf *ret_spki, struct fail *f);

/* A certificate as typed facts; views live in the arena. One reading by OpenSSL, plus the checks it leaves out:
 * trailing bytes, duplicated extensions, NUL or controls in addresses, non-ASCII IA5Strings: FAIL_SYNTAX. */
struct cert_facts {
	struct str subject_cn, issuer_cn;
	struct str emails[8]; /* SAN rfc822Name and SmtpUTF8Mailbox */
	size_t n_emails;
	int64_t not_before, not_after;
	struct str spki;       /* DER */
	struct str issuer_der; /* Name, DER: with serial_der the issuerAndSerialNumber */
	struct str subject_der;
	struct str serial_der; /* INTEGER, DER with tag and length */
	struct str ski, aki;   /* key identifiers, may be empty */
	bool is_ca;
	int pathlen;        /* -1: none */
	unsigned key_usage; /* KU_* bits of OpenSSL; UINT_MAX when absent */
	bool eku_email, eku_any_other;
	enum key_alg alg; /* 0: another */
};
MUST_CHECK int cert_read(struct str der, struct arena *a, struct cert_facts *ret, struct fail *f);

/* Is `der` what cert_build would have made of these fields, serial and signature apart, and signed by the key in
 * issuer_spki? The bytes are compared, so nothing unknown passes; issuer_key is not used, subject_key may be public.
 * Used on the root and the intermediate that come back from a browser: FAIL_DENIED names the field that differs in
 * f->why; FAIL_FORGED: all is right but the signature. */
MUST_CHECK int cert_check(struct str der, const struct cert_fields *want, struct str issuer_spki,
                          struct fail *f);

#endif
