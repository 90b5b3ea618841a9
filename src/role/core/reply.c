#include "role/core/reply_in.h"

#include "base/log.h"
#include "base/mem.h"
#include "role/core/activity.h"
#include "role/core/held.h"
#include "role/core/quotas.h"
#include "role/core/trial.h"
#include "transform/open.h"

#include <stdlib.h>
#include <unistd.h>

enum { OPENER_MS = 120 * 1000, OPENERS_PER_SCRIBE = 2 };

/* ---- birth and death --------------------------------------------------------------------------------------------- */

struct reply *reply_new(struct txn *t)
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

static void note_refused(const struct reply *r, enum event_what what, const char *why)
{
	activity_note(r->txn->core, &(struct event){ .user = r->alias.user,
	                                             .alias = r->alias.id,
	                                             .correspondent = r->n_to ? r->to[0].correspondent : 0,
	                                             .way = EVENT_OUT,
	                                             .what = what,
	                                             .why = str_c(why),
	                                             .who = r->n_outside ? r->outside[0] : STR(""),
	                                             .at = r->txn->arrived });
}

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
		.tie = t->tie,
		.size = t->size,
	};

	if (!t->sender.n && !r->account && !r->done) {
		txn_swallow(t);
		return;
	}
	if (!r->done) { /* who lets go by hand is told there */
		held_refused(t->core, &why);
		note_refused(r, row->releasable ? EVENT_HELD : EVENT_REFUSED, row->word);
	}
	txn_fail(t, row->smtp, row->enhanced, row->sentence, row->word);
}

static void give_up(struct reply *r, int code, const char *why)
{
	const struct fail_face *face = fail_face(code);

	txn_fail(r->txn, face->smtp, face->enhanced, face->text, why);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static int write_one(struct reply *r, struct output *o, struct fail *f)
{
	struct txn *t = r->txn;
	struct scrub m = {
		.job = t->job,
		.output = o->index,
		.flags = output_to_file(o),
		.from_name = r->alias.from_name,
		.from = r->alias.address,
		.message_id = reply_told_id(r, r->own_id.n ? r->own_id : str_c(t->mid)),
		.date_utc = r->date_utc,
		.map = buf_str(&r->map),
		.names = buf_str(&r->names),
		.own_names = buf_str(&r->own_names),
		.ids = buf_str(&r->ids),
	};

	return output_ask(o, IPC_scrub, &m, f);
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
		note_refused(r, EVENT_REFUSED, v.why);
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

/* ---- a test ------------------------------------------------------------------------------------------------------ */

static enum trial_answer told_apart(const struct opened_facts *m)
{
	static const int who[] = { [OPEN_UNSIGNED] = TRIAL_BY_NOBODY,
		                   [OPEN_PINNED] = TRIAL_BY_USER,
		                   [OPEN_FOREIGN] = TRIAL_BY_OTHER,
		                   [OPEN_BROKEN] = TRIAL_FALSELY };
	struct trial_facts x = { .encrypted = m->form & OPENED_ENCRYPTED };

	/* encrypted to somebody else is no layer, but what was not opened all the same */
	x.opened = m->form & OPENED_LAYERS && (x.encrypted || !(m->form & OPENED_ONWARD));
	x.signature = m->signature < sizeof(who) / sizeof(who[0]) ? (typeof(x.signature))who[m->signature]
	                                                          : TRIAL_FALSELY;
	return trial_judge(&x);
}

/* Whatever was in it, who sent it hears the same, after the same work: 250. Only the user is told what it was. Its own process
 * ends here, and the message with it. */
static void answers_test(struct reply *r, int code, const struct opened_facts *m)
{
	struct txn *t = r->txn;
	struct fail f = { 0 };

	if (code == FAIL_AGAIN || code == FAIL_SYS || code == FAIL_BUG) {
		fail(&f, code, "%.*s", STR_ARG(m->why));
		give_up(r, code, f.why);
		return;
	}
	if (!t->sender.n || m->form & (OPENED_AUTO | OPENED_RECEIPT)) { /* a program's note: no answer */
		txn_swallow(t);
		return;
	}
	if (m->signature == OPEN_PINNED)
		r->signature_digest = arena_str(&t->arena, m->signature_digest);
	t->kept = trial_answered;
	t->kept_arg = trial_arg(&t->arena, r->trial, told_apart(m));
	t->planned = true;
	end_road(r);
	txn_keep(t);
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
	if (r->trial) {
		answers_test(r, e, m);
		return;
	}
	if (e < 0 && !(m->form & OPENED_LAYERS)) {
		not_read(r, e, m->why);
		return;
	}
	reply_keep_facts(r, m);
	if (reply_decide(r, m, &cause, &f) < 0)
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
	SEND_FD(r->txn->scribe, two[1], key_road, r->txn->job, m->cert);
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
	struct fail f = { 0 };

	if (!o || !o->asked || o->sealed)
		return;
	code = code < 0 ? fail(&f, code, "%.*s", STR_ARG(m->why)) : output_take(o, fds, m->stored, &f);
	if (code < 0) {
		not_read(r, code == FAIL_FORGED ? FAIL_BUG : code, str_c(f.why));
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

static int start(struct reply *r, struct fail *f)
{
	struct txn *t = r->txn;
	struct core *c = t->core;
	struct peer_options o = { rules, r, road_ended };
	int two[2];

	if (!c->opener)
		return fail(f, FAIL_AGAIN, "no process opens answers at the moment");
	TRY(sock_pair(false, two, f));
	peer_send(c->opener, IPC_open_fork, &(struct open_fork){ t->job }, (int[]){ two[1], t->fd, t->tie },
	          t->tie < 0 ? 2 : 3);
	close(two[1]);
	t->scribe = peer_new(c->loop, two[0], &o);
	r->running = true;
	c->n_openers++;
	r->deadline = timer_new(c->loop, too_long, r);
	timer_set(r->deadline, OPENER_MS);
	return reply_say_begin(r, f);
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
