#include "crypto/cms_cut.h"

#include "crypto/cms_open_in.h"
#include "crypto/cms_open_test.h"
#include "crypto/oid.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

enum { OUT_MAX = 1 << 20, IDENTITIES = 7 };

/* The first three are the user's. */
enum who { OWN_RSA, OWN_EC, OWN_OLD, THEIR_RSA, THEIR_EC, EC_2, NIST_384 };
static const struct {
	const char *name, *kind;
} made[IDENTITIES] = {
	{ "own-rsa", "rsa:2048" },
	{ "own-ec", "ec -pkeyopt ec_paramgen_curve:P-256" },
	{ "own-old", "rsa:2048" },
	{ "rsa", "rsa:2048" },
	{ "ec", "ec -pkeyopt ec_paramgen_curve:P-256" },
	{ "ec-2", "ec -pkeyopt ec_paramgen_curve:P-256" },
	{ "p384", "ec -pkeyopt ec_paramgen_curve:P-384" },
};
static struct identity people[IDENTITIES];
static const struct cms_cert *own[3];
static const char text[] = "Content-Type: text/plain\r\n\r\nMeet me at five.\r\n";

static int setup(void **state)
{
	if (judges_setup(state))
		return -1;
	for (size_t i = 0; i < IDENTITIES; i++)
		identity_make(made[i].name, made[i].kind, &people[i]);
	for (size_t i = 0; i < ROWS(own); i++)
		own[i] = people[i].cert;
	judge_put("text", str_c(text));
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < IDENTITIES; i++)
		identity_done(&people[i]);
	return judges_teardown(state);
}

/* --- envelopes by libcrypto --------------------------------------------------------------------------- */

enum { KEY_ID_FORM = 1, MAX_RECIPIENTS = 5 };

struct to {
	enum who who;
	unsigned form; /* KEY_ID_FORM: by subject key identifier */
};

enum extras { CERTS = 1, PASSWORD = 2, SHARED_KEY = 4, STREAMED = 8 };

static X509 *x509_of(enum who who)
{
	struct str der = cms_cert_der(people[who].cert);
	const unsigned char *p = (const unsigned char *)der.p;

	return d2i_X509(NULL, &p, (long)der.n);
}

static void add_extras(CMS_ContentInfo *cms, unsigned extras)
{
	if (extras & PASSWORD)
		assert_non_null(CMS_add0_recipient_password(cms, -1, NID_undef, NID_undef,
		                                            (unsigned char *)OPENSSL_strdup("secret"), 6,
		                                            EVP_aes_256_cbc()));
	if (extras & SHARED_KEY) {
		unsigned char *key = OPENSSL_zalloc(32), *id = OPENSSL_zalloc(4);

		assert_non_null(CMS_add0_recipient_key(cms, NID_undef, key, 32, id, 4, NULL, NULL, NULL));
	}
}

static void put_out(CMS_ContentInfo *cms, BIO *in, unsigned extras, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;

	if (extras & STREAMED) {
		assert_int_equal(i2d_CMS_bio_stream(b, cms, in, CMS_STREAM | CMS_BINARY), 1);
	} else {
		assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
		assert_int_equal(i2d_CMS_bio(b, cms), 1);
	}
	n = BIO_get_mem_data(b, &p);
	buf_add(out, str_of(p, (size_t)n));
	BIO_free(b);
}

static void encrypt(const struct to *to, size_t n, bool authenticated, unsigned extras, struct buf *out)
{
	BIO *in = BIO_new_mem_buf(text, sizeof(text) - 1);
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, authenticated ? EVP_aes_256_gcm() : EVP_aes_256_cbc(),
	                                   CMS_PARTIAL | CMS_BINARY | CMS_STREAM);

	assert_non_null(cms);
	for (size_t i = 0; i < n; i++) {
		X509 *x = x509_of(to[i].who);

		assert_non_null(
		        CMS_add1_recipient_cert(cms, x, to[i].form == KEY_ID_FORM ? CMS_USE_KEYID : 0));
		X509_free(x);
	}
	add_extras(cms, extras);
	put_out(cms, in, extras, out);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
}

