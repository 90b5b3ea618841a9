#include "crypto/cms_open.h"

#include "crypto/aead.h"
#include "crypto/cms_open_in.h"
#include "crypto/cms_open_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FILES(a) (sizeof(a) / sizeof((a)[0]))

enum { MSG_MAX = 4 << 20 };

static const char text[] = "Content-Type: text/plain\r\n\r\nMeet me at five.\r\n";
static struct identity rsa, other, p256, p384;

static struct str the_text(void)
{
	return str_of(text, sizeof(text) - 1);
}

static int setup(void **state)
{
	if (judges_setup(state))
		return -1;
	identity_make("rsa", "rsa:2048", &rsa);
	identity_make("other", "rsa:2048", &other);
	identity_make("p256", "ec -pkeyopt ec_paramgen_curve:P-256", &p256);
	identity_make("p384", "ec -pkeyopt ec_paramgen_curve:P-384", &p384);
	judge_put("text", the_text());
	return 0;
}

static int teardown(void **state)
{
	struct identity *all[] = { &rsa, &other, &p256, &p384 };

	for (size_t i = 0; i < FILES(all); i++)
		identity_done(all[i]);
	return judges_teardown(state);
}

static int decrypt_with(struct str der, const struct identity *who, struct buf *out, struct fail *f)
{
	const struct cms_lock lock = { who->cert, who->key, 0 };
	OWNS(cms_in) c = NULL;

	TRY(cms_in_new(der, &c, f));
	return cms_in_decrypt(c, &lock, 1, 1, out, f);
}

/* --- every algorithm, by openssl ---------------------------------------------------------------------- */

static const char *const ciphers[] = { "des3",        "aes-128-cbc", "aes-192-cbc", "aes-256-cbc",
	                               "aes-128-gcm", "aes-192-gcm", "aes-256-gcm" };

static const struct {
	struct identity *who;
	const char *name, *options;
} transports[] = {
	{ &rsa, "rsa", "" },
	{ &rsa, "rsa", "-keyopt rsa_padding_mode:oaep" },
	{ &rsa, "rsa", "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256" },
	{ &rsa, "rsa",
	  "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha512 -keyopt rsa_mgf1_md:sha256" },
	{ &p256, "p256", "" },
	{ &p256, "p256", "-keyopt ecdh_kdf_md:sha256" },
	{ &p256, "p256", "-keyopt ecdh_kdf_md:sha384 -keyopt ecdh_cofactor_mode:1" },
	{ &p384, "p384", "-keyopt ecdh_kdf_md:sha512" },
};

static void every_pair_of_algorithms_opens(void **state)
{
	static const char *const forms[] = { "", "-stream", "-keyid" };

	for (size_t t = 0; t < FILES(transports); t++)
		for (size_t i = 0; i < FILES(ciphers); i++) {
			OWN(buf) der = BUF(MSG_MAX);
			OWN(buf) out = BUF(MSG_MAX);
			struct fail f = { 0 };

			if (i == 0 && transports[t].who != &rsa)
				continue; /* openssl then wraps the key in triple DES as well */
			judge_accepts("openssl cms -encrypt -binary -in text -outform DER -%s %s -out m "
			              "-recip %s.crt %s",
			              ciphers[i], forms[(t + i) % FILES(forms)], transports[t].name,
			              transports[t].options);
			judge_get("m", &der);
			if (decrypt_with(buf_str(&der), transports[t].who, &out, &f) < 0)
				fail_msg("%s %s: %s", ciphers[i], transports[t].options, f.why);
			assert_true(str_eq(buf_str(&out), the_text()));
			buf_clear(&out);
			assert_int_equal(decrypt_with(buf_str(&der), &other, &out, &f), FAIL_FORGED);
			assert_int_equal(out.n, 0);
		}
}

