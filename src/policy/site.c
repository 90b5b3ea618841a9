#include "policy/site.h"

#include "policy/retry.h"

bool site_may_go(const struct site *s, int64_t now)
{
	if (s->state == SITE_AWAKE)
		return true;
	return s->probes < SITE_PROBES && (s->state == SITE_ASKED || now >= s->until);
}

bool site_goes(struct site *s)
{
	if (s->state == SITE_AWAKE)
		return false;
	s->state = SITE_ASKED;
	s->probes++;
	return true;
}

void site_back(struct site *s)
{
	s->probes -= s->probes > 0;
}

static void sleep_until(struct site *s, const uint32_t *waits_s, size_t n, int64_t now, uint16_t dice)
{
	int64_t until = retry_at(waits_s, n, s->pauses, now, dice);

	s->state = SITE_ASLEEP;
	s->until = until < now + SITE_MOST_S ? until : now + SITE_MOST_S;
}

void site_dead(struct site *s, const uint32_t *waits_s, size_t n, int64_t now, uint16_t dice)
{
	if (s->state == SITE_ASLEEP && now < s->until)
		return;
	sleep_until(s, waits_s, n, now, dice);
	s->pauses++;
}

void site_spoke(struct site *s)
{
	s->state = SITE_AWAKE;
	s->pauses = 0;
}

void site_unsaid(struct site *s, const uint32_t *waits_s, size_t n, int64_t now, uint16_t dice)
{
	if (s->state == SITE_ASKED && !s->probes)
		sleep_until(s, waits_s, n, now, dice);
}
