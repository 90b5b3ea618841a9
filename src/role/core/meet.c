#include "role/core/meet.h"

#include "role/core/rcpt.h"
#include "role/core/stock.h"

static struct str domain_of(struct str address)
{
	return str_from(address, str_rchr(address, '@') + 1);
}

/* From the pool, where it has one with a certificate; else drawn now. */
static int take_reverse(struct core *c, const struct alias *al, const struct profile *p, struct arena *a,
                        struct reverse *ret, struct fail *f)
{
	struct str wanted = domain_of(al->address), domain;
	int r;

	if (!p->id) {
		domain = rcpt_is_relay_domain(c, wanted) ? wanted : c->conf->domains[0];
		return stock_address(c, al->user, domain, REVERSE_TAKEN, a, ret, f);
	}
	domain = stock_domain(c, p, wanted);
	if (!domain.n)
		return fail(f, FAIL_DENIED,
		            "the active profile permits none of the relay's domains: issue a new one");
	r = str_eq(domain, stock_domain(c, p, c->conf->domains[0])) /* that of the pool */
	            ? reverse_take(c->store, al->user, p->id, a, ret, f)
	            : FAIL_ABSENT;
	stock_drawn(c, p->id); /* of the pool, or of the spare keys */
	if (r != FAIL_ABSENT)
		return r;
	return stock_address(c, al->user, domain, REVERSE_TAKEN, a, ret, f);
}

int meet(struct core *c, const struct alias *al, const struct profile *p, const struct who *w, int64_t now,
         struct arena *a, struct correspondent *ret, struct fail *f)
{
	struct reverse r;
	struct correspondent new = {
		.alias = al->id,
		.kind = (enum correspondent_kind)w->kind,
		.key = w->key,
		.address = w->address,
		.name = w->name,
		.reply_to = w->reply_to,
		.created = now,
		.last_used = now,
	};

	TRY(take_reverse(c, al, p, a, &r, f));
	new.reverse = r.id;
	new.reverse_address = r.address;
	core_dirty(c);
	TRY(correspondent_add(c->store, &new, &new.id, f));
	*ret = new;
	return OK;
}
