/* The other half of promise 6: what the user wrote and that names nobody stays. Golden cases, structure, files byte for byte,
 * and hostile input in linear time. */
#include "transform/scrub.h"

#include "crypto/aead.h"
#include "crypto/cms.h"
#include "crypto/der.h"
#include "wire/b64.h"
#include "wire/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { OUT_MAX = 128 << 20, LONG = 5 << 20, LESS = 1 << 19 };

static const struct mime_limits limits = { 32, 1000, { 2000, 256 * 1024 } };

/* Certificates of the user, where a case has them. */
static const struct cms_cert *const *own_certs;
static size_t n_own_certs;

static int scrub(struct str in, struct arena *a, struct buf *out, struct fail *f)
{
	static const struct str_pair map[] = {
		{ STR_INIT("alice@mailbox.example"), STR_INIT("shop@alias.example") },
		{ STR_INIT("r1@relay.example"), STR_INIT("bob@world.example") },
		{ STR_INIT("shop@alias.example"), STR_INIT("") },
	};
	static const struct str_pair names[] = { { STR_INIT("bob@world.example"), STR_INIT("Bob Builder") } };
	static const struct str_pair ids[] = { { STR_INIT("in@relay.example"),
		                                 STR_INIT("out@world.example") } };
	static const struct str own[] = { STR_INIT("Alice") };
	const struct scrub_plan plan = { .from_name = STR("Shop"),
		                         .from = STR("shop@alias.example"),
		                         .message_id = STR("1@alias.example"),
		                         .date_utc = 1767225600,
		                         .map = map,
		                         .n_map = COUNT(map),
		                         .names = names,
		                         .n_names = 1,
		                         .own_names = own,
		                         .n_own_names = 1,
		                         .ids = ids,
		                         .n_ids = 1,
		                         .own_certs = own_certs,
		                         .n_own_certs = n_own_certs };
	const struct open_ring ring = { .n = 0 };
	struct scrub_result r;
	struct opened o;

	TRY(open_message(in, &ring, a, &o, f));
	TRY(scrub_message(&o, &plan, sink_buf(out), &r, f));
	assert_true(r.bytes == out->n && !r.eight_bit && !r.utf8);
	return OK;
}

#define FROM                                                                                                 \
	"From: Alice <alice@mailbox.example>\r\nTo: Alices Bob <r1@relay.example>\r\nSubject: Alice in "     \
	"Wonderland\r\n"
#define HEAD                                                                                                 \
	"From: Shop <shop@alias.example>\r\nTo: Bob Builder <bob@world.example>\r\nSubject: Alice in "       \
	"Wonderland\r\n"                                                                                     \
	"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@alias.example>\r\nMIME-Version: 1.0\r\n"
#define PLAIN "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"

