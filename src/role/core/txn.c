#include "role/core/txn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/core/activity.h"
#include "role/core/admit.h"
#include "role/core/bounce.h"
#include "role/core/held.h"
#include "role/core/loan.h"
#include "role/core/queue.h"
#include "role/core/quotas.h"
#include "role/core/reply.h"
#include "role/core/space.h"
#include "role/core/stock.h"
#include "role/core/verp.h"
#include "sys/memfd.h"
#include "wire/b64.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- birth and death ------------------------------------------------------------------------------------------- */

/* Time, then chance: sorts by age, guesses nothing. RFC 4648 base32 of 48 bits of milliseconds and 80 of chance. */
static void make_mid(char out[static MID_SIZE + 1])
{
	uint64_t ms = (uint64_t)clock_utc() * 1000 + clock_mono_ms() % 1000;
	uint8_t raw[16] = { 0 };
	OWN(buf) b = BUF(64);

	for (size_t i = 0; i < 6; i++)
		raw[i] = (uint8_t)(ms >> (40 - 8 * i));
	if (random_shown(raw + 6, 10, NULL) < 0)
		abort();
	b32_print(str_of(raw, sizeof(raw)), &b);
	memcpy(out, b.p, MID_SIZE);
	out[MID_SIZE] = '\0';
}

static void link_txn(struct txn **list, struct txn *t)
{
	t->next = *list;
	t->at = list;
	if (t->next)
		t->next->at = &t->next;
	*list = t;
}

static void unlink_txn(struct txn *t)
{
	ids_remove(&t->by_job);
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
}

struct txn *txn_new(struct core *c, enum txn_origin origin)
{
	struct txn *t = xnew(struct txn);

	t->core = c;
	t->origin = origin;
	t->job = ++c->last_job;
	t->fd = t->tie = -1;
	t->arrived = core_now(c);
	t->began_ms = clock_mono_ms();
	make_mid(t->mid);
	link_txn(&c->txns, t);
	ids_add(&c->jobs, &t->by_job, t->job, t);
	return t;
}

/* Most have one, and what a message takes of memory is taken by each that waits. */
static void more_outputs(struct txn *t)
{
	size_t room = t->n_outputs ? OUTPUTS_MAX : OUTPUTS_FEW;
	struct output *more = arena_array(&t->arena, struct output, room);

	if (t->n_outputs)
		memcpy(more, t->outputs, t->n_outputs * sizeof(*more));
	t->outputs = more;
	t->outputs_room = room;
}

struct output *txn_add_output(struct txn *t)
{
	struct output *o;

	if (t->n_outputs == OUTPUTS_MAX)
		return NULL;
	if (t->n_outputs == t->outputs_room)
		more_outputs(t);
	o = &t->outputs[t->n_outputs];
	*o = (struct output){ .txn = t,
		              .index = (uint32_t)t->n_outputs++,
		              .fd = -1,
		              .map = BUF(IPC_RECORD_MAX),
		              .own = BUF(IPC_RECORD_MAX),
		              .ids = BUF(IPC_RECORD_MAX),
		              .carried = BUF(IPC_RECORD_MAX) };
	return o;
}

static void output_done(struct output *o, bool kept)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->file && (!kept || o->dropped))
		body_file_drop(o->txn->core->store, o->file);
	stock_forget(o->txn->core, o);
	buf_done(&o->map);
	buf_done(&o->own);
	buf_done(&o->ids);
	buf_done(&o->carried);
}

/* Before its sender is answered: gate gives the memory of a short one away with the answer. */
static void close_message(struct txn *t)
{
	if (t->fd >= 0)
		close(TAKE_FD(t->fd));
	if (t->tie >= 0)
		close(TAKE_FD(t->tie));
}

static void txn_free(struct txn *t, bool kept)
{
	line_leave(t->core, t);
	for (size_t i = 0; i < t->n_outputs; i++)
		output_done(&t->outputs[i], kept);
	if (t->reply)
		reply_free(t->reply);
	if (t->scribe)
		SEND(t->scribe, job_end, t->job);
	close_message(t);
	arena_done(&t->arena);
	free(t);
}

void txn_touch(struct txn *t)
{
	if (!t->first_group)
		t->first_group = t->core->group.number;
	core_dirty(t->core);
}

