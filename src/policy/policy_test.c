#include "policy/alias.h"
#include "policy/block.h"
#include "policy/catchall.h"
#include "policy/correspond.h"
#include "policy/expiry.h"
#include "policy/headers.h"
#include "policy/quota.h"
#include "policy/retry.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 1000 * DAY_S };

static const struct alias_box sealed = { true, NOW + DAY_S, false }, none = { false, 0, false },
                              clear = { false, 0, true }, ended_now = { true, NOW - DAY_S, true },
                              ended_long = { true, NOW - 10 * (int64_t)DAY_S, true };

static const struct {
	const char *what;
	struct alias_facts facts;
	enum verdict_kind kind;
	int smtp;
} verdicts[] = {
	{ "on", { GATE_ON, 0, 0, 0, 0, -1, &sealed, 1 }, VERDICT_ACCEPT, 250 },
	{ "off, drop", { GATE_OFF_DROP, 0, 0, 0, 0, -1, &sealed, 1 }, VERDICT_DROP, 250 },
	{ "off, reject", { GATE_OFF_REJECT, 0, 0, 0, 0, -1, &sealed, 1 }, VERDICT_REFUSE, 550 },
	{ "before its date", { GATE_ON, 0, 0, NOW + 1, 0, -1, &sealed, 1 }, VERDICT_ACCEPT, 250 },
	{ "on its date", { GATE_ON, 0, 0, NOW, 0, -1, &sealed, 1 }, VERDICT_REFUSE, 550 },
	{ "idle too long",
	  { GATE_ON, NOW - 9 * (int64_t)DAY_S, NOW - 8 * (int64_t)DAY_S, 0, 8, -1, &sealed, 1 },
	  VERDICT_REFUSE,
	  550 },
	{ "not idle long enough",
	  { GATE_ON, 0, NOW - 8 * (int64_t)DAY_S + 1, 0, 8, -1, &sealed, 1 },
	  VERDICT_ACCEPT,
	  250 },
	{ "new and never used", { GATE_ON, NOW - DAY_S, 0, 0, 8, -1, &sealed, 1 }, VERDICT_ACCEPT, 250 },
	{ "one left", { GATE_ON, 0, 0, 0, 0, 1, &sealed, 1 }, VERDICT_ACCEPT, 250 },
	{ "none left", { GATE_ON, 0, 0, 0, 0, 0, &sealed, 1 }, VERDICT_REFUSE, 550 },
	{ "no mailbox", { GATE_ON, 0, 0, 0, 0, -1, NULL, 0 }, VERDICT_REFUSE, 550 },
	{ "no profile", { GATE_ON, 0, 0, 0, 0, -1, &none, 1 }, VERDICT_REFUSE, 550 },
	{ "no profile, clear accepted", { GATE_ON, 0, 0, 0, 0, -1, &clear, 1 }, VERDICT_ACCEPT, 250 },
	{ "ended yesterday", { GATE_ON, 0, 0, 0, 0, -1, &ended_now, 1 }, VERDICT_REFUSE, 450 },
	{ "ended long ago", { GATE_ON, 0, 0, 0, 0, -1, &ended_long, 1 }, VERDICT_REFUSE, 550 },
};

/* Promise 1: that clear mail was accepted once does not open an alias whose profile has ended. */
static void promise_1_alias_verdicts_fail_closed(void **state)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		struct verdict v = alias_judge(&verdicts[i].facts, NOW, 3);

		if (v.kind != verdicts[i].kind || v.smtp != verdicts[i].smtp)
			fail_msg("%s: %d %d", verdicts[i].what, v.kind, v.smtp);
	}
}

static void promise_1_one_mailbox_without_a_key_fails_all(void **state)
{
	const struct alias_box two[] = { sealed, none };
	const struct alias_facts f = { GATE_ON, 0, 0, 0, 0, -1, two, 2 };

	assert_int_equal(alias_judge(&f, NOW, 3).kind, VERDICT_REFUSE);
}

