#include "policy/alias.h"

#include "base/clock.h"

static const struct verdict accept_it = { VERDICT_ACCEPT, 250, "2.1.5", "ok", "ok" };

static struct verdict unknown_because(const char *why)
{
	return (struct verdict){ VERDICT_REFUSE, 550, "5.1.1", "no such address here", why };
}

struct verdict alias_unknown(void)
{
	return unknown_because("unknown");
}

static struct verdict judge_box(const struct alias_box *b, int64_t now, uint32_t defer_days)
{
	if (b->has_profile && b->profile_not_after > now)
		return accept_it;
	if (b->has_profile && now - b->profile_not_after < (int64_t)defer_days * DAY_S)
		return (struct verdict){
			VERDICT_REFUSE, 450, "4.7.5",
			"the key of this address has expired and may be renewed, please try again later",
			"profile-expired"
		};
	if (b->has_profile)
		return (struct verdict){ VERDICT_REFUSE, 550, "5.7.5",
			                 "this address cannot receive encrypted mail any more",
			                 "profile-expired" };
	if (b->clear_ok)
		return accept_it;
	return (struct verdict){ VERDICT_REFUSE, 550, "5.7.5",
		                 "this address cannot receive encrypted mail yet", "no-profile" };
}

struct verdict alias_judge(const struct alias_facts *a, int64_t now, uint32_t defer_days)
{
	int64_t used = a->last_used > a->created ? a->last_used : a->created;

	if (a->state == GATE_OFF_REJECT)
		return unknown_because("off");
	if (a->state == GATE_OFF_DROP)
		return (struct verdict){ VERDICT_DROP, 250, "2.1.5", "ok", "off" };
	if (a->expires_at && now >= a->expires_at)
		return unknown_because("expired-date");
	if (a->idle_days && now - used >= a->idle_days * DAY_S)
		return unknown_because("expired-idle");
	if (a->count_left == 0)
		return unknown_because("expired-count");
	if (!a->n_boxes)
		return unknown_because("no-mailbox");
	for (size_t i = 0; i < a->n_boxes; i++) {
		struct verdict v = judge_box(&a->boxes[i], now, defer_days);

		if (v.kind != VERDICT_ACCEPT)
			return v;
	}
	return accept_it;
}
