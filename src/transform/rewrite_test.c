#include "transform/rewrite.h"

#include "transform/attribution.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { OUT_MAX = 64 << 20, LONG = 1 << 19 };

static const struct str_pair map[] = {
	{ STR_INIT("alice@mailbox.example"), STR_INIT("shop@alias.example") },
	{ STR_INIT("\xc3\xa9lise@mailbox.example"), STR_INIT("shop@alias.example") },
	{ STR_INIT("shop@alias.example"), STR_INIT("") },
	{ STR_INIT("r1@relay.example"), STR_INIT("bob@world.example") },
	{ STR_INIT("not an address"), STR_INIT("x@y.example") },
};
static const struct str own[] = {
	STR_INIT("Alice B. Example"),      STR_INIT("Alice"),        STR_INIT("Ren\xc3\xa9 M\xc3\xbcller"),
	STR_INIT("alice@mailbox.example"), STR_INIT("Example, Lis"), STR_INIT("x")
};
static const struct str words[] = { STR_INIT("laptop.lan") };

static void init(struct rewriter *r, struct arena *a)
{
	const struct scrub_plan plan = { .from_name = STR("Shop"),
		                         .from = STR("shop@alias.example"),
		                         .map = map,
		                         .n_map = COUNT(map),
		                         .own_names = own,
		                         .n_own_names = COUNT(own),
		                         .words = words,
		                         .n_words = COUNT(words) };

	rewriter_init(r, &plan, a);
}

static const struct {
	const char *in, *want;
} addresses[] = {
	{ "alice@mailbox.example", "shop@alias.example" },
	{ "ALICE@Mailbox.Example.", "shop@alias.example." },
	{ "alice+tag@mailbox.example, r1@relay.example", "shop@alias.example, bob@world.example" },
	{ "email=alice@mailbox.example&x", "email=shop@alias.example&x" },
	{ "mailto:alice%40mailbox.example", "mailto:shop@alias.example" },
	{ "u=alice%2540mailbox.example", "u=shop@alias.example" },
	{ "%20alice@mailbox.example", "%20shop@alias.example" },
	{ "mailto%3Aalice%2Bx%40mailbox.example", "mailto%3Ashop@alias.example" },
	{ "\\nalice@mailbox.example", "\\nshop@alias.example" },
	{ "\xc2\xab"
	  "alice@mailbox.example\xc2\xbb",
	  "\xc2\xab"
	  "shop@alias.example\xc2\xbb" },
	{ "\xe7\x88\xb1"
	  "alice@mailbox.example\xe8\xaf\xb4",
	  "\xe7\x88\xb1"
	  "shop@alias.example\xe8\xaf\xb4" },
	{ "alice\xef\xbc\xa0mailbox.example", "shop@alias.example" },
	{ "al\xe2\x80\x8bice@mail\xc2\xad"
	  "box.example",
	  "shop@alias.example" },
	{ "\xc3\xa9lise@mailbox.example", "shop@alias.example" },
	{ "alice@mailbox.example.Thanks", "shop@alias.example.Thanks" },
	{ "_alice@mailbox.example_", "_shop@alias.example_" },
	{ "shop@alias.example", "shop@alias.example" },
	/* somebody else's */
	{ "malice@mailbox.example", "malice@mailbox.example" },
	{ "my.alice@mailbox.example", "my.alice@mailbox.example" },
	{ "an-alice@mailbox.example", "an-alice@mailbox.example" },
	{ "alice@mailbox.example.com", "alice@mailbox.example.com" },
	{ "alice@mailbox.examples", "alice@mailbox.examples" },
	{ "alice@mailbox.example-x", "alice@mailbox.example-x" },
	{ "alice@other.example", "alice@other.example" },
	{ "@mailbox.example @ %40 @@", "@mailbox.example @ %40 @@" },
	{ "", "" },
	/* names */
	{ "Alice B. Example, ALICE EXAMPLE", "Shop, Shop" },
	{ "Example, Alice B. and Example Alice B.", "Shop and Shop" },
	{ "Alice\r\n> Example", "Shop" },
	{ "Alice\xc2\xa0"
	  "Example\xe2\x80\x99s",
	  "Shop\xe2\x80\x99s" },
	{ "rene muller, RENE\xcc\x81 MU\xcc\x88LLER", "Shop, Shop" },
	{ "Lis Example; Example\\, Lis", "Shop; Shop" },
	{ "?body=Alice%20Example%20wrote", "?body=Shop%20wrote" },
	{ "Alice in Wonderland, Malice Example, Alice Examples",
	  "Alice in Wonderland, Malice Example, Alice Examples" },
	{ "on laptop.lan here", "on  here" },
};

