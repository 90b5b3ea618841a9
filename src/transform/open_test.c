#include "transform/open.h"

#include "crypto/cms_open_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MSG_MAX = 4 << 20, RING_MAX = 4 };

static struct identity user, stranger, reverse, second;

/* --- a ring ------------------------------------------------------------------------------------------- */

struct keys {
	const struct cms_cert *certs[RING_MAX];
	const struct key *keys[RING_MAX];
	size_t group[RING_MAX];
	const struct cms_cert *pins[2];
	size_t lent;
	struct open_ring ring;
};

static int lend(void *self, size_t i, const struct key **ret, struct fail *f)
{
	struct keys *k = self;

	k->lent++;
	*ret = k->keys[i];
	return OK;
}

static void ring_add(struct keys *k, const struct identity *who, size_t group)
{
	k->certs[k->ring.n] = who->cert;
	k->keys[k->ring.n] = who->key;
	k->group[k->ring.n++] = group;
	k->ring.n_groups = group + 1;
}

static void ring_init(struct keys *k, const struct identity *pin, const struct identity *who)
{
	*k = (struct keys){ .pins = { pin->cert } };
	k->ring = (struct open_ring){
		.certs = k->certs, .group = k->group, .pinned = k->pins, .n_pinned = 1, .key = lend, .self = k
	};
	if (who)
		ring_add(k, who, 0);
}

static int setup(void **state)
{
	if (judges_setup(state))
		return -1;
	identity_make("user", "rsa:2048", &user);
	identity_make("stranger", "rsa:2048", &stranger);
	identity_make("reverse", "rsa:2048", &reverse);
	identity_make("second", "ec -pkeyopt ec_paramgen_curve:P-256", &second);
	return 0;
}

static int teardown(void **state)
{
	struct identity *all[] = { &user, &stranger, &reverse, &second };

	for (size_t i = 0; i < COUNT(all); i++)
		identity_done(all[i]);
	return judges_teardown(state);
}

/* --- messages ----------------------------------------------------------------------------------------- */

static void add_crlf(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\n' && (!i || in.p[i - 1] != '\r'))
			buf_addc(out, '\r');
		buf_addc(out, in.p[i]);
	}
}

static void get_mail(const char *file, struct buf *ret)
{
	OWN(buf) raw = BUF(MSG_MAX);

	buf_clear(ret);
	judge_get(file, &raw);
	add_crlf(buf_str(&raw), ret);
}

#define HEAD                                                                                                 \
	"From: User <user@home.example>\r\nTo: r@relay.example\r\nSubject: [...]\r\nReceived: by outer\r\n"
#define TEXT "Content-Type: text/plain\r\n\r\nMeet me at five.\r\n"
#define WORD STR("Meet me at five.")

/* S: signed, opaque. D: signed, detached. E, G: encrypted, CBC and GCM. F: signed by a stranger. Each around what was before. */
static void apply(char layer)
{
	static const struct {
		char layer;
		const char *command;
	} commands[] = {
		{ 'S', "openssl cms -sign -nodetach -signer user.pem" },
		{ 'D', "openssl cms -sign -signer user.pem" },
		{ 'F', "openssl cms -sign -nodetach -signer stranger.pem" },
		{ 'E', "openssl cms -encrypt -aes256 -stream -recip reverse.crt" },
		{ 'G', "openssl cms -encrypt -aes-256-gcm -recip reverse.crt" },
		{ 'O', "openssl cms -encrypt -aes256 -recip stranger.crt" },
		{ '2', "openssl cms -encrypt -aes256 -recip reverse.crt -recip second.crt" },
	};

	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].layer == layer)
			judge_accepts("%s -in part -out next && mv next part", commands[i].command);
}

static void make_entity(struct str content, const char *layers, struct buf *ret)
{
	judge_put("part", content);
	for (; *layers; layers++)
		apply(*layers);
	get_mail("part", ret);
}

