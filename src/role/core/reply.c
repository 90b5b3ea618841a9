#include "role/core/reply_in.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/core/held.h"
#include "role/core/quotas.h"
#include "role/core/rcpt.h"
#include "store/replies.h"
#include "store/users.h"
#include "transform/open.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* LIST_ITEM: what an item costs beside its bytes. */
enum { LIST_ITEM = 4, OPENER_MS = 120 * 1000, OPENERS_PER_SCRIBE = 2, DATE_SLACK_S = 86400 };

/* ---- birth and death --------------------------------------------------------------------------------------------- */

static struct reply *reply_new(struct txn *t)
{
	struct reply *r = xnew(struct reply);

	r->txn = t;
	r->released = REPLY_FINE;
	r->map = r->names = r->own_names = r->ids = BUF(REPLY_LIST);
	t->reply = r;
	return r;
}

/* The process ends with its road. */
static void end_road(struct reply *r)
{
	struct core *c = r->txn->core;

	timer_free(r->deadline);
	r->deadline = NULL;
	peer_free(r->txn->scribe);
	r->txn->scribe = NULL;
	if (r->running) {
		r->running = false;
		c->n_openers--;
		if (c->open_next)
			timer_set(c->open_next, 0); /* not from here: this may be the end of another one */
	}
}

void reply_free(struct reply *r)
{
	r->waiting = false;
	end_road(r);
	buf_done(&r->map);
	buf_done(&r->names);
	buf_done(&r->own_names);
	buf_done(&r->ids);
	free(r);
}

void reply_ended(struct reply *r, int smtp, const char *sentence)
{
	if (r->done)
		r->done(r->done_arg, smtp < 300 ? OK : smtp < 500 ? FAIL_AGAIN : FAIL_DENIED, sentence);
	r->done = NULL;
}

bool reply_waits(const struct txn *t)
{
	return t->reply && t->reply->waiting;
}

bool reply_is_automatic(const struct reply *r)
{
	return r->automatic;
}

/* ---- refusing ---------------------------------------------------------------------------------------------------- */

/* The null sender's notes are swallowed where they may not go out: nobody waits for them, and a refusal would only make a
 * report of it. */
static void refuse(struct reply *r, enum reply_cause cause)
{
	struct txn *t = r->txn;
	const struct reply_row *row = reply_row(cause);
	const struct refusal why = {
		.user = r->alias.user,
		.mailbox = r->mailbox.id,
		.alias = r->alias.id,
		.alias_address = r->alias.address,
		.sender = t->sender,
		.rcpts = r->rcpts,
		.account = r->account,
		.cause = cause,
		.at = t->arrived,
		.mid = t->mid,
		.fd = t->fd,
		.size = t->size,
	};

	if (!t->sender.n && !r->account && !r->done) {
		txn_swallow(t);
		return;
	}
	if (!r->done) /* who lets go by hand is told there */
		held_refused(t->core, &why);
	txn_fail(t, row->smtp, row->enhanced, row->sentence, row->word);
}

static void give_up(struct reply *r, int code, const char *why)
{
	const struct fail_face *face = fail_face(code);

	txn_fail(r->txn, face->smtp, face->enhanced, face->text, why);
}

/* ---- what was read ----------------------------------------------------------------------------------------------- */

/* Two letters may say the same in the same words: without a signature, which no two messages share, an answer is the same
 * when its Message-ID (or the time that it tells) is so too. */
static struct str unsigned_digest(struct txn *t, const struct opened_facts *m)
{
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	uint8_t h[32];

	list_add(&b, m->digest);
	list_add(&b, m->message_id);
	if (!m->message_id.n)
		buf_add_u64(&b, (uint64_t)m->date_utc);
	sha256(buf_str(&b), h);
	return arena_str(&t->arena, str_of(h, sizeof(h)));
}

static void keep_facts(struct reply *r, const struct opened_facts *m)
{
	struct txn *t = r->txn;
	int64_t now = core_now(t->core);
	bool far = m->date_utc < now - DATE_SLACK_S || m->date_utc > now + DATE_SLACK_S;

	t->facts.digest = arena_str(&t->arena, m->digest);
	t->facts.flags = m->form & OPENED_AUTO ? SCAN_AUTO : 0;
	r->own_id = arena_str(&t->arena, m->message_id);
	r->unsigned_digest = unsigned_digest(t, m);
	r->automatic = m->form & OPENED_AUTO;
	r->receipt = m->form & OPENED_RECEIPT;
	r->date_utc = far ? now : m->date_utc;
}