/* Promise 6: whoever asks learns nothing of what an address once was. */
static void promise_6_gone_reads_like_unknown(void **state)
{
	const struct alias_facts off = { GATE_OFF_REJECT, 0, 0, 0, 0, -1, &sealed, 1 };
	const struct alias_facts ended = { GATE_ON, 0, 0, 1, 0, -1, &sealed, 1 };
	struct verdict u = alias_unknown();

	assert_string_equal(alias_judge(&off, NOW, 3).sentence, u.sentence);
	assert_string_equal(alias_judge(&ended, NOW, 3).sentence, u.sentence);
	assert_string_equal(alias_judge(&ended, NOW, 3).enhanced, u.enhanced);
}

static const struct {
	struct who_facts in;
	enum who_kind kind;
	const char *key, *address, *display, *reply_to;
} writers[] = {
	{ { STR_INIT("Bob"), STR_INIT("Bob@Home.example"), { 0 }, { 0 }, { 0 }, { 0 } },
	  WHO_PERSON,
	  "person:bob@home.example",
	  "Bob@Home.example",
	  "Bob",
	  "" },
	{ { STR_INIT(""), STR_INIT("bob@home.example"), { 0 }, { 0 }, { 0 }, { 0 } },
	  WHO_PERSON,
	  "person:bob@home.example",
	  "bob@home.example",
	  "bob at home.example",
	  "" },
	{ { STR_INIT("Booking.com"),
	    STR_INIT("b@b.example"),
	    { 0 },
	    STR_INIT("answers@b.example"),
	    { 0 },
	    { 0 } },
	  WHO_PERSON,
	  "person:b@b.example",
	  "b@b.example",
	  "Booking.com",
	  "answers@b.example" },
	{ { STR_INIT("Bob"), STR_INIT("b@b.example"), { 0 }, STR_INIT("B@b.example"), { 0 }, { 0 } },
	  WHO_PERSON,
	  "person:b@b.example",
	  "b@b.example",
	  "Bob",
	  "" },
	{ { STR_INIT("x@evil.example"), STR_INIT("b@b.example"), { 0 }, { 0 }, { 0 }, { 0 } },
	  WHO_PERSON,
	  "person:b@b.example",
	  "b@b.example",
	  "x at evil.example",
	  "" },
	{ { STR_INIT("Poster"),
	    STR_INIT("p@p.example"),
	    { 0 },
	    { 0 },
	    STR_INIT("Gardening <Garden.lists.example>"),
	    STR_INIT("garden@lists.example") },
	  WHO_LIST,
	  "list:garden.lists.example",
	  "garden@lists.example",
	  "Poster via Gardening",
	  "" },
	{ { STR_INIT("Poster"),
	    STR_INIT("p@p.example"),
	    { 0 },
	    { 0 },
	    STR_INIT("\"Quoted List\" <q.lists.example>"),
	    STR_INIT("") },
	  WHO_LIST,
	  "list:q.lists.example",
	  "p@p.example",
	  "Poster via Quoted List",
	  "" },
	{ { STR_INIT("Bob"), STR_INIT("b@b.example"), { 0 }, { 0 }, STR_INIT(" < > "), STR_INIT("") },
	  WHO_PERSON,
	  "person:b@b.example",
	  "b@b.example",
	  "Bob",
	  "" },
	{ { STR_INIT("Bob"), STR_INIT("b@b.example"), { 0 }, { 0 }, STR_INIT(""), STR_INIT("l@b.example") },
	  WHO_LIST,
	  "list:l@b.example",
	  "l@b.example",
	  "Bob via l",
	  "" },
	{ { STR_INIT("Bob"),
	    STR_INIT("l@b.example"),
	    { 0 },
	    STR_INIT("bob@home.example"),
	    STR_INIT("<l.b.example>"),
	    STR_INIT("l@b.example") },
	  WHO_LIST,
	  "list:l.b.example",
	  "l@b.example",
	  "Bob via l",
	  "" }, /* a list that takes posts is not its last poster */
	{ { STR_INIT("Bob"),
	    STR_INIT("n@b.example"),
	    { 0 },
	    STR_INIT("post+2@b.example"),
	    STR_INIT("<l.b.example>"),
	    STR_INIT("post+1@b.example") },
	  WHO_LIST,
	  "list:l.b.example",
	  "post+1@b.example",
	  "Bob via post+1",
	  "post+2@b.example" },
	{ { STR_INIT("News"),
	    STR_INIT("n@b.example"),
	    { 0 },
	    STR_INIT("desk@c.example"),
	    STR_INIT("<l.b.example>"),
	    { 0 } },
	  WHO_LIST,
	  "list:l.b.example",
	  "n@b.example",
	  "News via <l.b.example>",
	  "desk@c.example" },
	{ { STR_INIT("broken"), STR_INIT(""), { 0 }, { 0 }, { 0 }, { 0 } },
	  WHO_SHARED,
	  "shared",
	  "",
	  "broken (unverified)",
	  "" },
	{ { STR_INIT("\xe2\x80\xaegpj.exe\x07"), STR_INIT("b@b.example"), { 0 }, { 0 }, { 0 }, { 0 } },
	  WHO_PERSON,
	  "person:b@b.example",
	  "b@b.example",
	  "gpj.exe",
	  "" },
};

