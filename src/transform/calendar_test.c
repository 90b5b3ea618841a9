#include "transform/calendar.h"

#include "crypto/aead.h"
#include "transform/nested.h"
#include "transform/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct addr map_one(void *self, const struct addr *found)
{
	*(size_t *)self += 1;
	return str_eq(found->local, STR("gone")) ? (struct addr){ STR(""), STR("") }
	                                         : (struct addr){ STR("r1"), STR("relay.example") };
}

static const struct {
	const char *in, *want;
} lines[] = {
	{ "ORGANIZER:mailto:bob@home.example\r\n", "ORGANIZER:mailto:r1@relay.example\r\n" },
	{ "ATTENDEE;CN=\"a:b\":MAILTO:bob@home.example\r\n",
	  "ATTENDEE;CN=\"a:b\":MAILTO:r1@relay.example\r\n" },
	{ "ATTENDEE:mailto:gone@home.example\r\n", "" },
	{ "ATTEN\r\n DEE:mail\r\n\tto:bob@home.example\r\n", "ATTENDEE:mailto:r1@relay.example\r\n" },
	{ "ATTENDEE:bob@home.example\r\n", "" },
	{ "ATTENDEE;CN=x:bob@ho\r\n me.example\r\n", "" },
	{ "attendee: mailto:bob@home.example\r\n", "" },
	{ "item1.ATTENDEE:bob%40home.example\r\n", "" },
	{ "ATTENDEE:invalid:nomail\r\n", "ATTENDEE:invalid:nomail\r\n" },
	{ "DESCRIPTION:bob@home.example\r\n", "DESCRIPTION:bob@home.example\r\n" },
	{ "ORGANIZER:mailto:bob@home.example", "ORGANIZER:mailto:r1@relay.example" },
	{ "A:b\r\nORGANIZER:mailto:gone@home.example", "A:b" },
	{ "A:b\r\nEND:VCALENDAR", "A:b\r\nEND:VCALENDAR" },
	{ "SUMMARY:\xc3\xa9\r\n \xc3\xa9\r\n", "SUMMARY:\xc3\xa9\r\n \xc3\xa9\r\n" },
	{ "\r\n\r\n", "\r\n\r\n" },
	{ "", "" },
};

static void promise_6_each_property(void **state)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		OWN(buf) out = BUF(4096);
		size_t calls = 0;

		assert_int_equal(calendar_rewrite(str_c(lines[i].in), (struct ical_map){ map_one, &calls },
		                                  &out, NULL),
		                 OK);
		if (!str_eq(buf_str(&out), str_c(lines[i].want)))
			fail_msg("%s gave %.*s", lines[i].in, STR_ARG(buf_str(&out)));
	}
}

/* Pieces are cut between properties: what comes out of many is what comes out of each. */
static void long_calendars_are_mapped_whole(void **state)
{
	OWN(buf) in = BUF(16 << 20);
	OWN(buf) want = BUF(16 << 20);
	OWN(buf) out = BUF(16 << 20);
	size_t calls = 0;

	for (int i = 0; i < 20000; i++) {
		buf_addf(&in, "ATTENDEE;CN=%d:mailto:bo\r\n b%d@home.example\r\nX-%d:y\r\n z\r\n", i, i, i);
		buf_addf(&want, "ATTENDEE;CN=%d:mailto:r1@relay.example\r\nX-%d:y\r\n z\r\n", i, i);
	}
	assert_int_equal(calendar_rewrite(buf_str(&in), (struct ical_map){ map_one, &calls }, &out, NULL),
	                 OK);
	assert_int_equal(calls, 20000);
	assert_true(str_eq(buf_str(&out), buf_str(&want)));
}

/* ---- which parts, and what is done with them ------------------------------------------------------------------------------ */

#define EVENT "\r\nBEGIN:VEVENT\r\nATTENDEE:mailto:x@home.example\r\nEND:VEVENT\r\n"