static void promise_6_addresses_and_names_in_text(void **state)
{
	OWN(arena) a = ARENA;
	struct rewriter r;

	init(&r, &a);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		OWN(buf) out = BUF(OUT_MAX);

		rewriter_put(&r, str_c(addresses[i].in), false, &out);
		if (!str_eq(buf_str(&out), str_c(addresses[i].want)))
			fail_msg("%s gave %.*s", addresses[i].in, STR_ARG(buf_str(&out)));
		assert_false(rewriter_finds(&r, buf_str(&out)));
	}
}

static const struct {
	const char *in, *want;
} quoted[] = {
	{ "Alice wrote, to Alice.", "Shop wrote, to Shop." },
	{ "alice@other.example https://x.example/alice/ my_alice alice.jpg",
	  "alice@other.example https://x.example/alice/ my_alice alice.jpg" },
	{ "Malice Alice2", "Malice Alice2" },
};

static void promise_6_a_single_word_in_quotations(void **state)
{
	OWN(arena) a = ARENA;
	struct rewriter r;

	init(&r, &a);
	for (size_t i = 0; i < COUNT(quoted); i++) {
		OWN(buf) out = BUF(OUT_MAX);
		OWN(buf) same = BUF(OUT_MAX);

		rewriter_put(&r, str_c(quoted[i].in), true, &out);
		rewriter_put(&r, str_c(quoted[i].in), false, &same);
		if (!str_eq(buf_str(&out), str_c(quoted[i].want)) ||
		    !str_eq(buf_str(&same), str_c(quoted[i].in)))
			fail_msg("%s gave %.*s", quoted[i].in, STR_ARG(buf_str(&out)));
	}
}

static void promise_6_names_of_files(void **state)
{
	static const char *const rows[][2] = {
		{ "CV_Alice_Example.pdf", "CV_Shop.pdf" },
		{ "alice-example-2.pdf", "Shop-2.pdf" },
		{ "alice@mailbox.example.eml", "shop@alias.example.eml" },
		{ "alice.jpg", "alice.jpg" },
	};
	OWN(arena) a = ARENA;
	struct rewriter r;

	init(&r, &a);
	for (size_t i = 0; i < COUNT(rows); i++) {
		OWN(buf) out = BUF(OUT_MAX);

		rewriter_put_file(&r, str_c(rows[i][0]), &out);
		assert_string_equal(out.p, rows[i][1]);
	}
}

/* Past any number of names: none is forgotten. */
static void promise_6_every_name_counts(void **state)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(OUT_MAX);
	OWN(buf) out = BUF(OUT_MAX);
	struct str names[200];
	struct rewriter r;
	struct scrub_plan plan = { .from = STR("shop@alias.example"),
		                   .own_names = names,
		                   .n_own_names = COUNT(names) };

	for (size_t i = 0; i < COUNT(names); i++) {
		OWN(buf) b = BUF(100);

		buf_addf(&b, "Given%zu Family", i);
		names[i] = arena_str(&a, buf_str(&b));
		buf_addf(&text, "Family, Given%zu; ", i);
	}
	rewriter_init(&r, &plan, &a);
	rewriter_put(&r, buf_str(&text), false, &out);
	assert_true(str_find(buf_str(&out), STR("Family")) == out.n);
}

/* ---- what stands above a quotation --------------------------------------------------------------------------------- */

#define Q "\r\n\r\n> hello\r\n"
#define R " <r1@relay.example> "
#define B " <bob@world.example> "

