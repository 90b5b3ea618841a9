/* What a message says. A row is a message and one fact of it. */
#include "transform/scan.h"

#include "crypto/aead.h"
#include "wire/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum fact {
	FROM_NAME,
	FROM_ADDRESS,
	REPLY_TO,
	OTHERS,
	MESSAGE_ID,
	REFS,
	LIST_ID,
	LIST_POST,
	DATE,
	RECEIVED,
	FLAGS
};

static const struct {
	enum fact fact;
	const char *in, *want;
} rows[] = {
	{ FROM_NAME, "From: Bob <bob@home.example>\r\n\r\n", "Bob" },
	{ FROM_NAME, "From: Doe, John <john@home.example>\r\n\r\n", "Doe, John" },
	{ FROM_NAME, "From: bob@home.example (Bob)\r\n\r\n", "Bob" },
	{ FROM_NAME, "From: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?= <b@home.example>\r\n\r\n",
	  "\xe6\x97\xa5\xe6\x9c\xac" },
	{ FROM_NAME, "From: no address at all\r\n\r\n", "no address at all" },
	{ FROM_ADDRESS, "From: Bob <bob@home.example>\r\n\r\n", "bob@home.example" },
	{ FROM_ADDRESS, "From: Doe, John <john@home.example>\r\n\r\n", "john@home.example" },
	{ FROM_ADDRESS, "From: <one@home.example>, two@home.example\r\n\r\n", "one@home.example" },
	{ FROM_ADDRESS, "From: one@home.example\r\nFrom: two@home.example\r\n\r\n", "one@home.example" },
	{ FROM_ADDRESS, "From: <@a.example,@b.example:c@home.example>\r\n\r\n", "c@home.example" },
	{ FROM_ADDRESS, "From: \"a@b.example\" <c@home.example>\r\n\r\n", "c@home.example" },
	{ FROM_ADDRESS, "From: \"q u\\\"o\"@home.example\r\n\r\n", "\"q u\\\"o\"@home.example" },
	{ FROM_ADDRESS, "From: a@b@home.example\r\n\r\n", "" },
	{ FROM_ADDRESS, "From: undisclosed:;\r\n\r\n", "" },
	{ FROM_ADDRESS, "From:\r\n\r\n", "" },
	{ FROM_ADDRESS, "Subject: x\r\n\r\n", "" },
	{ FROM_ADDRESS, "", "" },
	{ FROM_ADDRESS, "From \r\n\r\n", "" },

	{ REPLY_TO, "Reply-To: a@home.example, B <b@home.example>, broken\r\n\r\n",
	  "a@home.example b@home.example" },
	{ OTHERS, "To: a@home.example, A@HOME.example\r\nCc: <b@home.example>, a@home.example\r\n\r\n",
	  "a@home.example b@home.example" },
	{ OTHERS, "To: a@home.example\r\nTo: b@home.example\r\n\r\n", "a@home.example b@home.example" },
	{ OTHERS, "To: friends: a@home.example, b@home.example;, c@home.example\r\n\r\n",
	  "a@home.example b@home.example c@home.example" },
	{ OTHERS, "Resent-To: r@home.example\r\nBcc: s@home.example\r\n\r\n", "" },

	{ MESSAGE_ID, "Message-ID: <1@home.example> (c)\r\n\r\n", "1@home.example" },
	{ MESSAGE_ID, "Message-ID: 1@home.example\r\n\r\n", "" },
	{ REFS, "References: <1@x> <2@x>\r\n <3@x>\r\nIn-Reply-To: <3@x> <4@x>\r\n\r\n", "1@x 2@x 3@x 4@x" },
	{ LIST_ID, "List-Id: Friends <friends.lists.example>\r\n\r\n", "Friends <friends.lists.example>" },
	{ LIST_POST, "List-Post: <https://x.test>, <mailto:friends@lists.example?subject=x>\r\n\r\n",
	  "friends@lists.example" },
	{ LIST_POST, "List-Post: NO\r\n\r\n", "" },
	{ DATE, "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\n", "1795435200" },
	{ DATE, "Date: yesterday\r\n\r\n", "0" },
	{ RECEIVED, "Received: a\r\nReceived: b\r\n\r\n", "2" },
	{ RECEIVED, "Received: by r.example (hop 3) with ESMTP; x\r\nReceived: y (hop 1)\r\n\r\n", "32" },
	{ RECEIVED, "Received: by r.example (hop 99999999999) with ESMTP\r\n\r\n", "1" },

	{ FLAGS, "Auto-Submitted: auto-replied\r\n\r\n", "automatic" },
	{ FLAGS, "Auto-Submitted: no\r\n\r\n", "" },
	{ FLAGS, "Precedence: bulk\r\n\r\n", "automatic" },
	{ FLAGS, "Content-Type: multipart/report; boundary=b\r\n\r\n", "report" },
	{ FLAGS, "List-Post: <mailto:l@home.example>\r\n\r\n", "list" },
};

static void say_people(const struct scan_person *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%.*s", i ? " " : "", STR_ARG(p[i].address));
}

