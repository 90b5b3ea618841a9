/* pki_test.h - for tests: keys, and the chain root, intermediate, leaf over them, built by cert_build. */
#ifndef CRYPTO_PKI_TEST_H
#define CRYPTO_PKI_TEST_H

#include "crypto/cert_in.h"
#include "crypto/judges_test.h"

enum { ROOT, INTERMEDIATE, LEAF };
enum { DAY = 86400 };
enum { WITH_RSA, WITH_P256 };

extern struct key *keys[2][3]; /* by algorithm, by place in the chain */
extern const enum key_alg algs[2];
extern const char *const alg_names[2];
extern const struct cert_constraints limits, critical_limits;

struct cert_fields root_fields(struct key *k, const struct cert_constraints *c);
struct cert_fields intermediate_fields(struct key *k, struct key *issuer, const struct cert_constraints *c);
struct cert_fields leaf_fields(struct str email, struct key *k, struct key *issuer);

void build(const char *name, const struct cert_fields *c,
           struct buf *ret); /* and into the file of that name */

/* Into the files root, int and leaf, as DER and as .pem. The leaf's key is that of its algorithm. */
void build_chain(size_t alg_ca, size_t alg_leaf, const struct cert_constraints *limit, struct str email);

#define OPENSSL_VERIFY                                                                                       \
	"openssl verify -x509_strict -purpose smimesign -check_ss_sig -CAfile root.pem -untrusted int.pem "  \
	"leaf.pem"
/* An argument of format %s follows: options of vfychain. */
#define NSS_VERIFY(usage)                                                                                    \
	"rm -rf nss && mkdir nss && certutil -N -d sql:nss --empty-password && "                             \
	"certutil -A -d sql:nss -n root -t ,C, -i root && vfychain -d sql:nss %s -u " usage " leaf int"

void put_pkcs8(const char *name, const struct key *k); /* PEM, into the file of that name */

int pki_setup(void **state); /* with judges_setup */
int pki_teardown(void **state);

#endif
