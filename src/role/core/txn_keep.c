#include "role/core/activity.h"
#include "role/core/txn.h"

#include "base/log.h"
#include "policy/answer.h"
#include "role/core/queue.h"
#include "role/core/quotas.h"
#include "role/core/reply.h"
#include "role/core/sent.h"
#include "role/core/verp.h"
#include "store/held.h"

/* RFC 3464 2: a DSN has the null sender, so that nothing answers it. */
static int envelope_sender(struct txn *t, const struct output *o, struct buf *out, struct fail *f)
{
	struct core *c = t->core;
	struct str domain = o->from.n ? str_from(o->from, str_rchr(o->from, '@') + 1) : c->conf->domains[0];

	if (t->origin == TXN_DSN || (t->reply && reply_is_automatic(t->reply)))
		return OK;
	if (!rcpt_is_relay_domain(c, domain))
		domain =
		        c->conf->domains
		                [0]; /* an alias in a user's own domain: its reports come to us all the same */
	return t->reply ? sent_envelope(c, o->box.mailbox, o->correspondent, domain, out, f)
	                : verp_print(c, o->box.mailbox, t->verp ? t->verp : VERP_FORWARD, domain, out, f);
}

static bool may_answer(const struct txn *t)
{
	const struct answer_facts facts = {
		.sender = t->sender,
		.client = t->client,
		.automatic = t->facts.flags & (SCAN_AUTO | SCAN_REPORT),
		.list = t->facts.flags & SCAN_LIST,
		.to_all = t->core->conf->dsn_to_all,
	};

	return answer_may_go(&facts);
}

static int keep_body(struct output *o, struct fail *f)
{
	struct store *st = o->txn->core->store;
	int64_t *id = &o->body.id;

	return o->file ? body_file_add(st, o->file, &o->body, id, f) : body_add(st, o->fd, &o->body, id, f);
}

/* Before anything else of the message, so that the disk may begin. */
static int keep_bodies(struct txn *t, struct fail *f)
{
	for (size_t i = 0; i < t->n_outputs; i++) {
		struct output *o = &t->outputs[i];

		if (t->reply)
			TRY(reply_went(t->reply, o->reverse, &o->dropped, f));
		if (!o->dropped)
			TRY(keep_body(o, f));
	}
	group_bodies_are_in(t->core);
	return OK;
}

static int keep_output(struct txn *t, struct output *o, struct fail *f)
{
	struct core *c = t->core;
	OWN(buf) sender = BUF(512);
	static const enum queue_kind kinds[] = { [TXN_MAIL] = QUEUE_FORWARD,
		                                 [TXN_NOTICE] = QUEUE_NOTICE,
		                                 [TXN_DSN] = QUEUE_DSN,
		                                 [TXN_REPLY] = QUEUE_REPLY,
		                                 [TXN_INTRO] = QUEUE_NOTICE };
	struct queue_item i = {
		.user = o->alias.user,
		.mailbox = o->box.mailbox,
		.kind = kinds[t->origin],
		.mid = str_c(t->mid),
		.rcpt = o->rcpt.n   ? o->rcpt
		        : t->rcpt.n ? t->rcpt
		                    : o->box.address,
		/* of an answer nobody is told, and the user's own address has no place beside it */
		.orig_sender = t->reply ? STR("") : t->sender,
		.dsn = !t->reply && may_answer(t),
		.orig_id = t->facts.message_id,
		.alias = o->alias.address,
		.arrived = t->arrived,
		.next_try = core_now(c),
		.expires = core_now(c) + c->conf->expire_s,
		.flags = o->flags,
	};
	int64_t id;

	i.body = o->body.id;
	TRY(envelope_sender(t, o, &sender, f));
	i.sender = buf_str(&sender);
	TRY(queue_add(c->store, &i, &id, f));
	if (!c->group.gathered_from)
		c->group.gathered_from = id;
	if (t->reply) {
		TRY(usage_answered(c->store, o->alias.user, core_now(c), f));
		return alias_answered(c->store, o->alias.id, t->arrived, o->removed, f);
	}
	/* once for an alias, whose copies stand side by side */
	return t->origin == TXN_MAIL && (!o->index || t->outputs[o->index - 1].alias.id != o->alias.id)
	               ? quotas_used(c, &o->alias, t->arrived, t->size, f)
	               : OK;
}

static int keep_outputs(struct txn *t, struct fail *f)
{
	TRY(keep_bodies(t, f));
	if (t->origin == TXN_HELD)
		return held_keep(t->core->store, t->held, t->outputs[0].body.id, f);
	for (size_t i = 0; i < t->n_outputs; i++)
		if (!t->outputs[i].dropped)
			TRY(keep_output(t, &t->outputs[i], f));
	return t->kept ? t->kept(t->core, t->kept_arg, f) : OK;
}

/* What is answered 451 leaves nothing behind, so what is noted of a message stands or falls with it. */
static int keep_all(struct txn *t, struct fail *f)
{
	TRY(keep_outputs(t, f));
	if (t->reply)
		TRY(reply_note(t->reply, f));
	return t->origin == TXN_MAIL && t->facts.message_id.n
	               ? seen_add(t->core->store, t->facts.digest, str_c(t->mid), t->arrived, f)
	               : OK;
}

/* Everything of the message goes into the open group; the answer waits for its end. */
int txn_keep_rows(struct txn *t, struct fail *f)
{
	struct core *c = t->core;
	int r;

	if (t->first_group && c->group.failed >= t->first_group)
		return fail(f, FAIL_SYS, "a group that held part of this message was lost");
	txn_touch(t);
	TRY(store_part_begin(c->store, f));
	r = keep_all(t, f);
	if (r < 0) {
		if (store_part_end(c->store, false, NULL) < 0)
			log_error("ev=rollback");
		return r;
	}
	TRY(store_part_end(c->store, true, f));
	activity_kept(c, t);
	if (t->reply)
		reply_kept(t->reply);
	if (t->gives_up)
		queue_given_up(c, t->gives_up);
	return OK;
}