/* originatorInfo with the user's certificate, which the library writes for nobody. */
static void put_originator(struct str der, struct buf *out)
{
	struct der d = { 0 };
	size_t opened[5];

	for (size_t i = 0; i < 3; i++) { /* ContentInfo, content, EnvelopedData */
		assert_int_equal(der_next(&der, &d, NULL), OK);
		opened[i] = der_open(out, d.tag);
		der = d.body;
		if (i == 1)
			continue;
		assert_int_equal(der_next(&der, &d, NULL), OK); /* its type, its version */
		buf_add(out, d.whole);
	}
	opened[3] = der_open(out, DER_CONTEXT_SEQ + 0);
	opened[4] = der_open(out, DER_CONTEXT_SEQ + 0);
	buf_add(out, cms_cert_der(own[OWN_RSA]));
	der_close(out, opened[4]);
	der_close(out, opened[3]);
	buf_add(out, der);
	for (size_t i = 3; i > 0; i--)
		der_close(out, opened[i - 1]);
}

/* --- what is asked of every result -------------------------------------------------------------------- */

/* Everything from the encrypted content on, as it stands; and the version before it. */
static struct str tail_of(struct str in, struct str *ret_version)
{
	struct ber d = { 0 };
	struct str left;

	assert_int_equal(ber_next(&in, &d, NULL), OK);
	left = d.body;
	assert_int_equal(ber_next(&left, &d, NULL), OK);
	assert_int_equal(ber_next(&left, &d, NULL), OK);
	left = d.body;
	assert_int_equal(ber_next(&left, &d, NULL), OK);
	left = d.body;
	assert_int_equal(ber_next(&left, &d, NULL), OK);
	*ret_version = d.body;
	while (d.tag != DER_SET)
		assert_int_equal(ber_next(&left, &d, NULL), OK);
	return left;
}

static bool opens(const char *name)
{
	return judge_run(
	               NULL,
	               "openssl cms -decrypt -binary -inform DER -in cut -recip %s.crt -inkey %s.pem -out o "
	               "&& cmp -s o text",
	               name, name) == 0;
}

static void assert_unnamed(struct str der)
{
	OWNS(cms_in) c = NULL;

	assert_int_equal(cms_in_new(der, &c, NULL), OK);
	for (size_t i = 0; i < ROWS(own); i++) {
		struct str made_of = buf_str(&c->der);

		assert_false(cms_in_is_for(c, own[i]));
		assert_int_equal(str_find(made_of, buf_str(&own[i]->sid)), made_of.n);
		assert_int_equal(str_find(made_of, cms_cert_ski(own[i])), made_of.n);
	}
}

/* Cuts; whoever of others was in it opens it by openssl, the user does not. */
static void assert_cut(const char *name, struct str in, const struct to *to, size_t n, size_t cut,
                       uint8_t version)
{
	OWN(buf) out = BUF(OUT_MAX);
	OWN(buf) again = BUF(OUT_MAX);
	struct str before, after;
	struct fail f = { 0 };
	size_t n_cut;

	if (cms_cut(in, own, ROWS(own), &out, &n_cut, &f) < 0)
		fail_msg("%s: %s", name, f.why);
	if (n_cut != cut)
		fail_msg("%s: %zu were cut", name, n_cut);
	assert_unnamed(buf_str(&out));
	if (!cut)
		assert_true(str_eq(buf_str(&out), in));
	before = tail_of(in, &after);
	if (!str_eq(tail_of(buf_str(&out), &after), before) || !str_eq(after, str_of(&version, 1)))
		fail_msg("%s: the content, or the version (%d)", name, after.p[0]);
	judge_put("cut", buf_str(&out));
	for (size_t i = 0; i < n; i++)
		if (opens(made[to[i].who].name) != (to[i].who >= ROWS(own)))
			fail_msg("%s: %s", name, made[to[i].who].name);
	assert_int_equal(cms_cut(buf_str(&out), own, ROWS(own), &again, &n_cut, &f), OK);
	assert_int_equal(n_cut, 0);
	assert_true(str_eq(buf_str(&out), buf_str(&again)));
}

