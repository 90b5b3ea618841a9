#include "cli/ask.h"

#include "ipc/peer.h"
#include "role/parent/parent.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void ask_done(struct ask *a)
{
	buf_done(&a->records);
}

void ask_arg(struct ask *a, const char *name, struct str value)
{
	if (a->n == ASK_ARGS_MAX)
		abort();
	a->args[a->n].name = name;
	a->args[a->n++].value = value;
}

void ask_argz(struct ask *a, const char *name, const char *value)
{
	if (value)
		ask_arg(a, name, str_c(value));
}

void ask_options(struct ask *a, const struct cli *c, const char *option, const char *arg)
{
	const char *value;

	for (int i = 0; cli_nth(c, option, i, &value); i++)
		ask_arg(a, arg, str_c(value));
}

int cli_conf(struct cli *c, struct conf *ret, struct fail *f)
{
	int r = conf_load(c->conf_path, &c->arena, ret, f);

	return r == FAIL_ABSENT
	               ? fail(f, r,
	                      "there is no %s: write one with `postern init`, or name yours with -c FILE",
	                      c->conf_path)
	               : r;
}

static int open_road(struct cli *c, struct fail *f)
{
	struct conf conf;
	struct fail why = { 0 };
	int r;

	if (c->control >= 0)
		return OK;
	TRY(cli_conf(c, &conf, f));
	r = sock_connect_unix(arena_z(&c->arena, conf.control_socket), &c->control, &why);
	if (r == FAIL_DENIED)
		return fail(f, r,
		            "a server runs but does not let this user in (%s): ask as the user who started "
		            "it, or as root",
		            why.why);
	if (r == FAIL_ABSENT)
		return parent_private(c->conf_path, &c->control, &c->private_pid, f);
	return r == OK ? OK : fail(f, r, "the server cannot be asked: %s", why.why);
}

void ask_hang_up(struct cli *c)
{
	int status;

	if (c->control >= 0)
		close(c->control);
	c->control = -1;
	if (c->private_pid > 0)
		waitpid(c->private_pid, &status, 0);
	c->private_pid = 0;
}

static int send_call(const struct ask *a, struct cli *c, struct fail *f)
{
	OWN(buf) args = BUF(IPC_RECORD_MAX);
	struct call m = { .id = ++c->last_id, .verb = str_c(a->verb) };

	for (size_t i = 0; i < a->n; i++) {
		list_add(&args, str_c(a->args[i].name));
		list_add(&args, a->args[i].value);
	}
	if (args.over)
		return fail(f, FAIL_LIMIT, "what was given is longer than a request may be");
	m.args = buf_str(&args);
	return ipc_write(c->control, IPC_call, &m, NULL, 0, f);
}

static int take_answer(struct ask *a, struct cli *c, const struct answer *m, struct fail *f)
{
	int code = ipc_result(m->code);

	if (code < 0) {
		snprintf(c->wrong, sizeof(c->wrong), "%.*s", STR_ARG(m->arg));
		return fail(f, code, "%.*s", STR_ARG(m->why));
	}
	buf_add(&a->records, m->records);
	return a->records.over ? fail(f, FAIL_LIMIT, "the answer is too long") : OK;
}

static int gone(const struct cli *c, struct fail *f)
{
	return c->private_pid ? fail(f, FAIL_PEER,
	                             "no server runs, and what would answer in its place has ended: the line "
	                             "above says why")
	                      : fail(f, FAIL_PEER,
	                             "the server has ended before it answered: its log says why; ask again "
	                             "when it runs");
}

int ask_run(struct ask *a, struct cli *c, struct fail *f)
{
	OWN(buf) record = BUF(IPC_RECORD_MAX);
	union {
		max_align_t align;
		char bytes[IPC_STRUCT_MAX];
		struct answer answer;
	} msg;
	struct ipc_fds fds = { 0 };
	enum ipc_tag tag;
	int r;

	TRY(open_road(c, f));
	r = send_call(a, c, f);
	if (r < 0)
		return r == FAIL_PEER ? gone(c, f) : r;
	do {
		r = ipc_read(c->control, &record, &tag, &msg, &fds, f);
		ipc_fds_close(&fds);
		if (r < 0 && r != FAIL_PEER)
			return r;
		if (r == FAIL_PEER || tag == IPC_NONE) /* reset, or ended in order */
			return gone(c, f);
		if (tag != IPC_answer || msg.answer.id != c->last_id)
			return fail(f, FAIL_PEER, "the server answered something else");
		TRY(take_answer(a, c, &msg.answer, f));
	} while (msg.answer.more);
	return OK;
}

struct str ask_field(const struct ask *a, const char *name)
{
	struct str records = buf_str(&a->records), record, key, type, value;

	if (!list_next(&records, &record))
		return STR("");
	while (list_next(&record, &key) && list_next(&record, &type) && list_next(&record, &value))
		if (str_eq(key, str_c(name)))
			return value;
	return STR("");
}

int64_t ask_number(const struct ask *a, const char *name)
{
	OWN(arena) arena = ARENA;

	return strtoll(arena_z(&arena, ask_field(a, name)), NULL, 10);
}