static void make(struct str content, const char *layers, struct buf *ret)
{
	OWN(buf) entity = BUF(MSG_MAX);

	make_entity(content, layers, &entity);
	buf_clear(ret);
	buf_addz(ret, HEAD);
	buf_add(ret, buf_str(&entity));
}

static bool holds(struct str in, struct str word)
{
	return str_find(in, word) < in.n;
}

/* --- layers ------------------------------------------------------------------------------------------- */

static const struct {
	const char *layers;
	enum open_signature signature;
	bool encrypted, cbc;
} orders[] = {
	{ "", OPEN_UNSIGNED, false, false }, { "S", OPEN_PINNED, false, false },
	{ "D", OPEN_PINNED, false, false },  { "E", OPEN_UNSIGNED, true, true },
	{ "G", OPEN_UNSIGNED, true, false }, { "SE", OPEN_PINNED, true, false },
	{ "DE", OPEN_PINNED, true, false },  { "DG", OPEN_PINNED, true, false },
	{ "ES", OPEN_PINNED, true, false },  { "ED", OPEN_PINNED, true, false },
	{ "SED", OPEN_PINNED, true, false }, { "F", OPEN_FOREIGN, false, false },
	{ "FE", OPEN_FOREIGN, true, true },  { "SEF", OPEN_PINNED, true, false },
	{ "EG", OPEN_UNSIGNED, true, true }, { "DDD", OPEN_PINNED, false, false },
};

static void promise_4_layers_come_off_in_any_order(void **state)
{
	for (size_t i = 0; i < COUNT(orders); i++) {
		OWN(buf) mail = BUF(MSG_MAX);
		OWN(arena) a = ARENA;
		struct opened o = { 0 };
		struct fail f = { 0 };
		struct keys k;

		ring_init(&k, &user, &reverse);
		make(STR(TEXT), orders[i].layers, &mail);
		if (open_message(buf_str(&mail), &k.ring, &a, &o, &f) < 0)
			fail_msg("%s: %s", orders[i].layers, f.why);
		if (o.signature != orders[i].signature || o.encrypted != orders[i].encrypted ||
		    o.cbc != orders[i].cbc || o.onward)
			fail_msg("%s: signature %d, encrypted %d, cbc %d, onward %d", orders[i].layers,
			         (int)o.signature, o.encrypted, o.cbc, o.onward);
		assert_true(str_eq(o.content->type.value, STR("text/plain")));
		assert_true(str_starts(o.content->body, WORD));
		assert_true(header_get(&o.outer, STR("From")) != NULL && !o.inner.n);
		assert_int_equal(k.lent, o.encrypted ? (strcmp(orders[i].layers, "EG") ? 1 : 2) : 0);
	}
}

static int open_it(struct str mail, struct keys *k, struct arena *a, struct opened *ret)
{
	struct fail f = { 0 };
	int how = open_message(mail, &k->ring, a, ret, &f);

	if (how == FAIL_FORGED)
		assert_string_equal(f.why, "it is encrypted and cannot be opened");
	return how;
}

static void replace(struct buf *mail, const char *old, const char *new)
{
	size_t at = str_find(buf_str(mail), str_c(old));
	OWN(buf) b = BUF(MSG_MAX);

	assert_true(at < mail->n);
	buf_add(&b, str_first(buf_str(mail), at));
	buf_addz(&b, new);
	buf_add(&b, str_from(buf_str(mail), at + strlen(old)));
	buf_clear(mail);
	buf_add(mail, buf_str(&b));
}

static void promise_4_altered_content_is_broken(void **state)
{
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;

	ring_init(&k, &user, &reverse);
	make(STR(TEXT), "D", &mail);
	replace(&mail, "five", "nine");
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
	assert_int_equal(o.signature, OPEN_BROKEN);
}

