#include "policy/answer.h"

static bool is_here(struct str client)
{
	return str_starts(client, STR("127.")) || str_eq(client, STR("::1")) ||
	       str_starts(client, STR("unix"));
}

bool answer_may_go(const struct answer_facts *f)
{
	if (!f->sender.n || f->automatic || f->list)
		return false;
	return f->to_all || is_here(f->client);
}