/* --- shapes ------------------------------------------------------------------------------------------- */

static const struct shape {
	const char *name;
	struct to to[MAX_RECIPIENTS];
	size_t n;
	unsigned extras;
	size_t cut;
	uint8_t version; /* of an EnvelopedData, after: RFC 5652 6.1 */
} shapes[] = {
	{ "rsa", { { OWN_RSA, 0 }, { THEIR_RSA, 0 } }, 2, 0, 1, 0 },
	{ "rsa, theirs first", { { THEIR_RSA, 0 }, { OWN_RSA, 0 } }, 2, 0, 1, 0 },
	{ "rsa by key", { { OWN_RSA, KEY_ID_FORM }, { THEIR_RSA, KEY_ID_FORM } }, 2, 0, 1, 2 },
	{ "own by key", { { OWN_RSA, KEY_ID_FORM }, { THEIR_RSA, 0 } }, 2, 0, 1, 0 },
	{ "theirs by key", { { OWN_RSA, 0 }, { THEIR_RSA, KEY_ID_FORM } }, 2, 0, 1, 2 },
	{ "ec", { { OWN_EC, 0 }, { THEIR_EC, 0 } }, 2, 0, 1, 2 },
	{ "ec by key", { { OWN_EC, KEY_ID_FORM }, { THEIR_EC, KEY_ID_FORM } }, 2, 0, 1, 2 },
	{ "ec for rsa", { { OWN_EC, 0 }, { THEIR_RSA, 0 } }, 2, 0, 1, 0 },
	{ "rsa for ec", { { OWN_RSA, 0 }, { THEIR_EC, 0 } }, 2, 0, 1, 2 },
	{ "two curves", { { NIST_384, 0 }, { OWN_EC, 0 } }, 2, 0, 1, 2 },
	{ "several of the user's",
	  { { OWN_RSA, 0 }, { OWN_EC, 0 }, { OWN_OLD, KEY_ID_FORM }, { THEIR_RSA, 0 } },
	  4,
	  0,
	  3,
	  0 },
	{ "one of them twice", { { OWN_RSA, 0 }, { THEIR_RSA, 0 }, { OWN_RSA, KEY_ID_FORM } }, 3, 0, 2, 0 },
	{ "several others",
	  { { THEIR_RSA, 0 }, { OWN_RSA, 0 }, { THEIR_EC, 0 }, { EC_2, KEY_ID_FORM }, { OWN_EC, 0 } },
	  5,
	  0,
	  2,
	  2 },
	{ "nobody to cut", { { THEIR_RSA, 0 }, { THEIR_EC, 0 } }, 2, 0, 0, 2 },
	{ "a certificate of the writer", { { THEIR_RSA, 0 } }, 1, CERTS, 1, 0 },
	{ "both", { { OWN_RSA, 0 }, { THEIR_RSA, 0 } }, 2, CERTS, 2, 0 },
	{ "a password beside it", { { OWN_RSA, 0 }, { THEIR_RSA, 0 } }, 2, PASSWORD, 1, 3 },
	{ "a shared key beside it", { { OWN_RSA, 0 }, { THEIR_RSA, 0 } }, 2, SHARED_KEY, 1, 2 },
};

/* Every constructed element of indefinite length, and every OCTET STRING in two pieces. */
static void put_ber(struct str der, struct buf *out)
{
	while (der.n) {
		struct der d = { 0 };

		assert_int_equal(der_next(&der, &d, NULL), OK);
		if (d.tag == DER_OCTETS) {
			buf_add(out, STR("\x24\x80"));
			der_put(out, DER_OCTETS, str_first(d.body, d.body.n / 2));
			der_put(out, DER_OCTETS, str_from(d.body, d.body.n / 2));
			buf_add(out, STR("\0\0"));
		} else if (d.tag & 0x20) {
			buf_addc(out, (char)d.tag);
			buf_addc(out, (char)0x80);
			put_ber(d.body, out);
			buf_add(out, STR("\0\0"));
		} else {
			buf_add(out, d.whole);
		}
	}
}

