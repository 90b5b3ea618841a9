/* plan.c - from the facts of a message to what is written in its place: whose address stands for whom, and with which
 * certificates. */
#include "policy/quota.h"
#include "role/core/keys.h"
#include "role/core/meet.h"
#include "role/core/stock.h"
#include "role/core/txn.h"
#include "store/users.h"
#include "wire/b64.h"

enum { TOKEN_BYTES = 16 };

/* ---- correspondents -------------------------------------------------------------------------------------------- */

/* Has this user met more new correspondents in this hour than one may? Then the rest share one address. */
static int past_bound(struct output *o, bool *ret, struct fail *f)
{
	struct core *c = o->txn->core;
	int64_t sum;

	*ret = false;
	if (!c->conf->new_per_hour)
		return OK;
	TRY(rate_add(c->store, o->alias.user, o->txn->arrived, 1, &sum, f));
	txn_touch(o->txn);
	*ret = quota_past(c->conf->new_per_hour, sum);
	return OK;
}

/* What a message changes of somebody known. Who is only named by it changes nothing: anybody can name anybody. */
static int touch(struct output *o, const struct who *w, bool wrote, const struct correspondent *old,
                 struct fail *f)
{
	struct txn *t = o->txn;
	struct correspondent new = *old;

	new.last_used = t->arrived;
	if (wrote) {
		/* a list's address may be another one for each thread */
		struct str said = !w->reply_to.n && w->takes_posts ? w->address : w->reply_to;
		enum reply_change change = reply_to_judge(old->address, old->reply_to, said, &t->arena);

		new.name = w->name;
		new.reply_to = change == REPLY_TAKE ? said : old->reply_to;
		new.reply_asked = change == REPLY_ASK ? said : STR("");
	}
	TRY(correspondent_touch(t->core->store, old, &new, f));
	txn_touch(t);
	return OK;
}

/* wrote: not only named. FAIL_LIMIT: a new one past the bound. */
static int correspondent(struct output *o, const struct who *w, bool wrote, struct correspondent *ret,
                         struct fail *f)
{
	struct txn *t = o->txn;
	bool past = false;
	int r = correspondent_find(t->core->store, o->alias.id, w->key, &t->arena, ret, f);

	if (r == OK)
		return touch(o, w, wrote, ret, f);
	if (r != FAIL_ABSENT)
		return r;
	if (w->kind != WHO_SHARED)
		TRY(past_bound(o, &past, f));
	if (past)
		return FAIL_LIMIT;
	txn_touch(t);
	return meet(t->core, &o->alias, &o->profile, w, t->arrived, &t->arena, ret, f);
}

/* ---- certificates ---------------------------------------------------------------------------------------------- */

static void on_own_cert(void *arg, int code, const struct sender_cert *cert)
{
	struct output *o = arg;

	o->certs_awaited--;
	o->failed = code < 0 ? code : o->failed;
	if (code == OK) {
		o->cert = *cert;
		o->cert.cert = arena_str(&o->txn->arena, cert->cert);
		o->cert.wrapped = arena_str(&o->txn->arena, cert->wrapped);
	}
	plan_cert_came(o);
}

/* That a bystander's certificate could not be made keeps no mail back. */
static void on_carried_cert(void *arg, int code, const struct sender_cert *cert)
{
	struct output *o = arg;

	o->certs_awaited--;
	if (code == OK)
		list_add(&o->carried, cert->cert);
	plan_cert_came(o);
}

static void want_cert(struct output *o, int64_t reverse, struct str address, cert_fn *fn)
{
	if (!o->profile.id)
		return;
	o->certs_awaited++;
	stock_cert(o->txn->core, &o->profile, reverse, address, fn, o);
}

/* ---- the From, the others, the Message-IDs ---------------------------------------------------------------------- */