static const struct {
	const char *in, *want;
} lines[] = {
	/* Thunderbird */
	{ "On 26.11.26 17:03, Bob wrote:" Q, "On 26.11.26, Bob wrote:" Q },
	{ "On 11/26/26 5:03 PM, Bob wrote:" Q, "On 11/26/26, Bob wrote:" Q },
	{ "On 11/26/26 5:03\xe2\x80\xafPM, Bob wrote:" Q, "On 11/26/26, Bob wrote:" Q },
	{ "Am 26.11.26 um 17:03 schrieb Bob:" Q, "Am 26.11.26 schrieb Bob:" Q },
	{ "Le 26/11/2026 \xc3\xa0 17:03, Bob a \xc3\xa9"
	  "crit\xc2\xa0:" Q,
	  "Le 26/11/2026, Bob a \xc3\xa9"
	  "crit\xc2\xa0:" Q },
	{ "El 26/11/26 a las 17:03, Bob escribi\xc3\xb3:" Q, "El 26/11/26, Bob escribi\xc3\xb3:" Q },
	{ "Il 26/11/26 17:03, Bob ha scritto:" Q, "Il 26/11/26, Bob ha scritto:" Q },
	{ "Op 26-11-2026 om 17:03 schreef Bob:" Q, "Op 26-11-2026 schreef Bob:" Q },
	{ "W dniu 26.11.2026 o 17:03, Bob pisze:" Q, "W dniu 26.11.2026, Bob pisze:" Q },
	{ "Em 26/11/2026 17:03, Bob escreveu:" Q, "Em 26/11/2026, Bob escreveu:" Q },
	{ "Den 2026-11-26 kl. 17:03, skrev Bob:" Q, "Den 2026-11-26, skrev Bob:" Q },
	/* Apple Mail */
	{ "On 26 Nov 2026, at 17:03,"
	  " Bob" R "wrote:" Q,
	  "On 26 Nov 2026, Bob" B "wrote:" Q },
	{ "On Nov 26, 2026, at 5:03\xe2\x80\xafPM, Bob" R "wrote:" Q, "On Nov 26, 2026, Bob" B "wrote:" Q },
	{ "Am 26.11.2026 um 17:03 schrieb Bob" R ":" Q, "Am 26.11.2026 schrieb Bob" B ":" Q },
	{ "Le 26 nov. 2026 \xc3\xa0 17h03, Bob" R "a \xc3\xa9"
	  "crit :" Q,
	  "Le 26 nov. 2026, Bob" B "a \xc3\xa9"
	  "crit :" Q },
	{ "El 26 nov 2026, a las 5:03 p.\xc2\xa0m., Bob" R "escribi\xc3\xb3:" Q,
	  "El 26 nov 2026, Bob" B "escribi\xc3\xb3:" Q },
	{ "Il giorno 26 nov 2026, alle ore 17.03, Bob" R "ha scritto:" Q,
	  "Il giorno 26 nov 2026, Bob" B "ha scritto:" Q },
	{ "Den 26. nov. 2026 kl. 17.03 skrev Bob" R ":" Q, "Den 26. nov. 2026 skrev Bob" B ":" Q },
	/* Gmail, in one line and in two */
	{ "On Thu, Nov 26, 2026 at 5:03\xe2\x80\xafPM Bob" R "wrote:" Q,
	  "On Thu, Nov 26, 2026 Bob" B "wrote:" Q },
	{ "On Thu, Nov 26, 2026 at 5:03 PM Bob" R "\r\nwrote:" Q,
	  "On Thu, Nov 26, 2026 Bob" B "\r\nwrote:" Q },
	{ "Am Do., 26. Nov. 2026 um 17:03\xc2\xa0Uhr schrieb Bob" R ":" Q,
	  "Am Do., 26. Nov. 2026 schrieb Bob" B ":" Q },
	{ "Em qui., 26 de nov. de 2026 \xc3\xa0s 17:03, Bob" R "escreveu:" Q,
	  "Em qui., 26 de nov. de 2026, Bob" B "escreveu:" Q },
	{ "czw., 26 lis 2026 o 17:03 Bob" R "napisa\xc5\x82(a):" Q,
	  "czw., 26 lis 2026 Bob" B "napisa\xc5\x82(a):" Q },
	{ "Le jeu. 26 nov. 2026 \xc3\xa0 17:03, Bob" R "a \xc3\xa9"
	  "crit :" Q,
	  "Le jeu. 26 nov. 2026, Bob" B "a \xc3\xa9"
	  "crit :" Q },
	/* others */
	{ "On Thu, Nov 26, 2026 at 05:03:12PM +0100, Bob wrote:" Q, "On Thu, Nov 26, 2026, Bob wrote:" Q },
	{ "On Thursday, 26 November 2026 17:03:12 CET Bob wrote:" Q,
	  "On Thursday, 26 November 2026 Bob wrote:" Q },
	{ "26.11.2026, 17:03, \"Bob\"" R ":" Q, "26.11.2026, \"Bob\"" B ":" Q },
	{ "On 2026-11-26T17:03:12+01:00, Bob wrote:" Q, "On 2026-11-26T, Bob wrote:" Q },
	{ "On Thu Nov 26 2026 17:03:12 GMT+0100 (Central European Standard Time), Bob wrote:" Q,
	  "On Thu Nov 26 2026, Bob wrote:" Q },
	{ "Am 26.11.2026 um 17.03 Uhr (MEZ) schrieb Alice:" Q, "Am 26.11.2026 schrieb Shop:" Q },
	/* Outlook, and what is forwarded */
	{ "-----Original Message-----\r\nFrom: Bob" R
	  "\r\nSent: Thursday, November 26, 2026 5:03 PM\r\nTo: Alice\r\nSubject: x\r\n",
	  "-----Original Message-----\r\nFrom: Bob" B
	  "\r\nSent: Thursday, November 26, 2026\r\nTo: Shop\r\nSubject: x\r\n" },
	{ "Von: Bob\r\nGesendet: Donnerstag, 26. November 2026 17:03\r\nAn: Alice\r\n",
	  "Von: Bob\r\nGesendet: Donnerstag, 26. November 2026\r\nAn: Shop\r\n" },
	{ "De : Bob\r\nEnvoy\xc3\xa9 : jeudi 26 novembre 2026 17:03\r\n\xc3\x80 : Alice\r\n",
	  "De : Bob\r\nEnvoy\xc3\xa9 : jeudi 26 novembre 2026\r\n\xc3\x80 : Shop\r\n" },
	{ "*From:* Bob\r\n*Sent:* Thursday, November 26, 2026 5:03 PM\r\n",
	  "*From:* Bob\r\n*Sent:* Thursday, November 26, 2026\r\n" },
	{ "Subject: x\r\nDate: Thu, 26 Nov 2026 17:03:12 +0100\r\nFrom: Bob\r\n",
	  "Subject: x\r\nDate: Thu, 26 Nov 2026\r\nFrom: Bob\r\n" },
	/* what the user wrote */
	{ "Meet me on 26.11.2026 at 17:03.\r\n> ok\r\n", "Meet me on 26.11.2026 at 17:03.\r\n> ok\r\n" },
	{ "The plan for 26.11.2026, from 17:03:\r\n- tea\r\n",
	  "The plan for 26.11.2026, from 17:03:\r\n- tea\r\n" },
	{ "A: on 26.11.2026 at 17:03\r\n", "A: on 26.11.2026 at 17:03\r\n" },
	{ "Lunch at 12:30:\r\n> ok\r\n", "Lunch at 12:30:\r\n> ok\r\n" },
	{ "Version 1.2.30 is out: see 10.30\r\n", "Version 1.2.30 is out: see 10.30\r\n" },
	{ "> Meet me on 26.11.2026 at 17:03\r\n> or not\r\n",
	  "> Meet me on 26.11.2026 at 17:03\r\n> or not\r\n" },
	{ "Sent via DHL, as you asked\r\nAlice in Wonderland\r\n",
	  "Sent via DHL, as you asked\r\nAlice in Wonderland\r\n" },
	{ "-- \r\nflowed \r\ntext\r\n", "-- \r\nflowed \r\ntext\r\n" },
	/* lines that a program adds */
	{ "yes\r\n\r\nSent from my iPhone\r\n", "yes\r\n\r\n" },
	{ "yes\r\n> Sent from my iPhone\r\n", "yes\r\n> Sent from my iPhone\r\n" },
	{ "Von meinem iPhone gesendet", "" },
	/* PGP in the text */
	{ "a\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nx\r\n-----END PGP PUBLIC KEY BLOCK-----\r\nb\r\n",
	  "a\r\nb\r\n" },
	{ "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nyes\r\n- -- \r\n-----BEGIN PGP "
	  "SIGNATURE-----\r\n\r\nx\r\n"
	  "-----END PGP SIGNATURE-----\r\nb\r\n",
	  "yes\r\n-- \r\nb\r\n" },
	{ "-----BEGIN PGP MESSAGE-----\r\nVersion: X\r\nComment: y\r\n\r\nhQEMA\r\n=abcd\r\n-----END PGP "
	  "MESSAGE-----\r\nb: c\r\n",
	  "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n=abcd\r\n-----END PGP MESSAGE-----\r\nb: c\r\n" },
	{ "-----BEGIN PGP SIGNATURE-----\r\nnever closed\r\n", "" },
};

