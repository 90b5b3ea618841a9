#include "policy/expiry.h"

#include "base/clock.h"

static int64_t lead(int64_t life)
{
	return life / 4 < EXPIRY_LEAD_S ? life / 4 : EXPIRY_LEAD_S;
}

struct expiry expiry_judge(const struct expiry_facts *a, int64_t now)
{
	int64_t since = a->last_used > a->created ? a->last_used : a->created;
	int64_t idle_s = a->idle_days * DAY_S;
	const struct {
		enum expiry_told cause;
		int64_t at;
		int ended, soon;
	} causes[] = {
		{ TOLD_DATE, a->expires_at, a->expires_at && now >= a->expires_at,
		  a->expires_at && now >= a->expires_at - lead(a->expires_at - a->created) },
		{ TOLD_IDLE, since + idle_s, idle_s && now >= since + idle_s,
		  idle_s && now >= since + idle_s - lead(idle_s) },
		/* one that was made for few messages is no news before the first */
		{ TOLD_COUNT, 0, a->count_left == 0,
		  a->used && a->count_left > 0 && a->count_left <= EXPIRY_LEAD_MESSAGES },
	};
	struct expiry e = { .told = a->told };

	for (unsigned i = 0; i < sizeof(causes) / sizeof(causes[0]) && !(a->told & TOLD_END); i++) {
		enum expiry_what what = causes[i].ended                                  ? EXPIRY_ENDED
		                        : causes[i].soon && !(a->told & causes[i].cause) ? EXPIRY_SOON
		                                                                         : EXPIRY_NOTHING;

		if (what == EXPIRY_NOTHING)
			continue;
		e.told |= what == EXPIRY_ENDED ? TOLD_END : causes[i].cause;
		if (what > e.what) {
			e.what = what;
			e.cause = causes[i].cause;
			e.at = causes[i].at;
		}
	}
	return e;
}
