#include "role/core/tries.h"

#include "base/mem.h"
#include "role/core/keys.h"

enum { TRIES_MAX = 2048, KEY = 16 };

static const struct {
	unsigned most;
	int64_t in_s;
} bounds[TRIES_KINDS] = {
	[TRIES_PAIR] = { 10, 15 * 60 },
	[TRIES_CLIENT] = { 40, 15 * 60 },
	[TRIES_NAME] = { 100, 15 * 60 },
	[TRIES_CODES] = { 20, 24 * 3600 },
};

struct tries {
	struct one {
		uint8_t key[KEY];
		int64_t since;
		unsigned n;
	} of[TRIES_MAX];
};

static void key_of(const struct core *c, enum tries_of of, struct str what, uint8_t ret[static KEY])
{
	uint8_t h[32];

	keys_hash(c, "tries", (uint64_t)of, what, h);
	memcpy(ret, h, KEY);
}

/* Its place, or the one to put it in: an ended one, else the oldest. */
static struct one *place_of(struct core *c, enum tries_of of, struct str what, bool *ret_found)
{
	uint8_t key[KEY];
	struct one *oldest;

	if (!c->tries)
		c->tries = xnew(struct tries);
	oldest = &c->tries->of[0];
	key_of(c, of, what, key);
	for (size_t i = 0; i < TRIES_MAX; i++) {
		struct one *o = &c->tries->of[i];

		if (o->n && memcmp(o->key, key, KEY) == 0) {
			*ret_found = core_now(c) - o->since < bounds[of].in_s;
			if (!*ret_found)
				*o = (struct one){ 0 };
			memcpy(o->key, key, KEY);
			return o;
		}
		if (o->since < oldest->since)
			oldest = o;
	}
	*ret_found = false;
	*oldest = (struct one){ 0 };
	memcpy(oldest->key, key, KEY);
	return oldest;
}

int tries_check(struct core *c, enum tries_of of, struct str what, struct fail *f)
{
	bool found;
	const struct one *o = place_of(c, of, what, &found);

	return found && o->n >= bounds[of].most
	               ? fail(f, FAIL_AGAIN, "too many tries: wait a quarter of an hour, then try again")
	               : OK;
}

void tries_count(struct core *c, enum tries_of of, struct str what)
{
	bool found;
	struct one *o = place_of(c, of, what, &found);

	if (!found)
		o->since = core_now(c);
	o->n++;
}

void tries_forget(struct core *c, enum tries_of of, struct str what)
{
	bool found;
	struct one *o = place_of(c, of, what, &found);

	*o = (struct one){ 0 };
}