static void every_shape_is_cut_and_opens(void **state)
{
	for (size_t i = 0; i < ROWS(shapes) * 4; i++) {
		const struct shape *s = &shapes[i / 4];
		const bool authenticated = i & 1, ber = i & 2;
		OWN(buf) made_of = BUF(OUT_MAX);
		OWN(buf) der = BUF(OUT_MAX);
		OWN(buf) form = BUF(OUT_MAX);

		encrypt(s->to, s->n, authenticated, s->extras, &made_of);
		if (s->extras & CERTS)
			put_originator(buf_str(&made_of), &der);
		else
			buf_add(&der, buf_str(&made_of));
		if (ber)
			put_ber(buf_str(&der), &form);
		else
			buf_add(&form, buf_str(&der));
		assert_cut(s->name, buf_str(&form), s->to, s->n, s->cut,
		           authenticated ? 0
		           : s->cut      ? s->version
		                         : 2);
	}
}

static void what_a_stream_writes_is_cut(void **state)
{
	for (size_t i = 0; i < ROWS(shapes); i++) {
		OWN(buf) ber = BUF(OUT_MAX);
		uint8_t version = shapes[i].cut ? shapes[i].version : 2;

		if (shapes[i].extras & CERTS)
			continue;
		encrypt(shapes[i].to, shapes[i].n, false, shapes[i].extras | STREAMED, &ber);
		assert_true(str_starts(buf_str(&ber), STR("\x30\x80")));
		assert_cut(shapes[i].name, buf_str(&ber), shapes[i].to, shapes[i].n, shapes[i].cut, version);
	}
}

/* --- one key agreement for several --------------------------------------------------------------------- */

/* The body of the first RecipientInfo, cut before its keys; those; and what is around the SET. */
struct agreement {
	struct str head, keys, rest;
};

static void split_agreement(struct str der, struct agreement *ret)
{
	struct str info, content, data, set, skipped;
	struct der d = { 0 };

	assert_int_equal(der_get(&der, DER_SEQ, &info, NULL), OK);
	assert_int_equal(der_get(&info, DER_OID, &skipped, NULL), OK);
	assert_int_equal(der_get(&info, DER_CONTEXT_SEQ + 0, &content, NULL), OK);
	assert_int_equal(der_get(&content, DER_SEQ, &data, NULL), OK);
	assert_int_equal(der_get(&data, DER_INTEGER, &skipped, NULL), OK);
	assert_int_equal(der_get(&data, DER_SET, &set, NULL), OK);
	ret->rest = data;
	assert_int_equal(der_get(&set, DER_CONTEXT_SEQ + 1, &skipped, NULL), OK);
	ret->head = skipped;
	while (skipped.n)
		assert_int_equal(der_next(&skipped, &d, NULL), OK);
	ret->keys = d.body;
	ret->head.n -= d.whole.n;
}

/* Beside the true entry, as a program writes it that makes one ephemeral key for all: the user's, whose key nobody opens here. */
static void put_own_entry(enum who who, unsigned form, struct buf *out)
{
	static const char wrapped[40] = "wrapped";
	size_t one = der_open(out, DER_SEQ);

	if (form == KEY_ID_FORM) {
		size_t id = der_open(out, DER_CONTEXT_SEQ + 0);

		der_put(out, DER_OCTETS, cms_cert_ski(people[who].cert));
		der_close(out, id);
	} else {
		buf_add(out, buf_str(&people[who].cert->sid));
	}
	der_put(out, DER_OCTETS, str_of(wrapped, sizeof(wrapped)));
	der_close(out, one);
}

