#include "crypto/cms.h"

#include "crypto/aead.h"
#include "crypto/cms_in.h"
#include "crypto/pkcs12.h"
#include "crypto/pki_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MIB = 1 << 20 };
static char body[MIB + 3];
static const size_t sizes[] = { 0, 1, 15, 16, 17, 4096, MIB + 3 };

static struct cms_cert *cert_of(const char *file)
{
	struct cms_cert *c = NULL;
	OWN(buf) der = BUF(4L * MIB);
	struct fail f = { 0 };

	judge_get(file, &der);
	if (cms_cert_new(buf_str(&der), &c, &f) < 0)
		fail_msg("%s: %s", file, f.why);
	assert_true(str_eq(cms_cert_der(c), buf_str(&der)));
	return c;
}

/* --- signatures --------------------------------------------------------------------------------------- */

/* Into the file sig: over the first n bytes of the body, which go into the file body. */
static void sign(size_t n, const struct key *k, const struct cms_cert *signer)
{
	OWN(buf) intermediate = BUF(MIB);
	OWN(buf) root = BUF(MIB);
	OWN(buf) sig = BUF(MIB);
	uint8_t digest[32];
	struct fail f = { 0 };

	judge_get("int", &intermediate);
	judge_get("root", &root);
	sha256(str_of(body, n), digest);
	judge_put("body", str_of(body, n));
	const struct str more[] = { buf_str(&intermediate), buf_str(&root), buf_str(&intermediate) };

	if (cms_sign_detached(k, signer, more, 3, digest, &sig, &f) < 0)
		fail_msg("%s", f.why);
	judge_put("sig", buf_str(&sig));
}

#define VERIFY                                                                                               \
	"openssl cms -verify -binary -inform DER -in sig -content body -CAfile root.pem -purpose smimesign " \
	"-out /dev/null"

static void signatures_verify(void **state)
{
	for (size_t ca = 0; ca < 2; ca++)
		for (size_t leaf = 0; leaf < 2; leaf++) {
			OWNS(cms_cert) signer = NULL;

			build_chain(ca, leaf, &limits, STR("k3v9w@relay.example"));
			signer = cert_of("leaf");
			for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
				sign(sizes[i], keys[leaf][LEAF], signer);
				judge_accepts(VERIFY);
				/* What a strict reader writes again are the same bytes. */
				judge_accepts(
				        "openssl cms -cmsout -inform DER -in sig -outform DER | cmp - sig");
			}
			judge_accepts("echo x >> body");
			judge_refuses("content verify error", VERIFY);
		}
}

/* Without the certificate's key the same is signed, checked as strictly, and nothing encrypted. */
static void a_signer_needs_no_public_key(void **state)
{
	for (size_t leaf = 0; leaf < 2; leaf++) {
		OWN(buf) der = BUF(MIB);
		OWN(buf) sig = BUF(MIB);
		OWNS(cms_cert) signer = NULL;
		OWNS(cms_envelope) e = NULL;
		uint8_t digest[32] = { 0 };

		build_chain(WITH_RSA, leaf, &limits, STR("k3v9w@relay.example"));
		judge_get("leaf", &der);
		assert_int_equal(cms_cert_signer(buf_str(&der), &signer, NULL), OK);
		assert_null(signer->key);
		sign(4096, keys[leaf][LEAF], signer);
		judge_accepts(VERIFY);
		assert_int_equal(
		        cms_sign_detached(keys[leaf][INTERMEDIATE], signer, NULL, 0, digest, &sig, NULL),
		        FAIL_BUG);
		assert_int_equal(cms_envelope_new(signer, CMS_AES_256_CBC, 1, sink_buf(&sig), &e, NULL),
		                 FAIL_BUG);
		assert_int_equal(sig.n, 0);
	}
}

static size_t count(struct str in, struct str word)
{
	size_t n = 0;

	for (size_t at; (at = str_find(in, word)) < in.n; in = str_from(in, at + 1))
		n++;
	return n;
}

