#include "cli/cli.h"

#include "base/mem.h"
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command *const tables[] = { cli_server, cli_users, cli_aliases, cli_profiles,
	                                            cli_queue };

enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

const char *cli_option(const struct cli *c, const char *name)
{
	const char *value = NULL;

	for (int i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].name, name) == 0)
			value = c->given[i].value;
	return value;
}

bool cli_nth(const struct cli *c, const char *name, int i, const char **ret)
{
	for (int k = 0; k < c->n_given; k++) {
		if (strcmp(c->given[k].name, name) != 0 || i-- > 0)
			continue;
		*ret = c->given[k].value;
		return true;
	}
	return false;
}

/* ---- help ------------------------------------------------------------------------------------------------------- */

static void print_all(FILE *to)
{
	fprintf(to, "Postern, a self-hosted privacy mail relay.\n\nusage: postern [--config FILE] COMMAND "
	            "[--json] "
	            "...\n\n");
	for (size_t t = 0; t < TABLES; t++)
		for (const struct cli_command *k = tables[t]; k->words; k++)
			fprintf(to, "  %-22s %s\n", k->words, k->help);
	fprintf(to, "\n`postern COMMAND --help` tells its options. -c FILE: the configuration, "
	            "./postern.conf or\n"
	            "/etc/postern/postern.conf when not given. --json: answers for programs.\n");
}

static void print_command(const struct cli_command *k, FILE *to)
{
	fprintf(to, "usage: postern %s%s%s%s\n\n%s\n", k->words, k->operands[0] ? " " : "", k->operands,
	        k->options[0].name ? " [options]" : "", k->help);
	if (k->options[0].name)
		fprintf(to, "\n");
	for (const struct cli_option *o = k->options; o < k->options + CLI_OPTIONS_MAX && o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "",
		         o->value ? o->value : "");
		fprintf(to, "  %-24s %s\n", left, o->help);
	}
}

/* ---- reading a command line -------------------------------------------------------------------------------------- */

/* How many of the arguments are this command's words; 0: it is another. */
static int words_match(const char *words, int argc, char **argv)
{
	struct str left = str_c(words);
	int n = 0;

	while (left.p) {
		struct str w = str_cut(&left, ' ');

		if (n == argc || !str_eq(w, str_c(argv[n])))
			return 0;
		n++;
	}
	return n;
}

static const struct cli_command *find(int argc, char **argv, int *ret_words)
{
	for (size_t t = 0; t < TABLES; t++) {
		for (const struct cli_command *k = tables[t]; k->words; k++) {
			*ret_words = words_match(k->words, argc, argv);
			if (*ret_words)
				return k;
		}
	}
	return NULL;
}

static const struct cli_option *option_of(const struct cli_command *k, struct str name)
{
	for (const struct cli_option *o = k->options; o < k->options + CLI_OPTIONS_MAX && o->name; o++)
		if (str_eq(name, str_c(o->name)))
			return o;
	return NULL;
}

/* "--name VALUE" or "--name=VALUE". Returns how many arguments it took. */
static int take_option(struct cli *c, int argc, char **argv, struct fail *f)
{
	struct str name = str_from(str_c(argv[0]), 2);
	const char *equals = strchr(argv[0], '=');
	const struct cli_option *o;
	const char *value = "";

	if (equals)
		name = str_first(name, (size_t)(equals - argv[0] - 2));
	if (str_eq(name, STR("json"))) {
		c->json = true;
		return 1;
	}
	o = option_of(c->command, name);
	if (!o)
		return fail(f, FAIL_SYNTAX, "postern %s knows no option %s: see `postern %s --help`",
		            c->command->words, argv[0], c->command->words);
	if (!o->value && equals)
		return fail(f, FAIL_SYNTAX, "--%s takes no value", o->name);
	if (o->value && !equals && argc < 2)
		return fail(f, FAIL_SYNTAX, "--%s wants a value: --%s %s", o->name, o->name, o->value);
	if (o->value)
		value = equals ? equals + 1 : argv[1];
	if (c->n_given == CLI_ARGS_MAX)
		return fail(f, FAIL_LIMIT, "too many options");
	c->given[c->n_given].name = o->name;
	c->given[c->n_given++].value = value;
	return o->value && !equals ? 2 : 1;
}

static int read_arguments(struct cli *c, int argc, char **argv, struct fail *f)
{
	bool only_operands = false;

	for (int i = 0; i < argc;) {
		int took;

		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
			i++;
			continue;
		}
		if (only_operands || strncmp(argv[i], "--", 2) != 0) {
			if (c->n_operands == CLI_ARGS_MAX)
				return fail(f, FAIL_LIMIT, "too many arguments");
			c->operands[c->n_operands++] = argv[i++];
			continue;
		}
		took = take_option(c, argc - i, argv + i, f);
		TRY(took);
		i += took;
	}
	if (c->n_operands < c->command->least || c->n_operands > c->command->most)
		return fail(f, FAIL_SYNTAX, "usage: postern %s %s", c->command->words, c->command->operands);
	return OK;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static const char *default_conf(void)
{
	return access("postern.conf", R_OK) == 0 ? "postern.conf" : "/etc/postern/postern.conf";
}

static int run(struct cli *c, int argc, char **argv, struct fail *f)
{
	int words = 0;

	if (argc >= 2 && (strcmp(argv[0], "-c") == 0 || strcmp(argv[0], "--config") == 0)) {
		c->conf_path = argv[1];
		c->conf_given = true;
		argc -= 2;
		argv += 2;
	}
	c->command = argc ? find(argc, argv, &words) : NULL;
	if (!c->command) {
		bool help = !argc || asks_for_help(argc, argv) || strcmp(argv[0], "help") == 0;

		print_all(help ? stdout : stderr);
		return help ? OK : fail(f, FAIL_SYNTAX, "there is no command %s", argv[0]);
	}
	if (asks_for_help(argc, argv)) {
		print_command(c->command, stdout);
		return OK;
	}
	TRY(read_arguments(c, argc - words, argv + words, f));
	return c->command->run(c, f);
}

int cli_main(int argc, char **argv)
{
	struct cli c = { .conf_path = default_conf(), .control = -1 };
	struct fail f = { 0 };
	int r = run(&c, argc - 1, argv + 1, &f);

	ask_hang_up(&c);
	arena_done(&c.arena);
	if (r < 0)
		fprintf(stderr, "postern: %s\n", f.why);
	return fail_face(r)->exit;
}
