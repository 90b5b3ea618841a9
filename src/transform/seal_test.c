/* Sealing in one process: openssl opens and verifies what comes out; what must not come out is searched for. */
#include "crypto/aead.h"
#include "transform/entity.h"
#include "transform/seal.h"
#include "wire/b64.h"
#include "wire/charset.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIT(array) str_of(array, sizeof(array) - 1)

enum { NOW = 1795435200, DAY = 86400 };

static struct pki {
	struct key *root, *intermediate, *user, *sender;
	struct buf root_der, intermediate_der, user_der, sender_der;
	struct cms_cert *user_cert, *sender_cert;
} pki;

static void make_cert(enum cert_kind kind, struct str cn, struct str issuer, struct str email,
                      const struct key *subject, const struct key *issuer_key, struct buf *out)
{
	static const struct cert_constraints limits = { .domains = { STR_INIT("relay.example") },
		                                        .n_domains = 1,
		                                        .mailbox = STR_INIT("alice@mailbox.example") };
	const struct cert_fields c = { .kind = kind,
		                       .subject_cn = cn,
		                       .issuer_cn = issuer,
		                       .email = email,
		                       .not_before = NOW - 400 * (int64_t)DAY,
		                       .not_after = NOW + 600 * (int64_t)DAY,
		                       .constraints = kind <= CERT_INTERMEDIATE ? &limits : NULL,
		                       .subject_key = subject,
		                       .issuer_key = issuer_key };
	struct fail f = { 0 };

	*out = BUF(16384);
	if (cert_build(&c, out, &f) < 0)
		fail_msg("%s", f.why);
}

static int make_pki(void **state)
{
	charset_open();
	if (crypto_init(NULL) < 0 || key_new(KEY_P256, &pki.root, NULL) < 0 ||
	    key_new(KEY_P256, &pki.intermediate, NULL) < 0 || key_new(KEY_RSA_2048, &pki.user, NULL) < 0 ||
	    key_new(KEY_P256, &pki.sender, NULL) < 0)
		return 1;
	make_cert(CERT_ROOT, STR("root"), STR("root"), STR(""), pki.root, pki.root, &pki.root_der);
	make_cert(CERT_INTERMEDIATE, STR("int"), STR("root"), STR(""), pki.intermediate, pki.root,
	          &pki.intermediate_der);
	make_cert(CERT_USER, STR("alice@mailbox.example"), STR("int"), STR("alice@mailbox.example"), pki.user,
	          pki.intermediate, &pki.user_der);
	make_cert(CERT_SENDER, STR("r1@relay.example"), STR("int"), STR("r1@relay.example"), pki.sender,
	          pki.intermediate, &pki.sender_der);
	return cms_cert_new(buf_str(&pki.user_der), &pki.user_cert, NULL) < 0 ||
	       cms_cert_new(buf_str(&pki.sender_der), &pki.sender_cert, NULL) < 0;
}

static int free_pki(void **state)
{
	key_free(pki.root);
	key_free(pki.intermediate);
	key_free(pki.user);
	key_free(pki.sender);
	buf_done(&pki.root_der);
	buf_done(&pki.intermediate_der);
	buf_done(&pki.user_der);
	buf_done(&pki.sender_der);
	cms_cert_free(pki.user_cert);
	cms_cert_free(pki.sender_cert);
	return 0;
}

static struct str intermediate_view;

static struct seal_plan plan(enum seal_form form)
{
	static const struct str_pair map[] = { { STR_INIT("carol@home.example"),
		                                 STR_INIT("r2@relay.example") } };
	static const struct str_pair ids[] = { { STR_INIT("1@home.example"), STR_INIT("t1@relay.example") },
		                               { STR_INIT("0@home.example"), STR_INIT("t0@relay.example") } };
	static const struct str own[] = { STR_INIT("other@relay.example") };

