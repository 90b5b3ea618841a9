/* calls_activity.c - what happened to mail of a user, told to that user. */
#include "base/clock.h"
#include "policy/event.h"
#include "role/core/activity.h"
#include "role/core/foreign.h"
#include "store/usage.h"

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

/* ---- as addy.io has it --------------------------------------------------------------------------------------------- */

/* What came to nothing: refused at the door; or on its way to a mailbox or a correspondent, and an answer that may not go. */
#define INBOUND EVENT_BIT(EVENT_IN, EVENT_REFUSED)
#define OUTBOUND                                                                                             \
	(EVENT_BIT(EVENT_IN, EVENT_BOUNCED) | EVENT_BIT(EVENT_IN, EVENT_EXPIRED) |                           \
	 EVENT_BIT(EVENT_OUT, EVENT_BOUNCED) | EVENT_BIT(EVENT_OUT, EVENT_EXPIRED) |                         \
	 EVENT_BIT(EVENT_OUT, EVENT_REFUSED) | EVENT_BIT(EVENT_OUT, EVENT_HELD))

static struct event_page failures_of(struct request *c, unsigned kinds)
{
	activity_settle(c->core);
	return (struct event_page){ .user = c->asker->session.user,
		                    .kinds = kinds,
		                    .limit = EVENT_MOST + EVENT_TRIM };
}

struct failures {
	struct request *c;
	int64_t id; /* 0: all of the page */
	uint64_t skip, limit, n;
	bool telling;
};

static int tell_failure(void *arg, const struct event *e, struct fail *f)
{
	struct failures *g = arg;
	struct request *c = g->c;
	struct alias al = { .id = 0 };

	if (g->id && e->id != g->id)
		return OK;
	if (g->n++ < g->skip || g->n > g->skip + g->limit || !g->telling)
		return OK;
	if (e->alias)
		TRY(alias_get(c->core->store, e->alias, &c->arena, &al, f));
	rec_number(c, "id", e->id);
	rec_number(c, "user", e->user);
	rec_number(c, "at", e->at);
	rec_bool(c, "out", e->way == EVENT_OUT);
	rec_bool(c, "at_door", e->way == EVENT_IN && e->what == EVENT_REFUSED);
	rec_bool(c, "hard", e->what == EVENT_BOUNCED);
	rec_number(c, "alias_id", e->alias);
	rec_text(c, "alias", e->alias_address);
	rec_text(c, "label", al.label);
	rec_text(c, "correspondent", e->address.n ? e->address : e->who);
	rec_text(c, "says", str_c(event_reason(e->why).says));
	rec_end(c);
	return OK;
}

/* How many there are, then a page of them; or the one of this number. */
static int run_failures(struct request *c, struct fail *f)
{
	unsigned kinds = arg_is(c, "kind", "inbound")    ? INBOUND
	                 : arg_is(c, "kind", "outbound") ? OUTBOUND
	                                                 : INBOUND | OUTBOUND;
	struct event_page p = failures_of(c, kinds);
	struct failures g = { .c = c,
		              .id = (int64_t)arg_number(c, "id", 0),
		              .skip = arg_number(c, "offset", 0),
		              .limit = arg_number(c, "limit", 1) };

	TRY(events_each(c->core->store, &p, tell_failure, &g, f));
	if (arg_given(c, "id") && !(g.id && g.n))
		return call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden");
	if (!arg_given(c, "id")) {
		rec_number(c, "total", (int64_t)g.n);
		rec_end(c);
	}
	g.n = 0;
	g.telling = true;
	return events_each(c->core->store, &p, tell_failure, &g, f);
}

/* ---- seven days ---------------------------------------------------------------------------------------------------- */

enum { CHART_DAYS = 7 };

struct chart {
	int64_t first, in[CHART_DAYS], out[CHART_DAYS], refused[CHART_DAYS], failed[CHART_DAYS];
};

static int add_day(void *arg, const struct usage_day *d, struct fail *f)
{
	struct chart *t = arg;
	int64_t i = d->day - t->first;

	if (i < 0 || i >= CHART_DAYS) /* a clock that went back */
		return OK;
	t->in[i] = d->forwarded;
	t->out[i] = d->answered;
	t->refused[i] = d->refused;
	return OK;
}

static int add_failure(void *arg, const struct event *e, struct fail *f)
{
	struct chart *t = arg;
	int64_t i = e->at / DAY_S - t->first;

	if (i >= 0 && i < CHART_DAYS)
		t->failed[i] += e->n;
	return OK;
}

/* The oldest first, today last; "first" is the number of the oldest since 1970. */
static int run_days(struct request *c, struct fail *f)
{
	struct event_page p = failures_of(c, OUTBOUND);
	struct chart t = { .first = core_now(c->core) / DAY_S - CHART_DAYS + 1 };

	TRY(usage_days(c->core->store, p.user, 0, t.first, add_day, &t, f));
	TRY(events_each(c->core->store, &p, add_failure, &t, f));
	rec_number(c, "first", t.first);
	rec_numbers(c, "in", t.in, CHART_DAYS);
	rec_numbers(c, "out", t.out, CHART_DAYS);
	rec_numbers(c, "refused", t.refused, CHART_DAYS);
	rec_numbers(c, "failed", t.failed, CHART_DAYS);
	rec_end(c);
	return OK;
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
	{ "foreign.failures", run_failures, { { .name = "id", .kind = ARG_NUMBER, .most = INT64_MAX },
		{ .name = "kind", .kind = ARG_WORD, .words = "inbound|outbound" },
		{ .name = "offset", .kind = ARG_NUMBER, .most = INT32_MAX }, { .name = "limit", .kind = ARG_NUMBER, .most = FOREIGN_PAGE * 5 } } },
	{ "foreign.days", run_days, { { 0 } } },
	{ 0 }
};
// clang-format on
