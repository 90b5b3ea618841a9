/* cli.h - the command line: a table of commands, their options, and the one road to the server. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

#include <sys/types.h>

enum { CLI_ARGS_MAX = 64, CLI_OPTIONS_MAX = 12 };

struct cli_option {
	const char *name;  /* "expires" for --expires */
	const char *value; /* "TIME"; NULL: a switch without a value */
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
	const char *operands[CLI_ARGS_MAX];
	int n_operands;
	struct {
		const char *name, *value; /* value "" for a switch */
	} given[CLI_ARGS_MAX];
	int n_given;
	bool json, conf_given;
	const char *conf_path;
	struct arena arena;
	/* the road to the server, opened by the first call */
	int control;
	pid_t private_pid; /* of the private server, 0: a running one */
	uint64_t last_id;
};

/* NULL when it was not given. */
const char *cli_option(const struct cli *c, const char *name);
bool cli_nth(const struct cli *c, const char *name, int i, const char **ret); /* repeated options */

/* The whole program. Returns the exit status. */
int cli_main(int argc, char **argv);

/* The tables, one a file; each ends with NULL words. */
extern const struct cli_command cli_server[], cli_users[], cli_aliases[], cli_profiles[], cli_queue[];

#endif
