/* users.c - users and mailboxes. */
#include "cli/simple.h"

#include <stdio.h>

static int user_add(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.add");

	ask_argz(&a, "name", c->operands[0]);
	return simple_do(&a, c, f, "User %s was added. Next: postern mailbox add %s ADDRESS", c->operands[0],
	                 c->operands[0]);
}

static int user_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.list");

	return simple_list(&a, c, "There are no users yet: postern user add NAME", f);
}

static int user_show(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.show");

	ask_argz(&a, "user", c->operands[0]);
	return simple_show(&a, c, f);
}

static int user_set(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.set");

	if (!c->n_given)
		return fail(f, FAIL_SYNTAX, "nothing is to be changed: see `postern user set --help`");
	ask_argz(&a, "user", c->operands[0]);
	simple_bounds(&a, c);
	ask_argz(&a, "expiry_notices", cli_option(c, "expiry-notices"));
	return simple_do(&a, c, f, "User %s was changed.", c->operands[0]);
}

static int user_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.delete");

	ask_argz(&a, "name", c->operands[0]);
	return simple_do(&a, c, f, "User %s was deleted, with mailboxes, aliases and keys.", c->operands[0]);
}

static int user_invite(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.invite");
	OWN(buf) link = BUF(2048);

	ask_argz(&a, "user", c->operands[0]);
	ask_argz(&a, "days", cli_option(c, "days"));
	ask_argz(&a, "second_factor", cli_option(c, "second-factor"));
	TRY(ask_run(&a, c, f));
	if (c->json) {
		print_json(buf_str(&a.records));
		return OK;
	}
	buf_add(&link, ask_field(&a, "link"));
	printf("An invitation, good for one account. Hand it over in a way that only its reader sees:\n\n    "
	       "%s\n",
	       link.p);
	return OK;
}

static int mailbox_add(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.add");

	ask_argz(&a, "user", c->operands[0]);
	ask_argz(&a, "address", c->operands[1]);
	ask_argz(&a, "clear", cli_option(c, "clear"));
	return simple_do(&a, c, f, "Mailbox %s was added. Next: postern profile issue %s", c->operands[1],
	                 c->operands[1]);
}

static int mailbox_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.list");

	ask_argz(&a, "user", c->operands[0]);
	return simple_list(&a, c, "There are no mailboxes yet: postern mailbox add USER ADDRESS", f);
}

static int mailbox_show(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.show");

	ask_argz(&a, "address", c->operands[0]);
	return simple_show(&a, c, f);
}

static int mailbox_resume(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.resume");

	ask_argz(&a, "address", c->operands[0]);
	return simple_do(&a, c, f, "Mailbox %s is sent to again.", c->operands[0]);
}

static int mailbox_set(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.set");

	if (!c->n_given)
		return fail(f, FAIL_SYNTAX, "nothing is to be changed: see `postern mailbox set --help`");
	ask_argz(&a, "address", c->operands[0]);
	ask_argz(&a, "clear", cli_option(c, "clear"));
	ask_argz(&a, "reply", cli_option(c, "reply"));
	ask_argz(&a, "clear_replies", cli_option(c, "clear-replies"));
	ask_argz(&a, "hide_subject", cli_option(c, "hide-subject"));
	ask_argz(&a, "pad_sizes", cli_option(c, "pad-sizes"));
	return simple_do(&a, c, f, "Mailbox %s was changed.", c->operands[0]);
}

static int mailbox_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.delete");

	ask_argz(&a, "address", c->operands[0]);
	return simple_do(&a, c, f, "Mailbox %s was deleted, with its profiles and their keys.",
	                 c->operands[0]);
}

static int sender_add(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.sender-add");

	ask_argz(&a, "address", c->operands[0]);
	ask_argz(&a, "sender", c->operands[1]);
	return simple_do(&a, c, f, "%s may now also write for %s.", c->operands[1], c->operands[0]);
}

// clang-format off
#define CLEAR { "clear", "on|off", "accept rewritten clear mail while no profile is active (default off)" }

const struct cli_command cli_users[] = {
	{ "user add", "NAME", "add a user", user_add, 1, 1, { { 0 } } },
	{ "user list", "", "list the users", user_list, 0, 0, { { 0 } } },
	{ "user show", "NAME", "show a user's bounds and what came by day", user_show, 1, 1, { { 0 } } },
	{ "user set", "NAME", "change what holds for a user", user_set, 1, 1,
	  { BOUNDS, { "expiry-notices", "on|off", "sealed mail on aliases that end, once a day at most (default on)" } } },
	{ "user invite", "[NAME]", "print a link for a new account, or for NAME to set a password", user_invite, 0, 1,
	  { { "days", "N", "how long it is good (default 7)" },
	    { "second-factor", "keep|drop", "drop: NAME has lost it and every recovery code; it is off from now" } } },
	{ "user delete", "NAME", "delete a user with everything", user_delete, 1, 1, { { 0 } } },
	{ "mailbox add", "USER ADDRESS", "add the mailbox that relayed mail goes to", mailbox_add, 2, 2, { CLEAR } },
	{ "mailbox list", "[USER]", "list the mailboxes", mailbox_list, 0, 1, { { 0 } } },
	{ "mailbox set", "ADDRESS", "change a mailbox", mailbox_set, 1, 1, { CLEAR,
	  { "reply", "required|relaxed", "required (default): signed with your key; relaxed: or a trusted server" },
	  { "clear-replies", "accept|refuse", "signed answers that your provider could read (default accept)" },
	  { "hide-subject", "on|off", "seal the subject too; outside it is [...], in many clients too" },
	  { "pad-sizes", "on|off", "sealed mail comes in few sizes, up to a quarter larger" } } },
	{ "mailbox show", "ADDRESS", "show a mailbox and what it did not take", mailbox_show, 1, 1, { { 0 } } },
	{ "mailbox resume", "ADDRESS", "send again to a mailbox that was paused", mailbox_resume, 1, 1, { { 0 } } },
	{ "mailbox delete", "ADDRESS", "delete a mailbox and its keys", mailbox_delete, 1, 1, { { 0 } } },
	{ "mailbox sender-add", "ADDRESS SENDER", "a further address that the user writes from", sender_add, 2, 2, { { 0 } } },
	{ 0 }
};
// clang-format on