static void unread_algorithms_are_denied_before_a_key_is_used(void **state)
{
	static const char *const made[] = {
		"openssl cms -encrypt -camellia128 -in text -outform DER -out m rsa.crt",
		"openssl cms -encrypt -aes128 -in text -outform DER -out m -pwri_password secret",
		"openssl cms -digest_create -in text -outform DER -out m",
		"openssl cms -data_create -in text -outform DER -out m",
	};

	for (size_t i = 0; i < FILES(made); i++) {
		OWN(buf) der = BUF(MSG_MAX);
		OWN(buf) out = BUF(MSG_MAX);
		struct fail f = { 0 };

		judge_accepts("%s", made[i]);
		judge_get("m", &der);
		if (decrypt_with(buf_str(&der), &rsa, &out, &f) != FAIL_DENIED)
			fail_msg("%s: %s", made[i], f.why);
	}
}

/* --- promise 5 ---------------------------------------------------------------------------------------- */

static void encrypt_to(const char *who, struct buf *der)
{
	judge_accepts("openssl cms -encrypt -binary -in text -outform DER -aes256 -out m %s", who);
	buf_clear(der);
	judge_get("m", der);
}

static int open_as(struct str der, size_t n_groups, bool swap)
{
	const struct cms_lock locks[] = { { rsa.cert, rsa.key, swap ? 1 : 0 },
		                          { p256.cert, p256.key, swap ? 0 : 1 } };
	OWN(buf) out = BUF(MSG_MAX);
	OWNS(cms_in) c = NULL;
	int how;

	assert_int_equal(cms_in_new(der, &c, NULL), OK);
	how = cms_in_decrypt(c, locks, 2, n_groups, &out, NULL);
	assert_true(how == OK ? str_eq(buf_str(&out), the_text()) : out.n == 0);
	return how;
}

static void promise_5_each_address_must_open_it_by_itself(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);

	encrypt_to("rsa.crt p256.crt other.crt", &der);
	assert_int_equal(open_as(buf_str(&der), 2, false), OK);
	assert_int_equal(open_as(buf_str(&der), 2, true), OK);
	assert_int_equal(open_as(buf_str(&der), 3, false),
	                 FAIL_FORGED); /* a third address that it is not for */
	encrypt_to("rsa.crt", &der);
	assert_int_equal(open_as(buf_str(&der), 2, false), FAIL_FORGED);
	encrypt_to("other.crt", &der);
	assert_int_equal(open_as(buf_str(&der), 2, false), FAIL_FORGED);
}

/* Two keys wrapped in one message: each address would open something else. */
static void promise_5_addresses_that_open_different_keys_fail(void **state)
{
	OWN(buf) one = BUF(MSG_MAX);
	OWN(buf) two = BUF(MSG_MAX);
	OWNS(cms_in) a = NULL;
	OWNS(cms_in) b = NULL;
	OWN(buf) out = BUF(MSG_MAX);
	const struct cms_lock locks[] = { { rsa.cert, rsa.key, 0 }, { p256.cert, p256.key, 1 } };

	encrypt_to("rsa.crt", &one);
	encrypt_to("p256.crt", &two);
	assert_int_equal(cms_in_new(buf_str(&one), &a, NULL), OK);
	assert_int_equal(cms_in_new(buf_str(&two), &b, NULL), OK);
	a->recipients[a->n_recipients++] = b->recipients[0];
	assert_int_equal(cms_in_decrypt(a, locks, 1, 1, &out, NULL), OK);
	buf_clear(&out);
	assert_int_equal(cms_in_decrypt(a, locks, 2, 2, &out, NULL), FAIL_FORGED);
	assert_int_equal(out.n, 0);
}