static void writers_are_told_apart(void **state)
{
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		OWN(arena) a = ARENA;
		struct who w;

		who_wrote(&writers[i].in, &a, &w);
		assert_int_equal(w.kind, writers[i].kind);
		assert_true(str_eq(w.key, str_c(writers[i].key)));
		assert_true(str_eq(w.address, str_c(writers[i].address)));
		if (!str_eq(w.display, str_c(writers[i].display)))
			fail_msg("%.*s", STR_ARG(w.display));
		assert_true(str_eq(w.reply_to, str_c(writers[i].reply_to)));
	}
}

static const struct {
	const char *name, *address, *want;
} names[] = {
	{ "Bob", "b@b.example", "Bob" },
	{ " \t ", "b@b.example", "b at b.example" },
	{ "", "", "" },
	{ "a\x01\r\n\tb", "", "a b" },
	{ "bob@b.example", "", "bob at b.example" },
	{ "bob\xef\xbc\xa0"
	  "b.example",
	  "", "bob at b.example" },
	{ "bob\xef\xb9\xab"
	  "b.example",
	  "", "bob at b.example" },
	{ "\xe2\x80\xae"
	  "abc\xe2\x81\xa9",
	  "", "abc" },
	{ "a\xc2\x85"
	  "b\xe2\x80\xa8"
	  "c\xef\xbb\xbf"
	  "d\xd8\x9c"
	  "e",
	  "", "abcde" },
	{ "\xe2\x80\x8b", "b@b.example", "b at b.example" },
	{ "a\xff"
	  "b\xc3",
	  "",
	  "a\xef\xbf\xbd"
	  "b\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac", "",
	  "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac" },
};

/* Promise 6: a name can be neither followed as an address nor read as something else than it is. */
static void promise_6_names_are_only_names(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		OWN(arena) a = ARENA;
		struct str got = display_name(str_c(names[i].name), str_c(names[i].address), &a);

		if (!str_eq(got, str_c(names[i].want)))
			fail_msg("%zu: \"%.*s\"", i, STR_ARG(got));
	}
}

