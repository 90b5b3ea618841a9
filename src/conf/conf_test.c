#include "conf/conf.h"
#include "conf/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct conf_init init = { STR_INIT("relay.example"),  STR_INIT("127.0.0.1:2525"),
	                               STR_INIT("127.0.0.1:2526"), STR_INIT("state"),
	                               STR_INIT("127.0.0.1:8080"), STR_INIT("https://relay.example") };

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

#define LONG                                                                                                 \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjj" \
	"jj"
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
	{ GOOD "[submission]\nlisten = 0.0.0.0:587\n",
	  "t.conf: submission.listen: passwords are taken under TLS alone" },
	{ GOOD "[submission]\ntls_listen = 0.0.0.0:465\n",
	  "t.conf: submission.tls_listen: passwords are taken under TLS alone: set smtp.tls_certificate and "
	  "smtp." },
	{ GOOD "[submission]\nlisten = everywhere\n", "t.conf:6: submission.listen: everywhere: " },
	{ GOOD "[smtp]\ntls_key = x\n", "t.conf: smtp.tls_certificate and smtp.tls_key: set both" },
	{ "[domains]\nrelay = m\xc3\xbcller.example\n",
	  "t.conf:2: domains.relay: m\xc3\xbcller.example: write it as an A-label" },
	{ "[domains]\nrelay = nodot\n", "t.conf:2: domains.relay: nodot is not a domain name" },
	{ GOOD "nonsense\n", "t.conf:5: is neither [section] nor KEY = VALUE" },
	{ GOOD "nonsense\n[smtp]\nrecipients = many\n", "t.conf:5: is neither [section]" },
	{ GOOD "[smtp]\nrecipients = 5\nnonsense\nrecipients = many\n", "t.conf:7: is neither [section]" },
	{ GOOD "[smtp]\nrecipients = 5\n\nrecipients = 6\n",
	  "t.conf:8: smtp.recipients: is set in line 6 already: delete" },
	{ GOOD "[smtp]\n  recipients = 5\n  errors = many\n",
	  "t.conf:7: smtp.errors: many is not a number: write" },
	{ GOOD "[smpt]\nrecipients = 5\n", "t.conf:6: [smpt]: there is no such section: see" },
	{ GOOD "[routes.mailbox]\nexample = 127.0.0.1:25\n", "t.conf:6: [routes.mailbox]: there is no such" },
	{ "relay = relay.example\n" GOOD, "t.conf:1: relay: stands before the first [section]: move" },
	{ GOOD "default = 127.0.0.1:26\n", "t.conf:5: routes.default: is set already: delete" },
	{ GOOD "mailbox = 127.0.0.1:26\n", "t.conf:5: routes.mailbox: mailbox is not a domain name: write" },
	{ GOOD "m\xc3\xbcller.example = 127.0.0.1:26\n", "t.conf:5: routes.m\xc3\xbcller.example: m" },
	{ "[domains]\nrelay = relay..example\n", "t.conf:2: domains.relay: relay..example is not a domain" },
	{ "[domains]\nrelay = -relay.example\n", "t.conf:2: domains.relay: -relay.example is not a domain" },
	{ "[domains]\nrelay = a.example,\n", "t.conf:2: domains.relay:  is not a domain name: write it as" },
	{ GOOD "[server]\nhostname = a b.example\n",
	  "t.conf:6: server.hostname: a b.example is not a domain" },
	{ GOOD "[server]\nstate_dir =\n", "t.conf:6: server.state_dir: is empty; without it the default is" },
	{ GOOD "[server]\nlog_level = info\001\n", "t.conf:6: a control character: delete it" },
	{ GOOD "[smtp]\ncommand = 2h\n", "t.conf:6: smtp.command: 2h is not between 1 and 3600 seconds" },
	{ GOOD "[smtp]\nmessage_bytes = 1GiB\n",
	  "t.conf:6: smtp.message_bytes: 1GiB is not between 65536 and" },
	{ GOOD "[smtp]\nmemory_bytes = 1MiB\n", "t.conf: smtp.memory_bytes: less than smtp.message_bytes" },
	{ GOOD "[server]\nstate_dir = /" LONG "\n",
	  "t.conf: server.control_socket: a socket's path has at most" },
	{ GOOD "[server]\nstate_dir = /" LONG LONG "\n",
	  "t.conf:6: a line has at most 197 bytes: lists go on" },
	{ GOOD "mailbox.example = here\n", "t.conf:5: routes.mailbox.example: here:" },
	{ GOOD "mailbox.example = smtp.example:0\n",
	  "t.conf:5: routes.mailbox.example: smtp.example:0: wanted" },
	{ GOOD "[route default]\ntls = always\n",
	  "t.conf:6: [route default] tls: always is none of none|may|encrypt|verify" },
	{ GOOD "[route default]\ntsl = verify\n",
	  "t.conf:6: [route default] tsl: there is no such key: see" },
	{ GOOD "[route default]\ntls = may\ntls = may\n", "t.conf:7: [route default] tls: is set already" },
	{ GOOD "[route default]\nto = mx\n", "t.conf:6: routes.default: is set already: delete" },
	{ GOOD "[route default]\npace = 2h\n",
	  "t.conf:6: [route default] pace: 2h is not between 0 and 3600" },
	{ GOOD "[route mailbox]\nto = mx\n", "t.conf:6: routes.mailbox: mailbox is not a domain name" },
	{ GOOD "[route m.example]\ntls = verify\n",
	  "t.conf:6: [route m.example] to: missing; name the server" },
	{ GOOD "[route default]\ntls_name = mx.example\n",
	  "t.conf:4: [route default] tls_name and tls_ca: only" },
	{ GOOD "[route default]\nuser = me\n", "t.conf:4: [route default] user and password_file: set both" },
	{ GOOD "[route default]\ntls_key = k\n",
	  "t.conf:4: [route default] tls_certificate and tls_key: set" },
	{ GOOD "[route default]\ntls = none\ntls_key = k\ntls_certificate = c\n",
	  "t.conf:4: [route default] tls_certificate: is never shown" },
	{ GOOD "[route m.example]\nto = smtp.example:25\ntls = none\nuser = me\npassword_file = p\n",
	  "t.conf:6: [route m.example] user: the password would go in clear: set tls = verify" },
	{ GOOD "[route m.example]\nto = mx\nuser = me\npassword_file = p\n",
	  "t.conf:6: [route m.example] user: a password is for one server" },
	{ GOOD "[route m.example]\nto = unix:/x\ntls = verify\n",
	  "t.conf:6: [route m.example] tls_name: missing" },
	{ GOOD "[reply]\ntrusted_hosts = 127.0.0.1, mail.example\n",
	  "t.conf:6: reply.trusted_hosts: mail.example: wanted an address, as 192.0.2.25" },
	{ GOOD "[reply]\ntrusted_hosts = 127.0.0.1:25\n",
	  "t.conf:6: reply.trusted_hosts: 127.0.0.1:25: wanted" },
	{ GOOD "[reply]\ntrusted_hosts = 192.0.2.0/24\n",
	  "t.conf:6: reply.trusted_hosts: 192.0.2.0/24: wanted" },
	{ GOOD "[dns]\nresolver = 127.0.0.1, dns.example\n",
	  "t.conf:6: dns.resolver: dns.example: wanted an address, as 127.0.0.1" },
	{ GOOD "[route aaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb.example]\nto = mx\n",
	  "t.conf:5: a section's name has at most 49 bytes" },
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