static void answer(struct txn *t, int smtp, const char *enhanced, const char *sentence)
{
	close_message(t);
	if (t->reply)
		reply_ended(t->reply, smtp, sentence);
	if (t->ended)
		t->ended(t->ended_arg, smtp < 300 ? OK : FAIL_AGAIN, sentence);
	if (t->origin != TXN_NOTICE && t->origin != TXN_DSN && t->session && t->core->gate)
		SEND(t->core->gate, accept_answer, t->session, t->seq, (uint32_t)smtp, str_c(enhanced),
		     str_c(sentence), str_c(t->mid));
}

void txn_fail(struct txn *t, int smtp, const char *enhanced, const char *sentence, const char *why)
{
	struct core *c = t->core;
	int64_t held;

	log_warn("ev=not-accepted mid=%s code=%d why=%s", t->mid, smtp, log_quote(str_c(why)));
	if (smtp >= 500)
		c->counters.refused++;
	else
		c->counters.deferred_in++;
	activity_failed(c, t, smtp, why);
	answer(t, smtp, enhanced, sentence);
	if (t->gives_up)
		queue_not_given_up(c, t->gives_up);
	held = t->held;
	unlink_txn(t);
	txn_free(t, false);
	if (held)
		held_settled(c, held); /* without its message */
}

void txn_fail_by(struct txn *t, int code, const char *why)
{
	const struct fail_face *face = fail_face(code);

	txn_fail(t, face->smtp, face->enhanced, face->text, why);
}

/* ---- a message comes in ---------------------------------------------------------------------------------------- */

struct peer *txn_scribe_of(const struct core *c, int64_t user, unsigned *ret_at)
{
	unsigned n = c->start->scribes ? c->start->scribes : 1;

	for (unsigned i = 0; i < n; i++) { /* one user's keys stay warm in one scribe */
		*ret_at = (unsigned)(((uint64_t)user + i) % n);
		if (c->scribes[*ret_at])
			return c->scribes[*ret_at];
	}
	return NULL;
}

int txn_start(struct txn *t, struct fail *f)
{
	unsigned at;

	t->scribe = txn_scribe_of(t->core, t->user, &at);
	if (!t->scribe)
		return fail(f, FAIL_AGAIN, "no scribe at the moment");
	t->asked_ms = clock_mono_ms();
	t->slot = at + 1;
	t->core->line.at_scribe[at]++;
	peer_send(t->scribe, IPC_scan_job,
	          &(struct scan_job){ t->job, t->origin == TXN_REPORT ? SCAN_JOB_REPORT : 0 },
	          (int[]){ t->fd, t->tie }, t->tie < 0 ? 1 : 2);
	return OK;
}

/* None for an alias that was named before. */
static int add_outputs(struct txn *t, const struct rcpt *r, struct fail *f)
{
	for (size_t i = 0; i < t->n_outputs; i++)
		if (str_eq(t->outputs[i].alias.address, r->alias.address))
			return OK;
	for (size_t i = 0; i < r->n_boxes; i++) {
		struct output *o = txn_add_output(t);

		if (!o)
			return fail(f, FAIL_LIMIT, "more than %d copies", OUTPUTS_MAX);
		o->alias = r->alias;
		o->box = r->boxes[i];
		o->mode = o->box.profile ? SEAL_ENCRYPT : SEAL_CLEAR;
	}
	return OK;
}

/* Whoever is on the way out, to a correspondent or as the answer to a test letter. *ret: it was one of them. */
static int add_outward(struct txn *t, const struct rcpt *r, struct str address, bool *ret, struct fail *f)
{
	*ret = true;
	if (r->out.trial)
		return reply_add_trial(t, &r->out, f);
	if (r->out.correspondent)
		return reply_add_recipient(t, &r->out, f);
	if (r->outside)
		return reply_add_outside(t, address, f);
	*ret = t->reply; /* the copy of Reply-All to the alias itself */
	return OK;
}

static int add_inward(struct txn *t, struct rcpt *r, struct fail *f)
{
	if (r->verdict.kind == VERDICT_ACCEPT)
		return add_outputs(t, r, f);
	t->core->counters.dropped++;
	activity_judged(t->core, r, t->sender);
	return OK;
}