static void promise_5_attack_20_a_name_must_match_in_full(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	OWNS(cms_in) c = NULL;

	encrypt_to("rsa.crt", &der);
	assert_int_equal(cms_in_new(buf_str(&der), &c, NULL), OK);
	assert_true(cms_in_is_for(c, rsa.cert));
	assert_false(cms_in_is_for(c, other.cert));
	for (size_t n = 0; n < c->recipients[0].name.sid.n; n++) {
		const struct cms_name part = { str_first(c->recipients[0].name.sid, n), STR_NONE };

		assert_false(cms_name_is(&part, rsa.cert));
	}
}

/* --- failures are one --------------------------------------------------------------------------------- */

/* A message of ours, whose wrapped key is at the end of the recipient: random numbers below the modulus, bad paddings all. */
static void attack_06_bad_paddings_are_all_alike(void **state)
{
	enum { PADDINGS = 2000 };
	OWN(buf) der = BUF(MSG_MAX);
	OWN(buf) out = BUF(MSG_MAX);
	OWNS(cms_in) c = NULL;
	struct fail f = { 0 };
	const struct cms_lock lock = { rsa.cert, rsa.key, 0 };
	uint8_t *wrapped;
	struct fail first = { 0 };

	encrypt_to("rsa.crt", &der);
	assert_int_equal(cms_in_new(buf_str(&der), &c, NULL), OK);
	wrapped = (uint8_t *)(uintptr_t)c->recipients[0].wrapped.p;
	for (size_t i = 0; i < PADDINGS; i++) {
		assert_int_equal(random_bytes(wrapped, c->recipients[0].wrapped.n, NULL), OK);
		wrapped[0] =
		        (uint8_t)(i % 2 ? wrapped[0] & 0x7f : 0xff); /* every other one past the modulus */
		assert_int_equal(cms_in_decrypt(c, &lock, 1, 1, &out, &f), FAIL_FORGED);
		assert_int_equal(out.n, 0);
		if (i == 0)
			first = f;
		assert_memory_equal(&first, &f, sizeof(f));
	}
}

/* A well padded key of the wrong length, and well padded garbage in the content, fail as all do. */
static void attack_06_wrong_lengths_and_cut_content_are_alike(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	OWNS(cms_in) c = NULL;
	OWN(buf) out = BUF(MSG_MAX);
	const struct cms_lock lock = { rsa.cert, rsa.key, 0 };
	struct fail bad = { 0 }, f = { 0 };
	struct str encrypted;

	encrypt_to("rsa.crt", &der);
	assert_int_equal(decrypt_with(buf_str(&der), &other, &out, &bad), FAIL_FORGED);
	assert_int_equal(cms_in_new(buf_str(&der), &c, NULL), OK);
	encrypted = c->encrypted;
	for (size_t n = 0; n < encrypted.n; n++) {
		c->encrypted = str_first(encrypted, n);
		if (cms_in_decrypt(c, &lock, 1, 1, &out, &f) == OK)
			buf_clear(&out); /* a padding by chance */
		else
			assert_memory_equal(&bad, &f, sizeof(f));
	}
	c->encrypted = encrypted;
	c->cipher = STR("\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x02\x04\x10"
	                "0123456789abcdef");
	assert_int_equal(cms_in_decrypt(c, &lock, 1, 1, &out, &f), FAIL_FORGED);
	assert_memory_equal(&bad, &f, sizeof(f));
}

/* RFC 9709: the key of an authenticated message, and CBC written over it. */
static void attack_03_relabelled_gcm_fails_as_others_do(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	OWNS(cms_in) c = NULL;
	OWN(buf) out = BUF(MSG_MAX);
	const struct cms_lock lock = { rsa.cert, rsa.key, 0 };
	size_t passed = 0;

	judge_accepts("openssl cms -encrypt -binary -in text -outform DER -aes-256-gcm -out m rsa.crt");
	judge_get("m", &der);
	assert_int_equal(cms_in_new(buf_str(&der), &c, NULL), OK);
	c->kind = CMS_ENVELOPED;
	c->cipher = STR("\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a\x04\x10"
	                "0123456789abcdef");
	for (size_t n = 0; n <= c->encrypted.n; n += 16) {
		struct str all = c->encrypted;

		c->encrypted = str_first(all, n);
		passed += cms_in_decrypt(c, &lock, 1, 1, &out, NULL) == OK;
		assert_int_equal(str_find(buf_str(&out), STR("five")), out.n);
		c->encrypted = all;
	}
	assert_true(passed <= 1); /* a padding by chance is one in 256 */
}