/* plan + message -> message; with one part the output holds nothing that is drawn by lot. */
static const struct {
	const char *in, *want;
} golden[] = {
	{ FROM "\r\nhello\r\n", HEAD PLAIN "hello\r\n" },
	{ FROM "Content-Type: text/plain; format=flowed; charset=us-ascii\r\n\r\n> a \r\n> b\r\n\r\none "
	       "\r\ntwo\r\n-- \r\nme\r\n",
	  HEAD "Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: "
	       "7bit\r\n\r\n> a \r\n> b\r\n\r\n"
	       "one \r\ntwo\r\n-- \r\nme\r\n" },
	{ FROM "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
	       "quoted-printable\r\n\r\ncaf=E9 and much that is none\r\n",
	  HEAD "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
	       "quoted-printable\r\n\r\ncaf=C3=A9 and much that is none\r\n" },
	{ FROM "References: <x@mailbox.example> <in@relay.example>\r\nIn-Reply-To: "
	       "<in@relay.example>\r\nImportance: High\r\n"
	       "Auto-Submitted: auto-replied (alice)\r\n\r\nx\r\n",
	  "From: Shop <shop@alias.example>\r\nTo: Bob Builder <bob@world.example>\r\nSubject: Alice in "
	  "Wonderland\r\n"
	  "In-Reply-To: <out@world.example>\r\nReferences: <out@world.example>\r\nAuto-Submitted: "
	  "auto-replied\r\nImportance: high\r\n"
	  "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@alias.example>\r\nMIME-Version: "
	  "1.0\r\n" PLAIN "x\r\n" },
	{ FROM "Cc: shop@alias.example, carol@third.example\r\n\r\nx\r\n",
	  "From: Shop <shop@alias.example>\r\nTo: Bob Builder <bob@world.example>\r\nCc: "
	  "<carol@third.example>\r\nSubject: Alice in Wonderland\r\n"
	  "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@alias.example>\r\nMIME-Version: "
	  "1.0\r\n" PLAIN "x\r\n" },
	/* only a signature's frame, and a frame around one thing */
	{ FROM "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: "
	       "text/vcard\r\n\r\ny\r\n--b--\r\n",
	  HEAD PLAIN "x" },
	{ FROM "Content-Type: text/vcard\r\n\r\ny\r\n",
	  HEAD "Content-Type: text/plain; charset=utf-8\r\n\r\n" },
	{ FROM "Content-Type: application/pdf; name=\"../C:\\x/\xe2\x80\xaereport.pdf\"\r\n\r\nPDF", HEAD
	  "Content-Type: application/pdf\r\nContent-Disposition: attachment;\r\n filename=\"report.pdf\"\r\n"
	  "Content-Transfer-Encoding: base64\r\n\r\nUERG\r\n" },
	{ FROM "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.log\r\n\r\nOn "
	       "2026-11-26 17:03, x:\r\n> Alice\r\nSent from my iPhone\r\n",
	  HEAD "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: attachment;\r\n "
	       "filename=\"a.log\"\r\n"
	       "Content-Transfer-Encoding: 7bit\r\n\r\nOn 2026-11-26 17:03, x:\r\n> Alice\r\nSent from my "
	       "iPhone\r\n" },
};