	intermediate_view = buf_str(&pki.intermediate_der);
	return (struct seal_plan){ .form = form,
		                   .cipher = CMS_AES_256_CBC,
		                   .hostname = STR("relay.example"),
		                   .from_name = STR("Bob"),
		                   .from = STR("r1@relay.example"),
		                   .alias = STR("shop@relay.example"),
		                   .add_alias = true,
		                   .message_id = STR("t1@relay.example"),
		                   .now_utc = NOW,
		                   .map = map,
		                   .n_map = 1,
		                   .own = own,
		                   .n_own = 1,
		                   .ids = ids,
		                   .n_ids = 2,
		                   .user = pki.user_cert,
		                   .sender = pki.sender_cert,
		                   .sender_key = pki.sender,
		                   .more = &intermediate_view,
		                   .n_more = 1 };
}

#define HEAD                                                                                                 \
	"Received: from home.example\r\nFrom: Bob <bob@home.example>\r\nTo: shop@relay.example, Carol "      \
	"<carol@home.example>\r\n"                                                                           \
	"Message-ID: <1@home.example>\r\nReferences: <0@home.example> <unknown@home.example>\r\nSubject: "   \
	"Hello\r\n"                                                                                          \
	"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"

/* As it will be sent: what is kept as octets becomes base64 on its way. */
static void send_binary(struct buf *b)
{
	OWN(buf) text = BUF(1 << 20);
	struct b64_lines lines = { 0 };
	struct str s = str_from(buf_str(b), SEAL_HEAD_BYTES);
	size_t n = (size_t)(uint8_t)b->p[2] << 8 | (uint8_t)b->p[3];

	assert_true(n < s.n && str_ends(str_first(s, n), STR("\r\n\r\n")));
	buf_add(&text, str_first(s, n));
	assert_int_equal(b64_lines_put(&lines, str_from(s, n), sink_buf(&text), NULL), OK);
	assert_int_equal(b64_lines_end(&lines, sink_buf(&text), NULL), OK);
	buf_clear(b);
	buf_add(b, buf_str(&text));
}

static int sealed(struct str in, const struct seal_plan *p, struct buf *out, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct seal_result r;
	struct scan s;

	TRY(scan_message(in, &a, &s, f));
	TRY(seal_message(&s, p, sink_buf(out), &r, f));
	if (p->binary)
		send_binary(out);
	assert_int_equal(r.bytes, out->n);
	return OK;
}

static struct str header_of(const struct buf *b)
{
	return str_first(buf_str(b), str_find(buf_str(b), STR("\r\n\r\n")));
}

static bool has(struct str in, const char *what)
{
	return str_find(in, str_c(what)) < in.n;
}

/* ---- headers --------------------------------------------------------------------------------------------------------- */

static void promise_6_headers_write_to_the_relay_alone(void **state)
{
	static const char in[] =
	        HEAD "Reply-To: bob2@home.example\r\nSender: s@home.example\r\nDisposition-Notification-To: "
	             "d@home.example\r\n"
	             "Return-Receipt-To: r@home.example\r\nMail-Followup-To: m@home.example\r\nErrors-To: "
	             "e@home.example\r\n"
	             "List-Post: <mailto:l@home.example>\r\nList-Unsubscribe: <mailto:u@home.example>, "
	             "<https://home.test/u>\r\n"
	             "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nResent-From: rf@home.example\r\n"
	             "Autocrypt: addr=bob@home.example; keydata=AAAA\r\nX-Sender: x@home.example\r\n"
	             "Cc: broken, \"dave@home.example\" <dave@home.example>\r\nX-Confirm-Reading-To: "
	             "c@home.example\r\n\r\nhi\r\n";
	struct seal_plan p = plan(FORM_CLEAR);
	OWN(buf) out = BUF(1 << 20);

	assert_int_equal(sealed(LIT(in), &p, &out, NULL), OK);
	assert_false(has(header_of(&out), "@home.example"));
	assert_true(has(header_of(&out), "From: Bob <r1@relay.example>"));
	assert_true(has(header_of(&out), "Reply-To: <r1@relay.example>"));
	assert_true(has(header_of(&out), "Carol <r2@relay.example>"));
	assert_true(has(header_of(&out), "List-Unsubscribe: <https://home.test/u>"));
	assert_true(has(header_of(&out), "List-Unsubscribe-Post:"));
	assert_true(has(header_of(&out), "Message-ID: <t1@relay.example>"));
	assert_true(has(header_of(&out), "References: <t0@relay.example>"));
	assert_false(has(header_of(&out), "unknown"));
}

#define FROM "From: b@home.example\r\n"