static void every_flipped_byte_of_gcm_is_noticed(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);

	judge_accepts("openssl cms -encrypt -binary -in text -outform DER -aes-256-gcm -out m p256.crt");
	judge_get("m", &der);
	for (size_t i = 0; i < der.n; i++)
		for (unsigned bit = 1; bit < 256; bit <<= 3) {
			OWN(buf) out = BUF(MSG_MAX);
			struct fail f = { 0 };
			int how;

			der.p[i] = (char)((unsigned char)der.p[i] ^ bit);
			how = decrypt_with(buf_str(&der), &p256, &out, &f);
			der.p[i] = (char)((unsigned char)der.p[i] ^ bit);
			assert_true(how == OK ? str_eq(buf_str(&out), the_text()) : out.n == 0);
			if (how == FAIL_FORGED)
				assert_string_equal(f.why, "it cannot be decrypted");
		}
}

static void more_than_there_is_room_for_is_refused_first(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	OWN(buf) out = BUF(16);

	encrypt_to("rsa.crt", &der);
	assert_int_equal(decrypt_with(buf_str(&der), &rsa, &out, NULL), FAIL_LIMIT);
	assert_int_equal(out.n, 0);
}

/* --- signatures --------------------------------------------------------------------------------------- */

static int verify(struct str der, struct str detached, const struct identity *pin, struct cms_signature *ret,
                  struct fail *f)
{
	const struct cms_cert *pins[] = { other.cert, pin->cert };
	OWNS(cms_in) c = NULL;

	TRY(cms_in_new(der, &c, f));
	return cms_in_verify(c, detached, pin == &other ? pins + 1 : pins, pin == &other ? 1 : 2, ret, f);
}

static const struct {
	const char *options;
	struct identity *pin;
	int how;
} signings[] = {
	{ "-signer rsa.pem", &rsa, OK },
	{ "-signer rsa.pem -md sha384", &rsa, OK },
	{ "-signer rsa.pem -md sha512 -keyopt rsa_padding_mode:pss", &rsa, OK },
	{ "-signer rsa.pem -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20", &rsa, OK },
	{ "-signer p256.pem", &p256, OK },
	{ "-signer p256.pem -md sha384", &p256, OK },
	{ "-signer p384.pem -md sha512 -keyid", &p384, OK },
	{ "-signer rsa.pem -nocerts", &rsa, OK },
	{ "-signer rsa.pem -signer other.pem", &rsa, OK },
	{ "-signer rsa.pem -signer p256.pem", &rsa, FAIL_DENIED },
	{ "-signer rsa.pem", &p256, FAIL_DENIED },
	{ "-signer rsa.pem -nocerts", &p256, FAIL_DENIED },
	{ "-signer rsa.pem -md sha1", &rsa, FAIL_FORGED },
	{ "-signer rsa.pem -md sha224", &rsa, FAIL_FORGED },
	{ "-signer rsa.pem -noattr", &rsa, FAIL_FORGED },
	{ "-signer rsa.pem -keyopt rsa_padding_mode:pss -keyopt rsa_mgf1_md:sha1", &rsa, FAIL_FORGED },
};

