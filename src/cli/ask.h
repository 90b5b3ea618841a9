/* ask.h - requests to the server, or to a private one when none runs, and their answers as records. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/cli.h"
#include "conf/conf.h"

enum { ASK_ARGS_MAX = CLI_ARGS_MAX + 16 };

struct ask {
	const char *verb;
	struct {
		const char *name;
		struct str value;
	} args[ASK_ARGS_MAX];
	size_t n;
	struct buf records; /* after the answer: an ipc list of records */
};

#define ASK(what) ((struct ask){ .verb = (what), .records = BUF(256 << 20) })
void ask_done(struct ask *a);

void ask_arg(struct ask *a, const char *name, struct str value);
void ask_argz(struct ask *a, const char *name, const char *value); /* NULL: left out */
/* Every option of the command that has this name, under the argument's name. */
void ask_options(struct ask *a, const struct cli *c, const char *option, const char *arg);

/* Sends it and takes the answer. A refusal is the server's own sentence in f->why, and c->wrong names the argument.
 * FAIL_PEER: the server ended, or answers nonsense. */
MUST_CHECK int ask_run(struct ask *a, struct cli *c, struct fail *f);
void ask_hang_up(struct cli *c); /* ends a private server and waits for it */

MUST_CHECK int cli_conf(struct cli *c, struct conf *ret, struct fail *f);

/* One field of the first record; empty when absent. */
struct str ask_field(const struct ask *a, const char *name);
int64_t ask_number(const struct ask *a, const char *name);

#endif
