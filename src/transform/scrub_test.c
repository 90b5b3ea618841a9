/* Promise 6, at the level of one message: what names the user is put into a place where a client can put it, and stands in
 * nothing that leaves. A row is a place; "%s" is the name. */
#include "transform/scrub.h"

#include "crypto/aead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { OUT_MAX = 1 << 20 };

static const struct mime_limits limits = { 32, 1000, { 2000, 256 * 1024 } };

#define HEAD "From: Alice Liddell <alice@box.example>\r\nTo: bob@home.example\r\nSubject: hello\r\n"
#define TEXT HEAD "Content-Type: text/plain; charset=utf-8\r\n"
#define HTML HEAD "Content-Type: text/html; charset=utf-8\r\n\r\n"
#define MIXED HEAD "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
#define END "\r\n--b\r\nContent-Type: text/plain\r\n\r\nkept words\r\n--b--\r\n"

/* Places where addresses are found, or that are left out with all that is in them. */
static const char *const places[] = {
	HEAD "X-Mailer: %s\r\n\r\nkept words\r\n",
	HEAD "Received: from h (%s)\r\n by x; Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\nkept words\r\n",
	HEAD "Sender: %s\r\nReply-To: %s\r\nBcc: %s\r\n\r\nkept words\r\n",
	HEAD "Autocrypt: addr=%s; keydata=AAAA\r\n\r\nkept words\r\n",
	HEAD "Cc: (%s) bob@home.example\r\n\r\nkept words\r\n",
	HEAD "References: <1.%s>\r\nIn-Reply-To: <2.%s>\r\nMessage-ID: <3.%s>\r\n\r\nkept words\r\n",
	HEAD "Date: Thu, 1 Jan 2026 02:00:00 +0200 (%s)\r\n\r\nkept words\r\n",
	TEXT "\r\nkept words, and %s\r\n",
	TEXT "\r\nkept words\r\n> <%s> wrote\r\n",
	HTML "<p>kept words %s</p>",
	HTML "<p>kept words <a href=\"mailto:%s\">x</a></p>",
	HTML "<p title=\"%s\">kept words</p>",
	HTML "<!-- %s --><p>kept words</p>",
	HTML "<meta name=author content=\"%s\"><p>kept words</p>",
	MIXED "preamble %s\r\n--b\r\nContent-Type: text/plain\r\n\r\nkept words\r\n--b--\r\nepilogue %s\r\n",
	MIXED "--b\r\nContent-Type: text/vcard\r\n\r\nEMAIL:%s" END,
	MIXED "--b\r\nContent-Type: image/x; name=\"%s\"\r\nContent-Description: %s\r\nContent-ID: "
	      "<%s>\r\n\r\nx" END,
	MIXED "--b\r\nContent-Type: application/pdf; name=\"%s.pdf\"\r\n\r\nx" END,
	MIXED "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "
	      "filename=\"of %s-2026.pdf\"\r\n\r\nx" END,
	MIXED "--b\r\nContent-Type: application/x-pem-file\r\n\r\n%s" END,
	MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: %s\r\nX-Mailer: %s\r\n\r\ninner %s\r\n" END,
};

/* The same address in the forms that only a decoder sees. */
static const char *const hidden[] = {
	TEXT
	"Content-Transfer-Encoding: quoted-printable\r\n\r\nkept words al=\r\nice=40box.exa=\r\nmple\r\n",
	TEXT "Content-Transfer-Encoding: base64\r\n\r\na2VwdCB3b3JkcyBhbGljZUBib3guZXhhbXBsZQ==\r\n",
	HTML "<p>kept words alice&#64;box.example al&#x69;ce&#x40;box.example</p>",
	HTML "<p>kept words al<b>ice</b>@box<wbr>.exam<span>ple</span></p>",
	HTML "<p>kept words <b>Somebody</b>alice@box.example<i>!</i></p>",
	HTML "<p>kept words <a href=\"mailto:alice%40box.example\">x</a></p>",
	HEAD "Subject: =?utf-8?B?YWxpY2VAYm94LmV4YW1wbGU=?=\r\n\r\nkept words\r\n",
};