static const struct {
	const char *in;
	bool mapped, fixed;
} parts[] = {
	{ "Content-Type: text/calendar\r\n" EVENT, true, false },
	{ "Content-Type: TEXT/Calendar; charset=\"UTF-8\"; method=REQUEST\r\n" EVENT, true, false },
	{ "Content-Type: application/ics\r\n" EVENT, true, false },
	{ "Content-Type: text/x-vcalendar\r\n" EVENT, true, false },
	{ "Content-Type: application/octet-stream; name=Invite.ICS\r\n" EVENT, true, false },
	{ "Content-Disposition: attachment; filename*=utf-8''a%2Eics\r\n" EVENT, true, false },
	{ "Content-Type: text/calendar; charset=windows-1252\r\n" EVENT, true, false },
	{ "Content-Type: text/calendar; charset=utf-16\r\n" EVENT, false, true },
	{ "Content-Type: text/calendar; charset=utf-7\r\n" EVENT, false, true },
	{ "Content-Type: text/calendar\r\nContent-Transfer-Encoding: "
	  "base64\r\n\r\nWDp5DUFUVEVOREVFOm1haWx0bzp4QGhvbWUuZXhhbXBsZQ0K\r\n",
	  false, true },
	{ "Content-Type: text/calendar\r\nContent-Transfer-Encoding: x-uuencode\r\n" EVENT, false, true },
	{ "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/calendar\r\n" EVENT
	  "--b--\r\n",
	  false, true },
	{ "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: "
	  "text/calendar\r\n\r\nnobody\r\n--b--\r\n",
	  false, false },
	{ "Content-Type: message/rfc822\r\n\r\nContent-Type: text/calendar\r\n" EVENT, true, false },
	{ "Content-Type: text/plain\r\n" EVENT, false, false },
};

static void parts_are_known_for_calendars(void **state)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		OWN(arena) a = ARENA;
		struct scan s;

		assert_int_equal(scan_message(str_c(parts[i].in), &a, &s, NULL), OK);
		if ((s.n_others == 1) != parts[i].mapped || s.fixed_calendar != parts[i].fixed)
			fail_msg("%s: mapped %zu fixed %d", parts[i].in, s.n_others, s.fixed_calendar);
	}
}

/* What is larger than it may be is passed on, with the warning, and not refused. */
static void a_huge_calendar_is_not_read(void **state)
{
	OWN(buf) in = BUF(32 << 20);
	OWN(arena) a = ARENA;
	struct scan s;

	buf_addz(&in, "Content-Type: text/calendar\r\n" EVENT);
	while (in.n < CALENDAR_MAX + 1000)
		buf_addf(&in, "X:%01000d\r\n", 0);
	assert_int_equal(scan_message(buf_str(&in), &a, &s, NULL), OK);
	assert_true(s.fixed_calendar && s.n_others == 0);
}

/* ---- content that could speak for the message ----------------------------------------------------------------------------- */

#define SIGNED(head) "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n" head "\r\n\r\nx\r\n--b--\r\n"

static const struct {
	const char *in;
	bool speaks;
} contents[] = {
	{ "Content-Type: text/plain\r\n\r\nx", false },
	{ "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", false },
	{ SIGNED("Content-Type: text/plain"), false },
	{ SIGNED("Content-Type: text/plain; hp=clear\r\nFrom: x@home.example"), true },
	{ SIGNED("Content-Type: multipart/mixed; protected-headers=\"v1\"; boundary=c"), true },
	{ SIGNED("Content-Type: message/rfc822\r\n\r\nFrom: x@home.example"), true },
	{ SIGNED("Content-Type: multipart/signed; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; "
	         "HP=\"cipher\""),
	  true },
	{ "Content-Type: text/plain; hp=\"clear\"\r\n\r\nx", true },
	{ "Content-Type: message/rfc822; forwarded=no\r\n\r\nFrom: x@home.example\r\n\r\nx", true },
	{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
	  "message/rfc822\r\n\r\nx\r\n--b--\r\n",
	  false },
	{ "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: "
	  "base64\r\n\r\n"
	  "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEF\r\n",
	  true },
	{ "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: "
	  "base64\r\n\r\n"
	  "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEF\r\n",
	  true },
	{ "Content-Type: application/x-pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: "
	  "base64\r\n\r\n"
	  "MIAGCSqGSIb3DQEHA6CAMIACAQAxggFsMIIBaAIBADBQMEQx\r\n",
	  false },
	{ "Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", false },
};

static void promise_6_content_that_speaks_is_known(void **state)
{
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		OWN(arena) a = ARENA;
		struct scan s;

		assert_int_equal(scan_message(str_c(contents[i].in), &a, &s, NULL), OK);
		if (nested_speaks(s.root) != contents[i].speaks)
			fail_msg("%s", contents[i].in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_6_each_property),
		cmocka_unit_test(long_calendars_are_mapped_whole),
		cmocka_unit_test(parts_are_known_for_calendars),
		cmocka_unit_test(a_huge_calendar_is_not_read),
		cmocka_unit_test(promise_6_content_that_speaks_is_known),
	};

	return crypto_init(NULL) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
