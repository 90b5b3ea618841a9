/* cli.h - the command line: a table of commands, their options, and the one road to the server. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

#include <sys/types.h>

#define CLI_CONF "/etc/postern/postern.conf"

enum { CLI_ARGS_MAX = 64, CLI_OPTIONS_MAX = 16 };

struct cli_option {
	const char *name; /* "expires" for --expires */
	const char
	        *value; /* "TIME"; "ADDRESS..." may be given more than once; NULL: a switch without a value */
	const char *help;
};

struct cli;

struct cli_command {
	const char *words;    /* "alias add" */
	const char *operands; /* "USER [ADDRESS]" for the usage */
	const char *help;     /* one line */
	int (*run)(struct cli *c, struct fail *f);
	int least, most; /* operands */
	struct cli_option options[CLI_OPTIONS_MAX];
};

struct cli {
	const struct cli_command *command;
	const char *operands[CLI_ARGS_MAX]; /* NULL after the last one */
	int n_operands;
	struct {
		const char *name, *value; /* value "" for a switch */
	} given[CLI_ARGS_MAX];
	int n_given;
	bool json, help, conf_given;
	const char *
	        group; /* help of "alias ..." was asked for; NULL: of the command, or of all when there is none */
	const char *conf_path;
	char wrong[64]; /* after a refusal: the name of the argument that is wrong, or "" */
	struct arena arena;
	/* the road to the server, opened by the first call */
	int control;
	pid_t private_pid; /* of the private server, 0: a running one */
	uint64_t last_id;
};

/* What was typed (without the program's name): fills the first half of *c. Options may stand anywhere; those of a
 * command after its words; an unmistakable beginning of an option's name is enough. FAIL_SYNTAX: f->why says what
 * to type instead. */
MUST_CHECK int cli_read(struct cli *c, int argc, char **argv, struct fail *f);

/* NULL when it was not given. */
const char *cli_option(const struct cli *c, const char *name);
bool cli_nth(const struct cli *c, const char *name, int i, const char **ret); /* repeated options */

/* The whole program. Returns the exit status. */
int cli_main(int argc, char **argv);

/* The tables, one a file; each ends with NULL words. */
extern const struct cli_command cli_server[], cli_backup[], cli_keys[], cli_users[], cli_passwords[],
        cli_aliases[], cli_people[], cli_domains[], cli_profiles[], cli_queue[], cli_replies[], cli_stat[],
        cli_transfer[], cli_passkeys[], cli_activity[];
/* All of them, and a NULL. */
extern const struct cli_command *const cli_tables[];

#endif