static void promise_4_signatures_verify_under_pinned_keys_alone(void **state)
{
	for (size_t i = 0; i < FILES(signings); i++)
		for (int opaque = 0; opaque < 2; opaque++) {
			OWN(buf) der = BUF(MSG_MAX);
			struct cms_signature s = { .pin = 99 };
			struct str detached = opaque ? STR_NONE : the_text();
			struct fail f = { 0 };
			int how;

			judge_accepts("openssl cms -sign -binary -in text -outform DER -out m %s %s",
			              opaque ? "-nodetach" : "", signings[i].options);
			judge_get("m", &der);
			how = verify(buf_str(&der), detached, signings[i].pin, &s, &f);
			if (how != signings[i].how)
				fail_msg("%s: %s", signings[i].options, how == OK ? "good" : f.why);
			if (how < 0)
				continue;
			assert_true(s.pin <= 1 && s.signed_utc > 1700000000);
			assert_int_equal(
			        verify(buf_str(&der), STR("Another text.\r\n"), signings[i].pin, &s, NULL),
			        FAIL_FORGED);
		}
}

static void promise_4_content_inside_and_beside_is_refused(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	struct cms_signature s;

	judge_accepts("openssl cms -sign -binary -nodetach -in text -outform DER -out m -signer rsa.pem");
	judge_get("m", &der);
	assert_int_equal(verify(buf_str(&der), STR_NONE, &rsa, &s, NULL), OK);
	assert_int_equal(verify(buf_str(&der), the_text(), &rsa, &s, NULL), FAIL_FORGED);
	buf_clear(&der);
	judge_accepts("openssl cms -sign -binary -in text -outform DER -out m -signer rsa.pem");
	judge_get("m", &der);
	assert_int_equal(verify(buf_str(&der), STR_NONE, &rsa, &s, NULL), FAIL_FORGED);
}

static void promise_4_indefinite_lengths_verify(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	struct cms_signature s;

	judge_accepts(
	        "openssl cms -sign -stream -binary -nodetach -in text -outform DER -out m -signer p256.pem");
	judge_get("m", &der);
	assert_true(str_starts(buf_str(&der), STR("\x30\x80")));
	assert_int_equal(verify(buf_str(&der), STR_NONE, &p256, &s, NULL), OK);
}

static void promise_4_nobody_is_nobody(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	struct cms_signature s;

	judge_accepts("openssl crl2pkcs7 -nocrl -certfile rsa.crt -outform DER -out m");
	judge_get("m", &der);
	assert_int_equal(verify(buf_str(&der), the_text(), &rsa, &s, NULL), FAIL_ABSENT);
}

static void promise_4_every_flipped_byte_is_noticed(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	struct cms_signature s;

	judge_accepts("openssl cms -sign -binary -nodetach -in text -outform DER -out m -signer p256.pem");
	judge_get("m", &der);
	for (size_t i = 0; i < der.n; i++) {
		OWNS(cms_in) c = NULL;
		const struct cms_cert *pin = p256.cert;
		struct str content;

		der.p[i] = (char)(der.p[i] ^ 1);
		if (cms_in_new(buf_str(&der), &c, NULL) == OK && cms_in_kind(c) == CMS_SIGNED &&
		    cms_in_verify(c, STR_NONE, &pin, 1, &s, NULL) == OK)
			assert_true(cms_in_content(c, &content, NULL) == OK && str_eq(content, the_text()));
		der.p[i] = (char)(der.p[i] ^ 1);
	}
}

/* Another certificate with the pinned key is the pinned key's; another key under the pinned name is not. */
static void promise_4_attack_17_the_key_counts_not_the_certificate(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);
	struct cms_signature s;

	judge_accepts("openssl req -x509 -key rsa.key -out again.crt -days 3 -subj /CN=again && "
	              "cat rsa.key again.crt > again.pem && "
	              "openssl cms -sign -binary -in text -outform DER -out m -signer again.pem");
	judge_get("m", &der);
	assert_int_equal(verify(buf_str(&der), the_text(), &rsa, &s, NULL), OK);
	assert_int_equal(s.pin, 1);
	buf_clear(&der);
	judge_accepts("serial=$(openssl x509 -in rsa.crt -noout -serial | cut -d= -f2) && "
	              "openssl req -x509 -newkey rsa:2048 -nodes -keyout false.key -out false.crt -days 3 "
	              "-subj /CN=rsa -set_serial 0x$serial && cat false.key false.crt > false.pem && "
	              "openssl cms -sign -binary -in text -outform DER -out m -signer false.pem");
	judge_get("m", &der);
	assert_int_equal(verify(buf_str(&der), the_text(), &rsa, &s, NULL), FAIL_FORGED);
}

