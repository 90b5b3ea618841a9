#include "role/core/space.h"

#include "base/clock.h"
#include "base/log.h"

#include <sys/statvfs.h>

enum { BELIEVED_MS = 1000 };

/* What cannot be asked is no reason to refuse mail: storing it will tell. */
static bool look(const struct core *c)
{
	struct statvfs s;

	return statvfs(".", &s) == 0 && (uint64_t)s.f_bavail * s.f_frsize < c->conf->min_free;
}

bool space_is_low(struct core *c)
{
	uint64_t now = clock_mono_ms();
	bool low;

	if (now < c->space_until)
		return c->space_low;
	low = c->conf->min_free && look(c);
	if (low != c->space_low)
		log_warn("ev=space state=%s why=%s", low ? "low" : "enough",
		         log_quote(low ? STR("less than server.min_free is left for the state directory: new "
		                             "mail "
		                             "is deferred; make room")
		                       : STR("mail is taken again")));
	c->space_low = low;
	c->space_until = now + BELIEVED_MS;
	return low;
}

struct verdict space_verdict(void)
{
	return (struct verdict){ VERDICT_REFUSE, 452, "4.3.1", "no room for mail now, please try again later",
		                 "space" };
}