static const struct {
	const char *in, *want; /* in the header */
	const char *absent;    /* NULL: nothing */
} rows[] = {
	{ "\r\n", "To: <shop@relay.example>", NULL },
	{ "Cc: shop@relay.example\r\n\r\n", "Cc: <shop@relay.example>", "\r\nTo:" },
	{ "To: Me <other@relay.example>\r\n\r\n", "Me <other@relay.example>", NULL },
	{ "To: a@home.example\r\nTo: Carol <carol@home.example>\r\n\r\n",
	  "To: \"a at home.example\":;, Carol <r2@relay.example>, <shop@relay.example>", "home.example>" },
	{ "To: \"x@home.example\" <carol@home.example>\r\n\r\n", "\"x at home.example\" <r2@relay.example>",
	  "@home" },
	{ "To: undisclosed-recipients:;\r\n\r\n", "To: <shop@relay.example>", NULL },
	{ "To: \xe7\x94\xa8@\xe4\xbe\x8b.example\r\n\r\n", ":;", "\xe7" },

	{ "Subject: =?utf-8?B?w6k=?=\r\n\r\n", "Subject: =?utf-8?B?w6k=?=", NULL },
	{ "Subject: a\r\n b\r\n\r\n", "Subject: a b", NULL },
	{ "Subject: gr\xc3\xbc\xc3\x9f\r\n\r\n", "Subject: =?utf-8?", "\xc3" },
	{ "Subject: =?no-such-set?B?GyRCRnw=?= x\r\n\r\n", "Subject: =?no-such-set?B?GyRCRnw=?= x", NULL },
	{ "Subject: =?utf-8?Q?x=0D=0ABcc:_y@home.example?=\r\n\r\n", "Subject: x  Bcc: y@home.example",
	  "=0D" },
	{ "Subject: a =?utf-8?B?eA0KQmNjOiB5?=\r\n\r\n", "Subject: a x  Bcc: y", "B?" },
	{ "Subject: =?utf-7?Q?x+AA0-+AAo-Bcc?=\r\n\r\n", "Subject:", "AA0" },
	{ "Subject: =?x-unknown?Q?x=0Ay?=\r\n\r\n", "Subject: =?utf-8?", "=0A" },
	{ "Subject: one\r\nSubject: two\r\n\r\n", "Subject: one\r\n", "two" },

	{ "Date: nonsense\r\n\r\n", "Date: Mon, 23 Nov 2026 12:00:00 +0000", NULL },
	{ "Date: Tue, 1 Jan 2019 01:02:03 -0800\r\n\r\n", "Date: Tue, 1 Jan 2019 01:02:03 -0800", NULL },
	{ "Date: Tue, 1 Jan 2019 01:02:03 -0800 (b@home.example)\r\n\r\n",
	  "Date: Tue, 1 Jan 2019 01:02:03 -0800\r\n", "@home" },
	{ "Date: Tue, 1 Jan 2019 01:02:03 -0800 <b@home.example>\r\n\r\n",
	  "Date: Tue, 1 Jan 2019 09:02:03 +0000\r\n", "@home" },

	{ "Auto-Submitted: auto-replied; owner-email=\"b@home.example\"\r\n\r\n",
	  "Auto-Submitted: auto-replied\r\n", "@home" },
	{ "Precedence: b@home.example\r\n\r\n", "Precedence: b\r\n", "@home" },
	{ "X-Priority: 1 (Highest)\r\n\r\n", "X-Priority: 1\r\n", NULL },
	{ "Importance: \"High\"\r\n\r\n", "To:", "Importance" },
	{ "List-Id: Friends <friends.lists.test>\r\n\r\n", "List-Id: Friends <friends.lists.test>\r\n",
	  NULL },
	{ "List-Id: <friends@home.example>\r\n\r\n", "To:", "List-Id" },

	{ "List-Unsubscribe: <mailto:u@home.example>\r\nList-Unsubscribe-Post: x\r\n\r\n",
	  "To:", "List-Unsub" },
	{ "List-Unsubscribe: <http://u.test/>\r\nList-Unsubscribe-Post: x\r\n\r\n",
	  "List-Unsubscribe: <http://u.test/>\r\n", "List-Unsubscribe-Post" },
	{ "List-Unsubscribe: <mailto:u@home.example>,\r\n <https://u.test/>\r\nList-Unsubscribe-Post: "
	  "b@home.example\r\n\r\n",
	  "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "@home" },
	{ "List-Unsubscribe: <https://u.test/ <mailto:u@home.example>\r\n\r\n", "To:", "List-Unsub" },

	{ "In-Reply-To: <0@home.example> (b@home.example)\r\n\r\n", "In-Reply-To: <t0@relay.example>\r\n",
	  "@home" },
	{ "References: <unknown@home.example>\r\n\r\n", "To:", "References" },
	{ "Received: from a by b; x\r\n\r\n", "Received: by relay.example (hop 1) with ESMTP;", "from a" },
	{ "Received: by other.example (hop 2) with ESMTP; x\r\n\r\n",
	  "Received: by relay.example (hop 3) with ESMTP;", "other.example" },
};

/* What stands in every output is not looked for among the absent. */
static void promise_6_each_header_row(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seal_plan p = plan(FORM_CLEAR);
		OWN(buf) in = BUF(4096);
		OWN(buf) out = BUF(1 << 20);

		buf_addz(&in, FROM);
		buf_addz(&in, rows[i].in);
		assert_int_equal(sealed(buf_str(&in), &p, &out, NULL), OK);
		assert_true(str_is_ascii(header_of(&out)));
		if (!has(header_of(&out), rows[i].want))
			fail_msg("no \"%s\" in:\n%.*s", rows[i].want, STR_ARG(header_of(&out)));
		if (rows[i].absent && has(header_of(&out), rows[i].absent))
			fail_msg("\"%s\" in:\n%.*s", rows[i].absent, STR_ARG(header_of(&out)));
	}
}