/* inih alone would cut the long ones in two, and read the rest of the comment as a key. */
static void what_people_write_is_read(void **state)
{
	static const char text[] =
	        "\xef\xbb\xbf# a comment of more than a line: " LONG LONG "recipients = 7\r\n"
	        "[domains]\r\n"
	        "  relay = A.Example,\tb.example\r\n"
	        "relay = c.example ; and one more\n"
	        "[smtp]\n"
	        "listen = 127.0.0.1:25\n"
	        "listen = [::1]:25, unix:/run/x\n"
	        "tls_key =\n"
	        "message_bytes = 64 KiB\n"
	        "[server]\nhostname = MX.Example\n"
	        "[routes]\n"
	        "Mailbox.Example=127.0.0.1:27\n"
	        "default = 127.0.0.1:25";
	OWN(arena) a = ARENA;
	struct fail f = { 0 };
	struct conf c;

	if (conf_parse(str_c(text), "t.conf", "/", &a, &c, &f) < 0)
		fail_msg("%s", f.why);
	assert_int_equal(c.n_domains, 3);
	assert_true(str_eq(c.domains[0], STR("a.example")) && str_eq(c.domains[2], STR("c.example")));
	assert_int_equal(c.listen.n, 3);
	assert_true(str_eq(c.listen.at[2], STR("unix:/run/x")));
	assert_int_equal(c.message_bytes, 65536);
	assert_int_equal(c.recipients, 100);
	assert_true(!c.tls_key.n && str_eq(c.hostname, STR("mx.example")));
	assert_true(str_eq(conf_route(&c, STR("mailbox.example")), STR("127.0.0.1:27")));
}