/* JUDGES: Thunderbird calls a signature invalid when its time and the Date differ by an hour. */
static void signatures_say_no_time(void **state)
{
	OWN(buf) said = BUF(MIB);
	OWNS(cms_cert) signer = NULL;

	build_chain(WITH_RSA, WITH_RSA, &limits, STR("k3v9w@relay.example"));
	signer = cert_of("leaf");
	sign(100, keys[WITH_RSA][LEAF], signer);
	assert_int_equal(judge_run(&said, "openssl cms -cmsout -print -noout -inform DER -in sig"), 0);
	assert_int_equal(count(buf_str(&said), STR("signingTime")), 0);
	assert_int_equal(count(buf_str(&said), STR("object: contentType")), 1);
	assert_int_equal(count(buf_str(&said), STR("object: messageDigest")), 1);
	assert_int_equal(count(str_from(buf_str(&said), str_find(buf_str(&said), STR("signedAttrs:"))),
	                       STR("object: ")),
	                 2);
	assert_int_equal(count(buf_str(&said), STR("eContent: <ABSENT>")), 1);
	assert_int_equal(count(buf_str(&said), STR("d.certificate:")), 3); /* the double is sent once */
	assert_int_equal(count(buf_str(&said), STR("d.issuerAndSerialNumber:")), 1);
}

static void signers_are_checked(void **state)
{
	struct str many[64], broken[] = { STR("\x30\x02\x05") };
	OWNS(cms_cert) signer = NULL;
	OWN(buf) sig = BUF(MIB);
	OWN(buf) small = BUF(600);
	uint8_t digest[32] = { 0 };

	build_chain(WITH_P256, WITH_P256, &limits, STR("k3v9w@relay.example"));
	signer = cert_of("leaf");
	for (size_t i = 0; i < 64; i++)
		many[i] = cms_cert_der(signer);
	assert_int_equal(cms_sign_detached(keys[WITH_P256][ROOT], signer, NULL, 0, digest, &sig, NULL),
	                 FAIL_BUG);
	assert_int_equal(cms_sign_detached(signer->key, signer, NULL, 0, digest, &sig, NULL), FAIL_BUG);
	assert_int_equal(cms_sign_detached(keys[WITH_P256][LEAF], signer, many, 64, digest, &sig, NULL),
	                 FAIL_LIMIT);
	assert_int_equal(cms_sign_detached(keys[WITH_P256][LEAF], signer, broken, 1, digest, &sig, NULL),
	                 FAIL_BUG);
	assert_int_equal(cms_sign_detached(keys[WITH_P256][LEAF], signer, NULL, 0, digest, &small, NULL),
	                 FAIL_LIMIT);
	assert_int_equal(sig.n + small.n, 0);
	assert_int_equal(cms_sign_detached(keys[WITH_P256][LEAF], signer, many, 63, digest, &sig, NULL), OK);
}

/* An authority's certificate says that it signs certificates, not mail. */
static void attack_23_authorities_neither_sign_nor_receive(void **state)
{
	OWNS(cms_envelope) e = NULL;
	OWN(buf) out = BUF(MIB);
	uint8_t digest[32] = { 0 };

	for (size_t alg = 0; alg < 2; alg++) {
		OWNS(cms_cert) ca = NULL;

		build_chain(alg, alg, &limits, STR("k3v9w@relay.example"));
		ca = cert_of("int");
		assert_int_equal(cms_sign_detached(keys[alg][INTERMEDIATE], ca, NULL, 0, digest, &out, NULL),
		                 FAIL_DENIED);
		assert_int_equal(cms_envelope_new(ca, CMS_AES_256_CBC, 1, sink_buf(&out), &e, NULL),
		                 FAIL_DENIED);
	}
	assert_int_equal(out.n, 0);
	assert_null(e);
}

/* --- envelopes ---------------------------------------------------------------------------------------- */

static int seal(const struct cms_cert *to, enum cms_cipher cipher, size_t n, size_t piece, struct buf *out)
{
	OWNS(cms_envelope) e = NULL;

	TRY(cms_envelope_new(to, cipher, n, sink_buf(out), &e, NULL));
	for (size_t at = 0; at < n; at += piece, piece = piece * 5 + 1)
		TRY(cms_envelope_put(e, str_first(str_of(body + at, n - at), piece), NULL));
	return cms_envelope_end(e, NULL);
}

static void seal_to_file(const struct cms_cert *to, enum cms_cipher cipher, size_t n, size_t piece)
{
	OWN(buf) out = BUF(2L * MIB);

	assert_int_equal(seal(to, cipher, n, piece, &out), OK);
	judge_put("env", buf_str(&out));
}

#define DECRYPT                                                                                              \
	"openssl cms -decrypt -binary -inform DER -in env -recip leaf.pem -inkey leaf.key -out plain && "    \
	"cmp plain body"

