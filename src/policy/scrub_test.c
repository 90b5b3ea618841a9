#include "policy/scrub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *type, *file;
	enum part_rule rule;
} rows[] = {
	{ "text/plain", "", PART_TEXT },
	{ "text/html", "", PART_HTML },
	{ "text/x-anything", "", PART_TEXT },
	{ "text/calendar", "invite.ics", PART_CALENDAR },
	{ "application/octet-stream", "invite.ICS", PART_CALENDAR },
	{ "application/ics", "", PART_CALENDAR },
	{ "text/vcard", "", PART_DROP },
	{ "text/plain", "alice.vcf", PART_DROP },
	{ "application/octet-stream", "ALICE.VCF", PART_DROP },
	{ "application/pkcs7-signature", "", PART_DROP },
	{ "application/octet-stream", "smime.p7s", PART_DROP },
	{ "application/pkix-cert", "", PART_DROP },
	{ "application/x-x509-user-cert", "", PART_DROP },
	{ "application/pkcs12", "", PART_REFUSE },
	{ "application/octet-stream", "key.pfx", PART_REFUSE },
	{ "application/pgp-keys", "", PART_DROP },
	{ "application/pgp-signature", "", PART_DROP },
	{ "application/pgp-encrypted", "", PART_DROP },
	{ "application/ms-tnef", "", PART_DROP },
	{ "application/octet-stream", "WINMAIL.DAT", PART_DROP },
	{ "application/applefile", "", PART_DROP },
	{ "multipart/appledouble", "", PART_MULTI },
	{ "multipart/signed", "", PART_FIRST },
	{ "multipart/report", "", PART_MULTI },
	{ "multipart/encrypted", "", PART_ONWARD },
	{ "application/pkcs7-mime", "smime.p7m", PART_ONWARD },
	{ "message/rfc822", "", PART_MESSAGE },
	{ "message/delivery-status", "", PART_DROP },
	{ "message/disposition-notification", "", PART_DROP },
	{ "message/partial", "", PART_REFUSE },
	{ "message/external-body", "", PART_REFUSE },
	{ "message/x-unknown", "", PART_REFUSE },
	{ "application/octet-stream", "mail.eml", PART_REFUSE },
	{ "application/octet-stream", "mail.msg", PART_REFUSE },
	{ "application/octet-stream", "cert.pem", PART_DROP },
	{ "image/jpeg", "", PART_JPEG },
	{ "application/octet-stream", "photo.JPEG", PART_JPEG },
	{ "image/png", "", PART_PNG },
	{ "application/pdf", "a.pdf", PART_BYTES },
	{ "application/x-unknown", "", PART_BYTES },
	{ "", "", PART_BYTES },
};

static void promise_6_each_kind_of_part_has_its_rule(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct part_row *row = part_row(str_c(rows[i].type), str_c(rows[i].file));

		if (row->rule != rows[i].rule || !row->reason || !*row->reason)
			fail_msg("%s %s: %d", rows[i].type, rows[i].file, (int)row->rule);
	}
}

static void promise_6_each_field_has_a_reason(void **state)
{
	for (const struct out_row *r = out_rows; r->name; r++)
		assert_true(r->reason && *r->reason);
}

static void promise_6_links(void **state)
{
	static const char *const stay[] = { "https://x.example/a:b",
		                            "HTTP://x",
		                            "mailto:a@b",
		                            "cid:1",
		                            "data:image/png;base64,AA",
		                            "#top",
		                            "page?a:b",
		                            "//x.example/y",
		                            "tel:+49:1",
		                            "",
		                            "www.x.example" };
	static const char *const go[] = { "javascript:x",     "JavaScript:x", "vbscript:x",
		                          "file:///home",     "C:\\x",        "c:/x",
		                          "\\\\host\\share",  "/x/y",         "mid:x",
		                          "imap://alice@x",   "mailbox:///x", "x-apple-data:1",
		                          "applewebdata://1", "message:x",    "blob:x",
		                          "about:blank",      "outlook:1" };

	for (size_t i = 0; i < COUNT(stay); i++)
		if (!link_stays(str_c(stay[i])))
			fail_msg("%s", stay[i]);
	for (size_t i = 0; i < COUNT(go); i++)
		if (link_stays(str_c(go[i])))
			fail_msg("%s", go[i]);
}

static void promise_6_marks_of_programs(void **state)
{
	static const char *const yes[] = {
		"moz-cite-prefix", "gmail_quote",  "x_gmail_quote",   "Apple-interchange-newline",
		"MsoNormal",       "mso-style:1",  "yahoo_quoted",    "p.MsoNormal{margin:0}",
		"divRplyFwdMsg",   "-webkit-x: y", "protonmail_quote"
	};
	static const char *const no[] = { "",       "quote",   "color: red", "signature",
		                          "almost", "smozzle", "margin:0" };

	for (size_t i = 0; i < COUNT(yes); i++)
		if (!is_client_mark(str_c(yes[i])))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		if (is_client_mark(str_c(no[i])))
			fail_msg("%s", no[i]);
}

static void promise_6_lines_of_programs(void **state)
{
	static const char *const yes[] = { "Sent from my iPhone", "Get Outlook for Android",
		                           "Von meinem iPhone gesendet", "Envoy\xc3\xa9 de mon iPhone",
		                           "Sent with Proton Mail secure email." };
	static const char *const no[] = { "",
		                          "Sent via DHL",
		                          "Sent on Monday",
		                          "Gesendet mit DHL",
		                          "Get the book",
		                          "The letter sent from my home" };

	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(is_client_line(str_c(yes[i])));
	for (size_t i = 0; i < COUNT(no); i++)
		assert_false(is_client_line(str_c(no[i])));
}

static void unknown_elements_leave_their_content(void **state)
{
	assert_int_equal(tag_row(STR("o:p"))->rule, TAG_BARE);
	assert_int_equal(tag_row(STR(""))->rule, TAG_BARE);
	assert_int_equal(tag_row(STR("script"))->rule, TAG_DROP);
	assert_int_equal(tag_row(STR("meta"))->rule, TAG_BARE);
	assert_int_equal(tag_row(STR("p"))->rule, TAG_KEEP);
	assert_true(attribute_stays(STR("href")));
	assert_false(attribute_stays(STR("onclick")) || attribute_stays(STR("cite")) ||
	             attribute_stays(STR("data-x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_6_each_kind_of_part_has_its_rule),
		cmocka_unit_test(promise_6_each_field_has_a_reason),
		cmocka_unit_test(promise_6_links),
		cmocka_unit_test(promise_6_marks_of_programs),
		cmocka_unit_test(promise_6_lines_of_programs),
		cmocka_unit_test(unknown_elements_leave_their_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