static void smime_type_may_lie(void **state)
{
	static const char *const types[][2] = {
		{ "smime-type=enveloped-data", "smime-type=signed-data" },
		{ "smime-type=enveloped-data", "x=y" },
		{ "application/pkcs7-mime", "application/x-pkcs7-mime" },
		{ "application/pkcs7-mime", "application/octet-stream" },
	};

	for (size_t i = 0; i < COUNT(types); i++) {
		OWN(buf) mail = BUF(MSG_MAX);
		OWN(arena) a = ARENA;
		struct opened o = { 0 };
		struct keys k;

		ring_init(&k, &user, &reverse);
		make(STR(TEXT), "SE", &mail);
		replace(&mail, types[i][0], types[i][1]);
		assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
		assert_true(o.encrypted && o.signature == OPEN_PINNED);
	}
}

static void an_attachment_named_so_is_no_layer(void **state)
{
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;

	ring_init(&k, &user, &reverse);
	assert_int_equal(
	        open_it(STR(HEAD "Content-Type: application/octet-stream; name=a.p7m\r\n\r\nabc\r\n"), &k, &a,
	                &o),
	        OK);
	assert_false(o.encrypted);
	assert_int_equal(open_it(STR(HEAD "Content-Type: application/pkcs7-mime\r\n\r\nabc\r\n"), &k, &a, &o),
	                 FAIL_SYNTAX);
}

/* --- structures around layers ------------------------------------------------------------------------- */

static void wrap(struct buf *mail, struct str entity, const char *before, const char *after)
{
	buf_clear(mail);
	buf_addz(mail, HEAD "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=zz\r\n\r\n");
	buf_addz(mail, before);
	buf_addz(mail, "--zz\r\n");
	buf_add(mail, entity);
	buf_addz(mail, "\r\n");
	buf_addz(mail, after);
	buf_addz(mail, "--zz--\r\n");
}

#define HTML "--zz\r\nContent-Type: text/html\r\n\r\n<img src=\"http://evil.example/\r\n"
#define FOOTER "--zz\r\nContent-Type: text/plain\r\n\r\nlist footer\r\n"

static void attack_14_a_signed_part_speaks_for_a_part_only(void **state)
{
	static const char *const signings[] = { "S", "D" };

	for (size_t i = 0; i < COUNT(signings); i++) {
		OWN(buf) entity = BUF(MSG_MAX);
		OWN(buf) mail = BUF(MSG_MAX);
		OWN(arena) a = ARENA;
		struct opened o = { 0 };
		struct keys k;

		ring_init(&k, &user, &reverse);
		make_entity(STR(TEXT), signings[i], &entity);
		wrap(&mail, buf_str(&entity), "", FOOTER);
		assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
		assert_int_equal(o.signature, OPEN_UNSIGNED);
		assert_true(str_eq(o.content->type.value, STR("multipart/mixed")));
		wrap(&mail, buf_str(&entity), "", "");
		assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
		assert_int_equal(o.signature, OPEN_PINNED);
		assert_true(str_starts(o.content->body, WORD));
	}
}

/* EFAIL: ciphertext for us among parts of somebody else's. The key is not even asked for. */
static void attack_01_an_encrypted_part_is_never_decrypted(void **state)
{
	OWN(buf) entity = BUF(MSG_MAX);
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(buf) nested = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;

	make_entity(STR(TEXT), "E", &entity);
	buf_addz(&nested, "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n");
	buf_add(&nested, buf_str(&entity));
	for (int i = 0; i < 4; i++) {
		ring_init(&k, &user, &reverse);
		wrap(&mail, i == 3 ? buf_str(&nested) : buf_str(&entity), i == 1 ? HTML : "",
		     i == 0   ? HTML
		     : i == 2 ? FOOTER
		              : "");
		assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
		assert_int_equal(k.lent, 0);
		assert_false(o.encrypted || holds(o.content->whole, WORD));
	}
	ring_init(&k, &user, &reverse);
	buf_clear(&mail);
	buf_addz(&mail, HEAD);
	buf_add(&mail, buf_str(&nested));
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
	assert_true(k.lent == 0 && !o.encrypted);
}