static void expect_decrypts(const struct cms_cert *to, enum cms_cipher cipher)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		judge_put("body", str_of(body, sizes[i]));
		seal_to_file(to, cipher, sizes[i], i % 2 ? 7 : 2 * MIB);
		judge_accepts(DECRYPT);
		judge_accepts("openssl cms -cmsout -inform DER -in env -outform DER | cmp - env");
	}
}

static void envelopes_decrypt(void **state)
{
	for (size_t alg = 0; alg < 2; alg++) {
		OWNS(cms_cert) to = NULL;

		build_chain(WITH_P256, alg, &limits, STR("alice@home.example"));
		put_pkcs8("leaf.key", keys[alg][LEAF]);
		to = cert_of("leaf");
		expect_decrypts(to, CMS_AES_256_CBC);
		expect_decrypts(to, CMS_AES_256_GCM);
	}
}

/* Recipients' keys that we would not make ourselves. */
static void envelopes_to_other_keys_decrypt(void **state)
{
	static const char *const newkeys[] = { "ec -pkeyopt ec_paramgen_curve:P-384",
		                               "ec -pkeyopt ec_paramgen_curve:P-521", "rsa:3072", "rsa:4096",
		                               "rsa:2056" };

	for (size_t i = 0; i < sizeof(newkeys) / sizeof(newkeys[0]); i++) {
		OWNS(cms_cert) to = NULL;

		judge_accepts("openssl req -x509 -newkey %s -nodes -keyout leaf.key -out leaf.pem -subj "
		              "/CN=x -days 9 && "
		              "openssl x509 -in leaf.pem -outform DER -out leaf",
		              newkeys[i]);
		to = cert_of("leaf");
		judge_put("body", str_of(body, 5000));
		seal_to_file(to, CMS_AES_256_CBC, 5000, 999);
		judge_accepts(DECRYPT);
		seal_to_file(to, CMS_AES_256_GCM, 5000, 999);
		judge_accepts(DECRYPT);
	}
}

