/* args.c - what was typed, read by the tables of commands and options. */
#include "cli/cli.h"

#include <string.h>

const struct cli_command *const cli_tables[] = { cli_server,   cli_backup,    cli_keys,     cli_users,
	                                         cli_passkeys, cli_passwords, cli_aliases,  cli_transfer,
	                                         cli_people,   cli_domains,   cli_profiles, cli_queue,
	                                         cli_replies,  cli_activity,  cli_stat,     NULL };

const char *cli_option(const struct cli *c, const char *name)
{
	const char *value = NULL;

	(void)cli_nth(c, name, 0, &value);
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

/* ---- commands ---------------------------------------------------------------------------------------------------- */

/* The words so far are operands until the command is known, then those of the command are taken away. */
static int words_match(const char *words, const struct cli *c)
{
	struct str left = str_c(words);
	int n = 0;

	while (left.p) {
		struct str w = str_cut(&left, ' ');

		if (n == c->n_operands || !str_eq(w, str_c(c->operands[n])))
			return 0;
		n++;
	}
	return n;
}

static void take_words(struct cli *c, int n)
{
	c->n_operands -= n;
	for (int i = 0; i < CLI_ARGS_MAX; i++)
		c->operands[i] = i < c->n_operands ? c->operands[i + n] : NULL;
}

static bool is_group(const char *word)
{
	for (const struct cli_command *const *t = cli_tables; *t; t++) {
		for (const struct cli_command *k = *t; k->words; k++) {
			struct str left = str_c(k->words), first = str_cut(&left, ' ');

			if (left.p && str_eq(first, str_c(word)))
				return true;
		}
	}
	return false;
}

static void find_command(struct cli *c)
{
	for (const struct cli_command *const *t = cli_tables; *t && !c->command; t++) {
		for (const struct cli_command *k = *t; k->words && !c->command; k++) {
			int n = words_match(k->words, c);

			if (!n)
				continue;
			c->command = k;
			take_words(c, n);
		}
	}
}

static int no_command(const struct cli *c, struct fail *f)
{
	const char *first = c->n_operands ? c->operands[0] : "", *second = "";

	if (!c->n_operands)
		return fail(f, FAIL_SYNTAX, "a command is missing: see `postern --help`");
	if (!is_group(first))
		return fail(f, FAIL_SYNTAX, "there is no command %.40s: see `postern --help`", first);
	if (c->n_operands > 1)
		second = c->operands[1];
	return fail(f, FAIL_SYNTAX,
	            second[0] ? "there is no command %s %.40s: see `postern %s --help`"
	                      : "%s wants another word%s: see `postern %s --help`",
	            first, second, first);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

enum { OPTION_CONFIG, OPTION_JSON, OPTION_HELP, OPTIONS_COMMON };

static const struct cli_option common[OPTIONS_COMMON] = {
	[OPTION_CONFIG] = { "config", "FILE", NULL },
	[OPTION_JSON] = { "json", NULL, NULL },
	[OPTION_HELP] = { "help", NULL, NULL },
};

struct search {
	struct str name;
	const struct cli_option *found;
	bool exact, several;
};

static void consider(struct search *s, const struct cli_option *o)
{
	if (s->exact || !str_starts(str_c(o->name), s->name))
		return;
	s->exact = strlen(o->name) == s->name.n;
	s->several = s->found && !s->exact;
	s->found = o;
}

/* By its name, or by as much of it as only one option has. */
static struct search find_option(struct cli *c, struct str name)
{
	struct search s = { .name = name };

	for (const struct cli_option *o = common; o < common + OPTIONS_COMMON; o++)
		consider(&s, o);
	if (!s.exact && !c->command)
		find_command(c);
	for (int i = 0; c->command && i < CLI_OPTIONS_MAX && c->command->options[i].name; i++)
		consider(&s, &c->command->options[i]);
	if (!name.n)
		s.found = NULL;
	return s;
}

static int no_option(const struct cli *c, const struct search *s, const char *arg, struct fail *f)
{
	if (!c->command && c->n_operands)
		return no_command(c, f);
	if (!c->command)
		return fail(f, FAIL_SYNTAX, "%.40s stands before a command: see `postern --help`", arg);
	return fail(f, FAIL_SYNTAX,
	            s->found ? "%.40s may mean several options: see `postern %s --help`"
	                     : "there is no option %.40s: see `postern %s --help`",
	            arg, c->command->words);
}

static int keep_option(struct cli *c, const struct cli_option *o, const char *value, struct fail *f)
{
	const char *before;

	if (o == &common[OPTION_JSON])
		c->json = true;
	if (o == &common[OPTION_HELP])
		c->help = true;
	if (o == &common[OPTION_CONFIG]) {
		if (c->conf_given)
			return fail(f, FAIL_SYNTAX, "--config is given twice");
		c->conf_path = value;
		c->conf_given = true;
	}
	if (o >= common && o < common + OPTIONS_COMMON)
		return OK;
	if (!(o->value && str_ends(str_c(o->value), STR("..."))) && cli_nth(c, o->name, 0, &before))
		return fail(f, FAIL_SYNTAX, "--%s is given twice", o->name);
	if (c->n_given == CLI_ARGS_MAX)
		return fail(f, FAIL_LIMIT, "more than %d options", CLI_ARGS_MAX);
	c->given[c->n_given].name = o->name;
	c->given[c->n_given++].value = value;
	return OK;
}

/* "--name VALUE" or "--name=VALUE", -c FILE and -h. *ret_took: how many arguments it was. */
static int read_option(struct cli *c, int argc, char **argv, int *ret_took, struct fail *f)
{
	const char *equals = strchr(argv[0], '=');
	struct str name = str_from(str_c(argv[0]), 2);
	const struct cli_option *o;
	struct search s;

	if (strcmp(argv[0], "-c") == 0)
		name = STR("config");
	else if (strcmp(argv[0], "-h") == 0)
		name = STR("help");
	else if (argv[0][1] != '-')
		return fail(f, FAIL_SYNTAX,
		            "there is no option %.40s; what begins with - and is none goes after --",
		            argv[0]);
	else if (equals)
		name = str_first(name, (size_t)(equals - argv[0] - 2));
	s = find_option(c, name);
	if (!s.found || s.several)
		return no_option(c, &s, argv[0], f);
	o = s.found;
	if (!o->value && equals)
		return fail(f, FAIL_SYNTAX, "--%s takes no value", o->name);
	if (o->value && !equals && argc < 2)
		return fail(f, FAIL_SYNTAX, "--%s wants a value: --%s %s", o->name, o->name, o->value);
	*ret_took = o->value && !equals ? 2 : 1;
	return keep_option(c, o, !o->value ? "" : equals ? equals + 1 : argv[1], f);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static int settle(struct cli *c, struct fail *f)
{
	if (!c->command && c->n_operands && strcmp(c->operands[0], "help") == 0) {
		c->help = true;
		take_words(c, 1);
	}
	if (!c->command)
		find_command(c);
	if (!c->command && c->help && c->n_operands == 1 && is_group(c->operands[0]))
		c->group = c->operands[0];
	if (!c->command && c->help && (c->group || !c->n_operands))
		return OK;
	if (!c->command)
		return no_command(c, f);
	if (!c->help && (c->n_operands < c->command->least || c->n_operands > c->command->most))
		return fail(f, FAIL_SYNTAX, "usage: postern %s%s%s", c->command->words,
		            c->command->operands[0] ? " " : "", c->command->operands);
	return OK;
}

static int read_all(struct cli *c, int argc, char **argv, struct fail *f)
{
	bool only_words = false;

	for (int i = 0; i < argc;) {
		int took = 1;

		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
			TRY(read_option(c, argc - i, argv + i, &took, f));
		} else {
			if (c->n_operands == CLI_ARGS_MAX)
				return fail(f, FAIL_LIMIT, "more than %d words", CLI_ARGS_MAX);
			c->operands[c->n_operands++] = argv[i];
		}
		i += took;
	}
	return settle(c, f);
}

int cli_read(struct cli *c, int argc, char **argv, struct fail *f)
{
	int r = read_all(c, argc, argv, f);

	/* A program that asked for JSON gets its refusal so, also when it stands behind what is wrong. */
	for (int i = 0; r < 0 && i < argc && strcmp(argv[i], "--") != 0; i++)
		c->json = c->json || strcmp(argv[i], "--json") == 0;
	return r;
}
