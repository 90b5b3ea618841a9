#include "policy/watch.h"

enum {
	HOUR = 3600,
	NEXT_LEAST = 20 * HOUR, /* a day, spread: what was added together is not asked together for ever */
	NEXT_SPREAD = 8 * HOUR,
	AGAIN_LEAST = HOUR,
	AGAIN_SPREAD = HOUR,
};

static enum record record_of(enum watched w)
{
	return w == WATCHED_MX ? RECORD_MX : RECORD_OWNERSHIP;
}

int64_t watch_again(int64_t now, uint32_t dice)
{
	return now + AGAIN_LEAST + dice % AGAIN_SPREAD;
}

void watch_learn(struct watch_facts *w, const enum record_state found[RECORD_KINDS], int64_t now,
                 uint32_t dice)
{
	bool answered = false;

	for (enum watched k = 0; k < WATCHED_KINDS; k++) {
		enum record_state was = w->state[record_of(k)], is = found[record_of(k)];

		if (is == RECORD_OK)
			w->lost[k] = 0;
		else if (is != RECORD_UNSURE && was == RECORD_OK)
			w->lost[k] = now;
	}
	for (enum record r = 0; r < RECORD_KINDS; r++) {
		if (found[r] == RECORD_UNSURE)
			continue;
		w->state[r] = found[r];
		answered = true;
	}
	w->next = answered ? now + NEXT_LEAST + dice % NEXT_SPREAD : watch_again(now, dice);
	w->checked = answered ? now : w->checked;
}

bool watch_tell(const struct watch_facts *w, int64_t now, bool ret[WATCHED_KINDS])
{
	bool any = false;

	for (enum watched k = 0; k < WATCHED_KINDS; k++) {
		int64_t since = w->lost[k];

		ret[k] = since && now - since >= WATCH_SURE_S && now - since < WATCH_LETTERS_S;
		any = any || ret[k];
	}
	return any && (!w->told || now - w->told >= WATCH_LETTER_S);
}
