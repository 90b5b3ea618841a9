/* queue.c - the queue. */
#include "cli/simple.h"

static int queue_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("queue.list");

	return simple_list(&a, c, "The queue is empty.", f);
}

static int queue_flush(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("queue.flush");

	return simple_do(&a, c, f, "Everything in the queue is tried now.");
}

static int queue_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("queue.delete");

	ask_argz(&a, "mid", c->operands[0]);
	return simple_do(&a, c, f, "Message %s was deleted; nobody is told.", c->operands[0]);
}

// clang-format off
const struct cli_command cli_queue[] = {
	{ "queue list", "", "list what waits to be sent", queue_list, 0, 0, { { 0 } } },
	{ "queue flush", "", "try everything now", queue_flush, 0, 0, { { 0 } } },
	{ "queue delete", "MID", "delete one message", queue_delete, 1, 1, { { 0 } } },
	{ 0 }
};
// clang-format on