static void what_is_for_somebody_else_goes_on(void **state)
{
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;

	ring_init(&k, &user, &reverse);
	make(STR(TEXT), "OSE", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
	assert_true(o.onward && o.encrypted && o.signature == OPEN_PINNED);
	assert_true(str_eq(o.content->type.value, STR("application/pkcs7-mime")));
}

/* --- failures ----------------------------------------------------------------------------------------- */

static void promise_5_every_address_must_open_it(void **state)
{
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;

	ring_init(&k, &user, &reverse);
	ring_add(&k, &second, 1);
	make(STR(TEXT), "D2", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
	assert_int_equal(o.signature, OPEN_PINNED);
	make(STR(TEXT), "DE", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), FAIL_FORGED);
}

/* Attack 4: captured ciphertext sent to another reverse address. */
static void promise_5_a_key_opens_only_its_own_mail(void **state)
{
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;

	ring_init(&k, &user, &second);
	make(STR(TEXT), "DE", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
	assert_true(o.onward && !o.encrypted && k.lent == 0 && o.signature == OPEN_UNSIGNED);
	assert_false(holds(o.content->whole, WORD));
}

static void every_failure_after_a_key_was_used_is_one(void **state)
{
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;

	ring_init(&k, &user, &reverse);
	k.keys[0] = stranger.key;
	make(STR(TEXT), "E", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), FAIL_FORGED);
	ring_init(&k, &user, &reverse);
	make(STR("Content-Type: application/pkcs7-mime\r\n\r\nrubbish\r\n"), "E", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), FAIL_FORGED);
	make(STR(TEXT), "DDDDDDE", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), FAIL_FORGED);
	make(STR(TEXT), "DDDDDDD", &mail);
	assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), FAIL_LIMIT);
}

/* --- header protection -------------------------------------------------------------------------------- */

#define PROTECTED(type)                                                                                      \
	"From: User <user@home.example>\r\nTo: friend <r@relay.example>\r\nSubject: The plan\r\n"            \
	"Bcc: secret@home.example\r\nReceived: by inner\r\nAuthentication-Results: inner; dkim=pass\r\n"     \
	"HP-Outer: Subject: [...]\r\nContent-Type: " type "\r\n\r\nMeet me at five.\r\n"

static const struct {
	const char *layers;
	struct str content;
	bool believed;
} protections[] = {
	{ "DE", STR_INIT(PROTECTED("text/plain; hp=\"cipher\"")), true },
	{ "D", STR_INIT(PROTECTED("text/plain; hp=\"clear\"")), true },
	{ "SE", STR_INIT(PROTECTED("text/plain; protected-headers=\"v1\"")), true },
	{ "DE", STR_INIT("Content-Type: message/rfc822; forwarded=no\r\n\r\n" PROTECTED("text/plain")),
	  true },
	{ "D", STR_INIT("Content-Type: message/rfc822\r\n\r\n" PROTECTED("text/plain")), true },
	{ "D", STR_INIT("Content-Type: message/rfc822; forwarded=yes\r\n\r\n" PROTECTED("text/plain")),
	  false },
	{ "DE", STR_INIT(PROTECTED("text/plain")), false },
	{ "DE", STR_INIT(PROTECTED("text/plain; hp=\"other\"")), false },
	{ "", STR_INIT(PROTECTED("text/plain; hp=\"clear\"")), false },
	{ "F", STR_INIT(PROTECTED("text/plain; hp=\"clear\"")), false },
};