static void names_are_cut_between_characters(void **state)
{
	static const struct {
		const char *character;
		size_t bytes;
	} cases[] = { { "x", 100 }, { "\xc3\xa9", 200 }, { "\xe4\xbe\x8b", 300 }, { "@", 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(arena) a = ARENA;
		OWN(buf) name = BUF(4096);
		struct str s;

		for (int k = 0; k < 300; k++)
			buf_addz(&name, cases[i].character);
		s = display_name(buf_str(&name), STR(""), &a);
		assert_true(str_is_utf8(s) && s.n <= 4 * DISPLAY_MAX);
		if (cases[i].bytes)
			assert_int_equal(s.n, cases[i].bytes);
	}
}

static const struct {
	const char *what, *held, *said;
	enum reply_change want;
} replies[] = {
	/* of bob@home.example */
	{ "never any", "", "", REPLY_KEEP },
	{ "the same", "answers@desk.example", "Answers@Desk.example", REPLY_KEEP },
	{ "its own, said", "", "BOB@home.example", REPLY_KEEP },
	{ "its own, said again", "answers@desk.example", "bob@home.example", REPLY_TAKE },
	{ "its own again", "answers@desk.example", "", REPLY_TAKE },
	{ "somewhere else at first", "", "answers@desk.example", REPLY_ASK },
	{ "somewhere else later", "answers@desk.example", "evil@evil.example", REPLY_ASK },
	{ "the same provider", "", "bob.evil@home.example", REPLY_ASK },
	{ "the provider of the place held", "answers@desk.example", "evil@desk.example", REPLY_ASK },
	{ "another name of the same mailbox", "", "bob+shop@home.example", REPLY_TAKE },
	{ "the next ticket", "ticket+1@desk.example", "ticket+2@desk.example", REPLY_TAKE },
	{ "without the ticket", "ticket+1@desk.example", "ticket@desk.example", REPLY_TAKE },
	{ "another's ticket", "ticket+1@desk.example", "ticket+1@evil.example", REPLY_ASK },
	{ "no name before the plus", "+1@desk.example", "+2@desk.example", REPLY_ASK },
	{ "a subdomain", "", "bob@mail.home.example", REPLY_ASK },
	{ "unreadable", "", "bob", REPLY_ASK },
	{ "a quoted at sign", "", "\"bob@home.example\"@evil.example", REPLY_ASK },
};

/* A forged From moves no answers. */
static void answers_stay_where_they_went(void **state)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		OWN(arena) a = ARENA;
		enum reply_change got = reply_to_judge(STR("Bob@home.example"), str_c(replies[i].held),
		                                       str_c(replies[i].said), &a);

		if (got != replies[i].want)
			fail_msg("%s: %d", replies[i].what, got);
	}
}

static const struct {
	const char *what, *from, *list, *sender;
	const char *keys[BLOCK_KEYS_MAX];
} blockers[] = {
	{ "at RCPT",
	  NULL,
	  "",
	  "Bounce@News.Shop.example",
	  { "person:bounce@news.shop.example", "domain:news.shop.example", "domain:shop.example" } },
	{ "the null sender", NULL, "", "", { NULL } },
	{ "the same in both",
	  "Bob@home.example",
	  "",
	  "bob@home.example",
	  { "person:bob@home.example", "domain:home.example" } },
	{ "read, with another envelope",
	  "bob@home.example",
	  "",
	  "b@mta.example",
	  { "person:bob@home.example", "person:b@mta.example", "domain:home.example",
	    "domain:mta.example" } },
	{ "a list is itself and not its poster",
	  "bob@home.example",
	  "<announce.example.org>",
	  "l@lists.example.org",
	  { "list:announce.example.org", "person:l@lists.example.org", "domain:home.example",
	    "domain:lists.example.org", "domain:example.org" } },
	{ "nobody to be read", "", "", "b@mta.example", { "person:b@mta.example", "domain:mta.example" } },
	{ "many labels",
	  "a@1.2.3.4.5.6.7.8.example",
	  "",
	  "",
	  { "person:a@1.2.3.4.5.6.7.8.example", "domain:4.5.6.7.8.example", "domain:5.6.7.8.example",
	    "domain:6.7.8.example", "domain:7.8.example", "domain:8.example" } },
};

static void whoever_wrote_is_looked_for_under_each_name(void **state)
{
	for (size_t i = 0; i < sizeof(blockers) / sizeof(blockers[0]); i++) {
		const struct who_facts facts = { .from = str_c(blockers[i].from),
			                         .list_id = str_c(blockers[i].list) };
		struct str keys[BLOCK_KEYS_MAX];
		OWN(arena) a = ARENA;
		struct who w;
		size_t n;

		who_wrote(&facts, &a, &w);
		n = block_keys(blockers[i].from ? &w : NULL, str_c(blockers[i].sender), &a, keys);
		for (size_t k = 0; k < n || blockers[i].keys[k]; k++)
			if (k >= n || !str_eq(keys[k], str_c(blockers[i].keys[k])))
				fail_msg("%s: %zu: %.*s", blockers[i].what, k,
				         STR_ARG(k < n ? keys[k] : STR("-")));
	}
}

