/* people.c - correspondents. */
#include "cli/show.h"
#include "cli/simple.h"

static int correspondent_add(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("correspondent.add");
	OWN(buf) out = BUF(1024);

	ask_argz(&a, "alias", c->operands[0]);
	ask_argz(&a, "address", c->operands[1]);
	ask_argz(&a, "name", cli_option(c, "name"));
	if (c->json)
		return simple_list(&a, c, "", f);
	TRY(ask_run(&a, c, f));
	buf_addf(&out, "%s is now %.*s for this alias.\n", c->operands[1], STR_ARG(ask_field(&a, "reverse")));
	buf_addz(&out, str_eq(ask_field(&a, "introduced"), STR("0"))
	                       ? "No introduction was sent: the server does not run, or no mailbox of the "
	                         "alias can be "
	                         "sealed for.\nStart it, or issue a profile, and ask again.\n"
	                       : "An introduction is on its way to the alias's mailboxes: answer it to write "
	                         "to them.\n");
	print_out(&out);
	return OK;
}

static int correspondent_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("correspondent.list");

	ask_argz(&a, "alias", c->operands[0]);
	return simple_list(&a, c, "Nobody has written to this alias yet.", f);
}

static int correspondent_set(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("correspondent.set");

	if (!c->n_given)
		return fail(f, FAIL_SYNTAX,
		            "nothing is to be changed: see `postern correspondent set --help`");
	ask_argz(&a, "reverse", c->operands[0]);
	ask_argz(&a, "reply_to", cli_option(c, "reply-to"));
	return simple_do(&a, c, f, "%s was changed.", c->operands[0]);
}

static void target(struct ask *a, const struct cli *c)
{
	ask_argz(a, "target", c->operands[0]);
	ask_argz(a, "address", c->operands[1]);
	ask_argz(a, "domain", cli_option(c, "domain"));
}

static int say_what(struct ask *a, struct cli *c, const char *how, struct fail *f)
{
	OWN(buf) out = BUF(1024);

	if (c->json)
		return simple_list(a, c, "", f);
	TRY(ask_run(a, c, f));
	show_clean(ask_field(a, "what"), &out);
	buf_addf(&out, " %s\n", how);
	print_out(&out);
	return OK;
}

static int correspondent_block(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("correspondent.block");

	target(&a, c);
	ask_argz(&a, "how", cli_option(c, "how"));
	return say_what(&a, c, "is blocked at this alias.", f);
}

static int correspondent_unblock(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("correspondent.unblock");

	target(&a, c);
	return say_what(&a, c, "may write to this alias again.", f);
}

static int correspondent_blocked(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("correspondent.blocked");

	ask_argz(&a, "alias", c->operands[0]);
	return simple_list(&a, c, "Nobody is blocked at this alias.", f);
}

// clang-format off
#define WHOLE_DOMAIN { "domain", "DOMAIN", "everybody there and in the domains below" }

const struct cli_command cli_people[] = {
	{ "correspondent add", "ALIAS ADDRESS", "write to somebody first: get a letter from them that you answer",
	  correspondent_add, 2, 2, { { "name", "NAME", "of the correspondent" } } },
	{ "correspondent list", "ALIAS", "list who has written to an alias", correspondent_list, 1, 1, { { 0 } } },
	{ "correspondent set", "REVERSE", "change the correspondent behind a reverse address", correspondent_set, 1, 1,
	  { { "reply-to", "ADDRESS", "where answers go; none: to the correspondent's own address" } } },
	{ "correspondent block", "REVERSE | ALIAS [ADDRESS]", "take no more mail from somebody at this alias",
	  correspondent_block, 1, 2, { WHOLE_DOMAIN,
	  { "how", "drop|refuse", "drop (default): they hear nothing of it; refuse: their server does" } } },
	{ "correspondent unblock", "REVERSE | ALIAS [ADDRESS]", "take their mail again", correspondent_unblock, 1, 2,
	  { WHOLE_DOMAIN } },
	{ "correspondent blocked", "ALIAS", "list who is blocked at an alias", correspondent_blocked, 1, 1, { { 0 } } },
	{ 0 }
};
// clang-format on