/* What SMTP would not take is not written: RFC 5321 4.5.3.1.6. */
static void lines_of_the_header_are_bounded(void **state)
{
	static const char *const names[] = { "Subject", "List-Id", "To", "List-Unsubscribe", "References" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct seal_plan p = plan(FORM_CLEAR);
		OWN(buf) in = BUF(1 << 16);
		OWN(buf) out = BUF(1 << 20);

		buf_addf(&in, FROM "%s: <https://", names[i]);
		for (int k = 0; k < 1900; k++)
			buf_addc(&in, 'x');
		buf_addz(&in, ">\r\n\r\n");
		assert_int_equal(sealed(buf_str(&in), &p, &out, NULL), OK);
		for (struct str h = header_of(&out); h.n;)
			assert_true(str_cut(&h, '\n').n < 998);
	}
}

/* Two relays that face each other: each takes the trace of the other away, and the message still stops. */
static void hops_through_relays_are_counted(void **state)
{
	OWN(buf) in = BUF(1 << 16);
	uint32_t passes = 0, received = 0;

	buf_addz(&in, FROM "\r\nround and round\r\n");
	while (received <= 50) {
		struct seal_plan p = plan(FORM_CLEAR);
		OWN(arena) a = ARENA;
		OWN(buf) out = BUF(1 << 16);
		struct seal_result r;
		struct scan s;

		assert_true(passes++ < 8);
		assert_int_equal(scan_message(buf_str(&in), &a, &s, NULL), OK);
		received = s.received;
		assert_int_equal(seal_message(&s, &p, sink_buf(&out), &r, NULL), OK);
		buf_clear(&in);
		buf_addz(&in, "Received: from the.next.hop; now\r\n");
		buf_add(&in, buf_str(&out));
	}
	assert_true(passes > 3); /* a few relays in a row are no loop */
}

/* ---- content ---------------------------------------------------------------------------------------------------------- */

#define EVENT                                                                                                \
	"BEGIN:VEVENT\r\nORGANIZER:mailto:carol@home.example\r\nATTENDEE:mailto:x@home.example\r\nEND:"      \
	"VEVENT\r\n"

static void promise_6_calendars_name_the_relay_alone(void **state)
{
	static const char in[] =
	        HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n"
	             "Content-Type: text/calendar\r\n\r\n" EVENT "--b--\r\n";
	struct seal_plan p = plan(FORM_CLEAR);
	OWN(buf) out = BUF(1 << 20);

	assert_int_equal(sealed(LIT(in), &p, &out, NULL), OK);
	assert_true(has(buf_str(&out), "ORGANIZER:mailto:r2@relay.example\r\n"));
	assert_false(has(buf_str(&out), "x@home.example"));
}

