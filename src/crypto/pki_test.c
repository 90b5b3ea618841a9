#include "crypto/pki_test.h"

#include "crypto/aead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

const enum key_alg algs[2] = { KEY_RSA_2048, KEY_P256 };
struct key *keys[2][3];
const char *const alg_names[2] = { "rsa", "p256" };

const struct cert_constraints limits = {
	.domains = { STR_INIT("relay.example"), STR_INIT("xn--bcher-kva.example") },
	.n_domains = 2,
	.mailbox = STR_INIT("alice@home.example"),
};
const struct cert_constraints critical_limits = {
	.domains = { STR_INIT("relay.example") },
	.n_domains = 1,
	.mailbox = STR_INIT("alice@home.example"),
	.critical = true,
};

struct cert_fields root_fields(struct key *k, const struct cert_constraints *c)
{
	int64_t now = time(NULL);

	return (struct cert_fields){ .kind = CERT_ROOT,
		                     .subject_cn = STR("Postern root k3v9"),
		                     .issuer_cn = STR("Postern root k3v9"),
		                     .not_before = now - DAY,
		                     .not_after = now + 1000L * DAY,
		                     .constraints = c,
		                     .subject_key = k,
		                     .issuer_key = k };
}

struct cert_fields intermediate_fields(struct key *k, struct key *issuer, const struct cert_constraints *c)
{
	struct cert_fields fields = root_fields(k, c);

	fields.kind = CERT_INTERMEDIATE;
	fields.subject_cn = STR("Postern intermediate k3v9");
	fields.issuer_key = issuer;
	return fields;
}

struct cert_fields leaf_fields(struct str email, struct key *k, struct key *issuer)
{
	struct cert_fields fields = root_fields(k, NULL);

	fields.kind = CERT_SENDER;
	fields.subject_cn = fields.email = email;
	fields.issuer_cn = STR("Postern intermediate k3v9");
	fields.issuer_key = issuer;
	return fields;
}

void build(const char *name, const struct cert_fields *c, struct buf *ret)
{
	struct fail f = { 0 };

	if (cert_build(c, ret, &f) < 0)
		fail_msg("%s", f.why);
	judge_put(name, buf_str(ret));
}

/* root, int and leaf as DER and PEM files. */
void build_chain(size_t alg_ca, size_t alg_leaf, const struct cert_constraints *limit, struct str email)
{
	struct cert_fields c = root_fields(keys[alg_ca][ROOT], limit);
	OWN(buf) root = BUF(CERT_MAX);
	OWN(buf) intermediate = BUF(CERT_MAX);
	OWN(buf) leaf = BUF(CERT_MAX);

	build("root", &c, &root);
	c = intermediate_fields(keys[alg_ca][INTERMEDIATE], keys[alg_ca][ROOT], limit);
	build("int", &c, &intermediate);
	c = leaf_fields(email, keys[alg_leaf][LEAF], keys[alg_ca][INTERMEDIATE]);
	build("leaf", &c, &leaf);
	judge_accepts("for c in root int leaf; do openssl x509 -inform DER -in $c -out $c.pem; done");
}

void put_pkcs8(const char *name, const struct key *k)
{
	OWN(secret) pkcs8 = SECRET_NONE;

	assert_int_equal(key_export_pkcs8(k, &pkcs8, NULL), OK);
	judge_put("key.p8", str_of(pkcs8.p, pkcs8.n));
	judge_accepts("openssl pkey -inform DER -in key.p8 -out %s && rm key.p8", name);
}

int pki_setup(void **state)
{
	for (size_t alg = 0; alg < 2; alg++)
		for (size_t i = 0; i < 3; i++)
			if (crypto_init(NULL) < 0 || key_new(algs[alg], &keys[alg][i], NULL) < 0)
				return -1;
	return judges_setup(state);
}

int pki_teardown(void **state)
{
	for (size_t alg = 0; alg < 2; alg++)
		for (size_t i = 0; i < 3; i++)
			key_free(keys[alg][i]);
	return judges_teardown(state);
}
