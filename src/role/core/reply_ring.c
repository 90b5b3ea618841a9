#include "role/core/reply_in.h"

#include "store/users.h"

/* What an item of a list costs beside its bytes. */
enum { LIST_ITEM = 4 };

struct gathering {
	struct reply *r;
	struct buf pins, certs, groups;
	size_t group, skip; /* profiles that are too old to have a place */
};

/* Every key that was ever issued for the mailbox, and not deleted, may speak for it. */
static int gather_pin(void *arg, const struct profile *p, struct fail *f)
{
	struct gathering *g = arg;

	if (!p->user_cert.n)
		return OK;
	if (g->skip) {
		g->skip--;
		return OK;
	}
	if (g->r->n_pins == REPLY_PINS_MAX || g->pins.n + p->user_cert.n + LIST_ITEM > REPLY_PINS_BYTES)
		return OK;
	list_add(&g->pins, p->user_cert);
	g->r->pins[g->r->n_pins++] = p->mailbox;
	return OK;
}

static int gather_cert(void *arg, const struct sender_cert *s, int64_t user, struct fail *f)
{
	struct gathering *g = arg;
	struct reply *r = g->r;
	OWN(buf) number = BUF(16);

	if (r->n_keys == REPLY_CERTS_MAX || g->certs.n + s->cert.n + LIST_ITEM > REPLY_CERTS_BYTES)
		return OK;
	buf_add_u64(&number, g->group);
	list_add(&g->groups, buf_str(&number));
	list_add(&g->certs, s->cert);
	r->keys[r->n_keys++] =
	        (struct reply_key){ user, s->profile, arena_str(&r->txn->arena, s->wrapped), false };
	return OK;
}

static int count_pin(void *arg, const struct profile *p, struct fail *f)
{
	*(size_t *)arg += p->user_cert.n != 0;
	return OK;
}

/* The newest: they are told in the order in which they were issued. */
static int gather_pins_of(struct gathering *g, int64_t mailbox, struct fail *f)
{
	struct store *st = g->r->txn->core->store;
	size_t n = 0;

	TRY(profile_each(st, mailbox, count_pin, &n, f));
	g->skip = n > REPLY_PINS_MAX ? n - REPLY_PINS_MAX : 0;
	return profile_each(st, mailbox, gather_pin, g, f);
}

/* The test is of one profile: what another one has signed shows nothing of it. */
static int gather_pin_of_trial(struct gathering *g, struct fail *f)
{
	struct reply *r = g->r;
	struct profile p;

	TRY(profile_get(r->txn->core->store, r->trial, &r->txn->arena, &p, f));
	return gather_pin(g, &p, f);
}

static int gather_pins(struct gathering *g, struct fail *f)
{
	struct reply *r = g->r;
	struct core *c = r->txn->core;
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	size_t n = 0;

	if (r->trial)
		return gather_pin_of_trial(g, f);
	if (r->mailbox
	            .id) /* of a submission too: who signed does not matter there, but the certificate is not to leave */
		return gather_pins_of(g, r->mailbox.id, f);
	TRY(alias_mailboxes(c->store, r->alias.id, &r->txn->arena, boxes, &n, f));
	for (size_t i = 0; i < n; i++)
		TRY(gather_pins_of(g, boxes[i].mailbox, f));
	if (n) /* the null sender's notes: whose they are a signature would say */
		TRY(mailbox_get(c->store, boxes[0].mailbox, &r->txn->arena, &r->mailbox, f));
	return OK;
}

static int gather_certs(struct gathering *g, struct fail *f)
{
	struct reply *r = g->r;

	for (size_t i = 0; i < r->n_to && !r->account; i++) {
		g->group = i;
		TRY(sender_cert_each(r->txn->core->store, r->to[i].reverse, gather_cert, g, f));
	}
	return OK;
}

int reply_say_begin(struct reply *r, struct fail *f)
{
	struct gathering g = { .r = r,
		               .pins = BUF(IPC_RECORD_MAX),
		               .certs = BUF(IPC_RECORD_MAX),
		               .groups = BUF(IPC_RECORD_MAX) };
	struct core *c = r->txn->core;
	OWN(buf) domains = BUF(CONF_DOMAINS_MAX * 256);
	int e = gather_pins(&g, f);

	if (e == OK)
		e = gather_certs(&g, f);
	for (size_t i = 0; i < c->conf->n_domains; i++)
		list_add(&domains, c->conf->domains[i]);
	list_add(&domains, str_from(r->alias.address, str_rchr(r->alias.address, '@') + 1));
	if (e == OK)
		SEND(r->txn->scribe, open_begin, r->txn->job, buf_str(&g.certs), buf_str(&g.groups),
		     r->account ? 0 : (uint32_t)r->n_to, buf_str(&g.pins), buf_str(&domains));
	buf_done(&g.pins);
	buf_done(&g.certs);
	buf_done(&g.groups);
	return e;
}