static int scrub(struct str in, struct arena *a, struct buf *out)
{
	static const struct str_pair map[] = { { STR_INIT("alice@box.example"),
		                                 STR_INIT("shop@alias.example") } };
	static const struct str own[] = { STR_INIT("Alice Liddell") };
	const struct scrub_plan plan = { .from = STR("shop@alias.example"),
		                         .message_id = STR("1@alias.example"),
		                         .date_utc = 1767225600,
		                         .map = map,
		                         .n_map = 1,
		                         .own_names = own,
		                         .n_own_names = 1 };
	struct scrub_result r;
	struct opened o = { .in = in };
	struct fail f = { 0 };

	assert_int_equal(mime_parse(in, &limits, a, &o.content, &f), OK);
	o.outer = o.content->header;
	return scrub_message(&o, &plan, sink_buf(out), &r, &f);
}

/* All that leaves, decoded: the header and each leaf, without markup's references (the output has none to hide in). */
static void decode(const struct mime_part *p, struct buf *all)
{
	OWN(buf) one = BUF(OUT_MAX);

	if (!p->child && mime_decode(p, &one, NULL) >= 0)
		buf_add(all, buf_str(&one));
	for (const struct mime_part *c = p->child; c; c = c->next)
		decode(c, all);
}

static void check(const char *in)
{
	OWN(arena) a = ARENA;
	OWN(buf) out = BUF(OUT_MAX);
	OWN(buf) all = BUF(OUT_MAX);
	struct mime_part *root;

	assert_int_equal(scrub(str_c(in), &a, &out), OK);
	assert_int_equal(mime_parse(buf_str(&out), &limits, &a, &root, NULL), OK);
	buf_add(&all, buf_str(&out));
	decode(root, &all);
	if (str_find(buf_str(&all), STR("kept words")) == all.n ||
	    str_find(buf_str(&all), STR("alice")) < all.n ||
	    str_find(buf_str(&all), STR("box.exam")) < all.n ||
	    str_find(buf_str(&all), STR("Liddell")) < all.n)
		fail_msg("from\n%s\n----\n%.*s", in, (int)all.n, all.p);
}

static void promise_6_no_place_tells_the_mailbox(void **state)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		OWN(buf) in = BUF(OUT_MAX);

		for (const char *p = places[i]; *p; p++)
			if (p[0] == '%' && p[1] == 's') {
				buf_addz(&in, "alice@box.example");
				p++;
			} else {
				buf_addc(&in, *p);
			}
		buf_addc(&in, '\0');
		check(in.p);
	}
}

static void promise_6_no_encoding_hides_the_mailbox(void **state)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		check(hidden[i]);
}

static void promise_6_what_cannot_be_read_is_refused(void **state)
{
	static const char *const rows[] = {
		HEAD "Content-Type: text/plain; charset=x-unknown\r\n\r\nx\r\n",
		HEAD "Content-Type: message/partial\r\n\r\nx\r\n",
		HEAD "Content-Type: message/external-body\r\n\r\nx\r\n",
		HEAD "Content-Type: application/pkcs12\r\n\r\nx\r\n",
		HEAD "Content-Type: application/octet-stream; name=\"old.eml\"\r\n\r\nFrom: x\r\n",
		HEAD "Content-Type: application/octet-stream; name=\"old.MSG\"\r\n\r\nx\r\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) out = BUF(OUT_MAX);

		assert_int_equal(scrub(str_c(rows[i]), &a, &out), FAIL_DENIED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_6_no_place_tells_the_mailbox),
		cmocka_unit_test(promise_6_no_encoding_hides_the_mailbox),
		cmocka_unit_test(promise_6_what_cannot_be_read_is_refused),
	};

	return crypto_init(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : EXIT_FAILURE;
}
