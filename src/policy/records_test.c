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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_no_token_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
