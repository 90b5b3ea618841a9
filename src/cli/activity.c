/* activity.c - what happened to mail of a user. */
#include "cli/simple.h"

static int activity(struct cli *c, struct fail *f)
{
	static const char *const options[] = { "alias", "outcome", "before", "limit" };
	OWN(ask) a = ASK("event.list");

	ask_argz(&a, "user", c->operands[0]);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		ask_argz(&a, options[i], cli_option(c, options[i]));
	return simple_list(&a, c, "Nothing has happened to mail of this user in the last 30 days.", f);
}

// clang-format off
const struct cli_command cli_activity[] = {
	{ "activity", "USER", "list what was relayed and what was not, and why; the newest first", activity, 1, 1,
	  { { "alias", "ALIAS", "of this alias alone" },
	    { "outcome", "WORD", "relayed, refused, dropped, deferred, bounced, expired or held" },
	    { "before", "ID", "what comes after the event of this id" }, { "limit", "N", "at most so many; else 50" } } },
	{ 0 }
};
// clang-format on