/* Looked at anew: what was true at RCPT may have changed. Then the sender shall ask again. */
static int resolve(struct txn *t, struct str rcpts, struct verdict *ret, struct fail *f)
{
	struct str address;

	while (list_next(&rcpts, &address)) {
		struct rcpt r;
		bool outward;

		TRY(rcpt_look(t->core, t->sender, address, t->size, t->account, &t->arena, &r, f));
		if (r.verdict.kind == VERDICT_REFUSE && (r.verdict.smtp < 500 || r.verdict.smtp == 552)) {
			*ret = r.verdict; /* of its size, which RCPT may not have known, or of the moment */
			activity_judged(t->core, &r, t->sender);
			t->n_outputs = 0; /* what was found for the others is not what it failed for */
			return OK;
		}
		if (r.verdict.kind == VERDICT_REFUSE)
			return fail(f, FAIL_AGAIN, "a recipient has changed (%s)", r.verdict.why);
		if (r.report.mailbox) {
			t->report = r.report;
			continue;
		}
		TRY(add_outward(t, &r, address, &outward, f));
		if (!outward)
			TRY(add_inward(t, &r, f));
	}
	return OK;
}

void txn_swallow(struct txn *t)
{
	log_info("ev=dropped mid=%s", t->mid);
	answer(t, 250, "2.0.0", "accepted");
	unlink_txn(t);
	txn_free(t, false);
}

void txn_asked(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct accept_ask *m = msg;
	struct txn *t = txn_new(c, TXN_MAIL);
	struct verdict v = { .kind = VERDICT_ACCEPT };
	struct fail f = { 0 };
	int r;

	t->session = m->session;
	t->seq = m->seq;
	t->fd = ipc_fd_take(fds, 0);
	t->tie = ipc_fd_take(fds, 1);
	t->size = m->size;
	t->arrived = m->arrived_utc;
	t->sender = arena_str(&t->arena, m->sender);
	t->client = arena_str(&t->arena, m->client);
	t->account = m->account;
	r = c->store ? resolve(t, m->rcpts, &v, &f) : fail(&f, FAIL_AGAIN, "the store is not open yet");
	if (r == OK && (t->n_outputs || t->reply) && v.kind == VERDICT_ACCEPT && space_is_low(c))
		v = space_verdict();
	if (r == OK && v.kind == VERDICT_REFUSE) {
		txn_fail(t, v.smtp, v.enhanced, v.sentence, v.why);
		return;
	}
	if (r == OK && !t->n_outputs && !t->report.mailbox && !t->reply) {
		txn_swallow(t);
		return;
	}
	if (r == OK && !t->n_outputs && !t->reply)
		t->origin = TXN_REPORT;
	if (r == OK && t->reply) {
		r = t->n_outputs || t->report.mailbox ? fail(&f, FAIL_AGAIN, "recipients of two ways")
		                                      : reply_begin(t, m->rcpts, (int64_t)m->account, &f);
	} else if (r == OK && t->n_outputs) {
		t->user = t->outputs[0].alias.user;
		line_enter(c, t);
	} else if (r == OK) {
		r = txn_start(t, &f);
	}
	if (r < 0)
		txn_fail_by(t, r, f.why);
}

/* ---- scanned --------------------------------------------------------------------------------------------------- */

/* Of those that this scribe was given: what it says of another one's is nothing. */
static struct txn *by_job(const struct core *c, const struct peer *scribe, uint64_t job)
{
	struct txn *t = ids_find(&c->jobs, job);

	return t && t->scribe == scribe ? t : NULL;
}

/* The same bytes from the same sender to the same aliases: a retry of what was accepted, when the 250 was lost. */
static void own_digest(struct txn *t, struct str content)
{
	OWN(buf) b = BUF(256 * 1024);
	uint8_t h[32];

	buf_add(&b, content);
	buf_add(&b, t->sender);
	for (size_t i = 0; i < t->n_outputs; i++)
		buf_addf(&b, "|%.*s", STR_ARG(t->outputs[i].alias.address)); /* it may have no row yet */
	sha256(buf_str(&b), h);
	t->facts.digest = arena_str(&t->arena, str_of(h, sizeof(h)));
}

static bool was_accepted(struct txn *t)
{
	struct str mid;

	if (t->origin != TXN_MAIL || !t->facts.message_id.n ||
	    seen_find(t->core->store, t->facts.digest, &t->arena, &mid, NULL) < 0)
		return false;
	log_info("ev=again mid=%s first=%.*s", t->mid, STR_ARG(mid));
	answer(t, 250, "2.0.0", "accepted before");
	unlink_txn(t);
	txn_free(t, true);
	return true;
}

/* Known by its trace where a server between has written another From; by the count where it has taken that away too. */
static bool goes_round(struct txn *t, const struct scanned *m)
{
	struct str traces = m->traces, token;

	if (t->origin != TXN_MAIL)
		return false;
	while (list_next(&traces, &token))
		if (trace_is_ours(t->core, token))
			return true;
	return m->received > t->core->conf->hops ||
	       (m->from.n && rcpt_is_ours(t->core, rcpt_key(m->from, &t->arena)));
}

