/* man.c - a tool of the build: the parts of the manual pages that the program's own tables know. It copies a page's source
 * (scdoc) from standard input and puts in place of a line "@commands@" every command with its options, in place of
 * "@keys@" every key of the configuration. */
#include "cli/cli.h"
#include "conf/key.h"

#include <stdio.h>
#include <string.h>

/* scdoc(5): what it would read as markup. */
static void plain(const char *s)
{
	for (; *s; s++) {
		if (strchr("\\*_#<>-.|[]+`~", *s))
			putchar('\\');
		putchar(*s);
	}
}

static void command(const struct cli_command *k)
{
	printf("*postern ");
	plain(k->words);
	printf("* ");
	plain(k->operands);
	printf("\n\t");
	plain(k->help);
	printf("\n\n");
	for (const struct cli_option *o = k->options; o < k->options + CLI_OPTIONS_MAX && o->name; o++) {
		printf("\t*\\-\\-");
		plain(o->name);
		printf("* ");
		plain(o->value ? o->value : "");
		printf("\n\t\t");
		plain(o->help);
		printf("\n\n");
	}
}

static void commands(void)
{
	for (const struct cli_command *const *t = cli_tables; *t; t++)
		for (const struct cli_command *k = *t; k->words; k++)
			command(k);
}

static void key(const struct conf_key *k)
{
	printf("*");
	plain(k->name);
	printf("*");
	if (k->words) {
		printf(" = ");
		plain(k->words);
	}
	printf("\n\t");
	plain(k->help);
	if (k->otherwise && k->otherwise[0]) {
		printf(" Default: *");
		plain(k->otherwise);
		printf("*.");
	}
	printf("\n\n");
}

static void keys(const struct conf_key *table, const char *title)
{
	const char *section = "";

	for (const struct conf_key *k = table; k->section; k++) {
		if (strcmp(section, k->section) != 0)
			printf("## [%s%s]\n\n", k->section, title);
		section = k->section;
		key(k);
	}
}

int main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "@commands@\n") == 0) {
			commands();
		} else if (strcmp(line, "@keys@\n") == 0) {
			keys(conf_keys, "");
			keys(conf_route_keys, " NAME");
		} else {
			fputs(line, stdout);
		}
	}
	return ferror(stdin) || fflush(stdout) == EOF;
}