/* --- BER ---------------------------------------------------------------------------------------------- */

static int reads(struct str in)
{
	OWNS(cms_in) c = NULL;

	return cms_in_new(in, &c, NULL);
}

static void attack_29_bombs_are_bounded(void **state)
{
	OWN(buf) b = BUF(64 << 20);
	OWN(buf) der = BUF(64 << 20);
	struct str in;

	for (size_t i = 0; i < 4 << 20; i++)
		buf_add(&b, STR("\x30\x80"));
	assert_int_equal(reads(buf_str(&b)), FAIL_LIMIT);
	buf_clear(&b);
	for (size_t i = 0; i < 1000; i++)
		buf_add(&b, STR("\x24\x80"));
	assert_int_equal(reads(buf_str(&b)), FAIL_LIMIT);
	assert_int_equal(reads(STR("\x30\x84\x7f\xff\xff\xff\x06\x01")), FAIL_SYNTAX);
	assert_int_equal(reads(STR("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff\x06\x01")), FAIL_SYNTAX);
	assert_int_equal(reads(STR("\x30\x80\x04\x80\x00\x00\x00\x00")), FAIL_SYNTAX);
	buf_clear(&b);
	buf_add(&b, STR("\x24\x80"));
	for (size_t i = 0; i < 1 << 20; i++)
		buf_add(&b, STR("\x04\x01x"));
	buf_add(&b, STR("\x00\x00"));
	in = buf_str(&b);
	assert_int_equal(ber_to_der(&in, &der, NULL), OK);
	assert_true(der.n == (1 << 20) + 5 && !in.n);
}

static void truncated_messages_are_broken(void **state)
{
	OWN(buf) der = BUF(MSG_MAX);

	judge_accepts("openssl cms -encrypt -stream -binary -in text -outform DER -aes256 -out m rsa.crt");
	judge_get("m", &der);
	for (size_t n = 0; n < der.n; n++)
		assert_int_equal(reads(str_first(buf_str(&der), n)), FAIL_SYNTAX);
	assert_int_equal(reads(buf_str(&der)), OK);
	buf_addc(&der, 'x');
	assert_int_equal(reads(buf_str(&der)), FAIL_SYNTAX);
}

/* --- other people's messages -------------------------------------------------------------------------- */

struct tried {
	struct identity *who[2];
	size_t opened;
	struct str expected;
};

static void try_file(struct str bytes, void *arg)
{
	struct tried *t = arg;
	OWNS(cms_in) c = NULL;
	OWN(buf) out = BUF(MSG_MAX);

	if (cms_in_new(bytes, &c, NULL) < 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		struct fail f = { 0 };
		const struct cms_lock lock = { t->who[i]->cert, t->who[i]->key, 0 };

		if (!cms_in_is_for(c, lock.cert))
			continue;
		if (cms_in_decrypt(c, &lock, 1, 1, &out, &f) < 0)
			fail_msg("%s", f.why);
		assert_true(str_find(buf_str(&out), t->expected) < out.n);
		t->opened++;
	}
}

static void nss_messages_open(void **state)
{
	struct identity fran = { 0 }, ec = { 0 };
	struct tried t = { { &fran, &ec }, 0, STR("This is a test message to Fran.") };

	if (!identity_p12("nss-smime/interop-openssl/Fran.p12", "nss", &fran) ||
	    !identity_p12("nss-smime/interop-openssl/Fran-ec.p12", "nss", &ec))
		skip();
	vectors_each("nss-smime/interop-openssl", try_file, &t);
	assert_int_equal(t.opened, 17);
	identity_done(&fran);
	identity_done(&ec);
}

