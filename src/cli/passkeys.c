/* passkeys.c - passkeys of users, as their operator sees them. */
#include "cli/show.h"
#include "cli/simple.h"

static int passkey_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.passkey-list");

	ask_argz(&a, "user", c->operands[0]);
	return simple_list(&a, c, "This user has no passkeys: they are added in the web app", f);
}

static int passkey_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("user.passkey-delete");

	ask_argz(&a, "user", c->operands[0]);
	ask_argz(&a, "id", c->operands[1]);
	return simple_do(
	        &a, c, f,
	        "The passkey %s was removed: it signs nobody in any more. Whoever had no other way in comes "
	        "back by `postern user invite %s`.",
	        c->operands[1], c->operands[0]);
}

// clang-format off
const struct cli_command cli_passkeys[] = {
	{ "user passkey list", "NAME", "list the passkeys that a user signs in with over the web", passkey_list, 1, 1, { { 0 } } },
	{ "user passkey delete", "NAME ID", "remove a passkey of a user, by the number that the list shows", passkey_delete, 2, 2, { { 0 } } },
	{ 0 }
};
// clang-format on