static const struct entries {
	const char *name;
	struct to before[2], after[2];
	size_t n_before, n_after;
	bool theirs;
	size_t cut;
} entries[] = {
	{ "before", { { OWN_EC, 0 } }, { { 0 } }, 1, 0, true, 1 },
	{ "after", { { 0 } }, { { OWN_EC, 0 } }, 0, 1, true, 1 },
	{ "by key", { { 0 } }, { { OWN_EC, KEY_ID_FORM } }, 0, 1, true, 1 },
	{ "around", { { OWN_EC, 0 }, { OWN_OLD, KEY_ID_FORM } }, { { OWN_RSA, 0 } }, 2, 1, true, 3 },
	{ "others too", { { EC_2, 0 } }, { { OWN_EC, 0 }, { NIST_384, KEY_ID_FORM } }, 1, 2, true, 1 },
	{ "nobody of theirs", { { OWN_EC, 0 } }, { { OWN_OLD, 0 } }, 1, 1, false, 0 },
};

static void put_info(struct str recipients, struct str rest, struct buf *out)
{
	size_t info = der_open(out, DER_SEQ), content, data;

	der_put(out, DER_OID, OID_ENVELOPED_DATA);
	content = der_open(out, DER_CONTEXT_SEQ + 0);
	data = der_open(out, DER_SEQ);
	der_put_small(out, 2);
	der_put(out, DER_SET, recipients);
	buf_add(out, rest);
	der_close(out, data);
	der_close(out, content);
	der_close(out, info);
}

static void put_entries(const struct entries *e, struct str der, struct buf *out)
{
	OWN(buf) recipient = BUF(OUT_MAX);
	struct agreement a = { STR_NONE, STR_NONE, STR_NONE };
	size_t one, keys;

	split_agreement(der, &a);
	one = der_open(&recipient, DER_CONTEXT_SEQ + 1);
	buf_add(&recipient, a.head);
	keys = der_open(&recipient, DER_SEQ);
	for (size_t i = 0; i < e->n_before; i++)
		put_own_entry(e->before[i].who, e->before[i].form, &recipient);
	if (e->theirs)
		buf_add(&recipient, a.keys);
	for (size_t i = 0; i < e->n_after; i++)
		put_own_entry(e->after[i].who, e->after[i].form, &recipient);
	der_close(&recipient, keys);
	der_close(&recipient, one);
	put_info(buf_str(&recipient), a.rest, out);
}

static void of_one_agreement_for_several_the_users_entry_goes(void **state)
{
	static const struct to theirs[] = { { THEIR_EC, 0 } };

	for (size_t i = 0; i < ROWS(entries) * 2; i++) {
		const struct entries *e = &entries[i / 2];
		OWN(buf) der = BUF(OUT_MAX);
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) ber = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		size_t n;

		encrypt(theirs, 1, false, 0, &der);
		put_entries(e, buf_str(&der), &in);
		put_ber(buf_str(&in), &ber);
		if (e->theirs)
			assert_cut(e->name, buf_str(i & 1 ? &ber : &in), theirs, 1, e->cut, 2);
		else
			assert_int_equal(cms_cut(buf_str(i & 1 ? &ber : &in), own, ROWS(own), &out, &n, NULL),
			                 FAIL_DENIED);
	}
}

/* An agreement of the user's alone goes whole, with the ephemeral key that was made for it. */
static void an_agreement_that_is_left_empty_goes_whole(void **state)
{
	static const struct to both[] = { { OWN_EC, 0 }, { THEIR_EC, 0 } };
	OWN(buf) der = BUF(OUT_MAX);
	OWN(buf) out = BUF(OUT_MAX);
	OWNS(cms_in) before = NULL;
	OWNS(cms_in) after = NULL;
	size_t n;

	encrypt(both, 2, false, 0, &der);
	assert_int_equal(cms_cut(buf_str(&der), own, ROWS(own), &out, &n, NULL), OK);
	assert_int_equal(cms_in_new(buf_str(&der), &before, NULL), OK);
	assert_int_equal(cms_in_new(buf_str(&out), &after, NULL), OK);
	assert_int_equal(after->n_recipients, 1);
	for (size_t i = 0; i < 2; i++) {
		struct str key = before->recipients[i].originator, all = buf_str(&out);

		assert_int_equal(str_find(all, key) < all.n,
		                 cms_name_is(&before->recipients[i].name, people[THEIR_EC].cert));
	}
}