#define LAMPS "rfc9216-cms-examples/"

static const struct {
	const char *file;
	int how;
} lamps_sealed[] = {
	{ LAMPS "binary-files/encryptedForBobRSAOaep.p7m", OK },
	{ LAMPS "binary-files/encryptedForBobAndDana.p7m", OK },
	{ LAMPS "binary-files/encryptedKekri.p7m", FAIL_DENIED },
	{ LAMPS "binary-files/authEnvelopedForBobChaCha20Poly1305.p7m", FAIL_DENIED },
	{ LAMPS "binary-files/authEnvelopedForDanaX25519HKDF.p7m", FAIL_FORGED },
}, lamps_signed[] = {
	{ LAMPS "binary-files/signedByAliceRSA.p7m", FAIL_FORGED }, /* no signed attributes */
	{ LAMPS "binary-files/signedByAliceRSAPSS.p7m", OK },
	{ LAMPS "binary-files/signedByCarlosEd25519.p7m", FAIL_DENIED },
	{ LAMPS "binary-files/signedByCarlosDetached.p7m", FAIL_DENIED },
	{ LAMPS "binary-files/signedByAliceAndCarlosNoCerts.p7m", FAIL_DENIED },
};

static void lamps_messages_open(void **state)
{
	struct identity bob = { 0 };
	const struct str sample = STR("This is some sample content.");

	if (!identity_pair(LAMPS "certs-and-keys/lamps-bob.encrypt.crt",
	                   LAMPS "certs-and-keys/lamps-bob.decrypt.p8.pem", &bob))
		skip();
	for (size_t i = 0; i < FILES(lamps_sealed); i++) {
		OWN(buf) path = BUF(4096);
		OWN(buf) der = BUF(MSG_MAX);
		OWN(buf) out = BUF(MSG_MAX);
		struct fail f = { 0 };
		int how;

		assert_true(vectors_path(lamps_sealed[i].file, &path));
		judge_get(path.p, &der);
		how = decrypt_with(buf_str(&der), &bob, &out, &f);
		if (how != lamps_sealed[i].how)
			fail_msg("%s: %d %s", lamps_sealed[i].file, how, f.why);
		assert_true(how < 0 || str_eq(buf_str(&out), sample));
	}
	identity_done(&bob);
}

static void lamps_signatures_verify(void **state)
{
	struct identity alice = { 0 };

	if (!identity_pair(LAMPS "certs-and-keys/lamps-alice.crt", LAMPS "certs-and-keys/lamps-alice.p8.pem",
	                   &alice))
		skip();
	for (size_t i = 0; i < FILES(lamps_signed); i++) {
		OWN(buf) path = BUF(4096);
		OWN(buf) der = BUF(MSG_MAX);
		struct cms_signature s;
		struct fail f = { 0 };
		bool detached = strstr(lamps_signed[i].file, "Detached") != NULL;
		int how;

		assert_true(vectors_path(lamps_signed[i].file, &path));
		judge_get(path.p, &der);
		how = verify(buf_str(&der), detached ? STR("This is some sample content.") : STR_NONE, &alice,
		             &s, &f);
		if (how != lamps_signed[i].how)
			fail_msg("%s: %d %s", lamps_signed[i].file, how, f.why);
	}
	identity_done(&alice);
}

