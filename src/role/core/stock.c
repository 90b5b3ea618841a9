#include "role/core/stock.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "wire/b64.h"

#include <stdlib.h>

enum {
	CERT_LIFE_DAYS = 1095,
	TOKEN_BYTES = 16,
	REFILL_SOON_MS = 20,
	REFILL_IDLE_MS = 60000,
	REFILL_CALM_MS = 1000,
	REFILL_BUSY_PART = 4,
	REFILL_RETRY_MS = 2000
};

/* Keys on the shelf without an owner. */
static const struct {
	enum key_alg alg;
	int64_t wanted;
} shelf[] = { { KEY_P256, 32 }, { KEY_RSA_2048, 8 } };

struct issue {
	struct issue *next;
	struct core *core;
	struct arena arena;
	struct profile profile;
	int64_t reverse;
	struct str address;
	cert_fn *fn;
	void *owner; /* NULL: forgotten */
};

static void look_soon(struct core *c);

/* ---- spare keys ------------------------------------------------------------------------------------------------ */

void stock_spare(struct core *c, int64_t alg, wait_fn *fn, void *arg)
{
	OWN(arena) a = ARENA;
	struct str wrapped;

	if (spare_take(c->store, alg, &a, &wrapped, NULL) == OK) {
		const struct key_made made = { .alg = (uint32_t)alg, .wrapped = wrapped };

		core_dirty(c);
		look_soon(c);
		fn(arg, OK, STR(""), &made);
		return;
	}
	if (!c->keygen) {
		fn(arg, FAIL_AGAIN, STR("no process makes keys at the moment"), NULL);
		return;
	}
	SEND(c->keygen, key_make, wait_for(&c->waits, c->keygen, IPC_key_made, fn, arg), (uint32_t)alg);
}

/* ---- issuing --------------------------------------------------------------------------------------------------- */

static void issue_end(struct issue *i, int code, const struct sender_cert *cert)
{
	for (struct issue **p = &i->core->issues; *p; p = &(*p)->next) {
		if (*p != i)
			continue;
		*p = i->next;
		break;
	}
	if (i->owner)
		i->fn(i->owner, code, cert);
	arena_done(&i->arena);
	free(i);
}

static int keep(struct issue *i, const struct issued *m, int64_t not_after, struct sender_cert *ret,
                struct fail *f)
{
	struct store *st = i->core->store;
	struct sender_cert c = { 0, i->reverse, i->profile.id, not_after, m->cert, m->wrapped_leaf };
	int r = sender_cert_add(st, &c, &c.id, f);

	if (r == FAIL_EXISTS) /* two messages of one new correspondent at once: the first one's stays */
		return sender_cert_find(st, i->reverse, i->profile.id, &i->arena, ret, f);
	TRY(r);
	core_dirty(i->core);
	*ret = c;
	return OK;
}

static int64_t end_of(const struct profile *p, int64_t now)
{
	int64_t end = now + (int64_t)CERT_LIFE_DAYS * DAY_S;

	return end < p->not_after ? end : p->not_after;
}

static void on_issued(void *arg, int code, struct str why, const void *msg)
{
	struct issue *i = arg;
	const struct issued *m = msg;
	struct sender_cert cert = { 0 };
	struct fail f = { 0 };
	int r = code;

	if (r < 0)
		log_warn("ev=issue code=%s why=%s", fail_name(r), log_quote(why));
	if (r == OK) {
		r = keep(i, m, end_of(&i->profile, core_now(i->core)), &cert, &f);
		if (r < 0)
			log_fail(LOG_WARN, "issue", &f);
	}
	issue_end(i, r, &cert);
}

static void on_spare(void *arg, int code, struct str why, const void *msg)
{
	struct issue *i = arg;
	struct core *c = i->core;
	const struct key_made *m = msg;
	int64_t now = core_now(c), begin = now - DAY_S;

	if (code == OK && !c->vault)
		code = FAIL_AGAIN;
	if (code < 0) {
		log_warn("ev=issue code=%s why=%s", fail_name(code), log_quote(why));
		issue_end(i, code, NULL);
		return;
	}
	if (begin < i->profile.not_before)
		begin = i->profile.not_before;
	SEND(c->vault, issue_sender, wait_for(&c->waits, c->vault, IPC_issued, on_issued, i),
	     (uint64_t)i->profile.user, (uint64_t)i->profile.id, i->profile.wrapped_ca, m->wrapped,
	     i->address, begin, end_of(&i->profile, now));
}

static bool still_good(const struct core *c, const struct sender_cert *cert, const struct profile *p)
{
	return cert->not_after - core_now(c) > (int64_t)STOCK_RENEW_DAYS * DAY_S ||
	       p->not_after <= cert->not_after;
}

