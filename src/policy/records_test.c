#include "policy/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum what { OWNERSHIP, MX, SPF, DMARC };

static const struct {
	enum what what;
	struct str found[3];
	enum record_state state;
} cases[] = {
	{ OWNERSHIP, { STR_INIT("other"), STR_INIT("postern-verification=t0ken") }, RECORD_OK },
	{ OWNERSHIP,
	  { STR_INIT("postern-verification=old"), STR_INIT("postern-verification=t0ken") },
	  RECORD_OK },
	{ OWNERSHIP, { STR_INIT("postern-verification=t0ken2") }, RECORD_WRONG },
	{ OWNERSHIP, { STR_INIT("postern-verification=t0ke") }, RECORD_WRONG },
	{ OWNERSHIP, { STR_INIT("postern-verification=") }, RECORD_WRONG },
	{ OWNERSHIP, { STR_INIT("x postern-verification=t0ken") }, RECORD_MISSING },
	{ OWNERSHIP, { STR_INIT("t0ken") }, RECORD_MISSING },
	{ OWNERSHIP, { { 0 } }, RECORD_MISSING },
	{ MX, { STR_INIT("mx.relay.example") }, RECORD_OK },
	{ MX, { STR_INIT("mx.relay.example"), STR_INIT("mx.other.example") }, RECORD_WRONG },
	{ MX, { STR_INIT("notmx.relay.example") }, RECORD_WRONG },
	{ MX, { { 0 } }, RECORD_MISSING },
	{ SPF, { STR_INIT("v=spf1 mx -all") }, RECORD_OK },
	{ SPF, { STR_INIT("V=SPF1 ip4:192.0.2.1 +a:MX.relay.example ~all"), STR_INIT("x") }, RECORD_OK },
	{ SPF, { STR_INIT("v=spf1 -all mx") }, RECORD_WRONG },
	{ SPF, { STR_INIT("v=spf1 -mx ?all") }, RECORD_WRONG },
	{ SPF, { STR_INIT("v=spf1 mx -all"), STR_INIT("v=spf1 mx -all") }, RECORD_WRONG },
	{ SPF, { STR_INIT("v=spf10 mx") }, RECORD_MISSING },
	{ SPF, { STR_INIT("v=spf1") }, RECORD_WRONG },
	{ DMARC, { STR_INIT("v=DMARC1; p=none") }, RECORD_OK },
	{ DMARC, { STR_INIT("v=DMARC1;p=None ; sp=reject") }, RECORD_OK },
	{ DMARC, { STR_INIT("v=DMARC1; p=reject") }, RECORD_WRONG },
	{ DMARC, { STR_INIT("v=DMARC1; p=none"), STR_INIT("v=DMARC1; p=reject") }, RECORD_WRONG },
	{ DMARC, { STR_INIT("v=DMARC12") }, RECORD_MISSING },
};

static void test_states(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct str *of = cases[i].found, host = STR("mx.relay.example");
		enum record_state s = RECORD_UNSURE;
		size_t n = 0;

		while (n < 3 && of[n].n)
			n++;
		if (cases[i].what == OWNERSHIP)
			s = record_ownership(of, n, STR("t0ken"));
		else if (cases[i].what == MX)
			s = record_mx(of, n, host);
		else if (cases[i].what == SPF)
			s = record_spf(of, n, host);
		else
			s = record_dmarc(of, n);
		if (s != cases[i].state)
			fail_msg("case %zu: %d", i, s);
	}
}

/* A claim without a token would be anybody's. */
static void test_no_token_proves_nothing(void **state)
{
	const struct str empty = STR("postern-verification=");

	assert_int_equal(record_ownership(&empty, 1, STR("")), RECORD_WRONG);
}

static void test_what_they_are_to_be(void **state)
{
	static const char *const wanted[RECORD_KINDS] = { "ownership TXT  postern-verification=t0ken",
		                                          "mx MX  10 mx.relay.example",
		                                          "spf TXT  v=spf1 mx -all",
		                                          "dmarc TXT _dmarc. v=DMARC1; p=none" };

	for (enum record r = 0; r < RECORD_KINDS; r++) {
		const struct record_row *row = record_row(r);
		OWN(buf) told = BUF(200);

		buf_addf(&told, "%s %s %s ", row->word, row->type, row->at);
		record_value(r, STR("mx.relay.example"), STR("t0ken"), &told);
		assert_string_equal(told.p, wanted[r]);
	}
}

/* What was not answered, or is not asked for, is not known; each value that is told is good when it is there. */
static void test_judged_together(void **state)
{
	static const struct str txt[] = { STR_INIT("v=spf1 mx -all"),
		                          STR_INIT("postern-verification=t0ken") },
	                        mx[] = { STR_INIT("mx.relay.example") },
	                        dmarc[] = { STR_INIT("v=DMARC1; p=none") };
	static const struct {
		bool no_txt, no_mx, no_dmarc, trusted;
		enum record_state want[RECORD_KINDS];
	} rows[] = {
		{ false, false, false, false, { RECORD_OK, RECORD_OK, RECORD_OK, RECORD_OK } },
		{ true, false, false, false, { RECORD_UNSURE, RECORD_OK, RECORD_UNSURE, RECORD_OK } },
		{ false, true, false, false, { RECORD_OK, RECORD_UNSURE, RECORD_OK, RECORD_OK } },
		{ false, false, true, false, { RECORD_OK, RECORD_OK, RECORD_OK, RECORD_UNSURE } },
		{ false, false, false, true, { RECORD_UNSURE, RECORD_OK, RECORD_OK, RECORD_OK } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct records_found in = {
			txt, mx, dmarc, 2, 1, 1, rows[i].no_txt, rows[i].no_mx, rows[i].no_dmarc
		};
		enum record_state is[RECORD_KINDS];

		records_judge(&in, STR("mx.relay.example"), rows[i].trusted ? STR("") : STR("t0ken"), is);
		for (enum record r = 0; r < RECORD_KINDS; r++)
			if (is[r] != rows[i].want[r])
				fail_msg("case %zu: %s is %s", i, record_row(r)->word, record_word(is[r]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_what_they_are_to_be),
		cmocka_unit_test(test_judged_together),
		cmocka_unit_test(test_no_token_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
