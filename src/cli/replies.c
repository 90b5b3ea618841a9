/* replies.c - answers that were not sent on. */
#include "cli/show.h"
#include "cli/simple.h"

static int reply_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("reply.list");

	ask_argz(&a, "user", cli_option(c, "user"));
	return simple_list(&a, c, "No answer was refused in the last week.", f);
}

static void which(struct ask *a, const struct cli *c)
{
	ask_argz(a, "id", c->operands[0]);
	ask_argz(a, "user", cli_option(c, "user"));
}

static int reply_show(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("reply.show");
	OWN(buf) out = BUF(1 << 16);

	which(&a, c);
	if (c->json)
		return simple_list(&a, c, "", f);
	TRY(ask_run(&a, c, f));
	show_fields(buf_str(&a.records), &out);
	print_out(&out);
	return OK;
}

static int reply_release(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("reply.release");

	which(&a, c);
	return simple_do(&a, c, f, "Answer %s goes out now.", c->operands[0]);
}

static int reply_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("reply.delete");

	which(&a, c);
	return simple_do(&a, c, f, "Answer %s was deleted.", c->operands[0]);
}

// clang-format off
#define USER { "user", "NAME", "of this user alone" }

const struct cli_command cli_replies[] = {
	{ "reply list", "", "list answers of users that were not sent on", reply_list, 0, 0, { USER } },
	{ "reply show", "ID", "say why one was not, and what to do", reply_show, 1, 1, { USER } },
	{ "reply release", "ID", "let it go, where its user may", reply_release, 1, 1, { USER } },
	{ "reply delete", "ID", "delete it with its message", reply_delete, 1, 1, { USER } },
	{ 0 }
};
// clang-format on