static void say(const struct scan *s, enum fact fact, struct buf *out)
{
	const struct str texts[] = {
		[FROM_NAME] = s->from.name, [FROM_ADDRESS] = s->from.address, [MESSAGE_ID] = s->message_id,
		[LIST_ID] = s->list_id,     [LIST_POST] = s->list_post,       [FLAGS] = STR(""),
	};

	if (fact == REPLY_TO)
		say_people(s->reply_to, s->n_reply, out);
	else if (fact == OTHERS)
		say_people(s->others, s->n_others, out);
	else if (fact == DATE || fact == RECEIVED)
		buf_addf(out, "%lld", fact == DATE ? (long long)s->date_utc : (long long)s->received);
	else
		buf_add(out, texts[fact]);
	for (size_t i = 0; fact == REFS && i < s->n_refs; i++)
		buf_addf(out, "%s%.*s", i ? " " : "", STR_ARG(s->refs[i]));
	if (fact == FLAGS)
		buf_addf(out, "%s%s%s", s->automatic ? "automatic" : "", s->report ? "report" : "",
		         s->list ? "list" : "");
}

static void facts_are_read_once_and_strictly(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) got = BUF(4096);
		struct scan s;

		assert_int_equal(scan_message(str_c(rows[i].in), &a, &s, NULL), OK);
		say(&s, rows[i].fact, &got);
		if (!str_eq(buf_str(&got), str_c(rows[i].want)))
			fail_msg("%s\nwant \"%s\", got \"%.*s\"", rows[i].in, rows[i].want,
			         STR_ARG(buf_str(&got)));
	}
}

static void the_digest_is_of_every_byte(void **state)
{
	static const char text[] = "From: a@b.example\r\nContent-Type: text/plain\r\n\r\nbody\r\nand more";
	uint8_t first[32];

	for (size_t i = 0; i < sizeof(text); i++) {
		char changed[sizeof(text)];
		OWN(arena) a = ARENA;
		struct scan s;

		memcpy(changed, text, sizeof(text));
		if (i)
			changed[i - 1] ^= 1;
		assert_int_equal(scan_message(str_of(changed, sizeof(text) - 1), &a, &s, NULL), OK);
		if (i)
			assert_memory_not_equal(s.digest, first, sizeof(first));
		else
			memcpy(first, s.digest, sizeof(first));
	}
}

/* The fields that describe the content, the empty line, the body: what seal.c signs when it changes nothing. */
static void the_content_has_its_own(void **state)
{
	uint8_t want[32];
	OWN(arena) a = ARENA;
	struct scan s;

	sha256(STR("Content-Type: text/plain\r\n\r\nbody"), want);
	assert_int_equal(
	        scan_message(STR("A: b\r\nContent-Type: text/plain\r\nC: d\r\n\r\nbody"), &a, &s, NULL), OK);
	assert_memory_equal(s.content_digest, want, sizeof(want));
}

/* ---- ATTACKS 35, 36: each bound, from both sides ------------------------------------------------------------------------- */

static int scan_of(void (*make)(struct buf *, int), int n)
{
	OWN(buf) in = BUF(64 << 20);
	OWN(arena) a = ARENA;
	struct scan s;

	make(&in, n);
	return scan_message(buf_str(&in), &a, &s, NULL);
}

static void nested_parts(struct buf *b, int n)
{
	for (int i = 0; i < n; i++)
		buf_addf(b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
}

static void nested_messages(struct buf *b, int n)
{
	for (int i = 0; i < n; i++)
		buf_addz(b, "Content-Type: message/rfc822\r\n\r\n");
}

static void many_parts(struct buf *b, int n)
{
	buf_addz(b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (int i = 0; i < n; i++)
		buf_addz(b, "--b\r\n\r\nx\r\n");
}

static void many_fields(struct buf *b, int n)
{
	for (int i = 0; i < n; i++)
		buf_addz(b, "A: b\r\n");
	buf_addz(b, "\r\n");
}

static void large_header(struct buf *b, int n)
{
	buf_addz(b, "A:");
	for (int i = 0; i < n; i++)
		buf_addf(b, "\r\n %01000d", 0);
	buf_addz(b, "\r\n\r\n");
}

static void many_addresses(struct buf *b, int n)
{
	buf_addz(b, "To: a@b.example");
	for (int i = 1; i < n; i++)
		buf_addf(b, ",\r\n a%d@b.example", i);
	buf_addz(b, "\r\n\r\n");
}

static void what_is_too_much_is_a_limit(void **state)
{
	static const struct {
		void (*make)(struct buf *, int);
		int most, more;
	} bounds[] = {
		{ nested_parts, 30, 40 },    { nested_messages, 30, 40 }, { many_parts, 990, 1010 },
		{ many_fields, 2000, 2001 }, { large_header, 250, 300 },  { many_addresses, 2000, 2001 },
	};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		if (scan_of(bounds[i].make, bounds[i].most) != OK)
			fail_msg("%zu: what is allowed was refused", i);
		if (scan_of(bounds[i].make, bounds[i].more) != FAIL_LIMIT)
			fail_msg("%zu: what is too much was not refused", i);
	}
}

static void more_people_than_are_told_stay_untold(void **state)
{
	OWN(buf) in = BUF(1 << 20);
	OWN(arena) a = ARENA;
	struct scan s;

	many_addresses(&in, 500);
	assert_int_equal(scan_message(buf_str(&in), &a, &s, NULL), OK);
	assert_int_equal(s.n_others, SCAN_OTHERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_read_once_and_strictly),
		cmocka_unit_test(the_digest_is_of_every_byte),
		cmocka_unit_test(the_content_has_its_own),
		cmocka_unit_test(what_is_too_much_is_a_limit),
		cmocka_unit_test(more_people_than_are_told_stay_untold),
	};

	charset_open();
	return crypto_init(NULL) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
