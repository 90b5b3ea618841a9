/* aliases.c - aliases. */
#include "cli/simple.h"

static void limits(struct ask *a, const struct cli *c)
{
	ask_argz(a, "state", cli_option(c, "state"));
	ask_argz(a, "label", cli_option(c, "label"));
	ask_argz(a, "name", cli_option(c, "name"));
	ask_argz(a, "expires", cli_option(c, "expires"));
	ask_argz(a, "idle_days", cli_option(c, "idle-days"));
	ask_argz(a, "count", cli_option(c, "count"));
	ask_options(a, c, "mailbox", "mailbox");
	simple_bounds(a, c);
}

static int alias_add(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("alias.add");
	OWN(buf) out = BUF(1024);

	ask_argz(&a, "user", c->operands[0]);
	ask_argz(&a, "address", c->operands[1]);
	ask_argz(&a, "domain", cli_option(c, "domain"));
	limits(&a, c);
	if (c->json)
		return simple_list(&a, c, "", f);
	TRY(ask_run(&a, c, f));
	buf_addf(&out, "Alias %.*s was added: give it out.\n", STR_ARG(ask_field(&a, "address")));
	print_out(&out);
	return OK;
}

static int alias_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("alias.list");

	ask_argz(&a, "user", c->operands[0]);
	return simple_list(&a, c, "There are no aliases yet: postern alias add USER [ADDRESS]", f);
}

static int alias_show(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("alias.show");

	ask_argz(&a, "address", c->operands[0]);
	return simple_show(&a, c, f);
}

static int alias_set(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("alias.set");

	if (!c->n_given)
		return fail(f, FAIL_SYNTAX, "nothing is to be changed: see `postern alias set --help`");
	ask_argz(&a, "address", c->operands[0]);
	limits(&a, c);
	return simple_do(&a, c, f, "Alias %s was changed.", c->operands[0]);
}

static int alias_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("alias.delete");

	ask_argz(&a, "address", c->operands[0]);
	return simple_do(&a, c, f, "Alias %s was deleted and is never given out again.", c->operands[0]);
}

// clang-format off
#define LIMITS                                                                                        \
	{ "state", "on|off-drop|off-reject", "off-drop: takes mail and drops it; off-reject: refuses it" }, \
	{ "label", "TEXT", "a note for the user" },                                                   \
	{ "name", "TEXT", "what the world sees beside it in answers (default: nothing)" }, \
	{ "expires", "TIME", "2026-12-31, 2026-12-31T12:00:00Z or never" },                           \
	{ "idle-days", "N", "expires after so many days without mail; 0: never" },                    \
	{ "count", "N", "expires after so many messages; unlimited" },                                \
	{ "mailbox", "ADDRESS...", "where its mail goes; may be repeated; default: all of the user" }, BOUNDS

const struct cli_command cli_aliases[] = {
	{ "alias add", "USER [ADDRESS]", "give out an address; a random one when none is named", alias_add, 1, 2,
	  { { "domain", "DOMAIN", "of a random address; default: the first relay domain" }, LIMITS } },
	{ "alias list", "[USER]", "list the aliases", alias_list, 0, 1, { { 0 } } },
	{ "alias show", "ADDRESS", "show an alias and what came to it by day", alias_show, 1, 1, { { 0 } } },
	{ "alias set", "ADDRESS", "change an alias", alias_set, 1, 1, { LIMITS } },
	{ "alias delete", "ADDRESS", "delete an alias for good", alias_delete, 1, 1, { { 0 } } },
	{ 0 }
};
// clang-format on