/* --- what is refused ---------------------------------------------------------------------------------- */

static void nobody_is_left(void **state)
{
	static const struct {
		struct to to[2];
		size_t n;
		unsigned extras;
	} rows[] = {
		{ { { OWN_RSA, 0 } }, 1, 0 },
		{ { { OWN_EC, KEY_ID_FORM }, { OWN_RSA, 0 } }, 2, 0 },
		{ { { OWN_RSA, 0 } }, 1, PASSWORD },
		{ { { OWN_RSA, 0 } }, 1, SHARED_KEY },
	};

	for (size_t i = 0; i < ROWS(rows) * 2; i++) {
		OWN(buf) der = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		size_t n;

		encrypt(rows[i / 2].to, rows[i / 2].n, i & 1, rows[i / 2].extras, &der);
		assert_int_equal(cms_cut(buf_str(&der), own, ROWS(own), &out, &n, NULL), FAIL_DENIED);
	}
}

/* Where it cannot be taken out: beside the recipients, in attributes, as who agreed on the key. */
static void named_elsewhere_is_refused(void **state)
{
	static const struct to both[] = { { OWN_EC, 0 }, { THEIR_EC, 0 } };
	const struct str sid = buf_str(&own[OWN_EC]->sid), ski = cms_cert_ski(own[OWN_EC]);
	const struct {
		uint8_t tag;
		struct str what;
		bool beside; /* a RecipientInfo; else an attribute */
		int how;
	} rows[] = {
		{ DER_CONTEXT_SEQ + 4, sid, true,
		  FAIL_DENIED }, /* RFC 9629: a recipient by KEM is another kind */
		{ DER_CONTEXT_SEQ + 2, ski, true, FAIL_DENIED },
		{ DER_CONTEXT_SEQ + 4, buf_str(&people[THEIR_EC].cert->sid), true, OK },
		{ DER_CONTEXT_SEQ + 1, sid, false, FAIL_DENIED },
		{ DER_CONTEXT_SEQ + 1, own[OWN_EC]->key->bits, false, FAIL_DENIED },
		{ DER_CONTEXT_SEQ + 1, STR("nobody"), false, OK },
	};

	for (size_t i = 0; i < ROWS(rows) * 2; i++) {
		OWN(buf) der = BUF(OUT_MAX);
		OWN(buf) set = BUF(OUT_MAX);
		OWN(buf) rest = BUF(OUT_MAX);
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) ber = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		struct agreement a = { STR_NONE, STR_NONE, STR_NONE };
		size_t more, n, k = i / 2;

		encrypt(both + 1, 1, false, 0, &der);
		split_agreement(buf_str(&der), &a);
		more = der_open(&set, DER_CONTEXT_SEQ + 1);
		buf_add(&set, a.head);
		der_put(&set, DER_SEQ, a.keys);
		der_close(&set, more);
		buf_add(&rest, a.rest);
		more = der_open(rows[k].beside ? &set : &rest, rows[k].tag);
		der_put(rows[k].beside ? &set : &rest, DER_OCTETS, rows[k].what);
		der_close(rows[k].beside ? &set : &rest, more);
		put_info(buf_str(&set), buf_str(&rest), &in);
		put_ber(buf_str(&in), &ber); /* in two pieces there */
		if (cms_cut(buf_str(i & 1 ? &ber : &in), own, ROWS(own), &out, &n, NULL) != rows[k].how)
			fail_msg("row %zu", k);
	}
}

