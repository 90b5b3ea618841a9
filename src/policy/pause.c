#include "policy/pause.h"

#include "base/clock.h"

enum { HARD = 1, ANY = 2 };

/* `times` failures for one of these reasons, the first and the last of them at least `apart_s` from each other, within the
 * window. */
// clang-format off
static const struct rule {
	uint32_t reasons; /* bits */
	int which;
	size_t times;
	int64_t apart_s;
	enum pause_why why;
	const char *because;
} rules[] = {
#define R(x) (1u << BOUNCE_##x)
	{ R(UNKNOWN) | R(INACTIVE), HARD, 2, DAY_S, PAUSE_UNKNOWN,
	  "said on two days: it is no slip of the provider's" },
	{ R(UNKNOWN) | R(INACTIVE), HARD, 5, 0, PAUSE_UNKNOWN,
	  "five in a row: more would only spoil the relay's reputation there" },
	{ R(FULL), ANY, 3, 2 * DAY_S, PAUSE_FULL,
	  "full for days: nobody has tidied up, and what was accepted was lost" },
	{ R(BLOCKED) | R(SPAM) | R(OTHER), HARD, 10, DAY_S, PAUSE_REFUSED,
	  "single messages are refused for what they are; ten on two days with none between that came through are not" },
	{ R(EXPIRED) | R(NETWORK), ANY, 5, DAY_S, PAUSE_UNREACHABLE,
	  "each of them was tried for days" },
	/* SIZE, RATE and CONTENT speak of one message or one hour. */
#undef R
};
// clang-format on

static bool fits(const struct rule *r, const struct bounce_event *e, size_t n, int64_t now)
{
	int64_t newest = 0, oldest = 0;
	size_t times = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(r->reasons & 1u << e[i].reason) || (r->which == HARD && !e[i].hard) ||
		    now - e[i].at > (int64_t)PAUSE_WINDOW_DAYS * DAY_S)
			continue;
		newest = times ? newest : e[i].at;
		oldest = e[i].at;
		times++;
	}
	return times >= r->times && newest - oldest >= r->apart_s;
}

enum pause_why pause_judge(const struct bounce_event *e, size_t n, int64_t now)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (fits(&rules[i], e, n, now))
			return rules[i].why;
	return PAUSE_NONE;
}

int64_t pause_wait(int64_t probes, int64_t first_s)
{
	static const int64_t factors[] = { 1, 2, 4, 7 }; /* a week at last, with a first wait of a day */
	size_t at = probes < 0 ? 0 : (size_t)probes;

	return first_s * factors[at < 3 ? at : 3];
}

const char *pause_word(enum pause_why w)
{
	static const char *const words[PAUSE_WHYS] = { "", "unknown-user", "full", "refused", "unreachable" };

	return w < PAUSE_WHYS ? words[w] : "";
}

const char *pause_sentence(enum pause_why w)
{
	static const char *const sentences[PAUSE_WHYS] = {
		"",
		"Its provider says that there is no such mailbox, or that it is switched off.",
		"Its provider says, for days now, that it is full.",
		"Its provider refuses what is sent there, message after message.",
		"Its provider could not be reached for days, again and again.",
	};

	return w < PAUSE_WHYS ? sentences[w] : "";
}