static void attack_16_inner_fields_are_believed_by_rule(void **state)
{
	static const struct str never[] = { STR_INIT("Bcc"),          STR_INIT("Received"),
		                            STR_INIT("Content-Type"), STR_INIT("Authentication-Results"),
		                            STR_INIT("HP-Outer"),     STR_INIT("X-None") };

	for (size_t i = 0; i < COUNT(protections); i++) {
		OWN(buf) mail = BUF(MSG_MAX);
		OWN(arena) a = ARENA;
		struct opened o = { 0 };
		struct keys k;
		const struct field *subject;

		ring_init(&k, &user, &reverse);
		make(protections[i].content, protections[i].layers, &mail);
		assert_int_equal(open_it(buf_str(&mail), &k, &a, &o), OK);
		if ((o.inner.n > 0) != protections[i].believed)
			fail_msg("protection %zu: %zu fields", i, o.inner.n);
		subject = opened_field(&o, STR("Subject"));
		assert_non_null(subject);
		assert_true(str_eq(str_trim(subject->body),
		                   protections[i].believed ? STR("The plan") : STR("[...]")));
		for (size_t n = 0; protections[i].believed && n < COUNT(never); n++)
			assert_null(opened_field(&o, never[n]));
		if (protections[i].believed)
			assert_true(str_eq(o.content->body, STR("Meet me at five.\r\n")));
	}
}

/* --- other people's messages -------------------------------------------------------------------------- */

#define LAMPS_9216 "rfc9216/"

static bool open_vector(const char *sub, struct keys *k, struct arena *a, struct buf *mail,
                        struct opened *ret, int *how)
{
	OWN(buf) path = BUF(4096);

	if (!vectors_path(sub, &path))
		return false;
	get_mail(path.p, mail);
	*how = open_it(buf_str(mail), k, a, ret);
	return true;
}

static bool lamps_people(struct identity *alice, struct identity *bob)
{
	return identity_pair(LAMPS_9216 "alice.sign.crt", LAMPS_9216 "alice.sign.key", alice) &&
	       identity_pair(LAMPS_9216 "bob.encrypt.crt", LAMPS_9216 "bob.decrypt.key", bob);
}

static void rfc9788_messages_open(void **state)
{
	static const char *const names[] = { "smime-signed-enc-hp-baseline", "smime-signed-enc-hp-shy",
		                             "smime-one-part-hp", "smime-multipart-hp" };
	struct identity alice = { 0 }, bob = { 0 };
	struct keys k;

	if (!lamps_people(&alice, &bob))
		skip();
	ring_init(&k, &alice, &bob);
	for (size_t i = 0; i < COUNT(names); i++) {
		OWN(buf) sub = BUF(256);
		OWN(buf) path = BUF(4096);
		OWN(buf) mail = BUF(MSG_MAX);
		OWN(buf) payload = BUF(MSG_MAX);
		OWN(arena) a = ARENA;
		struct opened o = { 0 };
		int how = FAIL_BUG;

		buf_addf(&sub, "rfc9788/%s.eml", names[i]);
		assert_true(open_vector(sub.p, &k, &a, &mail, &o, &how));
		assert_int_equal(how, OK);
		assert_int_equal(o.signature, OPEN_PINNED);
		assert_true(o.encrypted == (i < 2) && !o.cbc);
		assert_true(str_eq(str_trim(opened_field(&o, STR("Subject"))->body), str_c(names[i])));
		if (!o.encrypted)
			continue;
		buf_clear(&sub);
		buf_addf(&sub, "rfc9788/%s.payload.txt", names[i]);
		assert_true(vectors_path(sub.p, &path));
		judge_get(path.p, &payload);
		assert_true(str_eq(o.content->whole, buf_str(&payload)));
	}
	identity_done(&alice);
	identity_done(&bob);
}

