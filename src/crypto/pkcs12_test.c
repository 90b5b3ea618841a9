#include "crypto/pkcs12.h"

#include "crypto/aead.h"
#include "crypto/pkcs12_in.h"
#include "crypto/pki_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The chain of build_chain. */
struct chain {
	struct buf root, intermediate, leaf;
};

static void chain_done(struct chain *c)
{
	buf_done(&c->root);
	buf_done(&c->intermediate);
	buf_done(&c->leaf);
}

static struct chain chain_of(size_t alg)
{
	struct chain c = { BUF(1 << 20), BUF(1 << 20), BUF(1 << 20) };

	build_chain(WITH_P256, alg, &limits, STR("alice@home.example"));
	judge_get("root", &c.root);
	judge_get("int", &c.intermediate);
	judge_get("leaf", &c.leaf);
	return c;
}

static int pack(const struct chain *c, const struct key *k, struct str name, struct str passphrase,
                bool legacy, struct buf *ret)
{
	return pkcs12_write(k, buf_str(&c->leaf), buf_str(&c->intermediate), buf_str(&c->root), name,
	                    passphrase, legacy, ret, NULL);
}

static void write_file(const struct chain *c, size_t alg, struct str passphrase, bool legacy)
{
	OWN(buf) p12 = BUF(1 << 20);

	assert_int_equal(pack(c, keys[alg][LEAF],
	                      STR("alice, by \xc3\xa9"
	                          "toile"),
	                      passphrase, legacy, &p12),
	                 OK);
	judge_put("p12", buf_str(&p12));
	judge_put("pass", passphrase);
}

static const struct {
	size_t alg;
	bool legacy;
	struct str passphrase;
} variants[] = {
	{ WITH_RSA, false, STR_INIT("correct horse") },
	{ WITH_P256, false, STR_INIT("correct horse") },
	{ WITH_RSA, true, STR_INIT("correct horse") },
	{ WITH_RSA, false, STR_INIT("p\xc3\xa4ssw\xc3\xb6rt \xe2\x82\xac \xf0\x9f\x94\x91") },
	{ WITH_RSA, true, STR_INIT("p\xc3\xa4ssw\xc3\xb6rt \xe2\x82\xac") },
};

static void openssl_imports(void **state)
{
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		OWN(chain) c = chain_of(variants[i].alg);
		OWN(buf) said = BUF(1 << 20);

		write_file(&c, variants[i].alg, variants[i].passphrase, variants[i].legacy);
		put_pkcs8("leaf.key", keys[variants[i].alg][LEAF]);
		judge_accepts("openssl pkcs12 -in p12 -passin file:pass -nodes > all && "
		              "openssl pkey -in all -out got.key && cmp got.key leaf.key && "
		              "openssl x509 -in all -outform DER | cmp - leaf");
		judge_get("all", &said);
		/* leaf, intermediate, root */
		size_t at[] = {
			str_find(buf_str(&said), STR("subject=O = Postern, CN = alice@home.example")),
			str_find(buf_str(&said), STR("subject=O = Postern, CN = Postern intermediate")),
			str_find(buf_str(&said), STR("subject=O = Postern, CN = Postern root")), said.n
		};

		assert_true(at[0] < at[1] && at[1] < at[2] && at[2] < at[3]);
	}
	judge_accepts("echo wrong > pass; ! openssl pkcs12 -in p12 -passin file:pass -nodes");
}

static void expect(const char *const *words, size_t n)
{
	OWN(buf) said = BUF(1 << 20);

	assert_int_equal(judge_run(&said, "openssl pkcs12 -in p12 -passin file:pass -info -nodes"), 0);
	for (size_t i = 0; i < n; i++)
		if (str_find(buf_str(&said), str_c(words[i])) == said.n)
			fail_msg("no \"%s\" in %.*s", words[i], STR_ARG(buf_str(&said)));
}

