/* calls_activity.c - what happened to mail of a user, told to that user. */
#include "base/clock.h"
#include "policy/event.h"
#include "role/core/activity.h"
#include "role/core/foreign.h"

enum { PAGE = 50, PAGE_MOST = 200, FOREIGN_PAGE = 20, BEFORE_MOST = 48 };

#define OUTCOMES "relayed|refused|dropped|deferred|bounced|expired|held"
static const char *const outcomes[EVENT_WHATS] = {
	[EVENT_RELAYED] = "relayed",   [EVENT_REFUSED] = "refused", [EVENT_DROPPED] = "dropped",
	[EVENT_DEFERRED] = "deferred", [EVENT_BOUNCED] = "bounced", [EVENT_EXPIRED] = "expired",
	[EVENT_HELD] = "held",
};

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static int tell(void *arg, const struct event *e, struct fail *f)
{
	struct event_reason r = event_reason(e->why);
	struct request *c = arg;
	char id[BEFORE_MOST];

	snprintf(id, sizeof(id), "%lld-%lld", (long long)e->at, (long long)e->id);
	rec_text(c, "id", str_c(id));
	rec_time(c, "at", e->at);
	rec_text(c, "direction", e->way == EVENT_OUT ? STR("out") : STR("in"));
	rec_text(c, "outcome", str_c(e->what > 0 && e->what < EVENT_WHATS ? outcomes[e->what] : ""));
	rec_text(c, "alias", e->alias_address);
	rec_text(c, "correspondent", e->address.n ? e->address : e->who);
	rec_text(c, "name", e->name);
	rec_text(c, "reverse", e->reverse);
	rec_number(c, "count", e->n);
	rec_number(c, "bytes", e->bytes);
	rec_text(c, "reason", e->why);
	rec_text(c, "says", str_c(r.says));
	rec_text(c, "remedy", str_c(r.remedy));
	rec_end(c);
	return OK;
}

/* "AT-ID" of the last one that was seen: when it happened, as it was told, so that what has grown since moves nothing. */
static int read_before(struct request *c, struct event_page *p, struct fail *f)
{
	struct str v = arg_text(c, "before"), at = str_cut(&v, '-');
	uint64_t seconds, id;

	if (!arg_given(c, "before"))
		return OK;
	if (!v.p || !str_u64(at, &seconds) || !str_u64(v, &id) || !seconds || seconds > INT64_MAX ||
	    id > INT64_MAX)
		return call_wrong(c, "before", f, FAIL_SYNTAX,
		                  "before is to be the id of an event of this list");
	p->before_at = (int64_t)seconds;
	p->before_id = (int64_t)id;
	return OK;
}

static int run_list(struct request *c, struct fail *f)
{
	struct event_page p = { .limit = (int64_t)arg_number(c, "limit", PAGE) };
	struct alias al;

	TRY(call_user(c, &p.user, f));
	TRY(read_before(c, &p, f));
	if (arg_given(c, "alias")) {
		TRY(call_alias(c, "alias", &al, f));
		p.alias = al.id;
	}
	for (unsigned i = 1; i < EVENT_WHATS; i++)
		if (arg_is(c, "outcome", outcomes[i]))
			p.kinds = EVENT_BIT(EVENT_IN, i) | EVENT_BIT(EVENT_OUT, i);
	activity_settle(c->core);
	return events_each(c->core->store, &p, tell, c, f);
}

/* ---- as SimpleLogin has it ----------------------------------------------------------------------------------------- */

/* Of FOREIGN_EVENTS: nothing else has a word there. */
const char *foreign_action(const struct event *e)
{
	if (e->what == EVENT_BOUNCED || e->what == EVENT_EXPIRED)
		return "bounced";
	if (e->what != EVENT_RELAYED)
		return "block";
	return e->way == EVENT_OUT ? "reply" : "forward";
}

struct foreign_page {
	struct request *c;
	size_t skip, n;
};

static int tell_foreign(void *arg, const struct event *e, struct fail *f)
{
	struct foreign_page *p = arg;
	struct request *c = p->c;

	if (p->n++ < p->skip || p->n > p->skip + FOREIGN_PAGE)
		return OK;
	rec_text(c, "action", str_c(foreign_action(e)));
	rec_number(c, "at", e->at);
	rec_bool(c, "out", e->way == EVENT_OUT);
	rec_text(c, "alias", e->alias_address);
	rec_text(c, "email", e->address.n ? e->address : e->who);
	rec_text(c, "name", e->name);
	rec_text(c, "reverse", e->reverse);
	rec_end(c);
	return OK;
}

static int run_foreign(struct request *c, struct fail *f)
{
	struct foreign_page g = { .c = c, .skip = arg_number(c, "page_id", 0) * FOREIGN_PAGE };
	struct event_page p = { .user = c->asker->session.user,
		                .kinds = FOREIGN_EVENTS,
		                .limit = EVENT_MOST + EVENT_TRIM };
	struct alias al;

	TRY(foreign_alias(c, &al, f));
	p.alias = al.id;
	activity_settle(c->core);
	return events_each(c->core->store, &p, tell_foreign, &g, f);
}

// clang-format off
const struct call_spec calls_activity[] = {
	{ "event.list", run_list, { { .name = "user", .required = true }, { .name = "alias", .kind = ARG_ADDRESS },
		{ .name = "outcome", .kind = ARG_WORD, .words = OUTCOMES }, { .name = "before", .most = BEFORE_MOST },
		{ .name = "limit", .kind = ARG_NUMBER, .most = PAGE_MOST } } },
	{ 0 }
};
const struct call_spec calls_foreign_activity[] = {
	{ "foreign.activities", run_foreign, { FOREIGN_ID, { .name = "page_id", .kind = ARG_NUMBER, .most = 100000 } } },
	{ 0 }
};
// clang-format on