static void autocrypt_messages_open(void **state)
{
	static const struct {
		const char *file, *inner;
	} mails[] = {
		{ "smime-sign+enc", "smime-sign+enc.inner.inner" },
		{ "smime-sign+enc+legacy-disp", "smime-sign+enc+legacy-disp.inner.inner" },
		{ "smime-enc+legacy-disp", "smime-enc+legacy-disp.inner" },
	};
	struct identity bob = { 0 };
	struct keys k;

	if (!identity_p12("autocrypt-protected-headers/bob.p12", "bob", &bob))
		skip();
	ring_init(&k, &user, &bob);
	for (size_t i = 0; i < COUNT(mails); i++) {
		OWN(buf) sub = BUF(256);
		OWN(buf) path = BUF(4096);
		OWN(buf) mail = BUF(MSG_MAX);
		OWN(buf) inner = BUF(MSG_MAX);
		OWN(arena) a = ARENA;
		struct opened o = { 0 };
		int how = FAIL_BUG;

		buf_addf(&sub, "autocrypt-protected-headers/%s.eml", mails[i].file);
		assert_true(open_vector(sub.p, &k, &a, &mail, &o, &how));
		assert_int_equal(how, OK);
		buf_clear(&sub);
		buf_addf(&sub, "autocrypt-protected-headers/%s", mails[i].inner);
		assert_true(vectors_path(sub.p, &path));
		get_mail(path.p, &inner);
		assert_non_null(o.content);
		assert_true(o.content && str_eq(str_trim(o.content->whole), str_trim(buf_str(&inner))));
		assert_true(o.encrypted && o.inner.n);
		assert_true(holds(opened_field(&o, STR("Subject"))->body, STR("BarCorp")));
	}
	identity_done(&bob);
}

/* What follows "name": in a JSON object, up to the comma or the line's end. */
static struct str json_of(struct str object, const char *name)
{
	OWN(buf) key = BUF(64);
	struct str rest;

	buf_addf(&key, "\"%s\": ", name);
	rest = str_from(object, str_find(object, buf_str(&key)) + key.n);
	rest = str_first(rest, str_chr(rest, '\n'));
	rest = str_ends(rest, STR(",")) ? str_first(rest, rest.n - 1) : rest;
	return str_starts(rest, STR("\"")) ? str_first(str_from(rest, 1), rest.n - 2) : rest;
}

static void check_thunderbird(struct str object, struct keys *k, size_t *encrypted, size_t *tampered)
{
	OWN(buf) sub = BUF(256);
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct str file = json_of(object, "filename"), text = json_of(object, "check_text");
	bool bad = holds(file, STR(".bad.")) || holds(file, STR("mismatch")) || holds(file, STR("SHA1"));
	struct opened o = { 0 };
	int how = FAIL_BUG;

	if (!str_ends(file, STR(".eml"))) /* in DER: crypto/cms_open_test.c */
		return;
	buf_addf(&sub, "thunderbird-smime/smime/%.*s", STR_ARG(file));
	assert_true(open_vector(sub.p, k, &a, &mail, &o, &how));
	if (how < 0)
		fail_msg("%s: %d", sub.p, how);
	if (str_eq(json_of(object, "enc"), STR("true"))) {
		assert_true(o.encrypted);
		++*encrypted;
	}
	if (text.n && str_find(object, STR("check_text")) < object.n &&
	    !(o.content && holds(o.content->whole, text)))
		fail_msg("%s: its text is not there", sub.p);
	if (bad && o.signature == OPEN_PINNED)
		fail_msg("%s: pinned", sub.p);
	*tampered += bad && !holds(file, STR("SHA1.opaque")) && o.signature == OPEN_BROKEN;
	if (str_eq(json_of(object, "sig_good"), STR("true")) && o.signature != OPEN_PINNED)
		fail_msg("%s: %d", sub.p, (int)o.signature);
}

