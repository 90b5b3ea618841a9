/* calls_usage.c - bounds of users and aliases, and what came and went. */
#include "base/clock.h"
#include "role/core/activity.h"
#include "role/core/call.h"
#include "role/core/quotas.h"
#include "store/expiry.h"
#include "store/users.h"
#include "wire/date.h"

enum { DAYS_TOLD = 14 };

/* The names of the kinds, as arguments and as fields. */
static const struct {
	const char *name, *used;
	bool bytes;
} kinds[QUOTA_KINDS] = {
	[MESSAGES_HOUR] = { "messages_hour", "used_messages_hour", false },
	[MESSAGES_DAY] = { "messages_day", "used_messages_day", false },
	[BYTES_HOUR] = { "bytes_hour", "used_bytes_hour", true },
	[BYTES_DAY] = { "bytes_day", "used_bytes_day", true },
};

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static int read_bound(struct request *c, const char *arg, bool bytes, int64_t *ret, struct fail *f)
{
	struct str v = arg_text(c, arg);
	uint64_t n;

	if (str_eq(v, STR("default"))) {
		*ret = QUOTA_DEFAULT;
		return OK;
	}
	if (str_eq(v, STR("unlimited"))) {
		*ret = QUOTA_NONE;
		return OK;
	}
	if (!(bytes ? conf_read_size(v, &n) : str_u64(v, &n)) || !n || n > (uint64_t)1 << 50)
		return call_wrong(c, arg, f, FAIL_SYNTAX,
		                  bytes ? "%s is to be a size (10MiB, 1GiB or bytes), unlimited or default"
		                        : "%s is to be a number, unlimited or default",
		                  arg);
	*ret = (int64_t)n;
	return OK;
}

int call_bounds(struct request *c, struct usage *most, struct fail *f)
{
	for (size_t i = 0; i < QUOTA_KINDS; i++)
		if (arg_given(c, kinds[i].name))
			TRY(read_bound(c, kinds[i].name, kinds[i].bytes, &most->n[i], f));
	return OK;
}

void call_tell_bounds(struct request *c, const struct usage *most)
{
	for (size_t i = 0; i < QUOTA_KINDS; i++) {
		if (most->n[i] == QUOTA_DEFAULT)
			rec_text(c, kinds[i].name, STR("default"));
		else if (most->n[i] == QUOTA_NONE)
			rec_text(c, kinds[i].name, STR("unlimited"));
		else
			rec_number(c, kinds[i].name, most->n[i]);
	}
}

/* The bounds that hold; 0 is none. */
static void tell_bounds(struct request *c, const struct usage *own, struct quota otherwise)
{
	struct quota o, q;

	for (size_t i = 0; i < QUOTA_KINDS; i++)
		o.n[i] = own->n[i];
	q = quota_of(&o, &otherwise);
	for (size_t i = 0; i < QUOTA_KINDS; i++)
		rec_number(c, kinds[i].name, q.n[i]);
}

static void tell_used(struct request *c, const struct usage *used)
{
	for (size_t i = 0; i < QUOTA_KINDS; i++)
		rec_number(c, kinds[i].used, used->n[i]);
}

/* ---- days -------------------------------------------------------------------------------------------------------- */

static int tell_day(void *arg, const struct usage_day *d, struct fail *f)
{
	struct request *c = arg;
	OWN(buf) day = BUF(64);

	date_print_iso(d->day * DAY_S, &day);
	rec_text(c, "day", str_first(buf_str(&day), 10));
	rec_number(c, "forwarded", d->forwarded);
	rec_number(c, "dropped", d->dropped);
	rec_number(c, "refused", d->refused);
	rec_number(c, "answered", d->answered);
	rec_number(c, "bytes", d->bytes);
	rec_end(c);
	return OK;
}

int call_tell_days(struct request *c, int64_t user, int64_t alias, struct fail *f)
{
	activity_settle(c->core);
	return usage_days(c->core->store, user, alias, core_now(c->core) / DAY_S - DAYS_TOLD + 1, tell_day, c,
	                  f);
}

struct series {
	int64_t first, in[DAYS_TOLD], out[DAYS_TOLD], refused[DAYS_TOLD];
};

static int add_day(void *arg, const struct usage_day *d, struct fail *f)
{
	struct series *s = arg;
	int64_t i = d->day - s->first;

	if (i < 0 || i >= DAYS_TOLD) /* a clock that went back */
		return OK;
	s->in[i] = d->forwarded;
	s->out[i] = d->answered;
	s->refused[i] = d->refused + d->dropped;
	return OK;
}

int call_tell_series(struct request *c, int64_t alias, struct fail *f)
{
	struct series s = { .first = core_now(c->core) / DAY_S - DAYS_TOLD + 1 };

	TRY(usage_days(c->core->store, 0, alias, s.first, add_day, &s, f));
	rec_numbers(c, "days_in", s.in, DAYS_TOLD);
	rec_numbers(c, "days_out", s.out, DAYS_TOLD);
	rec_numbers(c, "days_refused", s.refused, DAYS_TOLD);
	return OK;
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static int run_alias_show(struct request *c, struct fail *f)
{
	struct usage used;
	struct alias al;

	activity_settle(c->core);
	TRY(call_alias(c, "address", &al, f));
	TRY(usage_of_alias(c->core->store, al.id, core_now(c->core), &used, f));
	TRY(call_tell_alias(c, &al, f));
	if (c->asker)
		TRY(call_tell_series(c, al.id, f));
	tell_bounds(c, &al.most, quotas_of_alias(c->core->conf));
	tell_used(c, &used);
	rec_end(c);
	return call_tell_days(c, 0, al.id, f);
}

int call_tell_user(struct request *c, int64_t user, struct str name, struct fail *f)
{
	struct usage used, own;
	bool wanted;

	activity_settle(c->core);
	TRY(user_limits_get(c->core->store, user, &own, f));
	TRY(usage_of_user(c->core->store, user, core_now(c->core), &used, f));
	TRY(expiry_wanted(c->core->store, user, &wanted, f));
	rec_text(c, "name", name);
	rec_text(c, "expiry_notices", wanted ? STR("on") : STR("off"));
	tell_bounds(c, &own, quotas_of_user(c->core->conf));
	tell_used(c, &used);
	rec_end(c);
	return call_tell_days(c, user, 0, f);
}

static int run_user_show(struct request *c, struct fail *f)
{
	int64_t user;

	TRY(call_user(c, &user, f));
	return call_tell_user(c, user, arg_text(c, "user"), f);
}

static int run_user_set(struct request *c, struct fail *f)
{
	struct usage most;
	int64_t user;

	TRY(call_user(c, &user, f));
	TRY(user_limits_get(c->core->store, user, &most, f));
	TRY(call_bounds(c, &most, f));
	core_dirty(c->core);
	if (arg_given(c, "expiry_notices"))
		TRY(expiry_want(c->core->store, user, arg_is(c, "expiry_notices", "on"), f));
	return user_limits_set(c->core->store, user, &most, f);
}

// clang-format off
const struct call_spec calls_usage[] = {
	{ "alias.show", run_alias_show, { { .name = "address", .kind = ARG_ADDRESS, .required = true } } },
	{ "user.show", run_user_show, { { .name = "user", .required = true } } },
	{ "user.set", run_user_set, { { .name = "user", .required = true }, BOUND_ARGS,
		{ .name = "expiry_notices", .kind = ARG_WORD, .words = "on|off" } } },
	{ 0 }
};
// clang-format on
