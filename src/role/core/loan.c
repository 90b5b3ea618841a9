#include "role/core/loan.h"

#include "base/clock.h"

static unsigned index_of(const struct core *c, const struct peer *scribe)
{
	unsigned i = 0;

	while (i < SCRIBES_MAX && c->scribes[i] != scribe)
		i++;
	return i;
}

int loan_ask(const struct output *o, struct fail *f)
{
	const struct txn *t = o->txn;
	struct core *c = t->core;

	if (!c->vault)
		return fail(f, FAIL_AGAIN, "no road for a key");
	SEND(c->vault, lend_scribe, index_of(c, t->scribe), t->job, (uint64_t)o->cert.id,
	     (uint64_t)o->profile.user, (uint64_t)o->profile.id, o->cert.wrapped);
	return OK;
}

/* The scribe's own cache, as it should be: a guess that is wrong costs a question. */
static bool has_it(struct scribe_keys *k, int64_t user, int64_t id)
{
	uint64_t now = clock_mono_ms();
	size_t at = 0;
	bool has;

	if (k->user != user)
		*k = (struct scribe_keys){ .user = user };
	while (at < LENT_KEYS - 1 && k->keys[at].id != id)
		at++;
	has = k->keys[at].id == id && now - k->keys[at].used_ms <= LENT_MS;
	memmove(k->keys + 1, k->keys, at * sizeof(k->keys[0])); /* what was used last stands first */
	k->keys[0].id = id;
	k->keys[0].used_ms = now;
	return has;
}

bool loan_ahead(const struct output *o)
{
	struct core *c = o->txn->core;
	unsigned i = index_of(c, o->txn->scribe);

	return i < SCRIBES_MAX && !has_it(&c->scribe_keys[i], o->alias.user, o->cert.id) &&
	       loan_ask(o, NULL) == OK;
}