static void envelopes_have_the_shape_of_the_standards(void **state)
{
	static const struct {
		size_t alg;
		enum cms_cipher cipher;
		const char *words[7];
	} cases[] = {
		{ WITH_RSA,
		  CMS_AES_256_CBC,
		  { "pkcs7-envelopedData", "version: 0", "d.ktri:", "aes-256-cbc", "algorithm: rsaEncryption",
		    "parameter: NULL", "d.issuerAndSerialNumber" } },
		{ WITH_RSA,
		  CMS_AES_256_GCM,
		  { "id-smime-ct-authEnvelopedData", "version: 0", "d.ktri:", "aes-256-gcm",
		    "authAttrs:\n      <ABSENT>", "mac: ", "INTEGER           :10" } },
		{ WITH_P256,
		  CMS_AES_256_CBC,
		  { "pkcs7-envelopedData", "version: 2", "d.kari:", "version: 3", "ukm: <ABSENT>",
		    "dhSinglePass-stdDH-sha256kdf-scheme", "id-aes256-wrap" } },
		{ WITH_P256,
		  CMS_AES_256_GCM,
		  { "id-smime-ct-authEnvelopedData", "version: 0", "d.kari:", "version: 3", "d.originatorKey",
		    "aes-256-gcm", "id-ecPublicKey" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWNS(cms_cert) to = NULL;
		OWN(buf) said = BUF(MIB);

		build_chain(WITH_P256, cases[i].alg, &limits, STR("alice@home.example"));
		to = cert_of("leaf");
		seal_to_file(to, cases[i].cipher, 100, 100);
		assert_int_equal(judge_run(&said, "openssl cms -cmsout -print -noout -inform DER -in env; "
		                                  "openssl asn1parse -inform DER -in env"),
		                 0);
		for (size_t k = 0; k < 7; k++)
			if (count(buf_str(&said), str_c(cases[i].words[k])) == 0)
				fail_msg("no \"%s\" in %.*s", cases[i].words[k], STR_ARG(buf_str(&said)));
	}
}

/* Attacks 27 and 28: one recipient, and nothing that names another. */
static void envelopes_name_one_recipient(void **state)
{
	OWN(buf) said = BUF(MIB);
	OWNS(cms_cert) to = NULL;

	build_chain(WITH_P256, WITH_RSA, &limits, STR("alice@home.example"));
	to = cert_of("leaf");
	seal_to_file(to, CMS_AES_256_CBC, 100, 100);
	assert_int_equal(judge_run(&said, "openssl cms -cmsout -print -noout -inform DER -in env"), 0);
	assert_int_equal(count(buf_str(&said), STR("d.issuerAndSerialNumber")), 1);
	assert_int_equal(count(buf_str(&said), STR("originatorInfo: <ABSENT>")), 1);
	assert_int_equal(count(buf_str(&said), STR("unprotectedAttrs:\n      <ABSENT>")), 1);
	assert_int_equal(count(buf_str(&said), STR("home.example")), 0);
}

static void tampered_gcm_is_refused(void **state)
{
	OWNS(cms_cert) to = NULL;
	OWN(buf) out = BUF(MIB);

	build_chain(WITH_P256, WITH_P256, &limits, STR("alice@home.example"));
	put_pkcs8("leaf.key", keys[WITH_P256][LEAF]);
	to = cert_of("leaf");
	judge_put("body", str_of(body, 100));
	assert_int_equal(seal(to, CMS_AES_256_GCM, 100, 100, &out), OK);
	judge_put("env", buf_str(&out));
	judge_accepts(DECRYPT);
	out.p[out.n - 60] ^= 1;
	judge_put("env", buf_str(&out));
	judge_refuses("rror", DECRYPT);
}

static int refuse(void *self, struct str b, struct fail *f)
{
	size_t *left = self;

	if (*left == 0)
		return FAIL_SYS;
	--*left;
	return OK;
}

static void lengths_must_be_as_told(void **state)
{
	OWNS(cms_cert) to = NULL;
	OWN(buf) out = BUF(MIB);

	build_chain(WITH_P256, WITH_P256, &limits, STR("alice@home.example"));
	to = cert_of("leaf");
	for (int cipher = CMS_AES_256_CBC; cipher <= CMS_AES_256_GCM; cipher++) {
		OWNS(cms_envelope) more = NULL;
		OWNS(cms_envelope) less = NULL;
		OWNS(cms_envelope) broken = NULL;
		OWNS(cms_envelope) none = NULL;
		size_t left = 1;

		assert_int_equal(
		        cms_envelope_new(to, (enum cms_cipher)cipher, 10, sink_buf(&out), &more, NULL), OK);
		assert_int_equal(cms_envelope_put(more, str_of(body, 6), NULL), OK);
		assert_int_equal(cms_envelope_put(more, str_of(body, 5), NULL), FAIL_BUG);
		assert_int_equal(cms_envelope_put(more, str_of(body, 1), NULL), FAIL_BUG);
		assert_int_equal(cms_envelope_end(more, NULL), FAIL_BUG);
		assert_int_equal(
		        cms_envelope_new(to, (enum cms_cipher)cipher, 10, sink_buf(&out), &less, NULL), OK);
		assert_int_equal(cms_envelope_put(less, str_of(body, 9), NULL), OK);
		assert_int_equal(cms_envelope_end(less, NULL), FAIL_BUG);
		assert_int_equal(cms_envelope_new(to, (enum cms_cipher)cipher, 100,
		                                  (struct sink){ refuse, &left }, &broken, NULL),
		                 OK);
		assert_int_equal(cms_envelope_put(broken, str_of(body, 100), NULL), FAIL_SYS);
		assert_int_equal(cms_envelope_end(broken, NULL), FAIL_BUG);
		assert_int_equal(cms_envelope_new(to, (enum cms_cipher)cipher, 1ull << 36, sink_buf(&out),
		                                  &none, NULL),
		                 FAIL_LIMIT);
	}
	OWNS(cms_envelope) none = NULL;

	assert_int_equal(cms_envelope_new(to, 3, 1, sink_buf(&out), &none, NULL), FAIL_BUG);
}

/* Attack 33: two processes and two calls share no IV, no content key, no ephemeral key. */
static void no_two_envelopes_are_alike(void **state)
{
	enum { COUNT = 6, ROOM = 4096 };
	static char made[COUNT][ROOM];
	size_t n[COUNT];
	OWNS(cms_cert) to = NULL;
	int fds[2];

	build_chain(WITH_P256, WITH_P256, &limits, STR("alice@home.example"));
	to = cert_of("leaf");
	assert_int_equal(pipe(fds), 0);
	for (size_t i = 0; i < COUNT; i++) {
		OWN(buf) out = BUF(ROOM);
		int status;
		pid_t child = i < 4 ? fork() : -1;

		if (child <= 0 && seal(to, CMS_AES_256_CBC, 32, 32, &out) < 0)
			_exit(1);
		if (child == 0)
			_exit(write(fds[1], out.p, out.n) != (ssize_t)out.n);
		if (child > 0) {
			assert_int_equal(waitpid(child, &status, 0), child);
			assert_int_equal(status, 0);
			n[i] = (size_t)read(fds[0], made[i], ROOM);
		} else {
			n[i] = out.n;
			memcpy(made[i], out.p, out.n);
		}
		for (size_t k = 0; k < i; k++) {
			assert_int_equal(n[i], n[k]);
			/* ciphertext; IV and its frame; ephemeral point */
			assert_memory_not_equal(made[i] + n[i] - 48, made[k] + n[k] - 48, 16);
			assert_memory_not_equal(made[i] + n[i] - 66, made[k] + n[k] - 66, 16);
			assert_memory_not_equal(made[i] + 60, made[k] + 60, 32);
		}
	}
	close(fds[0]);
	close(fds[1]);
}

/* --- other engines ------------------------------------------------------------------------------------ */

/* The leaf with its chain and key, by our own writer; the old form, for gpgsm takes no other. */
static void put_p12(const struct key *k, bool legacy)
{
	OWN(buf) leaf = BUF(MIB);
	OWN(buf) intermediate = BUF(MIB);
	OWN(buf) root = BUF(MIB);
	OWN(buf) p12 = BUF(MIB);

	judge_get("leaf", &leaf);
	judge_get("int", &intermediate);
	judge_get("root", &root);
	assert_int_equal(pkcs12_write(k, buf_str(&leaf), buf_str(&intermediate), buf_str(&root), STR("alice"),
	                              STR("a secret"), legacy, &p12, NULL),
	                 OK);
	judge_put("p12", buf_str(&p12));
}

static void nss_reads_them(void **state)
{
	for (size_t alg = 0; alg < 2; alg++) {
		OWNS(cms_cert) c = NULL;

		build_chain(WITH_P256, alg, &limits, STR("alice@home.example"));
		c = cert_of("leaf");
		put_p12(keys[alg][LEAF], false);
		judge_accepts("rm -rf nss && mkdir nss && certutil -N -d sql:nss --empty-password && "
		              "certutil -A -d sql:nss -n root -t ,C, -i root && pk12util -d sql:nss -i p12 "
		              "-W 'a secret'");
		sign(5000, keys[alg][LEAF], c);
		judge_accepts("cmsutil -D -d sql:nss -i sig -c body -h 0 -u 4 | grep "
		              "'signer0.status=GoodSignature'");
		judge_accepts("echo x >> body");
		judge_refuses("DigestMismatch",
		              "cmsutil -D -d sql:nss -i sig -c body -h 0 -u 4 > said 2>&1; cat said; "
		              "grep -q GoodSignature said");
		if (alg == WITH_P256)
			continue; /* cmsutil has no key agreement */
		judge_put("body", str_of(body, 70000));
		seal_to_file(c, CMS_AES_256_CBC, 70000, 1000);
		judge_accepts("cmsutil -D -d sql:nss -i env -o plain && cmp plain body");
	}
}

/* gpgsm ends its agent with the folder. */
#define GPGSM_HOME                                                                                           \
	"export GNUPGHOME=$PWD/gnupg; trap 'gpgconf --kill all; rm -rf gnupg' EXIT; mkdir -m 700 gnupg; "    \
	"printf 'allow-loopback-pinentry\\ndisable-scdaemon\\n' > gnupg/gpg-agent.conf; "                    \
	"printf 'disable-crl-checks\\ndisable-dirmngr\\nbatch\\n' > gnupg/gpgsm.conf; "                      \
	"echo \"$(openssl x509 -in root.pem -noout -fingerprint -sha1 | sed 's/.*=//') S relax\" > "         \
	"gnupg/trustlist.txt; "                                                                              \
	"gpgsm -q --import root int; "                                                                       \
	"printf 'a secret' | gpgsm -q --pinentry-mode loopback --passphrase-fd 0 --import p12; "

static void gpgsm_reads_them(void **state)
{
	OWNS(cms_cert) c = NULL;

	build_chain(WITH_RSA, WITH_RSA, &limits, STR("alice@home.example"));
	c = cert_of("leaf");
	put_p12(keys[WITH_RSA][LEAF], true);
	sign(5000, keys[WITH_RSA][LEAF], c);
	seal_to_file(c, CMS_AES_256_CBC, 5000, 1000);
	judge_accepts(
	        GPGSM_HOME
	        "gpgsm --status-fd 1 --verify sig body > said 2>&1; cat said; "
	        "grep -q GOODSIG said && grep -q TRUST_FULLY said || exit 1; "
	        "printf 'a secret' | gpgsm --pinentry-mode loopback --passphrase-fd 0 -o plain --decrypt env "
	        "&& cmp plain body");
}

/* --- the rest ----------------------------------------------------------------------------------------- */

static void digests_stream(void **state)
{
	uint8_t whole[32], streamed[32];
	OWNS(digest) d = NULL;

	sha256(str_of(body, sizeof(body)), whole);
	assert_int_equal(digest_new(&d, NULL), OK);
	for (size_t at = 0, n = 1; at < sizeof(body); at += n, n = n * 2) {
		n = n < sizeof(body) - at ? n : sizeof(body) - at;
		assert_int_equal(digest_put(d, str_of(body + at, n), NULL), OK);
		assert_int_equal(digest_put(d, STR_NONE, NULL), OK);
	}
	assert_int_equal(digest_end(d, streamed, NULL), OK);
	assert_memory_equal(whole, streamed, 32);
	assert_int_equal(digest_put(d, STR("x"), NULL), FAIL_BUG);
	assert_int_equal(digest_end(d, streamed, NULL), FAIL_BUG);
}

/* Whatever can be prepared can be encrypted to, or says that it is not for that. */
static void try_one(struct str bytes, void *arg)
{
	OWNS(cms_cert) c = NULL;
	OWN(buf) out = BUF(MIB);
	int r;

	if (cms_cert_new(bytes, &c, NULL) < 0)
		return;
	r = seal(c, CMS_AES_256_CBC, 100, 100, &out);
	assert_true(r == OK || r == FAIL_DENIED);
	*(size_t *)arg += r == OK;
}

static void other_peoples_certificates(void **state)
{
	static const struct {
		const char *folder;
		size_t at_least;
	} cases[] = { { "gnutls-cert-tests", 30 },
		      { "python-smime-certs", 10 },
		      { "openssl/certs", 100 },
		      { "libksba", 3 },
		      { "rfc9216", 2 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 0;

		if (!vectors_each(cases[i].folder, try_one, &n))
			continue;
		print_message("%s: %zu encrypted to\n", cases[i].folder, n);
		assert_true(n >= cases[i].at_least);
	}
}

static void broken_certificates_are_refused(void **state)
{
	OWNS(cms_cert) c = NULL;
	OWN(buf) der = BUF(MIB);

	build_chain(WITH_P256, WITH_P256, &limits, STR("alice@home.example"));
	judge_get("leaf", &der);
	for (size_t n = 0; n < der.n; n++)
		assert_int_equal(cms_cert_new(str_first(buf_str(&der), n), &c, NULL), FAIL_SYNTAX);
	buf_addc(&der, 0);
	assert_int_equal(cms_cert_new(buf_str(&der), &c, NULL), FAIL_SYNTAX);
	while (der.n <= CERT_MAX)
		buf_addc(&der, 0);
	assert_int_equal(cms_cert_new(buf_str(&der), &c, NULL), FAIL_LIMIT);
	judge_accepts("openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -outform DER -out leaf "
	              "-subj /CN=x");
	buf_clear(&der);
	judge_get("leaf", &der);
	assert_int_equal(cms_cert_new(buf_str(&der), &c, NULL), FAIL_DENIED);
	assert_null(c);
}

static int setup(void **state)
{
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7 + i / 251);
	return pki_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_verify),
		cmocka_unit_test(a_signer_needs_no_public_key),
		cmocka_unit_test(signatures_say_no_time),
		cmocka_unit_test(signers_are_checked),
		cmocka_unit_test(attack_23_authorities_neither_sign_nor_receive),
		cmocka_unit_test(envelopes_decrypt),
		cmocka_unit_test(envelopes_to_other_keys_decrypt),
		cmocka_unit_test(envelopes_have_the_shape_of_the_standards),
		cmocka_unit_test(envelopes_name_one_recipient),
		cmocka_unit_test(tampered_gcm_is_refused),
		cmocka_unit_test(lengths_must_be_as_told),
		cmocka_unit_test(no_two_envelopes_are_alike),
		cmocka_unit_test(nss_reads_them),
		cmocka_unit_test(gpgsm_reads_them),
		cmocka_unit_test(digests_stream),
		cmocka_unit_test(other_peoples_certificates),
		cmocka_unit_test(broken_certificates_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, pki_teardown);
}