/* The mailbox whose key has signed; it is one of those that were asked for. */
static int take_signature(struct reply *r, const struct opened_facts *m, struct reply_facts *ret,
                          struct fail *f)
{
	static const int who[] = { [OPEN_UNSIGNED] = SPEAKS_NOBODY,
		                   [OPEN_PINNED] = SPEAKS_USER,
		                   [OPEN_FOREIGN] = SPEAKS_OTHER,
		                   [OPEN_BROKEN] = SPEAKS_FALSELY };
	struct txn *t = r->txn;
	struct str first;
	int e;

	if (m->signature >= sizeof(who) / sizeof(who[0]))
		return fail(f, FAIL_BUG, "a signature of kind %u", m->signature);
	ret->signature = (typeof(ret->signature))who[m->signature];
	if (m->signature != OPEN_PINNED)
		return OK;
	if (m->pin >= r->n_pins)
		return fail(f, FAIL_BUG, "a pin that was not given");
	TRY(mailbox_get(t->core->store, r->pins[m->pin], &t->arena, &r->mailbox, f));
	r->signature_digest = arena_str(&t->arena, m->signature_digest);
	ret->signed_utc = m->signed_utc;
	e = spoke_find(t->core->store, r->signature_digest, &t->arena, &first, f);
	ret->reused = e == OK && !str_eq(first, t->facts.digest);
	return e == FAIL_ABSENT ? OK : e;
}

/* Its envelope, and what it says in From, are both the user's. One that is released came by such a host or signed: else it
 * would not have been kept; and by which is not noted. */
static int take_host(struct reply *r, const struct opened_facts *m, struct reply_facts *ret, struct fail *f)
{
	struct txn *t = r->txn;
	int e;

	if (r->released == REPLY_FINE && !conf_is_trusted_host(t->core->conf, t->client))
		return OK;
	e = mailbox_speaks_for(t->core->store, r->alias.user, rcpt_key(m->from, &t->arena), f);
	ret->trusted_host = e == OK;
	return e == FAIL_ABSENT ? OK : e;
}

/* Submission: the sender is one of the user's aliases, and decides which one. */
static int take_alias(struct reply *r, const struct opened_facts *m, struct reply_facts *ret, struct fail *f)
{
	struct txn *t = r->txn;
	struct alias al;
	int e;

	if (!r->account)
		return OK;
	e = alias_find(t->core->store, rcpt_key(m->from, &t->arena), &t->arena, &al, f);
	ret->not_alias = e == FAIL_ABSENT || (e == OK && al.user != r->mailbox.user);
	if (e == OK && !ret->not_alias)
		r->alias = al;
	for (size_t i = 0; i < r->n_to; i++)
		ret->mixed = ret->mixed || r->to[i].alias != r->alias.id;
	return e == FAIL_ABSENT ? OK : e;
}

/* Switched off, or at its end. One that takes no more mail by count still answers what came. */
static bool has_ended(const struct reply *r, int64_t now)
{
	const struct alias *al = &r->alias;
	int64_t used = al->last_used > al->created ? al->last_used : al->created;

	return al->state != ALIAS_ON || (al->expires_at && now >= al->expires_at) ||
	       (al->idle_days && now - used >= al->idle_days * DAY_S);
}

