#include "policy/watch.h"

enum {
	HOUR = 3600,
	NEXT_LEAST = 20 * HOUR, /* a day, spread: what was added together is not asked together for ever */
	NEXT_SPREAD = 8 * HOUR,
	AGAIN_LEAST = HOUR,
	AGAIN_SPREAD = HOUR,
	CLAIM_LEAST = 60, /* a record that was just added */
	CLAIM_MOST = 6 * HOUR,
	CLAIM_SHARE = 4, /* of its age: the pause */
};

static enum record record_of(enum watched w)
{
	return w == WATCHED_MX ? RECORD_MX : RECORD_OWNERSHIP;
}

int64_t watch_again(int64_t now, uint32_t dice)
{
	return now + AGAIN_LEAST + dice % AGAIN_SPREAD;
}

int64_t watch_claim(int64_t created, int64_t now, uint32_t dice)
{
	int64_t age = now - created, pause = age / CLAIM_SHARE;

	if (age >= WATCH_CLAIM_S)
		return 0;
	pause = pause < CLAIM_LEAST ? CLAIM_LEAST : pause < CLAIM_MOST ? pause : CLAIM_MOST;
	return now + pause + dice % (pause / CLAIM_SHARE);
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