/* Promise 6: who is blocked hears at RCPT what everybody hears. */
static void promise_6_blocked_reads_like_unknown(void **state)
{
	struct verdict u = alias_unknown(), b = block_refused(false);

	assert_true(b.smtp == u.smtp && b.kind == u.kind);
	assert_string_equal(b.sentence, u.sentence);
	assert_string_equal(b.enhanced, u.enhanced);
	assert_int_equal(block_refused(true).smtp, 550);
	assert_int_equal(block_dropped().kind, VERDICT_DROP);
}

static const struct {
	const char *what, *allow, *deny, *local;
	bool want;
} caught[] = {
	{ "no patterns", "", "", "anything", true },
	{ "denied", "", "spam*", "spammer", false },
	{ "not denied", "", "spam*", "nospam", true },
	{ "allowed", "shop-*", "", "shop-7", true },
	{ "the whole name counts", "shop-*", "", "myshop-7", false },
	{ "a star may be empty", "shop-*", "", "shop-", true },
	{ "deny goes first", "*", "*", "x", false },
	{ "the second of several", "a b?d c*", "", "bxd", true },
	{ "one character, no fewer", "b?d", "", "bd", false },
	{ "stars that must go on", "*ab*ab", "", "abxabab", true },
	{ "stars that never end", "a*a*a*a*a*a*a*a*b", "",
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "the relay's own", "*", "", "bounce+abc", false },
	{ "quoted", "*", "", "\"a b\"", false },
	{ "a percent hack", "*", "", "user%other.example", false },
	{ "beyond ASCII", "*", "", "\xc3\xbc", false },
	{ "nothing", "*", "", "", false },
	{ "a pattern in the name", "shop-*", "", "shop-*", false },
	{ "65 characters", "*", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  false },
};

static void a_catch_all_takes_what_its_rule_says(void **state)
{
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		struct catch_rule r = { true, str_c(caught[i].allow), str_c(caught[i].deny) };

		if (catch_allows(&r, str_c(caught[i].local)) != caught[i].want)
			fail_msg("%s", caught[i].what);
		r.on = false;
		assert_false(catch_allows(&r, str_c(caught[i].local)));
	}
}

static void patterns_are_kept_in_one_form_or_refused(void **state)
{
	static const struct {
		const char *written, *kept;
		int want;
	} cases[] = {
		{ "", "", OK },
		{ " Shop-*, NEWS?  x ", "shop-* news? x", OK },
		{ "a@b", "", FAIL_SYNTAX },
		{ "(a|b)", "", FAIL_SYNTAX },
		{ "a\tb", "", FAIL_SYNTAX },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33",
		  "", FAIL_LIMIT },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", FAIL_LIMIT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) b = BUF(4096);

		if (catch_patterns(str_c(cases[i].written), &b, NULL) != cases[i].want)
			fail_msg("%s", cases[i].written);
		if (cases[i].want == OK)
			assert_true(str_eq(buf_str(&b), str_c(cases[i].kept)));
	}
}

#define DAYS(n) ((n) * (int64_t)DAY_S)