static void promise_6_golden_messages(void **state)
{
	unsigned bad = 0;

	for (size_t i = 0; i < COUNT(golden); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) out = BUF(OUT_MAX);
		struct fail f = { 0 };
		int how = scrub(str_c(golden[i].in), &a, &out, &f);

		if (how == OK && str_eq(buf_str(&out), str_c(golden[i].want)))
			continue;
		print_error("%s\n%s\ngave\n%.*s\n", f.why, golden[i].in, STR_ARG(buf_str(&out)));
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* ---- HTML ------------------------------------------------------------------------------------------------------------- */

#define SENT "<b>Sent:</b> Thursday, November 26, 2026"

static const struct {
	const char *in, *want;
} html[] = {
	{ "<p class=\"x\">a &lt; b &amp; c</p>", "<p class=\"x\">a &lt; b &amp; c</p>" },
	{ "<a href=\"https://x.example/alice?a=1&amp;b=%61\">x</a>",
	  "<a href=\"https://x.example/alice?a=1&amp;b=%61\">x</a>" },
	{ "<a href='https://x.example/?a=1&b=2'>x</a>", "<a href=\"https://x.example/?a=1&amp;b=2\">x</a>" },
	{ "<img src=\"data:image/png;base64,AA==\" alt=x>",
	  "<img src=\"data:image/png;base64,AA==\" alt=\"x\">" },
	{ "<p style=\"color: red; mso-x: y; background: url('data:image/png;base64,AA=='); margin:0\">x</p>",
	  "<p style=\"color: red; background: url('data:image/png;base64,AA=='); margin:0\">x</p>" },
	{ "<style>p { color: red }</style><p>x", "<style>p { color: red }</style><p>x" },
	{ "<style>p.MsoNormal { color: red }</style><p>x", "<style></style><p>x" },
	{ "<style/><p>x", "<p>x" },
	{ "<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>" },
	{ "<xmp><b>x</xmp>", "&lt;b&gt;x" },
	{ "<table><tr><td>a<td>b</table>", "<table><tr><td>a<td>b</table>" },
	{ "caf&eacute; &copy; &hearts; &#9829;", "caf\xc3\xa9 \xc2\xa9 &hearts; \xe2\x99\xa5" },
	{ "<p>Sent from <a href=\"https://aka.ms/o0ukef\">Outlook for iOS</a></p>", "<p></p>" },
	{ "<p>Meet me at 17:03 on 26.11.2026.</p>", "<p>Meet me at 17:03 on 26.11.2026.</p>" },
	{ "<blockquote><p>Meet me at 17:03 on 26.11.2026, Alice.</p></blockquote>",
	  "<blockquote><p>Meet me at 17:03 on 26.11.2026, Shop.</p></blockquote>" },
	/* Thunderbird, Apple Mail, Gmail, Outlook */
	{ "<div class=\"moz-cite-prefix\">On 26.11.26 17:03, Bob wrote:<br></div><blockquote type=\"cite\" "
	  "cite=\"mid:x\">Hello</blockquote>",
	  "<div>On 26.11.26, Bob wrote:<br></div><blockquote type=\"cite\">Hello</blockquote>" },
	{ "<blockquote type=\"cite\"><div>On 26 Nov 2026, at 5:03\xe2\x80\xafPM, Bob "
	  "&lt;r1@relay.example&gt; wrote:</div><br class=\"Apple-interchange-newline\">"
	  "<div>Hello</div></blockquote>",
	  "<blockquote type=\"cite\"><div>On 26 Nov 2026, Bob &lt;bob@world.example&gt; "
	  "wrote:</div><br><div>Hello</div></blockquote>" },
	{ "<div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Thu, Nov 26, 2026 at "
	  "5:03&#8239;PM Bob &lt;<a href=\"mailto:r1@relay.example\">"
	  "r1@relay.example</a>&gt; wrote:<br></div><blockquote "
	  "class=\"gmail_quote\">Hello</blockquote></div>",
	  "<div><div dir=\"ltr\">On Thu, Nov 26, 2026 Bob &lt;<a "
	  "href=\"mailto:bob@world.example\">bob@world.example</a>&gt; wrote:<br></div>"
	  "<blockquote>Hello</blockquote></div>" },
	{ "<div id=\"divRplyFwdMsg\"><b>From:</b> Bob &lt;r1@relay.example&gt;<br>" SENT
	  " 5:03 PM<br><b>To:</b> Alice<br></div>",
	  "<div><b>From:</b> Bob &lt;bob@world.example&gt;<br>" SENT "<br><b>To:</b> Shop<br></div>" },
	{ "<table class=\"moz-email-headers-table\"><tr><th>Subject: </th><td>x</td></tr><tr><th>Date: "
	  "</th><td>Thu, 26 Nov 2026 17:03:00 +0100</td></tr>"
	  "<tr><th>To: </th><td>Alice</td></tr></table>",
	  "<table><tr><th>Subject: </th><td>x</td></tr><tr><th>Date: </th><td>Thu, 26 Nov 2026</td></tr>"
	  "<tr><th>To: </th><td>Shop</td></tr></table>" },
};

static void get_leaf(struct str message, const char *type, struct arena *a, struct buf *ret,
                     const struct mime_part **ret_part)
{
	struct mime_part *root, *p;

	assert_int_equal(mime_parse(message, &limits, a, &root, NULL), OK);
	for (p = root; p && !str_eq(p->type.value, str_c(type)); p = mime_next(root, p))
		;
	assert_non_null(p);
	assert_int_equal(mime_decode(p, ret, NULL), OK);
	if (ret_part)
		*ret_part = p;
}

static void promise_6_html_as_it_was_written(void **state)
{
	unsigned bad = 0;

	for (size_t i = 0; i < COUNT(html); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		OWN(buf) leaf = BUF(OUT_MAX);

		buf_addf(&in, FROM "Content-Type: text/html; charset=utf-8\r\n\r\n%s", html[i].in);
		assert_int_equal(scrub(buf_str(&in), &a, &out, NULL), OK);
		get_leaf(buf_str(&out), "text/html", &a, &leaf, NULL);
		if (str_eq(buf_str(&leaf), str_c(html[i].want)))
			continue;
		print_error("%s\ngave\n%.*s\n", html[i].in, STR_ARG(buf_str(&leaf)));
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* ---- structure and files ------------------------------------------------------------------------------------------- */

static void structure_and_cid_references_hold(void **state)
{
	static const char in[] =
	        FROM "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: "
	             "multipart/alternative; boundary=a\r\n\r\n"
	             "--a\r\nContent-Type: text/plain\r\n\r\n[cid:p1%x@mailbox.example] [cid:never "
	             "closed\r\n--a\r\n"
	             "Content-Type: multipart/related; boundary=r; "
	             "type=\"text/html\"\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n"
	             "<img src=\" cid:p1%25x%40mailbox.example\"><p "
	             "style=\"background:url(cid:p1%25x@mailbox.example)\">\r\n"
	             "--r\r\nContent-Type: image/gif\r\nContent-ID:\r\n "
	             "<p1%x@mailbox.example>\r\nContent-Disposition: inline\r\n\r\nGIF\r\n--r--\r\n"
	             "--a--\r\n--m\r\nContent-Type: application/pdf\r\n\r\nPDF\r\n--m--\r\n";
	OWN(arena) a = ARENA;
	OWN(buf) out = BUF(OUT_MAX);
	OWN(buf) leaf = BUF(OUT_MAX);
	OWN(buf) cid = BUF(1000);
	struct mime_part *root, *alt, *related;
	const struct mime_part *gif;
	struct str ids[1];

	assert_int_equal(scrub(str_c(in), &a, &out, NULL), OK);
	assert_int_equal(mime_parse(buf_str(&out), &limits, &a, &root, NULL), OK);
	alt = root->child;
	assert_true(str_eq(root->type.value, STR("multipart/mixed")) &&
	            str_eq(alt->type.value, STR("multipart/alternative")));
	related = alt->child->next;
	assert_true(str_eq(alt->child->type.value, STR("text/plain")) &&
	            str_eq(related->type.value, STR("multipart/related")));
	assert_true(str_eq(related->child->type.value, STR("text/html")) &&
	            str_eq(related->child->next->type.value, STR("image/gif")));
	assert_true(str_eq(alt->next->type.value, STR("application/pdf")) && !alt->next->next);

	get_leaf(buf_str(&out), "image/gif", &a, &leaf, &gif);
	assert_true(str_eq(gif->disposition.value, STR("inline")) && str_eq(buf_str(&leaf), STR("GIF")));
	assert_int_equal(header_msgids(header_get(&gif->header, STR("Content-ID"))->body, &a, 1, ids), 1);
	assert_true(str_ends(ids[0], STR("@alias.example")));
	buf_addf(&cid, "cid:%.*s", STR_ARG(ids[0]));
	buf_clear(&leaf);
	get_leaf(buf_str(&out), "text/html", &a, &leaf, NULL);
	assert_true(str_find(buf_str(&leaf), buf_str(&cid)) < leaf.n);
	assert_true(str_find(str_from(buf_str(&leaf), str_find(buf_str(&leaf), STR("url("))), buf_str(&cid)) <
	            leaf.n);
	buf_clear(&leaf);
	get_leaf(buf_str(&out), "text/plain", &a, &leaf, NULL);
	assert_true(str_find(buf_str(&leaf), buf_str(&cid)) < leaf.n &&
	            str_find(buf_str(&leaf), STR("[cid:never closed")) < leaf.n);
}

static void files_are_the_same_byte_for_byte(void **state)
{
	OWN(arena) a = ARENA;
	OWN(buf) raw = BUF(OUT_MAX);
	OWN(buf) in = BUF(OUT_MAX);
	OWN(buf) out = BUF(OUT_MAX);
	OWN(buf) leaf = BUF(OUT_MAX);
	struct b64_lines e = { .n = 0 };

	for (size_t i = 0; i < 20 << 20; i++)
		buf_addc(&raw, (char)(i * 7 + (i >> 8)));
	buf_addz(&in, FROM "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	assert_int_equal(b64_lines_put(&e, buf_str(&raw), sink_buf(&in), NULL), OK);
	assert_int_equal(b64_lines_end(&e, sink_buf(&in), NULL), OK);
	assert_int_equal(scrub(buf_str(&in), &a, &out, NULL), OK);
	get_leaf(buf_str(&out), "application/pdf", &a, &leaf, NULL);
	assert_true(str_eq(buf_str(&leaf), buf_str(&raw)));
}

/* A picture that is nothing but one stays as it is, to the byte. */
static void clean_pictures_are_the_same(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\x04IHDRabcdCRC!\0\0\0\0IEND\xae\x42\x60\x82";
	static const char jpeg[] =
	        "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0\xff\xff\xdb\0\x04tb\xff\xda\0\x04sc"
	        "data\xff\0\xff\xd3more\xff\xd9";
	/* without the byte of filling */
	static const char jpeg_out[] =
	        "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0\xff\xdb\0\x04tb\xff\xda\0\x04sc"
	        "data\xff\0\xff\xd3more\xff\xd9";
	const struct {
		struct str in, want;
		const char *type;
	} rows[] = {
		{ str_of(png, sizeof(png) - 1), str_of(png, sizeof(png) - 1), "image/png" },
		{ str_of(jpeg, sizeof(jpeg) - 1), str_of(jpeg_out, sizeof(jpeg_out) - 1), "image/jpeg" },
		{ STR("GIF89a"), STR("GIF89a"), "image/png" },
		{ STR(""), STR(""), "image/jpeg" },
		{ STR("\xff\xd8"), STR("\xff\xd8"), "image/jpeg" },
		{ STR("\xff\xd8\xff\xe1\xff\xff too long"), STR("\xff\xd8"), "image/jpeg" },
		{ STR("\xff\xd8\xff\xff\xff\xff"), STR("\xff\xd8"), "image/jpeg" },
		{ str_of("\xff\xd8\xff\xe1\0\x0eExif\0\0II\x2a\0\xff\xff\xff\xff", 20), STR("\xff\xd8"),
		  "image/jpeg" },
		{ str_of("\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt", 16), str_of("\x89PNG\r\n\x1a\n", 8),
		  "image/png" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		OWN(buf) leaf = BUF(OUT_MAX);

		buf_addf(&in, FROM "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		         rows[i].type);
		b64_print(rows[i].in, &in);
		assert_int_equal(scrub(buf_str(&in), &a, &out, NULL), OK);
		get_leaf(buf_str(&out), rows[i].type, &a, &leaf, NULL);
		if (!str_eq(buf_str(&leaf), rows[i].want))
			fail_msg("row %zu", i);
	}
}

/* ---- what is refused ------------------------------------------------------------------------------------------------ */

static void promise_6_what_cannot_be_read_is_refused(void **state)
{
	static const struct {
		const char *in;
		int how;
	} rows[] = {
		{ "Content-Type: text/plain; charset=x-unknown\r\n\r\nx", FAIL_DENIED },
		{ "Content-Type: text/plain; charset=us-ascii\r\n\r\n\xe9", FAIL_DENIED },
		{ "Content-Type: text/html\r\n\r\n\xe9", FAIL_DENIED },
		{ "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nx", FAIL_DENIED },
		{ "Content-Type: application/pdf\r\nContent-Transfer-Encoding: x-yenc\r\n\r\nx",
		  FAIL_DENIED },
		{ "Content-Type: message/partial\r\n\r\nx", FAIL_DENIED },
		{ "Content-Type: message/external-body\r\n\r\nx", FAIL_DENIED },
		{ "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: "
		  "base64\r\n\r\nRnJvbTogYUBiDQoNCng=",
		  FAIL_DENIED },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: "
		  "application/pkcs7-mime\r\n"
		  "Content-Transfer-Encoding: "
		  "base64\r\n\r\nMIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEF\r\n--b--\r\n",
		  FAIL_DENIED },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: "
		  "multipart/encrypted; boundary=c\r\n\r\n"
		  "--c\r\n\r\nVersion: 1\r\n--c\r\n\r\nno armor, but "
		  "alice@mailbox.example\r\n--c--\r\n--b--\r\n",
		  FAIL_DENIED },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: "
		  "multipart/encrypted; boundary=c\r\n\r\n"
		  "--c\r\n\r\nVersion: 1\r\n--c\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n-----END PGP "
		  "MESSAGE-----\r\nmore\r\n--c--\r\n--b--\r\n",
		  FAIL_DENIED },
		{ "Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: "
		  "base64\r\n\r\n/v8AeA==",
		  FAIL_DENIED },
		{ "Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa9", OK },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		struct fail f = { 0 };
		int how;

		buf_addf(&in, FROM "%s", rows[i].in);
		how = scrub(buf_str(&in), &a, &out, &f);
		if (how != rows[i].how)
			fail_msg("%s: %d %s", rows[i].in, how, f.why);
		assert_true(how == OK || str_find(str_c(f.why), STR("alice")) == strlen(f.why));
	}
}

/* ---- encrypted for somebody else ------------------------------------------------------------------------------------ */

/* For one recipient, whom the clear part of it names by this issuer. */
static void make_cms(struct str issuer, enum cms_cipher cipher, struct buf *out, struct cms_cert **ret)
{
	OWNS(key) root = NULL;
	OWNS(key) key = NULL;
	OWNS(cms_cert) cert = NULL;
	OWNS(cms_envelope) env = NULL;
	OWN(buf) der = BUF(16384);

	assert_int_equal(key_new(KEY_P256, &root, NULL), OK);
	assert_int_equal(key_new(KEY_P256, &key, NULL), OK);
	assert_int_equal(cert_build(&(struct cert_fields){ .kind = CERT_USER,
	                                                   .subject_cn = STR("bob@world.example"),
	                                                   .issuer_cn = issuer,
	                                                   .email = STR("bob@world.example"),
	                                                   .not_before = 1767225600,
	                                                   .not_after = 1777225600,
	                                                   .subject_key = key,
	                                                   .issuer_key = root },
	                            &der, NULL),
	                 OK);
	assert_int_equal(cms_cert_new(buf_str(&der), &cert, NULL), OK);
	assert_int_equal(cms_envelope_new(cert, cipher, 6, sink_buf(out), &env, NULL), OK);
	assert_int_equal(cms_envelope_put(env, STR("secret"), NULL), OK);
	assert_int_equal(cms_envelope_end(env, NULL), OK);
	*ret = TAKE(cert);
}

/* The recipients of an envelope: into the SET of another one, as a program writes them that encrypts for its user as well. */
static void add_recipients(struct str from, struct str to, struct buf *out)
{
	struct str sets[2] = { STR_NONE, STR_NONE }, in[] = { from, to };
	struct str left = STR_NONE, oid = STR_NONE, version = STR_NONE;
	size_t info, content, data, set;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(der_get(&in[i], DER_SEQ, &left, NULL), OK);
		assert_int_equal(der_get(&left, DER_OID, &oid, NULL), OK);
		assert_int_equal(der_get(&left, DER_CONTEXT_SEQ + 0, &left, NULL), OK);
		assert_int_equal(der_get(&left, DER_SEQ, &left, NULL), OK);
		assert_int_equal(der_get(&left, DER_INTEGER, &version, NULL), OK);
		assert_int_equal(der_get(&left, DER_SET, &sets[i], NULL), OK);
	}
	info = der_open(out, DER_SEQ);
	der_put(out, DER_OID, oid);
	content = der_open(out, DER_CONTEXT_SEQ + 0);
	data = der_open(out, DER_SEQ);
	der_put(out, DER_INTEGER, version);
	set = der_open(out, DER_SET);
	buf_add(out, sets[0]);
	buf_add(out, sets[1]);
	der_close(out, set);
	buf_add(out, left);
	der_close(out, data);
	der_close(out, content);
	der_close(out, info);
}

static void promise_6_of_several_recipients_the_user_is_cut_out(void **state)
{
	static const enum cms_cipher ciphers[] = { CMS_AES_256_CBC, CMS_AES_256_GCM };

	for (size_t i = 0; i < COUNT(ciphers); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) mine = BUF(OUT_MAX);
		OWN(buf) theirs = BUF(OUT_MAX);
		OWN(buf) both = BUF(OUT_MAX);
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		OWN(buf) leaf = BUF(OUT_MAX);
		OWNS(cms_cert) own = NULL;
		OWNS(cms_cert) other = NULL;
		const struct mime_part *p;
		struct fail f = { 0 };

		make_cms(STR("CA of alice@mailbox.example"), ciphers[i], &mine, &own);
		make_cms(STR("Other CA"), ciphers[i], &theirs, &other);
		add_recipients(buf_str(&mine), buf_str(&theirs), &both);
		own_certs = (const struct cms_cert *const *)&own;
		n_own_certs = 1;
		buf_addz(&in, FROM "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n"
		                   "Content-Transfer-Encoding: base64\r\n\r\n");
		b64_print(buf_str(&both), &in);
		if (scrub(buf_str(&in), &a, &out, &f) < 0)
			fail_msg("%s", f.why);
		n_own_certs = 0;
		get_leaf(buf_str(&out), "application/pkcs7-mime", &a, &leaf, &p);
		assert_true(str_eq(buf_str(&leaf), buf_str(&theirs)));
	}
}

static void promise_6_what_is_encrypted_for_others_names_nobody(void **state)
{
	static const struct {
		struct str issuer;
		enum cms_cipher cipher;
		int how;
		bool own;
	} rows[] = {
		{ STR_INIT("Other CA"), CMS_AES_256_CBC, OK, false },
		{ STR_INIT("Other CA"), CMS_AES_256_GCM, OK, false },
		{ STR_INIT("CA of alice@mailbox.example"), CMS_AES_256_CBC, FAIL_DENIED, false },
		{ STR_INIT("Other CA"), CMS_AES_256_CBC, FAIL_DENIED, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *type =
		        rows[i].cipher == CMS_AES_256_GCM ? "authEnveloped-data" : "enveloped-data";
		OWN(arena) a = ARENA;
		OWN(buf) der = BUF(OUT_MAX);
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		OWN(buf) leaf = BUF(OUT_MAX);
		OWNS(cms_cert) cert = NULL;
		const struct mime_part *p;
		struct fail f = { 0 };

		make_cms(rows[i].issuer, rows[i].cipher, &der, &cert);
		own_certs = (const struct cms_cert *const *)&cert;
		n_own_certs = rows[i].own;
		buf_addf(&in,
		         FROM "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
		              "Content-Type: application/pkcs7-mime; smime-type=%s; x=alice\r\n"
		              "Content-Transfer-Encoding: base64\r\n\r\n",
		         type);
		b64_print(buf_str(&der), &in);
		buf_addz(&in, "\r\n--b--\r\n");
		assert_int_equal(scrub(buf_str(&in), &a, &out, &f), rows[i].how);
		n_own_certs = 0;
		if (rows[i].how != OK)
			continue;
		get_leaf(buf_str(&out), "application/pkcs7-mime", &a, &leaf, &p);
		assert_true(str_eq(buf_str(&leaf), buf_str(&der)));
		assert_true(str_eq(typed_param(&p->type, STR("smime-type")), str_c(type)));
		assert_true(str_eq(typed_param(&p->type, STR("x")), STR("")));
	}
}

/* ---- size ------------------------------------------------------------------------------------------------------------- */

static void hostile_messages_take_linear_time(void **state)
{
	static const struct {
		const char *type, *piece;
		size_t n;
	} rows[] = {
		{ "text/html", "<", LONG },
		{ "text/html", "@", LONG },
		{ "text/html", "&", LESS },
		{ "text/html", "&#64", LESS },
		{ "text/html", "<a href=\"", LESS },
		{ "text/html", "<p>2026 17:03:", LESS },
		{ "text/html", "<b>a</b>", LESS },
		{ "text/html", "<blockquote>", LESS },
		{ "text/html", "<div class=\"header-protection-legacy-display\">", LESS },
		{ "text/html", "<style>url(", LESS },
		{ "text/html", "<p style=\"a;url(b)", LESS },
		{ "text/html", "alice@mailbox.example<i>", LESS },
		{ "text/html", "<script>", LESS },
		{ "text/plain", "[cid:", LESS },
		{ "text/plain", "alice@mailbox.example ", LESS },
		{ "text/plain", "\xc3\xa9", LESS },
		{ "text/calendar", "ATTENDEE:mailto:alice@mailbox.example\r\n", LESS },
		{ "text/calendar", "\r\n ", LESS },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		struct fail f = { 0 };
		int how;

		buf_addf(&in, FROM "Content-Type: %s; charset=utf-8\r\n\r\n", rows[i].type);
		while (in.n < rows[i].n)
			buf_addz(&in, rows[i].piece);
		how = scrub(buf_str(&in), &a, &out, &f);
		if (how != OK && how != FAIL_LIMIT)
			fail_msg("%s: %s", rows[i].piece, f.why);
	}
}

static void many_and_deep_parts(void **state)
{
	for (unsigned depth = 0; depth < 2; depth++) {
		OWN(arena) a = ARENA;
		OWN(buf) in = BUF(OUT_MAX);
		OWN(buf) out = BUF(OUT_MAX);
		struct fail f = { 0 };

		buf_addz(&in, FROM "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
		for (unsigned i = 0; i < 900 && !depth; i++)
			buf_addz(&in, "--b\r\n\r\nx\r\n");
		for (unsigned i = 0; i < 200 && depth; i++)
			buf_addf(
			        &in,
			        "--b%.0u\r\nContent-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n\r\n",
			        i, i, i);
		buf_addz(&in, "--b--\r\n");
		assert_int_equal(scrub(buf_str(&in), &a, &out, &f), OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_6_golden_messages),
		cmocka_unit_test(promise_6_html_as_it_was_written),
		cmocka_unit_test(structure_and_cid_references_hold),
		cmocka_unit_test(files_are_the_same_byte_for_byte),
		cmocka_unit_test(clean_pictures_are_the_same),
		cmocka_unit_test(promise_6_what_cannot_be_read_is_refused),
		cmocka_unit_test(promise_6_of_several_recipients_the_user_is_cut_out),
		cmocka_unit_test(promise_6_what_is_encrypted_for_others_names_nobody),
		cmocka_unit_test(hostile_messages_take_linear_time),
		cmocka_unit_test(many_and_deep_parts),
	};

	return crypto_init(NULL) == OK && charset_open() ? cmocka_run_group_tests(tests, NULL, NULL)
	                                                 : EXIT_FAILURE;
}