static int plan_from(struct output *o, struct fail *f)
{
	struct txn *t = o->txn;
	struct who w = t->facts.who;
	struct correspondent c;
	int r = correspondent(o, &w, true, &c, f);

	if (r == FAIL_LIMIT) {
		const struct who_facts facts = { .from_name = w.name, .from = w.address };

		who_shared(&facts, &t->arena, &w);
		r = correspondent(o, &w, true, &c, f);
	}
	TRY(r);
	o->correspondent = c.id;
	o->from = c.reverse_address;
	o->display = w.display;
	want_cert(o, c.reverse, c.reverse_address, on_own_cert);
	return OK;
}

/* Addresses of the same user stay as they are: the user's client knows them already. */
static bool is_own(struct output *o, struct str key)
{
	struct core *c = o->txn->core;
	OWN(arena) a = ARENA;
	struct alias al;
	struct mailbox m;
	struct reverse r;

	if (str_eq(key, o->alias.address) || str_eq(key, o->box.address))
		return true;
	return (alias_find(c->store, key, &a, &al, NULL) == OK && al.user == o->alias.user) ||
	       (mailbox_find(c->store, key, &a, &m, NULL) == OK && m.user == o->alias.user) ||
	       (reverse_find(c->store, key, &a, &r, NULL) == OK && r.user == o->alias.user);
}

static void map_pair(struct output *o, struct str address, struct str told)
{
	list_add(&o->map, address);
	list_add(&o->map, told);
}

static int plan_other(struct output *o, struct str name, struct str address, size_t *carried, struct fail *f)
{
	const struct who_facts facts = { .from_name = name, .from = address };
	struct txn *t = o->txn;
	struct str key = rcpt_key(address, &t->arena);
	struct correspondent c;
	struct who w;
	int r;

	if (is_own(o, key)) {
		list_add(&o->own, address);
		return OK;
	}
	who_wrote(&facts, &t->arena, &w);
	r = correspondent(o, &w, false, &c, f);
	if (r == FAIL_LIMIT) {
		map_pair(o, address, STR(""));
		return OK;
	}
	TRY(r);
	map_pair(o, address, c.reverse_address);
	if (*carried < t->core->conf->carried && !str_eq(c.reverse_address, o->from)) {
		(*carried)++;
		want_cert(o, c.reverse, c.reverse_address, on_carried_cert);
	}
	return OK;
}

/* Reply-All names the alias beside the others, and a client that has no certificate for it does not send: so does Thunderbird.
 * What is encrypted for it comes to nobody: the relay takes that copy and drops it. */
static int plan_alias(struct output *o, struct fail *f)
{
	struct txn *t = o->txn;
	struct str domain = str_from(o->alias.address, str_rchr(o->alias.address, '@') + 1);
	int64_t id;

	if (!o->profile.id || !str_eq(stock_domain(t->core, &o->profile, domain), domain))
		return OK; /* the profile permits no certificate in a user's own domain */
	TRY(reverse_self(t->core->store, o->alias.user, o->alias.address, t->arrived, &id, f));
	txn_touch(t);
	want_cert(o, id, o->alias.address, on_carried_cert);
	return OK;
}

static int plan_others(struct output *o, struct fail *f)
{
	struct str list = o->txn->facts.others, name, address;
	size_t carried = 0;

	while (list_next_pair(&list, &name, &address))
		TRY(plan_other(o, name, address, &carried, f));
	return carried ? plan_alias(o, f) : OK;
}

/* The same Message-ID always becomes the same other one, for one user: threads hold, and nobody else can tell. */
static struct str told_id(struct output *o, struct str original)
{
	struct txn *t = o->txn;
	OWN(buf) b = BUF(512);
	uint8_t h[32];

	keys_hash(t->core, "told-id", (uint64_t)o->alias.user, original, h);
	b32_print(str_of(h, TOKEN_BYTES), &b);
	buf_addc(&b, '@');
	buf_add(&b, str_from(o->from, str_rchr(o->from, '@') + 1));
	return arena_str(&t->arena, buf_str(&b));
}