static const struct {
	const char *what;
	struct expiry_facts facts; /* created, last_used, used, expires_at, idle_days, count_left, told */
	enum expiry_what want;
	int64_t cause, told;
} ends[] = {
	{ "never", { 0, 0, 0, 0, 0, -1, 0 }, EXPIRY_NOTHING, 0, 0 },
	{ "long before its date", { 0, 0, 0, NOW + DAYS(7) + 1, 0, -1, 0 }, EXPIRY_NOTHING, 0, 0 },
	{ "a week before", { 0, 0, 0, NOW + DAYS(7), 0, -1, 0 }, EXPIRY_SOON, TOLD_DATE, TOLD_DATE },
	{ "told of it", { 0, 0, 0, NOW + DAYS(7), 0, -1, TOLD_DATE }, EXPIRY_NOTHING, 0, TOLD_DATE },
	{ "a quarter of a short life",
	  { NOW - 75, 0, 0, NOW + 25, 0, -1, 0 },
	  EXPIRY_SOON,
	  TOLD_DATE,
	  TOLD_DATE },
	{ "before it", { NOW - 74, 0, 0, NOW + 26, 0, -1, 0 }, EXPIRY_NOTHING, 0, 0 },
	{ "on its date", { 0, 0, 0, NOW, 0, -1, TOLD_DATE }, EXPIRY_ENDED, TOLD_DATE, TOLD_DATE | TOLD_END },
	{ "told of the end", { 0, 0, 0, NOW, 0, -1, TOLD_END }, EXPIRY_NOTHING, 0, TOLD_END },
	{ "idle, a week before", { 0, NOW - DAYS(53), 9, 0, 60, -1, 0 }, EXPIRY_SOON, TOLD_IDLE, TOLD_IDLE },
	{ "idle, before that", { 0, NOW - DAYS(53) + 1, 9, 0, 60, -1, 0 }, EXPIRY_NOTHING, 0, 0 },
	{ "never used, soon", { NOW - DAYS(3), 0, 0, 0, 4, -1, 0 }, EXPIRY_SOON, TOLD_IDLE, TOLD_IDLE },
	{ "idle too long",
	  { 0, NOW - DAYS(4), 0, 0, 4, -1, TOLD_IDLE },
	  EXPIRY_ENDED,
	  TOLD_IDLE,
	  TOLD_IDLE | TOLD_END },
	{ "three left", { 0, 1, 9, 0, 0, 3, 0 }, EXPIRY_SOON, TOLD_COUNT, TOLD_COUNT },
	{ "four left", { 0, 1, 9, 0, 0, 4, 0 }, EXPIRY_NOTHING, 0, 0 },
	{ "made for two", { 0, 0, 0, 0, 0, 2, 0 }, EXPIRY_NOTHING, 0, 0 },
	{ "none left", { 0, 1, 9, 0, 0, 0, TOLD_COUNT }, EXPIRY_ENDED, TOLD_COUNT, TOLD_COUNT | TOLD_END },
	{ "two causes soon are one word",
	  { 0, 1, 9, NOW + 5, 0, 1, 0 },
	  EXPIRY_SOON,
	  TOLD_DATE,
	  TOLD_DATE | TOLD_COUNT },
	{ "an end goes before what is soon",
	  { 0, 1, 9, NOW + 5, 0, 0, 0 },
	  EXPIRY_ENDED,
	  TOLD_COUNT,
	  TOLD_DATE | TOLD_END },
};

static void ends_are_told_once_before_and_once_after(void **state)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct expiry_facts again = ends[i].facts;
		struct expiry e = expiry_judge(&again, NOW);

		if (e.what != ends[i].want || (e.what && e.cause != (enum expiry_told)ends[i].cause) ||
		    e.told != ends[i].told)
			fail_msg("%s: %d %d %d", ends[i].what, e.what, e.cause, (int)e.told);
		again.told = e.told;
		assert_int_equal(expiry_judge(&again, NOW).what, EXPIRY_NOTHING);
	}
}

static const struct {
	const char *what;
	struct quota most, used;
	uint64_t bytes;
	int smtp;
} quotas[] = {
	{ "no bound", { { 0, 0, 0, 0 } }, { { 9, 9, 9, 9 } }, 1 << 20, 250 },
	{ "the last of the hour", { { 5, 0, 0, 0 } }, { { 4, 40, 0, 0 } }, 10, 250 },
	{ "one more", { { 5, 0, 0, 0 } }, { { 5, 5, 0, 0 } }, 10, 452 },
	{ "the day's", { { 0, 5, 0, 0 } }, { { 0, 5, 0, 0 } }, 10, 452 },
	{ "bytes that fit", { { 0, 0, 100, 0 } }, { { 1, 1, 90, 90 } }, 10, 250 },
	{ "bytes that do not", { { 0, 0, 100, 0 } }, { { 1, 1, 91, 91 } }, 10, 452 },
	{ "bytes of the day", { { 0, 0, 0, 100 } }, { { 1, 1, 0, 91 } }, 10, 452 },
	{ "of a size not known yet", { { 0, 0, 0, 100 } }, { { 1, 1, 0, 100 } }, 0, 250 },
	{ "larger than any day", { { 0, 0, 0, 100 } }, { { 0, 0, 0, 0 } }, 101, 552 },
	{ "larger than any hour, full", { { 1, 0, 100, 0 } }, { { 1, 1, 0, 0 } }, 101, 552 },
	{ "a size that overflows",
	  { { 0, 0, 0, INT64_MAX } },
	  { { 0, 0, 0, INT64_MAX - 1 } },
	  UINT64_MAX,
	  452 },
};