static void the_forms_are_as_told(void **state)
{
	static const char *const modern[] = {
		"MAC: sha256, Iteration 600000",
		"Certificate bag",
		"PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256",
		"friendlyName: alice, by ",
		"localKeyID: ",
	};
	static const char *const legacy[] = {
		"MAC: sha1, Iteration 100000",
		"pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 100000",
		"friendlyName: alice, by ",
		"localKeyID: ",
	};
	OWN(chain) c = chain_of(WITH_RSA);

	write_file(&c, WITH_RSA, STR("correct horse"), false);
	expect(modern, sizeof(modern) / sizeof(modern[0]));
	write_file(&c, WITH_RSA, STR("correct horse"), true);
	expect(legacy, sizeof(legacy) / sizeof(legacy[0]));
	judge_accepts("! openssl pkcs12 -in p12 -passin file:pass -info -noout 2>&1 | grep -e RC2 -e PBES2");
}

/* Thunderbird's own code: the key, the chain, the name. */
static void nss_imports(void **state)
{
	for (size_t i = 1; i < sizeof(variants) / sizeof(variants[0]); i++) {
		OWN(chain) c = chain_of(variants[i].alg);

		write_file(&c, variants[i].alg, variants[i].passphrase, variants[i].legacy);
		judge_accepts(
		        "export LC_ALL=C.UTF-8; rm -rf nss && mkdir nss && certutil -N -d sql:nss "
		        "--empty-password && "
		        "pk12util -d sql:nss -i p12 -w pass && certutil -K -d sql:nss | grep 'alice, by' && "
		        "certutil -M -d sql:nss -n 'Postern root k3v9 - Postern' -t ,C, && "
		        "certutil -V -d sql:nss -n 'alice, by \xc3\xa9toile' -u S");
	}
}

