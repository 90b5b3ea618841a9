#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { WORDS_MAX = 80 };

/* A line of words with single blanks between; "''" is an empty word. */
static int split(char *line, char **argv)
{
	int n = 0;

	for (char *p = strtok_r(line, " ", &line); p; p = strtok_r(NULL, " ", &line))
		argv[n++] = strcmp(p, "''") == 0 ? p + 2 : p;
	return n;
}

static int read_line(const char *typed, struct cli *c, struct fail *f)
{
	static char line[4096];
	char *argv[WORDS_MAX];

	snprintf(line, sizeof(line), "%s", typed);
	*c = (struct cli){ .conf_path = "default.conf", .control = -1 };
	return cli_read(c, split(line, argv), argv, f);
}

/* What was understood, in one line: words|operands|options|marks. */
static void understood(const struct cli *c, char *out, size_t room)
{
	int n = snprintf(out, room, "%s|", c->command ? c->command->words : c->group ? c->group : "");

	for (int i = 0; i < c->n_operands; i++)
		n += snprintf(out + n, room - (size_t)n, "%s%s", i ? " " : "", c->operands[i]);
	n += snprintf(out + n, room - (size_t)n, "|");
	for (int i = 0; i < c->n_given; i++)
		n += snprintf(out + n, room - (size_t)n, "%s%s=%s", i ? " " : "", c->given[i].name,
		              c->given[i].value);
	snprintf(out + n, room - (size_t)n, "|%s%s%s", c->json ? "j" : "", c->help ? "h" : "",
	         c->conf_given ? c->conf_path : "");
}

static void what_is_typed_is_understood(void **state)
{
	static const struct {
		const char *typed, *want;
	} cases[] = {
		{ "version", "version|||" },
		{ "user add alice", "user add|alice||" },
		{ "profile list", "profile list|||" },
		{ "-c x.conf user list --json", "user list|||jx.conf" },
		{ "--config=x.conf --json user list", "user list|||jx.conf" },
		{ "user --json list -c x.conf", "user list|||jx.conf" },
		{ "alias add alice --label=a=b x@y.example", "alias add|alice x@y.example|label=a=b|" },
		{ "alias add alice --label -- x@y.example", "alias add|alice x@y.example|label=--|" },
		{ "alias set x@y.example --label ''", "alias set|x@y.example|label=|" },
		{ "alias set x@y.example --lab z --e never", "alias set|x@y.example|label=z expires=never|" },
		{ "alias add a --mailbox x@y.example --mailbox z@y.example",
		  "alias add|a|mailbox=x@y.example mailbox=z@y.example|" },
		{ "user add -- -x", "user add|-x||" },
		{ "user add -", "user add|-||" },
		{ "user add -- --json", "user add|--json||" },
		{ "profile issue a@b.example --no-activate --out d",
		  "profile issue|a@b.example|no-activate= out=d|" },
		{ "init --state /x", "init||state-dir=/x|" },
		{ "--help", "|||h" },
		{ "-h", "|||h" },
		{ "help", "|||h" },
		{ "user --help", "user|||h" },
		{ "help user", "user|||h" },
		{ "user add --help", "user add|||h" },
		{ "help user add", "user add|||h" },
		{ "alias add --he --domain x.example", "alias add||domain=x.example|h" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[512];
		struct fail f = { 0 };
		struct cli c;

		if (read_line(cases[i].typed, &c, &f) < 0)
			fail_msg("%s: %s", cases[i].typed, f.why);
		understood(&c, got, sizeof(got));
		for (int k = c.n_operands; k < CLI_ARGS_MAX; k++)
			assert_null(c.operands[k]);
		/* The words that name a group stay among the operands: nobody reads them. */
		if (c.help && !c.command && c.group)
			snprintf(got, sizeof(got), "%s|||h", c.group);
		assert_string_equal(got, cases[i].want);
	}
}

static void what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *typed, *why;
	} cases[] = {
		{ "nonsense", "there is no command nonsense: see `postern --help`" },
		{ "user", "user wants another word: see `postern user --help`" },
		{ "user nonsense", "there is no command user nonsense: see `postern user --help`" },
		{ "user nonsense --help", "there is no command user nonsense: see" },
		{ "user --label x", "user wants another word: see" },
		{ "config", "config wants another word: see `postern config --help`" },
		{ "user add", "usage: postern user add NAME" },
		{ "user add a b", "usage: postern user add NAME" },
		{ "user list x", "usage: postern user list" },
		{ "serve --port 5", "there is no option --port: see `postern serve --help`" },
		{ "user add x -y", "there is no option -y; what begins with - and is none goes after --" },
		{ "user add x --", "" },
		{ "user add x --=y", "there is no option --=y: see" },
		{ "alias add a --c 5", "--c may mean several options: see `postern alias add --help`" },
		{ "alias add a --count", "--count wants a value: --count N" },
		{ "alias add a --count 1 --count 2", "--count is given twice" },
		{ "-c a -c b version", "--config is given twice" },
		{ "-c", "--config wants a value: --config FILE" },
		{ "-c x", "a command is missing: see `postern --help`" },
		{ "version --json=yes", "--json takes no value" },
		{ "profile issue a@b.example --modern=yes", "--modern takes no value" },
		{ "--label x alias add a", "--label stands before a command: see `postern --help`" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail f = { 0 };
		struct cli c;
		int r = read_line(cases[i].typed, &c, &f);

		assert_int_equal(r, cases[i].why[0] ? FAIL_SYNTAX : OK);
		if (!str_starts(str_c(f.why), str_c(cases[i].why)))
			fail_msg("%s: got \"%s\"", cases[i].typed, f.why);
	}
}

static void a_refusal_is_json_wherever_that_stands(void **state)
{
	struct cli c;

	assert_int_equal(read_line("nonsense --json", &c, NULL), FAIL_SYNTAX);
	assert_true(c.json);
	assert_int_equal(read_line("user add x --nonsense --json", &c, NULL), FAIL_SYNTAX);
	assert_true(c.json);
	assert_int_equal(read_line("nonsense -- --json", &c, NULL), FAIL_SYNTAX);
	assert_false(c.json);
}

static void there_is_an_end_to_it(void **state)
{
	char line[4096] = "alias add a";
	struct cli c;

	for (int i = 0; i < CLI_ARGS_MAX; i++)
		memcpy(line + strlen(line), " x", 3);
	assert_int_equal(read_line(line, &c, NULL), FAIL_LIMIT);
}

/* The tables keep to what the reader of a terminal, and the code, count on. */
static void the_tables_are_in_order(void **state)
{
	for (const struct cli_command *const *t = cli_tables; *t; t++) {
		for (const struct cli_command *k = *t; k->words; k++) {
			assert_non_null(k->run);
			assert_true(k->least <= k->most && k->most <= CLI_ARGS_MAX);
			assert_true(strlen(k->words) <= 23 && strlen(k->help) <= 70);
			assert_null(k->options[CLI_OPTIONS_MAX - 1].name);
			for (int i = 0; k->options[i].name; i++) {
				assert_true(strlen(k->options[i].help) <= 72);
				for (int j = 0; j < i; j++)
					assert_string_not_equal(k->options[i].name, k->options[j].name);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_typed_is_understood),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(a_refusal_is_json_wherever_that_stands),
		cmocka_unit_test(there_is_an_end_to_it),
		cmocka_unit_test(the_tables_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