static void thunderbird_messages_open(void **state)
{
	static const struct str html[] = {
		/* not in their table */
		STR_INIT("\"filename\": \"alice.html.sig.SHA1.opaque.env.eml\",\n\"enc\": true\n"),
		STR_INIT("\"filename\": \"alice.html.sig.SHA256.opaque.env.eml\",\n\"enc\": true\n"),
		STR_INIT("\"filename\": \"alice.html.sig.SHA384.opaque.env.eml\",\n\"enc\": true\n"),
		STR_INIT("\"filename\": \"alice.html.sig.SHA512.opaque.env.eml\",\n\"enc\": true\n"),
	};
	OWN(buf) path = BUF(4096);
	OWN(buf) json = BUF(MSG_MAX);
	struct identity alice = { 0 }, dave = { 0 }, bob = { 0 };
	size_t encrypted = 0, tampered = 0;
	struct keys k;
	struct str rest;

	if (!vectors_path("thunderbird-smime/expected.json", &path) ||
	    !identity_p12("thunderbird-smime/smime/Alice.p12", "nss", &alice) ||
	    !identity_p12("thunderbird-smime/smime/Dave.p12", "nss", &dave) ||
	    !identity_p12("thunderbird-smime/smime/Bob.p12", "nss", &bob))
		skip();
	ring_init(&k, &alice, &bob);
	k.pins[k.ring.n_pinned++] = dave.cert;
	judge_get(path.p, &json);
	rest = buf_str(&json);
	for (size_t at; (at = str_find(rest, STR("{\n   \"filename\""))) < rest.n;) {
		struct str object = str_from(rest, at);

		object = str_first(object, str_chr(object, '}'));
		check_thunderbird(object, &k, &encrypted, &tampered);
		rest = str_from(rest, at + object.n);
	}
	for (size_t i = 0; i < COUNT(html); i++)
		check_thunderbird(html[i], &k, &encrypted, &tampered);
	assert_int_equal(encrypted, 21);
	assert_true(tampered >= 8);
	identity_done(&alice);
	identity_done(&dave);
	identity_done(&bob);
}

static void attack_10_johnnys_forgeries_are_refused(void **state)
{
	static const char *const files[] = {
		"c1_eContent-confusion/eContent_confusion.eml",
		"c1_eContent-confusion/eContent_confusion_refinement.eml",
		"c2_multiple-signerInfos/multiple_signerInfos_prepend_johnny.eml",
		"c2_multiple-signerInfos/multiple_signerInfos_append_johnny.eml",
		"c3_no-signerInfos/no_signerInfos_detached.eml",
		"c3_no-signerInfos/no certificates/no_signerInfos_no_certificates_detached.eml",
		"crashes/crash_01.eml",
	};
	struct identity manager = { 0 };
	OWN(buf) path = BUF(4096);
	OWN(buf) mail = BUF(MSG_MAX);
	OWN(arena) a = ARENA;
	struct opened o = { 0 };
	struct keys k;
	int how = FAIL_BUG;

	if (!vectors_path("johnny-fired/01-cms/valid_email_from_manager.eml", &path))
		skip();
	judge_accepts("openssl cms -verify -noverify -in '%s' -signer manager.pem -out /dev/null", path.p);
	identity_load("manager.pem", &manager);
	ring_init(&k, &manager, &reverse);
	assert_true(open_vector("johnny-fired/01-cms/valid_email_from_manager.eml", &k, &a, &mail, &o, &how));
	assert_true(how == OK && o.signature == OPEN_PINNED);
	for (size_t i = 0; i < COUNT(files); i++) {
		OWN(buf) sub = BUF(256);

		buf_addf(&sub, "johnny-fired/01-cms/%s", files[i]);
		assert_true(open_vector(sub.p, &k, &a, &mail, &o, &how));
		if (how == OK && o.signature == OPEN_PINNED)
			fail_msg("%s is believed", files[i]);
	}
	identity_done(&manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_4_layers_come_off_in_any_order),
		cmocka_unit_test(promise_4_altered_content_is_broken),
		cmocka_unit_test(smime_type_may_lie),
		cmocka_unit_test(an_attachment_named_so_is_no_layer),
		cmocka_unit_test(attack_14_a_signed_part_speaks_for_a_part_only),
		cmocka_unit_test(attack_01_an_encrypted_part_is_never_decrypted),
		cmocka_unit_test(what_is_for_somebody_else_goes_on),
		cmocka_unit_test(promise_5_every_address_must_open_it),
		cmocka_unit_test(promise_5_a_key_opens_only_its_own_mail),
		cmocka_unit_test(every_failure_after_a_key_was_used_is_one),
		cmocka_unit_test(attack_16_inner_fields_are_believed_by_rule),
		cmocka_unit_test(rfc9788_messages_open),
		cmocka_unit_test(autocrypt_messages_open),
		cmocka_unit_test(thunderbird_messages_open),
		cmocka_unit_test(attack_10_johnnys_forgeries_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
