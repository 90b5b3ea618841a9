/* domains.c - domains of users' own. */
#include "cli/show.h"
#include "cli/simple.h"

static void rule(struct ask *a, const struct cli *c)
{
	ask_argz(a, "catch_all", cli_option(c, "catch-all"));
	ask_argz(a, "allow", cli_option(c, "allow"));
	ask_argz(a, "deny", cli_option(c, "deny"));
	ask_argz(a, "per_day", cli_option(c, "per-day"));
	ask_options(a, c, "mailbox", "mailbox");
}

static int domain_add(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("domain.add");
	OWN(buf) out = BUF(2048);

	ask_argz(&a, "user", c->operands[0]);
	ask_argz(&a, "domain", c->operands[1]);
	rule(&a, c);
	if (c->json)
		return simple_list(&a, c, "", f);
	TRY(ask_run(&a, c, f));
	buf_addf(&out,
	         "Domain %.*s was added. Point its MX to this server, then: postern alias add %s NAME@%.*s\n"
	         "Correspondents get reverse addresses at %.*s, so the active profile stays as it is.\n",
	         STR_ARG(ask_field(&a, "domain")), c->operands[0], STR_ARG(ask_field(&a, "domain")),
	         STR_ARG(ask_field(&a, "reverse_domain")));
	print_out(&out);
	return OK;
}

static int domain_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("domain.list");

	ask_argz(&a, "user", c->operands[0]);
	return simple_list(&a, c, "No user has a domain yet: postern domain add USER DOMAIN", f);
}

static int domain_show(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("domain.show");
	OWN(buf) out = BUF(1 << 16);

	ask_argz(&a, "domain", c->operands[0]);
	if (c->json)
		return simple_list(&a, c, "", f);
	TRY(ask_run(&a, c, f));
	show_fields(buf_str(&a.records), &out);
	print_out(&out);
	return OK;
}

static int domain_check(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("domain.check");

	ask_argz(&a, "domain", c->operands[0]);
	return simple_list(&a, c, "", f);
}

static int domain_set(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("domain.set");

	if (!c->n_given)
		return fail(f, FAIL_SYNTAX, "nothing is to be changed: see `postern domain set --help`");
	ask_argz(&a, "domain", c->operands[0]);
	rule(&a, c);
	return simple_do(&a, c, f, "Domain %s was changed.", c->operands[0]);
}

static int domain_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("domain.delete");

	ask_argz(&a, "domain", c->operands[0]);
	ask_argz(&a, "aliases", cli_option(c, "with-aliases") ? "delete" : NULL);
	return simple_do(&a, c, f, "Domain %s was deleted: mail to it is refused.", c->operands[0]);
}

// clang-format off
#define RULE                                                                                                  \
	{ "catch-all", "on|off", "make aliases of unknown addresses on their first mail (default off)" },     \
	{ "allow", "PATTERNS", "only such names: \"shop-* news?\"; empty: all" },                             \
	{ "deny", "PATTERNS", "never such names" },                                                           \
	{ "per-day", "N", "new aliases a day at most (default 50)" },                                         \
	{ "mailbox", "ADDRESS...", "where their mail goes; may be repeated; default: all of the user" }

const struct cli_command cli_domains[] = {
	{ "domain add", "USER DOMAIN", "add a user's own domain", domain_add, 2, 2, { RULE } },
	{ "domain list", "[USER]", "list users' own domains", domain_list, 0, 1, { { 0 } } },
	{ "domain show", "DOMAIN", "show a domain and its rule", domain_show, 1, 1, { { 0 } } },
	{ "domain check", "DOMAIN", "look its DNS records up now", domain_check, 1, 1, { { 0 } } },
	{ "domain set", "DOMAIN", "change the rule of a domain", domain_set, 1, 1, { RULE } },
	{ "domain delete", "DOMAIN", "delete a domain", domain_delete, 1, 1,
	  { { "with-aliases", NULL, "and the aliases in it, for good" } } },
	{ 0 }
};
// clang-format on