static int plan_id(struct output *o, struct str original, struct fail *f)
{
	struct txn *t = o->txn;
	struct str told;
	/* An answer to a message that the user sent names the id that the world was told of. */
	int r = msgid_get(t->core->store, o->alias.user, MSGID_OUTBOUND, original, &t->arena, &told, f);

	if (r == FAIL_ABSENT) {
		told = told_id(o, original);
		r = msgid_put(t->core->store, o->alias.user, MSGID_INBOUND, told, original, t->arrived, f);
		txn_touch(t);
	}
	TRY(r);
	list_add(&o->ids, original);
	list_add(&o->ids, told);
	return OK;
}

/* The first pair is the message's own id: also when it has none, for a relay may add one (RFC 5321 6.4). */
static int plan_ids(struct output *o, struct fail *f)
{
	struct txn *t = o->txn;
	struct str refs = t->facts.refs, id;

	TRY(plan_id(o, t->facts.message_id.n ? t->facts.message_id : str_c(t->mid), f));
	while (list_next(&refs, &id))
		TRY(plan_id(o, id, f));
	return OK;
}

/* ---- outputs --------------------------------------------------------------------------------------------------- */

static int plan_mail(struct output *o, struct fail *f)
{
	struct txn *t = o->txn;

	if (o->box.profile)
		TRY(profile_get(t->core->store, o->box.profile, &t->arena, &o->profile, f));
	TRY(plan_from(o, f));
	TRY(plan_others(o, f));
	return plan_ids(o, f);
}

/* The relay's own words to a user come from an address of their own, with a certificate like everybody's. */
static int plan_notice(struct output *o, struct fail *f)
{
	struct txn *t = o->txn;
	struct core *c = t->core;
	struct str domain;
	struct reverse r;
	int e;

	if (o->box.profile)
		TRY(profile_get(c->store, o->box.profile, &t->arena, &o->profile, f));
	domain = o->profile.id ? stock_domain(c, &o->profile, c->conf->domains[0]) : c->conf->domains[0];
	if (!domain.n)
		return fail(f, FAIL_DENIED, "the active profile permits none of the relay's domains");
	e = reverse_notice(c->store, o->alias.user, &t->arena, &r, f);
	if (e == FAIL_ABSENT)
		e = stock_address(c, o->alias.user, domain, REVERSE_NOTICE, &t->arena, &r, f);
	TRY(e);
	txn_touch(t);
	o->from = r.address;
	o->display = STR("Postern");
	list_add(&o->own, o->box.address);
	want_cert(o, r.id, r.address, on_own_cert);
	return plan_ids(o, f);
}

/* The first message of somebody who has not written yet. Its id is told and not remembered: an answer that names it names
 * nothing that the correspondent could know. */
static int plan_intro(struct output *o, struct fail *f)
{
	struct txn *t = o->txn;

	if (o->box.profile)
		TRY(profile_get(t->core->store, o->box.profile, &t->arena, &o->profile, f));
	o->from = t->about.reverse_address;
	o->display = display_name(t->about.name, t->about.address, &t->arena);
	list_add(&o->own, o->alias.address);
	want_cert(o, t->about.reverse, t->about.reverse_address, on_own_cert);
	list_add(&o->ids, str_c(t->mid));
	list_add(&o->ids, told_id(o, str_c(t->mid)));
	return OK;
}

static int plan_nothing(struct output *o, struct fail *f)
{
	return OK;
}

int plan_outputs(struct txn *t, struct fail *f)
{
	static int (*const kinds[])(struct output * o, struct fail * f) = {
		[TXN_MAIL] = plan_mail,      [TXN_NOTICE] = plan_notice, [TXN_DSN] = plan_nothing,
		[TXN_REPORT] = plan_nothing, [TXN_HELD] = plan_nothing,  [TXN_INTRO] = plan_intro,
	};

	for (size_t i = 0; i < t->n_outputs; i++)
		TRY(kinds[t->origin](&t->outputs[i], f));
	return OK;
}