static void signed_calendars_come_with_a_warning(void **state)
{
	static const char in[] = HEAD
	        "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/calendar\r\n"
	        "\r\n" EVENT "--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n";
	struct seal_plan p = plan(FORM_CLEAR);
	OWN(buf) out = BUF(1 << 20);

	assert_int_equal(sealed(LIT(in), &p, &out, NULL), OK);
	assert_true(has(buf_str(&out), "A note of your relay"));
	assert_true(has(buf_str(&out), "--b\r\nContent-Type: text/calendar\r\n\r\n" EVENT "--b\r\n"));
}

/* A header inside of what the sender signed must not become the message's own (RFC 9788, RFC 8551 3.1): it stands one
 * multipart deeper than the relay's seal reaches, and its bytes stay. */
static void promise_6_inner_headers_are_framed(void **state)
{
	static const char content[] =
	        "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
	        "hp=\"clear\"\r\nReply-To: evil@home.example\r\n\r\nx\r\n--b--\r\n";
	static const enum seal_form forms[] = { FORM_SEALED, FORM_CLEAR };

	for (size_t i = 0; i < 2; i++) {
		OWN(arena) a = ARENA;
		OWN(buf) in = BUF(4096);
		OWN(buf) out = BUF(1 << 20);
		struct seal_plan p = plan(forms[i]);
		struct mime_part *root;
		struct entity e;
		struct scan s;

		buf_addz(&in, HEAD);
		buf_addz(&in, content);
		assert_int_equal(scan_message(buf_str(&in), &a, &s, NULL), OK);
		assert_int_equal(entity_make(&s, &p, STR(""), &a, &e, NULL), OK);
		assert_int_equal(entity_put(&e, sink_buf(&out), NULL), OK);
		assert_int_equal(out.n, e.bytes);
		assert_int_equal(scan_message(buf_str(&out), &a, &s, NULL), OK);
		root = s.root;
		assert_true(str_eq(root->type.value, STR("multipart/mixed")) && root->child &&
		            !root->child->next);
		assert_true(root->child && str_eq(root->child->whole, LIT(content)));
	}
}

#define TYPE "Content-Type: "

/* In clear the content's fields stand in the message's header: ASCII, in lines that SMTP takes. */
static const struct {
	const char *in, *want;
} content_rows[] = {
	{ TYPE "text/plain; charset=utf-8\r\n", TYPE "text/plain; charset=utf-8\r\n" },
	{ "CONTENT-type : Text/Plain;\r\n\tx=y\r\n", "CONTENT-type : Text/Plain;\r\n\tx=y\r\n" },
	{ TYPE "application/pdf; name=\"gr\xc3\xbc\xc3\x9f.pdf\"\r\n",
	  TYPE "application/pdf;\r\n name*=utf-8''gr%C3%BC%C3%9F.pdf\r\n" },
	{ TYPE "a/b; name=\"gr\xfc.pdf\"; boundary=\"a \\\"b\"\r\n",
	  TYPE "a/b;\r\n name*=utf-8''gr%C3%BC.pdf;\r\n boundary=\"a \\\"b\"\r\n" },
	{ "Content-Disposition: attachment; filename=\xc3\xa9\r\n",
	  "Content-Disposition: attachment;\r\n filename*=utf-8''%C3%A9\r\n" },
	{ "Content-Description: gr\xc3\xbcn\r\n", "Content-Description: =?utf-8?" },
	{ TYPE "text/\xc3\xa9\r\n", "MIME-Version: 1.0\r\n" },
};

static void content_fields_in_clear_are_ascii(void **state)
{
	for (size_t i = 0; i < sizeof(content_rows) / sizeof(content_rows[0]); i++) {
		struct seal_plan p = plan(FORM_CLEAR);
		OWN(arena) a = ARENA;
		OWN(buf) in = BUF(4096);
		OWN(buf) out = BUF(1 << 20);
		struct seal_result r;
		struct scan s;

		buf_addz(&in, FROM);
		buf_addz(&in, content_rows[i].in);
		buf_addz(&in, "\r\n\xc3\xa9\r\n");
		assert_int_equal(scan_message(buf_str(&in), &a, &s, NULL), OK);
		assert_int_equal(seal_message(&s, &p, sink_buf(&out), &r, NULL), OK);
		assert_true(r.eight_bit && !r.utf8 && r.bytes == out.n);
		assert_true(str_is_ascii(header_of(&out)));
		if (!has(buf_str(&out), content_rows[i].want))
			fail_msg("no %s in:\n%.*s", content_rows[i].want, STR_ARG(header_of(&out)));
	}
}