/* Salts of files that gpgsm 2.2.40 did and did not import, passphrase "secret". */
static void salts_that_gpgsm_cannot_read_are_known(void **state)
{
	static const struct {
		uint8_t salt[PKCS12_OLD_SALT];
		bool trips;
	} cases[] = {
		{ { 0x8c, 0xaf, 0x95, 0xbc, 0x50, 0x24, 0x0e, 0x55 }, true },
		{ { 0x1e, 0x9b, 0x25, 0xf1, 0x44, 0x5f, 0x2b, 0x8c }, false },
		{ { 0xe7, 0x2f, 0x4f, 0xf9, 0x29, 0x9a, 0xe0, 0x1f }, false },
		{ { 0x1d, 0x50, 0x4b, 0x94, 0xa4, 0xec, 0x0f, 0x72 }, false },
		{ { 0xf4, 0xf4, 0x97, 0x5f, 0xa4, 0x25, 0x37, 0x62 }, true },
		{ { 0xce, 0xfd, 0x1f, 0x75, 0x29, 0x08, 0xf8, 0x8c }, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(pkcs12_trips_gpgsm("secret", cases[i].salt, 2048) == cases[i].trips);
}

static void gpgsm_imports_the_old_form(void **state)
{
	OWN(chain) c = chain_of(WITH_RSA);

	write_file(&c, WITH_RSA, STR("correct horse"), true);
	judge_accepts("export GNUPGHOME=$PWD/gnupg; trap 'gpgconf --kill all; rm -rf gnupg' EXIT; mkdir -m "
	              "700 gnupg; "
	              "printf 'allow-loopback-pinentry\\ndisable-scdaemon\\n' > gnupg/gpg-agent.conf; "
	              "printf 'disable-crl-checks\\ndisable-dirmngr\\nbatch\\n' > gnupg/gpgsm.conf; "
	              "gpgsm --pinentry-mode loopback --passphrase-fd 0 --import p12 < pass 2>&1; "
	              "gpgsm --list-secret-keys --with-colons | grep alice@home.example");
}

static void what_makes_no_sense_is_refused(void **state)
{
	OWN(chain) c = chain_of(WITH_P256);
	OWN(buf) out = BUF(1 << 20);
	OWN(buf) tiny = BUF(100);
	OWNS(key) public = NULL;
	const struct key *k = keys[WITH_P256][LEAF];
	struct str name = STR("alice"), pass = STR("correct horse");
	struct fail f;

	assert_int_equal(key_import_public(buf_str(&k->spki), &public, NULL), OK);
	assert_int_equal(pack(&c, k, name, pass, true, &out), FAIL_DENIED);
	assert_int_equal(pack(&c, k, name, STR("7 bytes"), false, &out), FAIL_DENIED);
	assert_int_equal(pack(&c, k, name, STR("no\0 text at all"), false, &out), FAIL_DENIED);
	assert_int_equal(pack(&c, k, name, STR("not UTF-8 \xff\xfe"), false, &out), FAIL_DENIED);
	assert_int_equal(pack(&c, k, STR_NONE, pass, false, &out), FAIL_DENIED);
	assert_int_equal(pack(&c, k, STR("a\nb"), pass, false, &out), FAIL_DENIED);
	assert_int_equal(pack(&c, keys[WITH_P256][ROOT], name, pass, false, &out), FAIL_BUG);
	assert_int_equal(pack(&c, public, name, pass, false, &out), FAIL_BUG);
	assert_int_equal(pkcs12_write(k, buf_str(&c.leaf), STR("broken"), buf_str(&c.root), name, pass, false,
	                              &out, &f),
	                 FAIL_SYNTAX);
	assert_int_equal(pack(&c, k, name, pass, false, &tiny), FAIL_LIMIT);
	assert_int_equal(out.n + tiny.n, 0);
}

/* Read by somebody else's reader of property lists. */
static void apples_profile_is_a_property_list(void **state)
{
	static const char script[] =
	        "import plistlib, uuid\n"
	        "p = plistlib.load(open('profile', 'rb'))\n"
	        "assert p['PayloadType'] == 'Configuration' and p['PayloadVersion'] == 1\n"
	        "assert p['PayloadDisplayName'] == 'Mail of <Alice> & \"B\\u00f6b\\'s\"'\n"
	        "assert p['PayloadIdentifier'] == 'example.relay.k3v9'\n"
	        "want = [('com.apple.security.root', 'root'), ('com.apple.security.pkcs1', 'int'),\n"
	        "        ('com.apple.security.pkcs12', 'p12')]\n"
	        "assert len(p['PayloadContent']) == 3\n"
	        "for c, (kind, name) in zip(p['PayloadContent'], want):\n"
	        "    assert c['PayloadType'] == kind and c['PayloadVersion'] == 1\n"
	        "    assert c['PayloadContent'] == open(name, 'rb').read()\n"
	        "    assert c['PayloadIdentifier'].startswith('example.relay.k3v9.')\n"
	        "    assert c['PayloadCertificateFileName'] and 'Password' not in c\n"
	        "ids = {c['PayloadUUID'] for c in p['PayloadContent'] + [p]}\n"
	        "assert len(ids) == 4 and all(uuid.UUID(i).version == 4 for i in ids)\n"
	        "assert len({c['PayloadIdentifier'] for c in p['PayloadContent']}) == 3\n";
	OWN(chain) c = chain_of(WITH_RSA);
	OWN(buf) p12 = BUF(1 << 20);
	OWN(buf) xml = BUF(1 << 20);
	OWN(buf) tiny = BUF(100);
	struct str name = STR("Mail of <Alice> & \"B\xc3\xb6"
	                      "b's\""),
	           id = STR("example.relay.k3v9");
	struct str root = buf_str(&c.root), intermediate = buf_str(&c.intermediate);

	write_file(&c, WITH_RSA, STR("correct horse"), true);
	judge_get("p12", &p12);
	assert_int_equal(mobileconfig_write(name, id, root, intermediate, buf_str(&p12), &xml, NULL), OK);
	judge_put("profile", buf_str(&xml));
	judge_put("script", str_c(script));
	judge_accepts("python3 script");
	assert_int_equal(mobileconfig_write(name, id, root, intermediate, buf_str(&p12), &tiny, NULL),
	                 FAIL_LIMIT);
	assert_int_equal(tiny.n, 0);
	assert_int_equal(mobileconfig_write(STR("a\nb"), id, root, intermediate, buf_str(&p12), &xml, NULL),
	                 FAIL_DENIED);
	assert_int_equal(mobileconfig_write(STR("\xff"), id, root, intermediate, buf_str(&p12), &xml, NULL),
	                 FAIL_DENIED);
	assert_int_equal(mobileconfig_write(name, STR("a<b"), root, intermediate, buf_str(&p12), &xml, NULL),
	                 FAIL_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_imports),
		cmocka_unit_test(the_forms_are_as_told),
		cmocka_unit_test(nss_imports),
		cmocka_unit_test(salts_that_gpgsm_cannot_read_are_known),
		cmocka_unit_test(gpgsm_imports_the_old_form),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(apples_profile_is_a_property_list),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
