/* calls_queue.c - the queue and the version. */
#include "base/clock.h"
#include "role/core/call.h"
#include "role/core/queue.h"

static int list_item(void *arg, const struct queue_item *i, struct fail *f)
{
	static const char *const kinds[] = { "?", "forward", "notice", "dsn", "reply" };
	struct request *c = arg;
	struct str domain = str_from(i->rcpt, str_rchr(i->rcpt, '@') + 1);

	rec_text(c, "mid", i->mid);
	rec_text(c, "kind", str_c(kinds[i->kind]));
	rec_time(c, "arrived", i->arrived);
	rec_time(c, "next_try", i->next_try);
	rec_number(c, "tries", i->tries);
	rec_time(c, "expires", i->expires);
	rec_text(c, "status", i->status);
	rec_text(c, "note", i->note);
	rec_number(c, "size", i->size);
	rec_text(c, "alias", i->alias);
	rec_text(c, "route", conf_route(c->core->conf, domain));
	rec_end(c);
	return OK;
}

static int run_list(struct request *c, struct fail *f)
{
	return queue_each(c->core->store, list_item, c, f);
}

static int run_flush(struct request *c, struct fail *f)
{
	core_dirty(c->core);
	queue_wake_all(c->core);
	return queue_flush(c->core->store, core_now(c->core), f);
}

static int run_delete(struct request *c, struct fail *f)
{
	int64_t id;
	int r = queue_find(c->core->store, arg_text(c, "mid"), &id, f);

	if (r == FAIL_ABSENT)
		return call_wrong(c, "mid", f, r,
		                  "there is no message %.*s in the queue: see `postern queue list`",
		                  STR_ARG(arg_text(c, "mid")));
	TRY(r);
	core_dirty(c->core);
	return queue_delete(c->core->store, id, f);
}

static int run_version(struct request *c, struct fail *f)
{
	rec_text(c, "version", STR(POSTERN_VERSION));
	rec_end(c);
	return OK;
}

// clang-format off
const struct call_spec calls_queue[] = {
	{ "queue.list", run_list, { { 0 } } },
	{ "queue.flush", run_flush, { { 0 } } },
	{ "queue.delete", run_delete, { { .name = "mid", .required = true } } },
	{ "version", run_version, { { 0 } } },
	{ 0 }
};
// clang-format on