void stock_cert(struct core *c, const struct profile *p, int64_t reverse, struct str address, cert_fn *fn,
                void *owner)
{
	OWN(arena) a = ARENA;
	struct sender_cert have;
	struct issue *i;

	if (sender_cert_find(c->store, reverse, p->id, &a, &have, NULL) == OK) {
		if (still_good(c, &have, p)) {
			fn(owner, OK, &have);
			return;
		}
		(void)!sender_cert_delete(c->store, have.id, NULL);
	}
	i = xnew(struct issue);
	*i = (struct issue){ c->issues, c, ARENA, *p, reverse, STR_NONE, fn, owner };
	i->address = arena_str(&i->arena, address);
	i->profile.wrapped_ca = arena_str(&i->arena, p->wrapped_ca);
	c->issues = i;
	stock_spare(c, p->sender_alg, on_spare, i);
}

void stock_forget(struct core *c, const void *owner)
{
	for (struct issue *i = c->issues; i; i = i->next)
		if (i->owner == owner)
			i->owner = NULL; /* the certificate is still made and kept */
}

/* ---- addresses ------------------------------------------------------------------------------------------------- */

struct str stock_domain(const struct core *c, const struct profile *p, struct str wanted)
{
	struct str list = p->domains, domain, first = STR_NONE;

	while (list_next(&list, &domain)) {
		if (str_eq(domain, wanted))
			return domain;
		for (size_t i = 0; !first.n && i < c->conf->n_domains; i++)
			if (str_eq(domain, c->conf->domains[i]))
				first = domain;
	}
	return first;
}

int stock_address(struct core *c, int64_t user, struct str domain, enum reverse_use use, struct arena *a,
                  struct reverse *ret, struct fail *f)
{
	uint8_t token[TOKEN_BYTES];
	OWN(buf) b = BUF(512);
	struct reverse r = { 0, user, STR_NONE, use };

	TRY(random_bytes(token, sizeof(token), f));
	b32_print(str_of(token, sizeof(token)), &b);
	buf_addc(&b, '@');
	buf_add(&b, domain);
	TRY(reverse_add(c->store, user, buf_str(&b), use, core_now(c), &r.id, f));
	core_dirty(c);
	r.address = arena_str(a, buf_str(&b));
	*ret = r;
	return OK;
}

/* ---- refilling ------------------------------------------------------------------------------------------------- */

static void refill(void *arg);

/* Never later than was said before: whoever draws without a pause shall not put it off for ever. */
static void again(struct core *c, uint64_t ms)
{
	uint64_t at = clock_mono_ms() + ms;

	if (c->refill_ms && c->refill_ms <= at)
		return;
	if (!c->refill)
		c->refill = timer_new(c->loop, refill, c);
	c->refill_ms = at;
	timer_set(c->refill, ms);
}

static void made(struct core *c, bool ok)
{
	c->refilling = false;
	again(c, ok ? REFILL_SOON_MS : REFILL_RETRY_MS);
}

/* While new correspondents come, the processor is theirs: a shelf is filled again when they have ceased for a moment,
 * or when less than a part of it is left. */
static bool is_busy(const struct core *c)
{
	return c->drawn_ms && clock_mono_ms() - c->drawn_ms < REFILL_CALM_MS;
}

static int64_t wanted_now(const struct core *c, int64_t whole)
{
	return is_busy(c) ? (whole + REFILL_BUSY_PART - 1) / REFILL_BUSY_PART : whole;
}

static void on_shelved(void *arg, int code, struct str why, const void *msg)
{
	struct core *c = arg;
	const struct key_made *m = msg;

	if (code == OK && spare_add(c->store, m->alg, m->wrapped, NULL) == OK)
		core_dirty(c);
	made(c, code == OK);
}

static bool shelve_one(struct core *c)
{
	for (size_t i = 0; c->keygen && i < sizeof(shelf) / sizeof(shelf[0]); i++) {
		int64_t n = 0;

		if (spare_count(c->store, shelf[i].alg, &n, NULL) < 0 || n >= wanted_now(c, shelf[i].wanted))
			continue;
		c->refilling = true;
		SEND(c->keygen, key_make, wait_for(&c->waits, c->keygen, IPC_key_made, on_shelved, c),
		     (uint32_t)shelf[i].alg);
		return true;
	}
	return false;
}

static void forget_drawn(struct stock_look *l, size_t i)
{
	l->drawn[i] = l->drawn[--l->n_drawn];
}

/* One that was drawn from stays in mind until it is full, which it need not be while others draw. */
static int hungry_drawn(struct core *c, int64_t *ret_profile, struct fail *f)
{
	struct stock_look *l = &c->look;

	for (size_t i = 0; i < l->n_drawn;) {
		int64_t n = 0;
		int e = pool_count(c->store, l->drawn[i].profile, &n, f);

		l->drawn[i].left = n;
		if (e == OK && n < wanted_now(c, c->conf->pool)) {
			*ret_profile = l->drawn[i].profile;
			return OK;
		}
		if (e != OK && e != FAIL_ABSENT)
			return e;
		if (e == OK && n < c->conf->pool)
			i++;
		else
			forget_drawn(l, i);
	}
	return FAIL_ABSENT;
}