static void quotas_hold_mail_and_lose_none(void **state)
{
	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
		struct verdict v = quota_judge(&quotas[i].most, &quotas[i].used, quotas[i].bytes);

		if (v.smtp != quotas[i].smtp || (v.kind == VERDICT_ACCEPT) != (v.smtp == 250))
			fail_msg("%s: %d", quotas[i].what, v.smtp);
	}
}

static void an_own_quota_goes_before_the_operators(void **state)
{
	const struct quota own = { { QUOTA_DEFAULT, QUOTA_NONE, 7, QUOTA_DEFAULT } },
	                   all = { { 1, 2, 3, 0 } };
	const struct quota unbound = { { 0, 0, 0, 0 } };
	struct quota q = quota_of(&own, &all);

	assert_int_equal(q.n[MESSAGES_HOUR], 1);
	assert_int_equal(q.n[MESSAGES_DAY], 0);
	assert_int_equal(q.n[BYTES_HOUR], 7);
	assert_int_equal(q.n[BYTES_DAY], 0);
	assert_true(quota_is_bound(&q));
	assert_false(quota_is_bound(&unbound));
}

static void floods_are_past_their_bound(void **state)
{
	assert_false(quota_past(0, 1000000));
	assert_false(quota_past(60, 60));
	assert_true(quota_past(60, 61));
	assert_false(quota_past(60, -1));
}

/* Every row has a reason, no name stands twice, and what is not listed goes. */
static void the_header_table_is_whole(void **state)
{
	static const char *const dangerous[] = { "Disposition-Notification-To",
		                                 "Return-Receipt-To",
		                                 "Mail-Followup-To",
		                                 "Sender",
		                                 "Errors-To",
		                                 "List-Post",
		                                 "Autocrypt",
		                                 "X-Anything",
		                                 "Resent-From" };

	for (const struct field_row *r = field_rows; r->name; r++) {
		assert_true(r->reason && r->reason[0]);
		assert_ptr_equal(field_row(str_c(r->name)), r);
	}
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++)
		assert_int_equal(field_row(str_c(dangerous[i]))->rule, FIELD_DROP);
}

static void retries_follow_the_schedule(void **state)
{
	const uint32_t waits[] = { 60, 600, 3600 };

	for (int tries = 0; tries < 6; tries++) {
		int64_t want = waits[tries < 3 ? tries : 2];

		for (unsigned dice = 0; dice < 65536; dice += 257) {
			int64_t wait = retry_at(waits, 3, tries, NOW, (uint16_t)dice) - NOW;

			assert_true(wait >= want - want / 10 - 1 && wait <= want + want / 10 + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_1_alias_verdicts_fail_closed),
		cmocka_unit_test(promise_1_one_mailbox_without_a_key_fails_all),
		cmocka_unit_test(promise_6_gone_reads_like_unknown),
		cmocka_unit_test(writers_are_told_apart),
		cmocka_unit_test(promise_6_names_are_only_names),
		cmocka_unit_test(names_are_cut_between_characters),
		cmocka_unit_test(answers_stay_where_they_went),
		cmocka_unit_test(whoever_wrote_is_looked_for_under_each_name),
		cmocka_unit_test(promise_6_blocked_reads_like_unknown),
		cmocka_unit_test(a_catch_all_takes_what_its_rule_says),
		cmocka_unit_test(patterns_are_kept_in_one_form_or_refused),
		cmocka_unit_test(ends_are_told_once_before_and_once_after),
		cmocka_unit_test(quotas_hold_mail_and_lose_none),
		cmocka_unit_test(an_own_quota_goes_before_the_operators),
		cmocka_unit_test(floods_are_past_their_bound),
		cmocka_unit_test(the_header_table_is_whole),
		cmocka_unit_test(retries_follow_the_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