static int judge(struct reply *r, const struct opened_facts *m, enum reply_cause *ret, struct fail *f)
{
	struct txn *t = r->txn;
	int64_t now = core_now(t->core);
	struct reply_facts x = {
		.submitted = r->account != 0,
		.released = r->released != REPLY_FINE,
		.encrypted = m->form & OPENED_ENCRYPTED,
		.cbc = m->form & OPENED_CBC,
		.mixed = r->mixed,
	};

	TRY(take_alias(r, m, &x, f));
	TRY(take_signature(r, m, &x, f));
	TRY(take_host(r, m, &x, f));
	x.rule = r->n_pins ? (enum reply_rule)r->mailbox.reply_rule : REPLY_RELAXED;
	x.clear_ok = r->mailbox.reply_clear;
	x.ended = has_ended(r, now);
	if (reply_who(&x) == REPLY_FINE) /* a stranger's message costs the same whatever is in it */
		TRY(reply_map(r, m, &x, f));
	*ret = reply_judge(&x, now);
	r->readable = x.signature == SPEAKS_USER && !x.encrypted && !x.submitted;
	return OK;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static int write_one(struct reply *r, struct output *o, struct fail *f)
{
	struct txn *t = r->txn;
	struct core *c = t->core;
	bool to_file = t->size > OWN_FILE_BYTES;
	struct scrub m = {
		.job = t->job,
		.output = o->index,
		.flags = to_file ? SEAL_TO_FILE : 0,
		.from_name = r->alias.from_name,
		.from = r->alias.address,
		.message_id = reply_told_id(r, r->own_id.n ? r->own_id : str_c(t->mid)),
		.date_utc = r->date_utc,
		.map = buf_str(&r->map),
		.names = buf_str(&r->names),
		.own_names = buf_str(&r->own_names),
		.ids = buf_str(&r->ids),
	};

	if (to_file)
		TRY(body_file_new(c->store, &o->file, &o->fd, f));
	o->asked = true;
	peer_send(t->scribe, IPC_scrub, &m, &o->fd, to_file ? 1 : 0);
	if (to_file) {
		close(o->fd);
		o->fd = -1;
	}
	return OK;
}

static int write_all(struct reply *r, struct fail *f)
{
	for (size_t i = 0; i < r->txn->n_outputs; i++)
		TRY(write_one(r, &r->txn->outputs[i], f));
	return OK;
}

/* What the message may become when it may go: outputs, or nothing because it went before. */
static void let_go(struct reply *r)
{
	struct fail f = { 0 };
	struct verdict v = { .kind = VERDICT_ACCEPT };
	int e = reply_outputs(r, &f);

	r->txn->planned = true;
	if (e == OK && !r->txn->n_outputs) {
		txn_swallow(r->txn);
		return;
	}
	if (e == OK)
		e = quotas_answers(r->txn->core, r->alias.user, r->txn->n_outputs, &v, &f);
	if (e == OK && v.kind == VERDICT_REFUSE) {
		txn_fail(r->txn, v.smtp, v.enhanced, v.sentence, v.why);
		return;
	}
	if (e == OK)
		e = write_all(r, &f);
	if (e < 0)
		give_up(r, e, f.why);
}

/* Facts that could not be had, by what the failure is. */
static void not_read(struct reply *r, int code, struct str why)
{
	OWN(arena) a = ARENA;

	if (code == FAIL_FORGED)
		refuse(r, REPLY_UNOPENED);
	else if (code == FAIL_DENIED)
		refuse(r, REPLY_UNREADABLE);
	else
		give_up(r, code, arena_z(&a, why));
}

static void on_opened(void *self, const void *msg, struct ipc_fds *fds)
{
	struct reply *r = self;
	const struct opened_facts *m = msg;
	enum reply_cause cause = REPLY_FINE;
	struct fail f = { 0 };
	int e = ipc_result(m->code);

	if (r->txn->planned || r->txn->n_outputs)
		return;
	if (e < 0 && !(m->form & OPENED_LAYERS)) {
		not_read(r, e, m->why);
		return;
	}
	keep_facts(r, m);
	if (judge(r, m, &cause, &f) < 0)
		give_up(r, f.code, f.why);
	else if (e < 0 && cause == REPLY_FINE) /* nobody else learns that it could be opened */
		not_read(r, e, m->why);
	else if (r->receipt && (cause == REPLY_FINE || !(m->form & OPENED_ENCRYPTED)))
		/* It would tell when, and with what, the message was read. One that was encrypted by nobody known is refused
		 * like the rest of that kind: what it turned out to be is not told. */
		txn_swallow(r->txn);
	else if (cause != REPLY_FINE)
		refuse(r, cause);
	else
		let_go(r);
}

static void on_key(void *self, const void *msg, struct ipc_fds *fds)
{
	struct reply *r = self;
	const struct open_key *m = msg;
	struct core *c = r->txn->core;
	struct reply_key *k = m->cert < r->n_keys ? &r->keys[m->cert] : NULL;
	int two[2];

	if (!k || k->lent || r->txn->planned) {
		give_up(r, FAIL_BUG, "a key that is not to be asked for");
		return;
	}
	k->lent = true;
	if (!c->vault || sock_pair(false, two, NULL) < 0) {
		give_up(r, FAIL_AGAIN, "no road for a key");
		return;
	}
	SEND_FD(c->vault, two[0], lend, (uint64_t)k->user, (uint64_t)k->profile, k->wrapped);
	SEND_FD(r->txn->scribe, two[1], key_road, r->txn->job, m->cert, m->cert);
	close(two[0]);
	close(two[1]);
}

/* As told by its own process of its own message: nothing in it names another one. */
static void on_scrubbed(void *self, const void *msg, struct ipc_fds *fds)
{
	struct reply *r = self;
	struct txn *t = r->txn;
	const struct scrubbed *m = msg;
	struct output *o = m->output < t->n_outputs ? &t->outputs[m->output] : NULL;
	int code = ipc_result(m->code);

	if (!o || !o->asked || o->sealed)
		return;
	if (code == OK && !o->file)
		o->fd = ipc_fd_take(fds, 0);
	if (code == OK && !o->file && o->fd < 0)
		code = FAIL_BUG;
	if (code < 0) {
		not_read(r, code == FAIL_FORGED ? FAIL_BUG : code, m->why);
		return;
	}
	o->sealed = true;
	o->body = (struct body){ 0, m->stored, m->plain, arena_str(&t->arena, m->body_key) };
	o->flags = m->flags;
	o->removed = m->removed;
	if (++t->n_sealed < t->n_outputs)
		return;
	end_road(r);
	txn_keep(t);
}

static const struct ipc_rule rules[] = {
	{ IPC_opened_facts, on_opened, 0, 0 },
	{ IPC_open_key, on_key, 0, 0 },
	{ IPC_scrubbed, on_scrubbed, 0, 1 },
	{ IPC_NONE, NULL, 0, 0 },
};

/* ---- the process ------------------------------------------------------------------------------------------------- */

static void road_ended(void *self, struct peer *p, const struct fail *why)
{
	struct reply *r = self;

	give_up(r, FAIL_AGAIN, why->code == FAIL_PEER ? "the process that opens it has ended" : why->why);
}

static void too_long(void *arg)
{
	give_up(arg, FAIL_AGAIN, "the process that opens it takes too long");
}

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

static int gather_pins(struct gathering *g, struct fail *f)
{
	struct reply *r = g->r;
	struct core *c = r->txn->core;
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	size_t n = 0;

	if (r->account)
		return OK;
	if (r->mailbox.id)
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

static int say_begin(struct reply *r, struct fail *f)
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

static int start(struct reply *r, struct fail *f)
{
	struct txn *t = r->txn;
	struct core *c = t->core;
	struct peer_options o = { rules, r, road_ended };
	int two[2];

	if (!c->opener)
		return fail(f, FAIL_AGAIN, "no process opens answers at the moment");
	TRY(sock_pair(false, two, f));
	peer_send(c->opener, IPC_open_fork, &(struct open_fork){ t->job }, (int[]){ two[1], t->fd }, 2);
	close(two[1]);
	t->scribe = peer_new(c->loop, two[0], &o);
	r->running = true;
	c->n_openers++;
	r->deadline = timer_new(c->loop, too_long, r);
	timer_set(r->deadline, OPENER_MS);
	return say_begin(r, f);
}

static void start_or_fail(struct reply *r)
{
	struct fail f = { 0 };
	int e = start(r, &f);

	r->waiting = false;
	if (e < 0)
		give_up(r, e, f.why);
}

/* A few at a time: memory is bounded, and a burst of answers leaves the processors to mail that comes in. */
static bool has_room(const struct core *c)
{
	unsigned scribes = c->start->scribes ? c->start->scribes : 1;

	return c->n_openers < OPENERS_PER_SCRIBE * scribes;
}

static struct reply *oldest_waiting(const struct core *c)
{
	struct reply *oldest = NULL;

	for (struct txn *t = c->txns; t; t = t->next)
		if (reply_waits(t))
			oldest = t->reply; /* the list has the newest first */
	return oldest;
}

static void start_next(void *arg)
{
	struct core *c = arg;
	struct reply *r;

	while (has_room(c) && (r = oldest_waiting(c)))
		start_or_fail(r);
}

static int begin(struct reply *r, struct fail *f)
{
	struct core *c = r->txn->core;

	if (has_room(c))
		return start(r, f);
	if (!c->open_next)
		c->open_next = timer_new(c->loop, start_next, c);
	r->waiting = true;
	return OK;
}

/* ---- recipients -------------------------------------------------------------------------------------------------- */

static struct reply *reply_of(struct txn *t)
{
	t->origin = TXN_REPLY;
	return t->reply ? t->reply : reply_new(t);
}

static int first_recipient(struct reply *r, const struct speaker *s, struct fail *f)
{
	struct txn *t = r->txn;

	TRY(alias_get(t->core->store, s->alias, &t->arena, &r->alias, f));
	t->user = s->user;
	return s->mailbox ? mailbox_get(t->core->store, s->mailbox, &t->arena, &r->mailbox, f) : OK;
}

int reply_add_outside(struct txn *t, struct str address, struct fail *f)
{
	struct reply *r = reply_of(t);
	struct str key = rcpt_key(address, &t->arena);

	for (size_t i = 0; i < r->n_outside; i++)
		if (str_eq(rcpt_key(r->outside[i], &t->arena), key))
			return OK;
	if (r->n_outside == OUTPUTS_MAX)
		return fail(f, FAIL_LIMIT, "more than %d recipients", OUTPUTS_MAX);
	r->outside[r->n_outside++] = arena_str(&t->arena, address);
	return OK;
}

int reply_add_recipient(struct txn *t, const struct speaker *s, struct fail *f)
{
	struct reply *r = reply_of(t);

	for (size_t i = 0; i < r->n_to; i++)
		if (r->to[i].reverse == s->reverse)
			return OK;
	if (r->n_to == OUTPUTS_MAX)
		return fail(f, FAIL_LIMIT, "more than %d recipients", OUTPUTS_MAX);
	if (!r->n_to)
		TRY(first_recipient(r, s, f));
	r->mixed = r->mixed || s->alias != r->alias.id;
	r->to[r->n_to++] = *s;
	return OK;
}

int reply_begin(struct txn *t, struct str rcpts, int64_t account, struct fail *f)
{
	struct reply *r = t->reply;

	r->rcpts = arena_str(&t->arena, rcpts);
	r->account = account;
	if (account) {
		TRY(mailbox_get(t->core->store, account, &t->arena, &r->mailbox, f));
		t->user = r->mailbox.user;
		r->alias.user = t->user; /* which alias, From says */
	}
	return begin(r, f);
}

/* ---- released ---------------------------------------------------------------------------------------------------- */

/* The copy of Reply-All to the user's own alias: taken with the others, and not sent. */
static int is_own_copy(struct txn *t, const struct refusal *from, struct str address, bool *ret,
                       struct fail *f)
{
	struct alias al;
	int e = alias_find(t->core->store, rcpt_key(address, &t->arena), &t->arena, &al, f);

	*ret = e == OK && al.user == from->user;
	return e == FAIL_ABSENT ? OK : e;
}

static int take_rcpts(struct txn *t, const struct refusal *from, struct fail *f)
{
	struct str list = from->rcpts, address;

	while (list_next(&list, &address)) {
		struct speaker s;
		bool own = false;

		TRY(speaker_find(t->core->store, rcpt_key(address, &t->arena), STR(""), &s, f));
		if (!s.correspondent && from->account) {
			TRY(reply_add_outside(t, address, f));
			continue;
		}
		if (!s.correspondent)
			TRY(is_own_copy(t, from, address, &own, f));
		if (own)
			continue;
		if (!s.correspondent || s.user != from->user)
			return fail(f, FAIL_ABSENT, "a recipient of this answer is not known any more");
		s.mailbox = from->mailbox;
		TRY(reply_add_recipient(t, &s, f));
	}
	return t->reply ? OK : fail(f, FAIL_ABSENT, "this answer has no recipient");
}

int reply_release(struct core *c, const struct refusal *from, release_fn *done, void *arg, struct fail *f)
{
	struct txn *t = txn_new(c, TXN_REPLY);
	int e;

	t->fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);
	t->size = from->size;
	t->sender = arena_str(&t->arena, from->sender);
	e = t->fd < 0 ? fail_errno(f, FAIL_SYS, "a descriptor") : take_rcpts(t, from, f);
	if (e == OK) {
		t->reply->released = from->cause;
		e = reply_begin(t, from->rcpts, from->account, f);
	}
	if (e < 0) {
		txn_fail(t, 451, "4.3.0", "", f->why);
		return e;
	}
	t->reply->done = done;
	t->reply->done_arg = arg;
	return OK;
}
