#include "role/core/remind.h"

#include "base/clock.h"
#include "base/log.h"
#include "role/core/activity.h"
#include "role/core/expiry.h"
#include "role/core/held.h"
#include "role/core/notices.h"
#include "store/profiles.h"
#include "store/upkeep.h"
#include "store/users.h"
#include "wire/date.h"

enum { HOUR_MS = 3600 * 1000, SOON_MS = 5000, MORE_MS = 200 };

static const int64_t reminders[] = { 1, 7, 30 }; /* days before the end */

/* The smallest reminder that is due, or 0. */
static int64_t due(const struct profile *p, int64_t now)
{
	for (size_t i = 0; i < sizeof(reminders) / sizeof(reminders[0]); i++)
		if (p->not_after - now <= reminders[i] * DAY_S && p->not_after > now)
			return p->reminded && p->reminded <= reminders[i] ? 0 : reminders[i];
	return 0;
}

static void write_text(const struct profile *p, int64_t now, struct buf *b)
{
	OWN(buf) end = BUF(64);

	date_print_iso(p->not_after, &end);
	buf_addf(b, "The encryption profile of this mailbox ends on %.10s (UTC), in %lld days.\r\n\r\n",
	         end.p, (long long)((p->not_after - now + DAY_S - 1) / DAY_S));
}

static int remind_one(void *arg, const struct profile *p, struct fail *f)
{
	struct core *c = arg;
	int64_t now = core_now(c), days = due(p, now);
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(4096);
	struct mailbox m;

	if (p->state != PROFILE_ACTIVE || !days)
		return OK;
	TRY(mailbox_get(c->store, p->mailbox, &a, &m, f));
	write_text(p, now, &text);
	if (notice_send(c, NOTICE_PROFILE_ENDS, &m, buf_str(&text), NULL, STR(""), f) < 0) {
		log_fail(LOG_WARN, "reminder", f);
		return OK; /* the next hour tries again */
	}
	log_info("ev=reminder profile=%lld days=%lld", (long long)p->id, (long long)days);
	core_dirty(c);
	return profile_reminded(c->store, p->id, days, f);
}

static void on_hour(void *arg)
{
	struct core *c = arg;
	struct fail f = { 0 };
	bool more = false, more_users = false;

	if (profile_each(c->store, 0, remind_one, c, &f) < 0)
		log_fail(LOG_WARN, "reminders", &f);
	if (expiry_tell(c, &more_users, &f) < 0)
		log_fail(LOG_WARN, "expiry-notices", &f);
	activity_settle(c);
	held_look(c);
	if (upkeep_purge(c->store, core_now(c), &more, &f) < 0)
		log_fail(LOG_WARN, "purge", &f);
	core_dirty(c);
	timer_set(c->hourly, more || more_users ? MORE_MS : HOUR_MS);
}

void remind_start(struct core *c)
{
	c->hourly = timer_new(c->loop, on_hour, c);
	timer_set(c->hourly, SOON_MS);
}