static void keep_facts(struct txn *t, const struct scanned *m)
{
	struct str replies = m->reply_to;
	struct who_facts w = { .from_name = m->from_name, .from = m->from, .list_id = m->list_id };

	w.list_post = m->list_post;
	(void)list_next_pair(&replies, &w.reply_name, &w.reply_to);
	who_wrote(&w, &t->arena, &t->facts.who);
	t->facts.who.address = arena_str(&t->arena, t->facts.who.address);
	t->facts.who.name = arena_str(&t->arena, t->facts.who.name);
	t->facts.who.reply_to = arena_str(&t->arena, t->facts.who.reply_to);
	t->facts.message_id = arena_str(&t->arena, m->message_id);
	t->facts.others = arena_str(&t->arena, m->others);
	t->facts.refs = arena_str(&t->arena, m->refs);
	t->facts.received = m->received;
	t->facts.flags = m->flags;
	own_digest(t, m->digest);
}

static int seal_all(struct txn *t, struct fail *f);

void txn_scanned(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct scanned *m = msg;
	struct txn *t = by_job(c, fds->from, m->job);
	struct fail f = { 0 };
	struct verdict v;
	int r;

	if (!t || t->planned)
		return;
	r = ipc_result(m->code);
	if (r < 0) {
		fail(&f, r, "%.*s", STR_ARG(m->why));
		txn_fail_by(t, r, f.why);
		return;
	}
	if (t->origin == TXN_REPORT) {
		bounce_reported(t, m);
		return;
	}
	if (goes_round(t, m)) {
		txn_fail(t, 554, "5.4.6", "this message has come round: a routing loop", "loop");
		return;
	}
	keep_facts(t, m);
	if (was_accepted(t))
		return;
	r = admit(t, &v, &f);
	if (r == OK && v.kind == VERDICT_REFUSE) {
		txn_fail(t, v.smtp, v.enhanced, v.sentence, v.why);
		return;
	}
	if (r == OK && v.kind == VERDICT_DROP) {
		txn_swallow(t);
		return;
	}
	if (r == OK)
		r = plan_outputs(t, &f);
	t->planned = true;
	if (r == OK)
		r = seal_all(t, &f);
	if (r < 0)
		txn_fail_by(t, r, f.why);
}

/* ---- sealed ---------------------------------------------------------------------------------------------------- */

static int seal_one(struct output *o, struct fail *f)
{
	struct txn *t = o->txn;
	struct core *c = t->core;
	struct seal m = {
		.job = t->job,
		.user = (uint64_t)o->alias.user,
		.output = o->index,
		.mode = o->mode,
		.cipher = (uint32_t)o->profile.cipher,
		.flags = output_to_file(o) | (t->origin == TXN_MAIL ? SEAL_ADD_ALIAS_TO : 0) |
		         (o->box.hide_subject ? SEAL_HIDE_SUBJECT : 0) | (o->box.pad_sizes ? SEAL_PAD : 0),
		.key_id = (uint64_t)o->cert.id,
		.user_cert = o->profile.user_cert,
		.sender_cert = o->cert.cert,
		.intermediate = o->profile.intermediate,
		.from_name = o->display,
		.from = o->from,
		.alias = o->alias.address,
		.now_utc = core_now(c),
		.map = buf_str(&o->map),
		.own = buf_str(&o->own),
		.ids = buf_str(&o->ids),
		.carried = buf_str(&o->carried),
	};
	struct str ids = m.ids, original, told;
	OWN(buf) trace = BUF(TRACE_MOST);

	TRY(trace_print(c, &trace, f));
	m.trace = buf_str(&trace);
	if (list_next_pair(&ids, &original, &told)) /* the first pair is the message's own */
		m.message_id = told;
	if (o->mode == SEAL_ENCRYPT && loan_ahead(o))
		m.flags |= SEAL_KEY_COMES;
	return output_ask(o, IPC_seal, &m, f);
}

static int seal_all(struct txn *t, struct fail *f)
{
	for (size_t i = 0; i < t->n_outputs; i++) {
		struct output *o = &t->outputs[i];

		if (o->failed < 0)
			return fail(f, o->failed, "no certificate for the sender");
		if (!o->asked && !o->certs_awaited)
			TRY(seal_one(o, f));
	}
	return OK;
}

void plan_cert_came(struct output *o)
{
	struct txn *t = o->txn;
	struct fail f = { 0 };
	int r;

	if (!t->planned)
		return; /* plan_outputs() is still at work */
	r = seal_all(t, &f);
	if (r < 0)
		txn_fail_by(t, r, f.why);
}