static void a_long_content_field_is_cut_into_lines(void **state)
{
	struct seal_plan p = plan(FORM_CLEAR);
	OWN(buf) in = BUF(1 << 16);
	OWN(buf) out = BUF(1 << 20);

	buf_addz(&in, FROM TYPE "a/b; boundary=xyz; name=\"");
	for (int i = 0; i < 1500; i++)
		buf_addc(&in, 'x');
	buf_addz(&in, "\"\r\n\r\n");
	assert_int_equal(sealed(buf_str(&in), &p, &out, NULL), OK);
	for (struct str h = header_of(&out); h.n;)
		assert_true(str_cut(&h, '\n').n < 998);
	assert_true(has(header_of(&out), "boundary=\"xyz\""));
}

static void the_body_stays_byte_for_byte(void **state)
{
	static const char body[] =
	        "--b\r\n\r\n odd  \t\r\n.\r\n\r\n\xff\x00\x80 \r\n--b--\r\nepilogue without end";
	static const char in[] =
	        HEAD "Content-Type: multipart/mixed;\r\n\tboundary=\"b\"\r\nContent-Type: text/plain\r\n\r\n"
	             "--b\r\n\r\n odd  \t\r\n.\r\n\r\n\xff\x00\x80 \r\n--b--\r\nepilogue without end";
	OWN(arena) a = ARENA;
	OWN(buf) out = BUF(1 << 20);
	struct seal_plan p = plan(FORM_SEALED);
	struct entity e;
	struct scan s;

	assert_int_equal(scan_message(LIT(in), &a, &s, NULL), OK);
	assert_int_equal(entity_make(&s, &p, STR(""), &a, &e, NULL), OK);
	assert_int_equal(entity_put(&e, sink_buf(&out), NULL), OK);
	assert_true(str_ends(buf_str(&out), LIT(body)));
	assert_true(str_starts(buf_str(&out),
	                       STR("Content-Type: multipart/mixed;\r\n\tboundary=\"b\"\r\n\r\n--b")));
}

/* ---- the seal ---------------------------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/seal-test-XXXXXX";

static void write_file(const char *name, struct str s)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, s.p, s.n) == (ssize_t)s.n);
	close(fd);
}

static int openssl(const char *script)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-ec" }, (char *)(uintptr_t)script, NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (chdir(dir) == 0)
			execv("/bin/sh", argv);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void openssl_reads_both_switches(void **state)
{
	static const enum cms_cipher ciphers[] = { CMS_AES_256_CBC, CMS_AES_256_GCM };
	static const char in[] =
	        HEAD "Content-Type: text/plain; charset=utf-8\r\n\r\nthe text that only alice reads\r\n";
	OWN(secret) pkcs8 = SECRET_NONE;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(key_export_pkcs8(pki.user, &pkcs8, NULL), OK);
	write_file("key", secret_str(&pkcs8));
	write_file("user", buf_str(&pki.user_der));
	write_file("root", buf_str(&pki.root_der));
	for (size_t i = 0; i < 4; i++) {
		struct seal_plan p = plan(FORM_SEALED);
		OWN(buf) out = BUF(1 << 20);

		p.cipher = ciphers[i % 2];
		p.binary = i / 2;
		p.hide_subject = i % 2; /* promise 7 */
		p.pad = !p.hide_subject;
		assert_int_equal(sealed(LIT(in), &p, &out, NULL), OK);
		assert_false(has(buf_str(&out), "only alice"));
		assert_int_equal(has(buf_str(&out), "Hello"), !p.hide_subject);
		assert_int_equal(has(header_of(&out), "Subject: [...]\r\n"), p.hide_subject);
		write_file("mail", buf_str(&out));
		assert_int_equal(
		        openssl("openssl x509 -inform DER -in root -out root.pem; openssl x509 -inform DER "
		                "-in user -out u.pem;"
		                "openssl pkey -inform DER -in key -out k.pem;"
		                "openssl cms -decrypt -in mail -recip u.pem -inkey k.pem -out signed;"
		                "openssl cms -verify -in signed -CAfile root.pem -attime 1795435200 -out "
		                "clear 2>err;"
		                "grep -q 'the text that only alice reads' clear;"
		                "grep -q '^Subject: Hello' clear || ! grep -qF '[...]' mail;"
		                "! grep -q hp= clear || grep -q '^HP-Outer: Subject: \\[...\\]' clear;"
		                "openssl cms -cmsout -print -in signed | grep -q messageDigest;"
		                "! openssl cms -cmsout -print -in signed | grep -q signingTime"),
		        0);
	}
	assert_int_equal(openssl("rm -r \"$PWD\""), 0);
}