/* The signer's own certificate is the pin, so that nothing but the attributes can be what is refused. */
static void attack_12_attribute_games_are_refused(void **state)
{
	static const char *const files[] = { "bad_signtime_attr", "ct_multiple_attr", "no_ct_attr",
		                             "no_md_attr" };

	for (size_t i = 0; i < FILES(files); i++) {
		OWN(buf) path = BUF(4096);
		OWN(buf) sub = BUF(256);
		OWN(buf) der = BUF(MSG_MAX);
		struct identity signer = { 0 };
		struct cms_signature s;
		struct fail f = { 0 };

		buf_addf(&sub, "openssl/cms_data/%s.cms", files[i]);
		if (!vectors_path(sub.p, &path))
			skip();
		judge_get(path.p, &der);
		judge_accepts("openssl pkcs7 -inform DER -in %s -print_certs -out signer.pem", path.p);
		identity_load("signer.pem", &signer);
		if (verify(buf_str(&der), STR_NONE, &signer, &s, &f) != FAIL_FORGED)
			fail_msg("%s: %s", files[i], f.why);
		identity_done(&signer);
	}
}

static void no_crash(struct str bytes, void *arg)
{
	OWNS(cms_in) c = NULL;
	OWN(buf) out = BUF(MSG_MAX);
	const struct cms_cert *pin = rsa.cert;
	const struct cms_lock locks[] = { { rsa.cert, rsa.key, 0 }, { p256.cert, p256.key, 0 } };
	struct cms_signature s;

	if (cms_in_new(bytes, &c, NULL) < 0)
		return;
	/* As if each recipient were one of ours: the wrong key must not look like success. */
	for (size_t i = 0; i < c->n_recipients; i++)
		c->recipients[i].name =
		        (struct cms_name){ buf_str(c->recipients[i].agree ? &p256.cert->sid : &rsa.cert->sid),
			                   STR_NONE };
	if (cms_in_kind(c) == CMS_SIGNED)
		assert_true(cms_in_verify(c, STR_NONE, &pin, 1, &s, NULL) < 0);
	else
		assert_true(cms_in_decrypt(c, locks, 2, 1, &out, NULL) < 0);
}

static void strange_messages_fail_closed(void **state)
{
	static const char *const folders[] = {
		"openssl/cms_data", "openssl/pkcs7_data", "rfc4134", "libksba", "gnupg",
		"lamps-cms-mlkem",  "lamps-cms-mldsa"
	};

	for (size_t i = 0; i < FILES(folders); i++)
		vectors_each(folders[i], no_crash, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_algorithms_opens),
		cmocka_unit_test(unread_algorithms_are_denied_before_a_key_is_used),
		cmocka_unit_test(promise_5_each_address_must_open_it_by_itself),
		cmocka_unit_test(promise_5_addresses_that_open_different_keys_fail),
		cmocka_unit_test(promise_5_attack_20_a_name_must_match_in_full),
		cmocka_unit_test(attack_06_bad_paddings_are_all_alike),
		cmocka_unit_test(attack_06_wrong_lengths_and_cut_content_are_alike),
		cmocka_unit_test(attack_03_relabelled_gcm_fails_as_others_do),
		cmocka_unit_test(every_flipped_byte_of_gcm_is_noticed),
		cmocka_unit_test(more_than_there_is_room_for_is_refused_first),
		cmocka_unit_test(promise_4_signatures_verify_under_pinned_keys_alone),
		cmocka_unit_test(promise_4_content_inside_and_beside_is_refused),
		cmocka_unit_test(promise_4_indefinite_lengths_verify),
		cmocka_unit_test(promise_4_nobody_is_nobody),
		cmocka_unit_test(promise_4_every_flipped_byte_is_noticed),
		cmocka_unit_test(promise_4_attack_17_the_key_counts_not_the_certificate),
		cmocka_unit_test(attack_29_bombs_are_bounded),
		cmocka_unit_test(truncated_messages_are_broken),
		cmocka_unit_test(nss_messages_open),
		cmocka_unit_test(lamps_messages_open),
		cmocka_unit_test(lamps_signatures_verify),
		cmocka_unit_test(attack_12_attribute_games_are_refused),
		cmocka_unit_test(strange_messages_fail_closed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