void txn_need_key(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct need_key *m = msg;
	struct txn *t = by_job(c, fds->from, m->job);
	struct output *o = t && m->output < t->n_outputs ? &t->outputs[m->output] : NULL;
	struct fail f = { 0 };
	int r;

	if (!o || !o->asked || o->sealed || (uint64_t)o->cert.id != m->key_id)
		return;
	r = loan_ask(o, &f);
	if (r < 0)
		txn_fail_by(t, r, f.why);
}

/* All is written: the memory of a long message is free again before the disk has taken it. What stands in a room of the scribe's, core
 * has yet to read. */
static void end_early(struct txn *t)
{
	if (t->tie < 0)
		return;
	if (t->scribe && t->size > OWN_FILE_BYTES) {
		SEND(t->scribe, job_end, t->job);
		t->scribe = NULL;
	}
	close_message(t);
}

void txn_keep(struct txn *t)
{
	struct core *c = t->core;

	line_leave(c, t);
	end_early(t);
	unlink_txn(t);
	group_take(c, t);
}

void txn_not_kept(struct txn *t, int code, const char *why)
{
	link_txn(&t->core->txns, t);
	txn_fail_by(t, code, why);
}

void txn_sealed(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct sealed *m = msg;
	struct txn *t = by_job(c, fds->from, m->job);
	struct output *o = t && m->output < t->n_outputs ? &t->outputs[m->output] : NULL;
	int code = ipc_result(m->code);
	struct fail f = { 0 };

	if (!o || !o->asked || o->sealed)
		return;
	code = code < 0 ? fail(&f, code, "%.*s", STR_ARG(m->why)) : output_take(o, fds, m->stored, &f);
	if (code < 0) {
		/* The message was accepted for reading: that it cannot be sealed is ours to mend. */
		txn_fail_by(t, code == FAIL_SYNTAX || code == FAIL_LIMIT ? code : FAIL_SYS, f.why);
		return;
	}
	o->sealed = true;
	o->body = (struct body){ 0, m->stored, m->plain, arena_str(&t->arena, m->body_key) };
	o->flags = m->flags;
	if (++t->n_sealed == t->n_outputs)
		txn_keep(t);
}

/* ---- durable --------------------------------------------------------------------------------------------------- */

static void accepted(struct txn *t)
{
	OWN(buf) sentence = BUF(128);

	buf_addf(&sentence, "accepted as %s", t->mid);
	answer(t, 250, "2.0.0", sentence.p);
	if (!t->next)
		sched_yield(); /* gate is woken on this processor, to run when we sleep: it passes the answers on before our tidying */
	t->core->counters.answered += t->origin == TXN_REPLY && t->n_outputs;
	if (t->origin == TXN_MAIL) {
		t->core->counters.accepted++;
		t->core->meter.bytes_in += t->size;
		meter_took(&t->core->meter, clock_mono_ms() - t->began_ms);
	}
	log_info("ev=accepted mid=%s copies=%zu size=%llu", t->mid, t->n_outputs,
	         (unsigned long long)t->size);
	if (t->held)
		held_settled(t->core, t->held);
	txn_free(t, true);
}

void txns_committed(struct core *c, struct txn *waiting, int result)
{
	struct txn *t = waiting;

	c->meter.groups += result == OK;
	c->meter.groups_lost += result < 0;
	while (t) {
		struct txn *next = t->next;

		c->meter.grouped += result == OK;
		if (result == OK)
			accepted(t);
		else
			txn_not_kept(t, FAIL_SYS, "the group could not be stored");
		t = next;
	}
}

/* ---- roads that end -------------------------------------------------------------------------------------------- */

/* Nobody hears the answer; the message is kept all the same, and its retry recognised. */
void txns_gate_gone(struct core *c)
{
	for (struct txn *t = c->txns; t; t = t->next)
		t->session = 0;
	group_peer_gone(c, NULL);
}

void txns_scribe_gone(struct core *c, const struct peer *scribe)
{
	for (struct txn *t = c->txns, *next; t; t = next) {
		next = t->next; /* NOLINT(clang-analyzer-unix.Malloc): what was freed was taken off the list */
		if (t->scribe != scribe)
			continue;
		t->scribe = NULL;
		txn_fail_by(t, FAIL_AGAIN, "the scribe has died");
		next = c->txns; /* a failure may end others: from the start */
	}
	group_peer_gone(c, scribe);
}
