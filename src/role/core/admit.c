#include "role/core/admit.h"

#include "base/log.h"
#include "policy/block.h"
#include "policy/catchall.h"
#include "role/core/activity.h"
#include "store/blocks.h"
#include "store/domains.h"

/* The first mail to an address of a catch-all. Another message may have made the alias since RCPT. */
static int make_alias(struct txn *t, struct alias *al, struct fail *f)
{
	struct store *st = t->core->store;
	int r = alias_find(st, al->address, &t->arena, al, f);

	if (r != FAIL_ABSENT)
		return r;
	TRY(domain_count(st, al->domain, t->arrived, f));
	txn_touch(t);
	TRY(alias_add(st, al, &al->id, f));
	TRY(alias_mailboxes_inherit(st, al->id, al->domain, f));
	log_info("ev=alias-made mid=%s alias=%s", t->mid, log_mask(al->address));
	return OK;
}

static int make_aliases(struct txn *t, struct fail *f)
{
	for (size_t i = 0; i < t->n_outputs; i++) {
		struct alias *al = &t->outputs[i].alias;

		if (t->origin == TXN_MAIL && !al->id) /* copies for other mailboxes find the first one's */
			TRY(make_alias(t, al, f));
	}
	return OK;
}

int admit_sender(struct core *c, const struct alias *al, const struct who *w, struct str sender,
                 struct verdict *ret, struct fail *f)
{
	struct str keys[BLOCK_KEYS_MAX];
	OWN(arena) a = ARENA;
	enum block_how how = BLOCK_NONE;
	size_t n = al->blocks ? block_keys(w, sender, &a, keys) : 0;

	for (size_t i = 0; i < n && how == BLOCK_NONE; i++)
		TRY(block_find(c->store, al->id, keys[i], &how, f));
	*ret = how == BLOCK_REFUSE ? block_refused(w != NULL)
	       : how == BLOCK_DROP ? block_dropped()
	                           : (struct verdict){ .kind = VERDICT_ACCEPT };
	return OK;
}

/* One note for an alias, however many copies it would have become; they stand side by side. */
static void note(struct txn *t, const struct output *o, const struct verdict *v)
{
	log_info("ev=blocked mid=%s alias=%s", t->mid, log_mask(o->alias.address));
	t->core->counters.dropped += v->kind == VERDICT_DROP;
	activity_blocked(t->core, &o->alias, &t->facts.who, t->sender, v);
}

static bool names_reverse(const struct txn *t, int64_t user)
{
	struct str list = t->facts.others, name, address;
	OWN(arena) a = ARENA;
	struct reverse r;

	while (list_next_pair(&list, &name, &address)) {
		struct str key = rcpt_key(address, &a);

		if (rcpt_is_relay_domain(t->core, str_from(key, str_rchr(key, '@') + 1)) &&
		    reverse_find(t->core->store, key, &a, &r, NULL) == OK && r.user == user)
			return true;
	}
	return false;
}

/* The alias's own copy of an answer to all: its user wrote it, it is on its way to the correspondents, and here it would
 * come back as a message from the user to the user. */
static bool is_own_copy(struct txn *t, const struct output *o)
{
	return t->sender.n && names_reverse(t, o->alias.user) &&
	       mailbox_speaks_for(t->core->store, o->alias.user, rcpt_key(t->sender, &t->arena), NULL) == OK;
}

static int weed(struct txn *t, struct verdict *ret, struct fail *f)
{
	struct verdict v = { .kind = VERDICT_ACCEPT };
	bool dropped = false;
	int64_t last = -1;
	size_t kept = 0;

	for (size_t i = 0; i < t->n_outputs; i++) {
		struct output *o = &t->outputs[i];

		if (o->alias.id != last && is_own_copy(t, o)) /* else as the copy before */
			v = (struct verdict){ VERDICT_DROP, 250, "2.1.5", "ok", "own-copy" };
		else if (o->alias.id != last)
			TRY(admit_sender(t->core, &o->alias, &t->facts.who, t->sender, &v, f));
		if (v.kind != VERDICT_ACCEPT && o->alias.id != last)
			note(t, o, &v);
		dropped = dropped || v.kind == VERDICT_DROP;
		last = o->alias.id;
		if (v.kind != VERDICT_ACCEPT)
			continue;
		if (kept != i)
			t->outputs[kept] = *o;
		t->outputs[kept].index = (uint32_t)kept;
		kept++;
	}
	t->n_outputs = kept;
	*ret = kept ? (struct verdict){ .kind = VERDICT_ACCEPT } : dropped ? block_dropped() : v;
	return OK;
}

int admit(struct txn *t, struct verdict *ret, struct fail *f)
{
	struct verdict v = { .kind = VERDICT_ACCEPT };
	int r;

	if (t->origin == TXN_MAIL)
		TRY(weed(t, &v, f));
	r = v.kind == VERDICT_ACCEPT ? make_aliases(t, f) : OK;
	if (r == FAIL_LIMIT)
		v = catch_full();
	else
		TRY(r);
	*ret = v;
	return OK;
}
