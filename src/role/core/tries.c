#include "role/core/tries.h"

#include "base/mem.h"
#include "policy/bound.h"
#include "role/core/keys.h"

static const struct bound bounds[TRIES_KINDS] = {
	[TRIES_PAIR] = { 10, 15 * 60 },   [TRIES_CLIENT] = { 40, 15 * 60 }, [TRIES_NAME] = { 100, 15 * 60 },
	[TRIES_DEVICE] = { 10, 15 * 60 }, [TRIES_FIRST] = { 120, 15 * 60 }, [TRIES_CODES] = { 20, 24 * 3600 },
	[TRIES_NAMES] = { 60, 3600 },     [TRIES_SHOWN] = { 120, 15 * 60 },
};

struct tries {
	struct bound_table of[TRIES_KINDS];
};

static struct bound_table *table_of(struct core *c, enum tries_of of)
{
	if (!c->tries)
		c->tries = xnew(struct tries);
	return &c->tries->of[of];
}

static void key_of(const struct core *c, enum tries_of of, struct str what, uint8_t ret[static BOUND_KEY])
{
	uint8_t h[32], net[BOUND_NET];

	if (of == TRIES_CLIENT)
		what = str_of(net, bound_net(what, net));
	keys_hash(c, "tries", (uint64_t)of, what, h);
	memcpy(ret, h, BOUND_KEY);
}

int tries_check(struct core *c, enum tries_of of, struct str what, struct fail *f)
{
	uint8_t key[BOUND_KEY];

	key_of(c, of, what, key);
	return bound_reached(table_of(c, of), &bounds[of], key, core_now(c))
	               ? fail(f, FAIL_AGAIN, "too many tries: wait a quarter of an hour, then try again")
	               : OK;
}

void tries_count(struct core *c, enum tries_of of, struct str what)
{
	uint8_t key[BOUND_KEY];

	key_of(c, of, what, key);
	bound_count(table_of(c, of), &bounds[of], key, core_now(c));
}

void tries_forget(struct core *c, enum tries_of of, struct str what)
{
	uint8_t key[BOUND_KEY];

	key_of(c, of, what, key);
	bound_forget(table_of(c, of), key);
}
