#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct conf_init init = { STR_INIT("relay.example"), STR_INIT("127.0.0.1:2525"),
	                               STR_INIT("127.0.0.1:2526"), STR_INIT("state") };

static void the_example_is_valid(void **state)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(65536);
	struct fail f = { 0 };
	struct conf c;

	conf_example(&init, &text);
	if (conf_parse(buf_str(&text), "postern.conf", "/etc/postern", &a, &c, &f) < 0)
		fail_msg("%s", f.why);
	assert_true(str_eq(c.state_dir, STR("/etc/postern/state")));
	assert_true(str_eq(c.control_socket, STR("/etc/postern/state/control")));
	assert_true(str_eq(c.hostname, STR("relay.example")));
	assert_int_equal(c.message_bytes, 50 << 20);
	assert_int_equal(c.n_retry, 6);
	assert_int_equal(c.retry_s[1], 300);
	assert_true(str_eq(conf_route(&c, STR("x.example")), STR("127.0.0.1:2526")));
}

#define GOOD "[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:25\n"

/* Each names the file, the line, the key and what to do. */
static const struct {
	const char *text, *why;
} errors[] = {
	{ "[routes]\ndefault = 127.0.0.1:25\n", "t.conf: domains.relay: missing" },
	{ "[domains]\nrelay = relay.example\n", "t.conf: routes.default: missing" },
	{ GOOD "[smtp]\nlisten = localhost:25\n",
	  "t.conf:6: smtp.listen: localhost:25: not a numeric address" },
	{ GOOD "[smtp]\nrecipient = 5\n", "t.conf:6: smtp.recipient: there is no such key" },
	{ GOOD "[smtp]\nrecipients = many\n", "t.conf:6: smtp.recipients: many is not a number" },
	{ GOOD "[smtp]\nrecipients = 5000\n", "t.conf:6: smtp.recipients: 5000 is not between 1 and 1000" },
	{ GOOD "[smtp]\nmessage_bytes = 5 potatoes\n",
	  "t.conf:6: smtp.message_bytes: 5 potatoes is not a size" },
	{ GOOD "[smtp]\ncommand = soon\n", "t.conf:6: smtp.command: soon is not a time" },
	{ GOOD "[server]\nlog_level = loud\n",
	  "t.conf:6: server.log_level: loud is none of debug|info|warn|error" },
	{ GOOD "[profiles]\ncritical_constraints = maybe\n",
	  "t.conf:6: profiles.critical_constraints: maybe is neither" },
	{ GOOD "[smtp]\ntls_key = x\n", "t.conf: smtp.tls_certificate and smtp.tls_key: set both" },
	{ "[domains]\nrelay = m\xc3\xbcller.example\n",
	  "t.conf:2: domains.relay: m\xc3\xbcller.example: write it as an A-label" },
	{ "[domains]\nrelay = nodot\n", "t.conf:2: domains.relay: nodot is not a domain name" },
	{ GOOD "nonsense\n", "t.conf:5: neither [section] nor key = value" },
	{ GOOD "mailbox.example = here\n", "t.conf:5: routes.mailbox.example: here:" },
};

static void errors_name_line_key_and_remedy(void **state)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		OWN(arena) a = ARENA;
		struct fail f = { 0 };
		struct conf c;

		assert_int_equal(conf_parse(str_c(errors[i].text), "t.conf", "/", &a, &c, &f), FAIL_SYNTAX);
		if (!str_starts(str_c(f.why), str_c(errors[i].why)))
			fail_msg("got \"%s\", wanted \"%s\"", f.why, errors[i].why);
	}
}

struct copy {
	struct conf *c;
	struct arena *a;
	size_t n;
	bool secret;
};

static void apply(void *self, struct str key, struct str value)
{
	struct copy *k = self;

	assert_int_equal(conf_apply(k->c, key, value, k->a, NULL), OK);
	k->n++;
	k->secret = k->secret || str_find(key, STR("master_key")) < key.n ||
	            str_find(key, STR("tls_key")) < key.n;
}

static void a_role_knows_its_own_and_no_more(void **state)
{
	OWN(arena) a = ARENA;
	struct conf c, gate, core;
	struct copy to_gate = { &gate, &a, 0, false }, to_core = { &core, &a, 0, false };

	assert_int_equal(conf_parse(STR(GOOD "m.example = 127.0.0.2:25\n[delivery]\nretry = 1s, 2m\n"), "t",
	                            "/x", &a, &c, NULL),
	                 OK);
	conf_blank(&gate);
	conf_blank(&core);
	conf_for_role(&c, ROLE_GATE, apply, &to_gate);
	conf_for_role(&c, ROLE_CORE, apply, &to_core);
	assert_false(to_gate.secret || to_core.secret);
	assert_int_equal(gate.recipients, c.recipients);
	assert_int_equal(gate.n_routes, 0);
	assert_true(!gate.state_dir.n);
	assert_true(str_eq(conf_route(&core, STR("M.example")), STR("127.0.0.2:25")));
	assert_int_equal(core.n_retry, 2);
	assert_int_equal(core.retry_s[1], 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_valid),
		cmocka_unit_test(errors_name_line_key_and_remedy),
		cmocka_unit_test(a_role_knows_its_own_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