static void no_envelope_is_none(void **state)
{
	static const struct {
		const char *command;
		int how;
	} rows[] = {
		{ "openssl cms -sign -binary -nodetach -in text -signer rsa.pem -outform DER -out m",
		  FAIL_DENIED },
		{ "openssl cms -data_create -in text -outform DER -out m", FAIL_DENIED },
		{ "cp text m", FAIL_SYNTAX },
		{ ": > m", FAIL_SYNTAX },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		size_t n;

		judge_accepts("%s", rows[i].command);
		judge_get("m", &in);
		assert_int_equal(cms_cut(buf_str(&in), own, ROWS(own), &out, &n, NULL), rows[i].how);
	}
}

static void the_room_is_bounded(void **state)
{
	static const struct to both[] = { { OWN_RSA, 0 }, { THEIR_RSA, 0 } };
	OWN(buf) der = BUF(OUT_MAX);

	encrypt(both, 2, false, 0, &der);
	for (size_t room = 0; room < der.n; room += 7) {
		OWN(buf) out = BUF(room);
		size_t n = 0;
		int how = cms_cut(buf_str(&der), own, ROWS(own), &out, &n, NULL);

		assert_true(how == FAIL_LIMIT || (how == OK && n == 1 && out.n <= room));
	}
}

/* Whatever is changed or missing: refused, or read and without the user. */
static void no_byte_that_is_changed_brings_the_user_back(void **state)
{
	static const struct to both[] = { { OWN_RSA, 0 }, { THEIR_EC, 0 }, { OWN_EC, KEY_ID_FORM } };
	static const uint8_t flips[] = { 0x01, 0x20, 0x80, 0xff };

	for (size_t form = 0; form < 2; form++) {
		OWN(buf) der = BUF(OUT_MAX);
		OWN(buf) in = BUF(OUT_MAX);

		encrypt(both, 3, false, 0, &der);
		if (form)
			put_ber(buf_str(&der), &in);
		else
			buf_add(&in, buf_str(&der));
		for (size_t i = 0; i < in.n * (ROWS(flips) + 1); i++) {
			const size_t at = i / (ROWS(flips) + 1), k = i % (ROWS(flips) + 1);
			OWN(buf) bad = BUF(OUT_MAX);
			OWN(buf) out = BUF(OUT_MAX);
			size_t n;

			buf_add(&bad, k == ROWS(flips) ? str_first(buf_str(&in), at) : buf_str(&in));
			if (k < ROWS(flips))
				bad.p[at] = (char)((uint8_t)bad.p[at] ^ flips[k]);
			if (cms_cut(buf_str(&bad), own, ROWS(own), &out, &n, NULL) == OK)
				assert_unnamed(buf_str(&out));
		}
	}
}

/* Deep nesting and many elements: bounded, and in time that grows with the size. */
static void hostile_shapes_are_bounded(void **state)
{
	static const struct {
		struct str piece;
		size_t n;
	} rows[] = {
		{ STR_INIT("\x30\x80"), 100000 },
		{ STR_INIT("\x30\x84\xff\xff\xff\xff"), 50000 },
		{ STR_INIT("\x31\x80"), 33 },
		{ STR_INIT("\x24\x80\x04\x01x"), 40000 },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		struct str left;
		struct ber d = { 0 };
		size_t n;

		for (size_t k = 0; k < rows[i].n; k++)
			buf_add(&in, rows[i].piece);
		left = buf_str(&in);
		assert_true(ber_next(&left, &d, NULL) < 0);
		assert_true(str_eq(left, buf_str(&in)));
		assert_true(cms_cut(buf_str(&in), own, ROWS(own), &out, &n, NULL) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_cut_and_opens),
		cmocka_unit_test(what_a_stream_writes_is_cut),
		cmocka_unit_test(of_one_agreement_for_several_the_users_entry_goes),
		cmocka_unit_test(an_agreement_that_is_left_empty_goes_whole),
		cmocka_unit_test(nobody_is_left),
		cmocka_unit_test(named_elsewhere_is_refused),
		cmocka_unit_test(no_envelope_is_none),
		cmocka_unit_test(the_room_is_bounded),
		cmocka_unit_test(no_byte_that_is_changed_brings_the_user_back),
		cmocka_unit_test(hostile_shapes_are_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