static void routes_are_read_with_their_options(void **state)
{
	static const char text[] =
	        GOOD "direct.example = mx\n"
	             "[route Mailbox.Example]\n"
	             "to = smtp.example:587\ntls = verify\ntls_ca = ca.pem\nuser = me@mailbox.example\n"
	             "password_file = /etc/x\nconnections = 3\npace = 2s\n"
	             "[route default]\ntls = none\n"
	             "[dns]\nresolver = 127.0.0.1, ::1\nresolver = [::1]:5353, 127.0.0.1:54\n";
	OWN(arena) a = ARENA;
	struct fail f = { 0 };
	const struct conf_route *r;
	struct conf_target t;
	struct conf c;

	if (conf_parse(str_c(text), "t.conf", "/etc/postern", &a, &c, &f) < 0)
		fail_msg("%s", f.why);
	assert_int_equal(c.n_routes, 3);
	r = conf_route_of(&c, STR("MAILBOX.example"));
	assert_true(str_eq(r->name, STR("mailbox.example")) && str_eq(r->to, STR("smtp.example:587")));
	assert_true(str_eq(r->tls_ca, STR("/etc/postern/ca.pem")) && str_eq(r->password_file, STR("/etc/x")));
	assert_true(str_eq(r->user, STR("me@mailbox.example")));
	assert_int_equal(r->connections, 3);
	assert_int_equal(r->pace_s, 2);
	r = conf_route_of(&c, STR("other.example"));
	assert_true(str_eq(r->tls, STR("none")) && str_eq(r->to, STR("127.0.0.1:25")));
	r = conf_route_of(&c, STR("direct.example"));
	assert_true(str_eq(r->tls, STR("may")));
	assert_int_equal(conf_target(r->to, &t, &f), OK);
	assert_int_equal(t.kind, CONF_TARGET_MX);
	assert_true(conf_needs_dns(&c));
	assert_int_equal(c.n_resolvers, 4);
	assert_true(str_eq(c.resolvers[1], STR("[::1]:53")) && str_eq(c.resolvers[3], STR("127.0.0.1:54")));
}