/* ---- promise 1: whatever fails, nothing readable comes out ---------------------------------------------------------------- */

struct stop_at {
	struct buf *out;
	size_t left;
};

static int stopping(void *self, struct str bytes, struct fail *f)
{
	struct stop_at *s = self;

	if (bytes.n > s->left)
		return FAIL_SYS;
	s->left -= bytes.n;
	buf_add(s->out, bytes);
	return OK;
}

static const char secret_mail[] = HEAD "\r\nCANARY the text that only alice reads CANARY\r\n";

static void promise_1_a_seal_that_fails_gives_nothing_readable(void **state)
{
	static const struct {
		const char *what;
		bool no_user, no_sender, no_key, other_key, sender_as_user;
	} broken[] = {
		{ .what = "no user certificate", .no_user = true },
		{ .what = "no sender certificate", .no_sender = true },
		{ .what = "no key", .no_key = true },
		{ .what = "another's key", .other_key = true },
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct seal_plan p = plan(FORM_SEALED);
		OWN(buf) out = BUF(1 << 20);

		p.user = broken[i].no_user ? NULL : p.user;
		p.sender = broken[i].no_sender ? NULL : p.sender;
		p.sender_key = broken[i].no_key      ? NULL
		               : broken[i].other_key ? pki.intermediate
		                                     : p.sender_key;
		if (sealed(LIT(secret_mail), &p, &out, NULL) >= 0)
			fail_msg("%s: sealed all the same", broken[i].what);
		assert_false(has(buf_str(&out), "CANARY"));
	}
}

/* ATTACKS 13, 18: who is shown and who has signed are one address. */
static void attack_13_72_the_signer_is_the_from(void **state)
{
	static const struct {
		struct str from;
		int want;
	} froms[] = {
		{ STR_INIT("r1@relay.example"), OK },        { STR_INIT("R1@relay.example"), OK },
		{ STR_INIT("r2@relay.example"), FAIL_BUG },  { STR_INIT("r1@relay.example.net"), FAIL_BUG },
		{ STR_INIT("xr1@relay.example"), FAIL_BUG }, { STR_INIT("alice@mailbox.example"), FAIL_BUG },
	};

	for (size_t i = 0; i < sizeof(froms) / sizeof(froms[0]); i++) {
		struct seal_plan p = plan(FORM_SEALED);
		OWN(buf) out = BUF(1 << 20);

		p.from = froms[i].from;
		assert_int_equal(sealed(LIT(secret_mail), &p, &out, NULL), froms[i].want);
		assert_true((out.n > 0) == (froms[i].want == OK));
	}
}

static void promise_1_a_full_disk_gives_nothing_readable(void **state)
{
	for (size_t left = 0; left < 4000; left += 37) {
		struct seal_plan p = plan(FORM_SEALED);
		OWN(buf) out = BUF(1 << 20);
		OWN(arena) a = ARENA;
		struct stop_at stop = { &out, left };
		struct seal_result r;
		struct scan s;

		assert_int_equal(scan_message(LIT(secret_mail), &a, &s, NULL), OK);
		if (seal_message(&s, &p, (struct sink){ stopping, &stop }, &r, NULL) == OK)
			assert_true(left > 2000);
		assert_false(has(buf_str(&out), "CANARY"));
	}
}