static int hungry(struct core *c, int64_t *ret_profile, struct fail *f)
{
	struct stock_look *l = &c->look;
	int e = hungry_drawn(c, ret_profile, f);

	if (e != FAIL_ABSENT || is_busy(c))
		return e;
	if (!l->round && clock_mono_ms() >= l->next_ms) {
		l->round = true;
		l->at = (struct pool_look){ 0 };
	}
	if (!l->round)
		return FAIL_ABSENT;
	e = pool_hungry(c->store, c->conf->pool, &l->at, ret_profile, f);
	if (e == FAIL_ABSENT && !l->at.at) {
		l->round = false;
		l->next_ms = clock_mono_ms() + REFILL_IDLE_MS;
	}
	return e;
}

/* Nothing can be made for it now: the others do not wait for it. */
static void pass_over(struct core *c, int64_t profile)
{
	struct stock_look *l = &c->look;

	for (size_t i = 0; i < l->n_drawn; i++)
		if (l->drawn[i].profile == profile)
			forget_drawn(l, i--);
	if (l->round)
		pool_pass(&l->at, profile);
}

static void on_pooled(void *arg, int code, const struct sender_cert *cert)
{
	struct core *c = arg;

	if (code < 0 && code != FAIL_AGAIN) /* a process that is away comes back */
		pass_over(c, c->look.filled);
	made(c, code == OK);
}

static int address_for(struct core *c, const struct profile *p, struct arena *a, struct reverse *ret,
                       struct fail *f)
{
	struct str domain = stock_domain(c, p, c->conf->domains[0]);

	if (!domain.n || p->not_after <= core_now(c))
		return FAIL_ABSENT;
	/* an address that another profile of this user, or a failure, has left without one */
	if (reverse_bare(c->store, p->user, p->id, a, ret, NULL) == OK && str_ends(ret->address, domain))
		return OK;
	return stock_address(c, p->user, domain, REVERSE_POOL, a, ret, f);
}

/* One reverse address with a certificate for a pool that is not full. */
static bool pool_one(struct core *c)
{
	OWN(arena) a = ARENA;
	struct profile p;
	struct reverse r;
	struct fail f = { 0 };
	int64_t id = 0;
	int e = hungry(c, &id, &f);

	if (e == OK)
		e = profile_get(c->store, id, &a, &p, &f);
	if (e == OK)
		e = address_for(c, &p, &a, &r, &f);
	if (e != OK) {
		if (e != FAIL_ABSENT)
			log_fail(LOG_WARN, "pool", &f);
		if (id)
			pass_over(c, id);
		return false;
	}
	c->refilling = true;
	c->look.filled = id;
	stock_cert(c, &p, r.id, r.address, on_pooled, c);
	return true;
}

/* One thing at a time, so that mail that waits for a key never stands behind more than one of ours. */
static void refill(void *arg)
{
	struct core *c = arg;

	c->refill_ms = 0;
	if (c->refilling) /* it looks again when it has its one */
		return;
	if (!shelve_one(c) && !pool_one(c))
		again(c, is_busy(c) ? REFILL_CALM_MS : c->look.round ? REFILL_SOON_MS : REFILL_IDLE_MS);
}

void stock_start(struct core *c)
{
	again(c, REFILL_SOON_MS);
}

static void look_soon(struct core *c)
{
	if (c->refill)
		again(c, REFILL_SOON_MS);
}

static size_t find_drawn(const struct stock_look *l, int64_t profile)
{
	size_t i = 0;

	while (i < l->n_drawn && l->drawn[i].profile != profile)
		i++;
	return i;
}

void stock_wake(struct core *c, int64_t profile)
{
	struct stock_look *l = &c->look;
	const size_t room = sizeof(l->drawn) / sizeof(l->drawn[0]);
	size_t i = find_drawn(l, profile);

	if (i == room) { /* more than are kept in mind: a round finds them all */
		l->next_ms = 0;
		i = (size_t)profile % room;
	} else if (i == l->n_drawn) {
		l->n_drawn++;
	}
	l->drawn[i].profile = profile;
	l->drawn[i].left = 0; /* not counted yet */
	look_soon(c);
}

void stock_drawn(struct core *c, int64_t profile)
{
	struct stock_look *l = &c->look;
	size_t i = find_drawn(l, profile);

	c->drawn_ms = clock_mono_ms();
	if (i < l->n_drawn && --l->drawn[i].left >= wanted_now(c, c->conf->pool))
		again(c, REFILL_CALM_MS); /* no need to count it for each of them */
	else
		stock_wake(c, profile);
}