static void resolvers_are_the_systems_unless_said(void **state)
{
	static const struct {
		const char *text;
		struct str says[2];
		size_t n;
	} cases[] = {
		{ "", { STR_INIT("127.0.0.1:53") }, 1 },
		{ "search example\n# nameserver 192.0.2.9\nnameserver 192.0.2.1\n",
		  { STR_INIT("192.0.2.1:53") },
		  1 },
		{ "nameserver\t2001:db8::1 \nnameserver fe80::1%eth0\noptions edns0\nnameserver 192.0.2.1",
		  { STR_INIT("[2001:db8::1]:53"), STR_INIT("192.0.2.1:53") },
		  2 },
		{ "nameserver\nnameservers 192.0.2.1\nnameserver here\n", { STR_INIT("127.0.0.1:53") }, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(arena) a = ARENA;
		struct conf c = { 0 };

		conf_resolvers_of(&c, str_c(cases[i].text), &a);
		assert_int_equal(c.n_resolvers, cases[i].n);
		for (size_t k = 0; k < c.n_resolvers; k++)
			assert_true(str_eq(c.resolvers[k], cases[i].says[k]));
		conf_resolvers_of(&c, STR("nameserver 192.0.2.77\n"), &a);
		assert_int_equal(c.n_resolvers, cases[i].n);
	}
}

static void a_nul_does_not_end_the_file(void **state)
{
	static const char text[] = GOOD "\0[smtp]\nrecipients = many\n";
	OWN(arena) a = ARENA;
	struct fail f = { 0 };
	struct conf c;

	assert_int_equal(conf_parse(str_of(text, sizeof(text) - 1), "t.conf", "/", &a, &c, &f), FAIL_SYNTAX);
	assert_string_equal(f.why, "t.conf:5: a control character: delete it");
}

static void files_that_are_none_are_told(void **state)
{
	OWN(arena) a = ARENA;
	struct fail f = { 0 };
	struct conf c;

	assert_int_equal(conf_load("/nonexistent/postern.conf", &a, &c, &f), FAIL_ABSENT);
	assert_true(str_starts(str_c(f.why), STR("/nonexistent/postern.conf: ")));
	assert_int_equal(conf_load("/dev/null", &a, &c, &f), FAIL_SYNTAX);
	assert_string_equal(f.why, "/dev/null: not a configuration file");
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
	            str_find(key, STR("tls_key")) < key.n || str_find(key, STR("password")) < key.n;
}

static void a_role_knows_its_own_and_no_more(void **state)
{
	OWN(arena) a = ARENA;
	struct conf c, gate, core;
	struct copy to_gate = { &gate, &a, 0, false }, to_core = { &core, &a, 0, false };

	assert_int_equal(conf_parse(STR(GOOD "m.example = 127.0.0.2:25\n[route default]\nuser = "
	                                     "u\npassword_file = p\n[delivery]\nretry = 1s, 2m\n"),
	                            "t", "/x", &a, &c, NULL),
	                 OK);
	conf_blank(&gate);
	conf_blank(&core);
	conf_for_role(&c, ROLE_GATE, apply, &to_gate);
	conf_for_role(&c, ROLE_CORE, apply, &to_core);
	assert_false(to_gate.secret || to_core.secret);
	assert_int_equal(gate.recipients, c.recipients);
	assert_int_equal(gate.n_routes, 2);
	assert_true(!gate.state_dir.n);
	assert_true(str_eq(conf_route(&core, STR("M.example")), STR("127.0.0.2:25")));
	assert_int_equal(core.n_retry, 2);
	assert_int_equal(core.retry_s[1], 120);
}

struct told {
	struct buf text;
};

static void note(void *self, struct str key, struct str value)
{
	struct told *t = self;

	buf_addf(&t->text, "%.*s=%.*s\n", STR_ARG(key), STR_ARG(value));
}

/* What a role made of the pairs would be told again in the same words. */
static void every_role_reads_what_it_is_told(void **state)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(65536);
	struct conf c;

	conf_example(&init, &text);
	assert_int_equal(conf_parse(buf_str(&text), "t", "/x", &a, &c, NULL), OK);
	for (enum role r = ROLE_CORE; r <= ROLE_KEYGEN; r++) {
		struct conf own;
		struct copy to = { &own, &a, 0, false };
		struct told first = { BUF(65536) }, second = { BUF(65536) };

		conf_blank(&own);
		conf_for_role(&c, r, apply, &to);
		conf_for_role(&c, r, note, &first);
		conf_for_role(&own, r, note, &second);
		assert_true(to.n >= 1);
		assert_string_equal(first.text.p, second.text.p);
		assert_true(str_find(buf_str(&first.text), STR("server.log_level=info\n")) < first.text.n);
		buf_done(&first.text);
		buf_done(&second.text);
	}
}

/* Where passkeys can be: one row an address of the app. */
static void the_site_of_passkeys(void **state)
{
	static const struct {
		struct str origin;
		const char *site, *why;
	} rows[] = {
		{ STR_INIT("https://relay.example"), "relay.example", "" },
		{ STR_INIT("https://relay.example:8443"), "relay.example", "" },
		{ STR_INIT("http://localhost:8080"), "localhost", "" },
		{ STR_INIT("http://relay.localhost"), "relay.localhost", "" },
		{ STR_INIT("http://relay.example"), NULL, "not https" },
		{ STR_INIT("http://127.0.0.1:8080"), NULL, "IP address" },
		{ STR_INIT("https://192.0.2.1"), NULL, "IP address" },
		{ STR_INIT("https://[2001:db8::1]:8443"), NULL, "IP address" },
		{ STR_INIT("https://Relay.example"), NULL, "lower case" },
		{ STR_INIT("https://relay.example/app"), NULL, "no host name" },
		{ STR_INIT("https://"), NULL, "web.origin" },
		{ STR_INIT("http://notlocalhost"), NULL, "no host name" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str site = STR("");
		struct fail f = { 0 };
		int r = origin_site(rows[i].origin, &site, &f);

		assert_int_equal(r, rows[i].site ? OK : FAIL_DENIED);
		assert_true(str_eq(site, str_c(rows[i].site)));
		assert_true(str_find(str_c(f.why), str_c(rows[i].why)) < str_c(f.why).n || rows[i].site);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_valid),
		cmocka_unit_test(the_site_of_passkeys),
		cmocka_unit_test(errors_name_line_key_and_remedy),
		cmocka_unit_test(what_people_write_is_read),
		cmocka_unit_test(routes_are_read_with_their_options),
		cmocka_unit_test(resolvers_are_the_systems_unless_said),
		cmocka_unit_test(a_nul_does_not_end_the_file),
		cmocka_unit_test(files_that_are_none_are_told),
		cmocka_unit_test(every_role_reads_what_it_is_told),
		cmocka_unit_test(a_role_knows_its_own_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