static void promise_1_attack_57_no_form_is_no_output(void **state)
{
	struct seal_plan p = plan((enum seal_form)0);
	OWN(buf) out = BUF(1 << 20);

	assert_int_equal(sealed(LIT(secret_mail), &p, &out, NULL), FAIL_BUG);
	assert_int_equal(out.n, 0);
}

/* What the provider reads, and what stands inside, for content of every kind. */
static void promise_7_attack_58_no_word_of_a_hidden_subject_is_outside(void **state)
{
	static const struct {
		const char *content, *within;
	} kinds[] = {
		{ "\r\ntext\r\n",
		  "\r\nContent-Type: text/plain; charset=us-ascii; hp=\"cipher\"\r\n\r\ntext" },
		{ "Content-Type: text/html\r\n\r\nx",
		  "\r\nContent-Type: text/html;\r\n hp=\"cipher\"\r\n\r\nx" },
		{ "Content-Type: text/html (odd)\r\n\r\nx", "\"; hp=\"cipher\"\r\n\r\n--" },
		{ "Content-Type: text/plain; hp=\"clear\"\r\nSubject: Other\r\n\r\nx",
		  "\"; hp=\"cipher\"\r\n\r\n--" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct seal_plan p = plan(FORM_SEALED);
		OWN(buf) in = BUF(4096);
		OWN(buf) out = BUF(1 << 20);
		OWN(buf) all = BUF(1 << 20);
		OWN(arena) a = ARENA;
		struct entity e;
		struct scan s;

		p.hide_subject = true;
		buf_addz(&in, HEAD);
		buf_addz(&in, kinds[i].content);
		assert_int_equal(sealed(buf_str(&in), &p, &out, NULL), OK);
		assert_true(has(header_of(&out), "Subject: [...]") && !has(buf_str(&out), "Hello"));
		assert_int_equal(scan_message(buf_str(&in), &a, &s, NULL), OK);
		assert_int_equal(entity_make(&s, &p, STR("Subject: Hello\r\n"), &a, &e, NULL), OK);
		assert_int_equal(entity_put(&e, sink_buf(&all), NULL), OK);
		assert_true(str_starts(buf_str(&all), STR("Subject: Hello\r\nContent-Type: ")));
		if (!has(buf_str(&all), kinds[i].within))
			fail_msg("no %s in\n%.*s", kinds[i].within, STR_ARG(buf_str(&all)));
	}
}

static void two_seals_differ(void **state)
{
	struct seal_plan p = plan(FORM_SEALED);
	OWN(buf) one = BUF(1 << 20);
	OWN(buf) two = BUF(1 << 20);
	size_t at;

	assert_int_equal(sealed(LIT(secret_mail), &p, &one, NULL), OK);
	assert_int_equal(sealed(LIT(secret_mail), &p, &two, NULL), OK);
	at = str_find(buf_str(&one), STR("\r\n\r\n")) + 600; /* past what names the recipient */
	assert_false(str_eq(str_of(one.p + at, 100), str_of(two.p + at, 100)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_6_headers_write_to_the_relay_alone),
		cmocka_unit_test(promise_6_each_header_row),
		cmocka_unit_test(lines_of_the_header_are_bounded),
		cmocka_unit_test(hops_through_relays_are_counted),
		cmocka_unit_test(promise_6_calendars_name_the_relay_alone),
		cmocka_unit_test(signed_calendars_come_with_a_warning),
		cmocka_unit_test(promise_6_inner_headers_are_framed),
		cmocka_unit_test(content_fields_in_clear_are_ascii),
		cmocka_unit_test(a_long_content_field_is_cut_into_lines),
		cmocka_unit_test(the_body_stays_byte_for_byte),
		cmocka_unit_test(openssl_reads_both_switches),
		cmocka_unit_test(promise_1_a_seal_that_fails_gives_nothing_readable),
		cmocka_unit_test(attack_13_72_the_signer_is_the_from),
		cmocka_unit_test(promise_1_a_full_disk_gives_nothing_readable),
		cmocka_unit_test(promise_1_attack_57_no_form_is_no_output),
		cmocka_unit_test(promise_7_attack_58_no_word_of_a_hidden_subject_is_outside),
		cmocka_unit_test(two_seals_differ),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