static void promise_6_lines_above_a_quotation(void **state)
{
	OWN(arena) a = ARENA;
	struct rewriter r;
	unsigned bad = 0;

	init(&r, &a);
	for (size_t i = 0; i < COUNT(lines); i++) {
		OWN(buf) out = BUF(OUT_MAX);
		OWN(buf) again = BUF(OUT_MAX);

		rewriter_put_lines(&r, str_c(lines[i].in), &out);
		rewriter_put_lines(&r, buf_str(&out), &again);
		if (str_eq(buf_str(&out), str_c(lines[i].want)) && str_eq(buf_str(&again), buf_str(&out)))
			continue;
		print_error("%s\ngave\n%.*s\n%.*s\n", lines[i].in, STR_ARG(buf_str(&out)),
		            STR_ARG(buf_str(&again)));
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* ---- time ------------------------------------------------------------------------------------------------------------- */

static void repeat(const char *piece, struct buf *out)
{
	buf_clear(out);
	while (out->n < LONG)
		buf_addz(out, piece);
}

static void hostile_text_takes_linear_time(void **state)
{
	static const char *const pieces[] = {
		"@",
		"a@",
		"%40",
		"alice@mailbox.example ",
		"x!alice",
		"a!b!c!d!e@mailbox.example!",
		"Alice ",
		"Alice\xcc\x81",
		"Alice\r\n> ",
		"Given1 ",
		"2026 17:03:\r\n",
		"From: 2026 17:03\r\n",
		"(",
		"17:03 (",
		"\xc2\xad",
		"   ",
		"-----BEGIN PGP SIGNATURE-----\r\n",
		"\\n",
		"%2Ba",
		"+a",
	};
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(OUT_MAX);
	struct str_pair many[1000];
	struct str names[16];
	struct rewriter r;
	struct scrub_plan plan = { .from = STR("shop@alias.example"),
		                   .map = many,
		                   .n_map = COUNT(many),
		                   .own_names = names,
		                   .n_own_names = COUNT(names) };

	for (size_t i = 0; i < COUNT(many); i++) {
		OWN(buf) b = BUF(100);

		buf_addf(&b, "r%zu@relay%zu.example", i, i % 10);
		many[i] = (struct str_pair){ arena_str(&a, buf_str(&b)), STR("bob@world.example") };
	}
	many[0].from = STR("alice@mailbox.example");
	for (size_t i = 0; i < COUNT(names); i++) {
		OWN(buf) b = BUF(100);

		buf_addf(&b, "Given%zu Alice Alice Family", i);
		names[i] = arena_str(&a, buf_str(&b));
	}
	rewriter_init(&r, &plan, &a);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		OWN(buf) out = BUF(OUT_MAX);

		repeat(pieces[i], &text);
		rewriter_put_lines(&r, buf_str(&text), &out);
		assert_false(out.over);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_6_addresses_and_names_in_text),
		cmocka_unit_test(promise_6_a_single_word_in_quotations),
		cmocka_unit_test(promise_6_names_of_files),
		cmocka_unit_test(promise_6_every_name_counts),
		cmocka_unit_test(promise_6_lines_above_a_quotation),
		cmocka_unit_test(hostile_text_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
