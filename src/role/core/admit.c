#include "role/core/admit.h"

#include "base/log.h"
#include "policy/catchall.h"
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

int admit(struct txn *t, struct verdict *ret, struct fail *f)
{
	struct verdict v = { .kind = VERDICT_ACCEPT };
	int r = make_aliases(t, f);

	if (r == FAIL_LIMIT)
		v = catch_full();
	else
		TRY(r);
	*ret = v;
	return OK;
}
