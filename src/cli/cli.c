#include "cli/cli.h"

#include "cli/ask.h"
#include "cli/show.h"

#include <stdio.h>
#include <unistd.h>

enum { OUT_MAX = 1 << 16 };

/* ---- help ------------------------------------------------------------------------------------------------------- */

static void print_commands(const char *group)
{
	for (const struct cli_command *const *t = cli_tables; *t; t++) {
		for (const struct cli_command *k = *t; k->words; k++) {
			struct str left = str_c(k->words);

			if (!group || str_eq(str_cut(&left, ' '), str_c(group)))
				printf("  %-23s %s\n", k->words, k->help);
		}
	}
}

static void print_help(const char *group)
{
	if (!group)
		printf("Postern, a self-hosted privacy mail relay.\n\n");
	printf("usage: postern [-c FILE] %s%s [--json]\n\n", group ? group : "COMMAND",
	       group ? " COMMAND" : " ...");
	print_commands(group);
	printf("\n  -c, --config FILE      the configuration; default ./postern.conf, else %s\n"
	       "  --json                 answers and errors for programs\n"
	       "  -h, --help             after a command: its options\n",
	       CLI_CONF);
}

static void print_command(const struct cli_command *k)
{
	printf("usage: postern %s%s%s%s\n\n  %s\n", k->words, k->operands[0] ? " " : "", k->operands,
	       k->options[0].name ? " [options]" : "", k->help);
	if (k->options[0].name)
		printf("\n");
	for (const struct cli_option *o = k->options; o < k->options + CLI_OPTIONS_MAX && o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "",
		         o->value ? o->value : "");
		/* Behind a long option the explanation has a line of its own. */
		printf("  %s%*s%s\n", left, (int)(str_c(left).n < 25 ? 26 - str_c(left).n : 0), "",
		       str_c(left).n < 25 ? o->help : "");
		if (str_c(left).n >= 25)
			printf("%28s%s\n", "", o->help);
	}
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static int run(struct cli *c, int argc, char **argv, struct fail *f)
{
	if (!argc)
		c->help = true;
	TRY(cli_read(c, argc, argv, f));
	if (!c->help)
		return c->command->run(c, f);
	if (c->command)
		print_command(c->command);
	else
		print_help(c->group);
	return OK;
}

static void complain(const struct cli *c, const struct fail *f)
{
	OWN(buf) out = BUF(OUT_MAX);

	if (c->json) {
		show_error(f->code, str_c(f->why), str_c(c->wrong), &out);
	} else {
		buf_addz(&out, "postern: ");
		show_clean(str_c(f->why), &out);
		buf_addc(&out, '\n');
	}
	(void)!write(STDERR_FILENO, out.p, out.n);
}

int cli_main(int argc, char **argv)
{
	struct cli c = { .control = -1 };
	struct fail f = { 0 };
	int r;

	c.conf_path = access("postern.conf", F_OK) == 0 ? "postern.conf" : CLI_CONF;
	r = run(&c, argc - 1, argv + 1, &f);
	ask_hang_up(&c);
	arena_done(&c.arena);
	if ((fflush(stdout) == EOF || ferror(stdout)) && r == OK)
		r = fail_errno(&f, FAIL_SYS,
		               "the answer could not be written, but what was asked for is done");
	if (r < 0)
		complain(&c, &f);
	return fail_face(r)->exit;
}
