#include "role/core/queue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "policy/retry.h"
#include "role/core/activity.h"
#include "role/core/bounce.h"
#include "role/core/lost.h"
#include "role/core/queue_in.h"
#include "role/core/sent.h"
#include "role/core/txn.h"
#include "store/segment.h"
#include "wire/addr.h"
#include "wire/bounce.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 128, WAIT_MOST_MS = 60000, REDO_MS = 1000, NOTE_MAX = 400 };

struct delivery *queue_under_way(const struct core *c, int64_t id)
{
	return ids_find(&c->under_way, (uint64_t)id);
}

/* Nobody gets what its sender may yet be told to send again. */
static bool skip(void *arg, int64_t id)
{
	const struct core *c = arg;

	return group_holds(c, id) || queue_under_way(c, id);
}

static struct str put(char *to, struct str s)
{
	if (s.n)
		memcpy(to, s.p, s.n);
	return str_of(to, s.n);
}

struct delivery *queue_add_delivery(struct core *c, const struct queue_item *i)
{
	struct delivery *d = xalloc(sizeof(*d) + i->mid.n + i->rcpt.n);

	*d = (struct delivery){ .next = c->deliveries,
		                .at = &c->deliveries,
		                .id = i->id,
		                .retried = i->tries > 0,
		                .kind = i->kind,
		                .mailbox = i->mailbox,
		                .mid = put(d->text, i->mid),
		                .rcpt = put(d->text + i->mid.n, i->rcpt) };
	if (d->next)
		d->next->at = &d->next;
	c->deliveries = d;
	ids_add(&c->under_way, &d->by_id, (uint64_t)d->id, d);
	c->n_deliveries++;
	c->n_retried += d->retried;
	return d;
}

static void drop(struct core *c, struct delivery *d)
{
	ids_remove(&d->by_id);
	*d->at = d->next;
	if (d->next)
		d->next->at = d->at;
	c->n_deliveries--;
	c->n_retried -= d->retried;
	c->n_waited -= d->waited;
	free(d);
}

static void end(struct core *c, int64_t id)
{
	struct delivery *d = queue_under_way(c, id);

	if (d)
		drop(c, d);
}

static struct str route_of(const struct core *c, struct str rcpt)
{
	const struct conf_route *r = conf_route_of(c->conf, str_from(rcpt, str_rchr(rcpt, '@') + 1));

	return r ? r->name : STR("default");
}

/* ---- sending --------------------------------------------------------------------------------------------------- */

int queue_send(struct core *c, const struct queue_item *i, struct core_site *s, bool waited, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWNFD fd = -1;
	struct delivery *d;
	struct body b;
	uint64_t offset;
	int r = body_get(c->store, i->body, &a, &b, &fd, &offset, f);

	if (r < 0 && (f->sys == EMFILE || f->sys == ENFILE || f->sys == ENOMEM))
		return r; /* not of this message alone: later */
	d = queue_add_delivery(c, i);
	if (r < 0) { /* those behind it do not wait for it */
		log_fail(LOG_ERROR, "queue", f);
		d->unsent = UNREADABLE;
		return OK;
	}
	d->probe = s && site_goes(&s->site) ? s->number : 0;
	d->waited = waited;
	c->n_waited += waited;
	SEND_FD(c->gate, fd, deliver, (uint64_t)i->id, i->mid, route_of(c, i->rcpt), i->sender, i->rcpt,
	        b.key, offset, b.stored, b.plain, (uint32_t)i->flags);
	return OK;
}

/* What is new to a destination that is being asked for the first time goes as if nothing were in doubt. */
static int send_fresh(void *arg, const struct queue_item *i, struct fail *f)
{
	struct core *c = arg;
	struct core_site *s = walk_site(c, i->rcpt);

	if (!s || !s->site.pauses)
		return queue_send(c, i, NULL, false, f);
	if (site_may_go(&s->site, core_now(c)))
		return queue_send(c, i, s, false, f);
	queue_add_delivery(c, i)->unsent = ASLEEP;
	return OK;
}

static size_t at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* When time brings something to do. What comes free by a result wakes us anyway. */
static uint64_t look_again_ms(struct core *c, int64_t now)
{
	int64_t next = INT64_MAX, asked = walk_next(c, now);
	uint64_t ms = clock_mono_ms();

	if (c->walks.more)
		return c->walks.next_ms > ms ? c->walks.next_ms - ms : 0;
	if (queue_next(c->store, now, &next, NULL) < 0)
		next = now + 1;
	if (asked < next)
		next = asked;
	return next - now > WAIT_MOST_MS / 1000 ? WAIT_MOST_MS : (uint64_t)(next - now) * 1000;
}

static int not_done(struct core *c, struct delivery *d, const struct queue_item *i, const struct delivered *m,
                    uint16_t dice, struct fail *f);

/* As if the gate had tried and not got through: the schedule, and the end, are those of every message. */
static int put_off(struct core *c, struct delivery *d, struct fail *f)
{
	static const struct delivered why[] = {
		[UNREADABLE] = { 0, DELIVERY_LATER, 451, STR_INIT("4.3.0"),
		                 STR_INIT("the stored message cannot be read"), BOUNCE_OTHER, HOP_UNSAID },
		[ASLEEP] = { 0, DELIVERY_LATER, 451, STR_INIT("4.4.1"),
		             STR_INIT("the next hop has not answered others and is asked again later"),
		             BOUNCE_NETWORK, HOP_UNSAID },
		[OVERDUE] = { 0, DELIVERY_LATER, 451, STR_INIT("4.4.1"),
		              STR_INIT("the next hop has not answered"), BOUNCE_NETWORK, HOP_UNSAID },
	};
	OWN(arena) a = ARENA;
	struct queue_item i;

	core_dirty(c);
	TRY(queue_get(c->store, d->id, &a, &i, f));
	return not_done(c, d, &i, &why[d->unsent], 0, f);
}

static void put_off_all(struct core *c)
{
	for (struct delivery *d = c->deliveries, *next; d; d = next) {
		struct fail f = { 0 };

		next = d->next;
		if (d->unsent == SENT || d->giving_up)
			continue;
		if (put_off(c, d, &f) < 0) {
			log_fail(LOG_ERROR, "queue", &f);
			end(c, d->id);
			walk_anew(c);
		}
	}
}

/* What comes now goes first: a million messages for somebody who does not answer are not in its way. */
static int send_due(struct core *c, int64_t now, struct fail *f)
{
	size_t room = UNDER_WAY_MAX - at_most(c->n_deliveries, UNDER_WAY_MAX);

	TRY(queue_fresh(c->store, now, skip, send_fresh, c, at_most(room, BATCH), f));
	return walk_on(c, f);
}

static void on_due(void *arg)
{
	struct core *c = arg;
	struct fail f = { 0 };
	size_t before = c->n_deliveries;
	int64_t now = core_now(c); /* what comes due while we look is to be looked for again */
	int r;

	if (!c->gate || c->n_deliveries >= UNDER_WAY_MAX)
		return; /* a new road, or a result, wakes us */
	r = send_due(c, now, &f);
	timer_set(c->due, c->n_deliveries - before >= BATCH ? 0 : look_again_ms(c, now));
	put_off_all(c);
	if (r < 0) {
		log_fail(LOG_ERROR, "queue", &f);
		timer_set(c->due, WAIT_MOST_MS / 10);
	}
}

void queue_wake(struct core *c)
{
	if (c->due)
		timer_set(c->due, 0);
}

void queue_wake_all(struct core *c)
{
	walk_wake_all(c);
	queue_wake(c);
}

void queue_start(struct core *c)
{
	c->due = timer_new(c->loop, on_due, c);
	queue_wake(c);
}

/* What the gate had is unknown: it is sent again. */
void queue_gate_gone(struct core *c)
{
	for (struct delivery *d = c->deliveries, *next; d; d = next) {
		next = d->next;
		if (!d->giving_up && !d->done)
			drop(c, d);
	}
	walk_wake_all(c); /* what was asked is not answered any more */
}

/* ---- results --------------------------------------------------------------------------------------------------- */

/* Who has it must not get it again: it stays under way until a group that says so is durable. */
static int note_done(struct core *c, struct delivery *d, struct fail *f)
{
	int r = queue_delete(c->store, d->id, f);

	d->done = true;
	d->noted = r == OK || r == FAIL_ABSENT ? c->group.number
	                                       : 0; /* absent: deleted by the operator meanwhile */
	return r;
}

/* What is said of it is still known from when it was sent: of most messages nothing else is asked. */
static int done(struct core *c, struct delivery *d, const struct delivered *m, struct fail *f)
{
	c->counters.delivered++;
	bounce_taken(c, d->kind, d->mailbox);
	log_info("ev=delivered mid=%.*s rcpt=%s code=%u", STR_ARG(d->mid), log_mask(d->rcpt), m->smtp);
	return note_done(c, d, f);
}

static int never(struct core *c, struct delivery *d, const struct queue_item *i, const struct delivered *m,
                 struct str status, struct fail *f)
{
	bool ran_out = str_eq(status, STR("4.4.7"));

	c->counters.failed++;
	activity_delivery(c, i, ran_out ? EVENT_EXPIRED : EVENT_BOUNCED, m->reason);
	bounce_refused(c, i, m, status);
	log_warn("ev=failed mid=%.*s rcpt=%s status=%.*s tries=%lld", STR_ARG(i->mid), log_mask(i->rcpt),
	         STR_ARG(status), (long long)i->tries + 1);
	if (i->kind == QUEUE_FORWARD || i->kind == QUEUE_REPLY) {
		int r = i->kind == QUEUE_REPLY ? sent_failed(c, i, m->note, status)
		        : i->dsn               ? txn_dsn(c, i, status)
		                               : lost_tell(c, i, m->note, status);

		if (r == OK) {
			d->giving_up = true; /* until the letter is in the same group */
			return OK;
		}
		if (r == FAIL_AGAIN) { /* no scribe yet: a message does not end without a word to anybody */
			queue_not_given_up(c, i->id);
			return OK;
		}
	}
	end(c, i->id);
	return queue_delete(c->store, i->id, f);
}

/* Of a destination that sleeps: when it is asked again, for from then on all that waits for it is due. */
static int64_t next_try(struct core *c, const struct delivery *d, const struct queue_item *i, uint16_t dice)
{
	const struct core_site *s = d->unsent == ASLEEP ? walk_site(c, i->rcpt) : NULL;
	int64_t now = core_now(c), next = s ? s->site.until : now;

	if (!s)
		return retry_at(c->conf->retry_s, c->conf->n_retry, i->tries, now, dice);
	if (next >= i->expires)
		next = i->expires - 1;
	return next > now ? next : now + 1;
}

static int later(struct core *c, struct delivery *d, const struct queue_item *i, const struct delivered *m,
                 uint16_t dice, struct fail *f)
{
	int64_t now = core_now(c), next = next_try(c, d, i, dice);

	if (next >= i->expires)
		return never(c, d, i, m, STR("4.4.7"),
		             f); /* the time ran out, whatever the last answer was */
	c->counters.deferred++;
	activity_delivery(c, i, EVENT_DEFERRED, m->reason);
	log_info("ev=deferred mid=%.*s rcpt=%s code=%u status=%.*s tries=%lld next_s=%lld", STR_ARG(i->mid),
	         log_mask(i->rcpt), m->smtp, STR_ARG(m->enhanced), (long long)i->tries + 1,
	         (long long)(next - now));
	end(c, i->id);
	return queue_retry(c->store, i->id, next, m->enhanced, str_first(m->note, NOTE_MAX), f);
}

static int not_done(struct core *c, struct delivery *d, const struct queue_item *i, const struct delivered *m,
                    uint16_t dice, struct fail *f)
{
	if (m->outcome == DELIVERY_NEVER)
		return never(c, d, i, m, m->enhanced.n ? m->enhanced : STR("5.0.0"), f);
	return later(c, d, i, m, dice, f);
}

static int result(struct core *c, struct delivery *d, const struct delivered *m, uint16_t dice,
                  struct fail *f)
{
	OWN(arena) a = ARENA;
	struct queue_item i;
	int r;

	if (m->outcome == DELIVERY_DONE)
		return done(c, d, m, f);
	r = queue_get(c->store, d->id, &a, &i, f);
	if (r == OK)
		return not_done(c, d, &i, m, dice, f);
	end(c, d->id); /* deleted by the operator meanwhile */
	return r;
}

/* The message and its destination by one throw: who is alone there is due when its site may be asked again. */
void queue_delivered(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct delivered *m = msg;
	struct delivery *d = queue_under_way(c, (int64_t)m->delivery);
	struct fail f = { 0 };
	uint16_t dice = 0;
	int r;

	/* nobody gave it that, or it has said so before, or says what there is no word for */
	if (!d || d->done || d->giving_up || m->outcome < DELIVERY_DONE || m->outcome > DELIVERY_NEVER) {
		log_warn("ev=answer-refused what=delivered");
		return;
	}
	if (random_shown(&dice, sizeof(dice), NULL) < 0)
		dice = 0;
	walk_told(c, d->probe, d->rcpt, (enum delivery_hop)m->hop, dice);
	d->probe = 0;
	r = result(c, d, m, dice, &f);
	if (r < 0 && r != FAIL_ABSENT) {
		log_fail(LOG_ERROR, "queue", &f);
		walk_anew(c);
	}
	core_dirty(c);
}

static void redo(void *arg)
{
	struct core *c = arg;

	c->redoing = false;
	for (struct delivery *d = c->deliveries; d; d = d->next)
		if (d->done && !d->noted)
			(void)!note_done(c, d, NULL); /* what fails now is tried again after the group */
	core_dirty(c);
}

/* While the disk is full nothing can be noted, but mail goes out. A group that could not be kept takes its notes with it; the next
 * one, of others' mail, may be kept before they are made anew. */
void queue_committed(struct core *c, uint64_t group, int result)
{
	bool left = false;

	for (struct delivery *d = c->deliveries, *next; d; d = next) {
		next = d->next;
		if (d->noted == group && result == OK) {
			drop(c, d);
			continue;
		}
		if (d->noted == group)
			d->noted = 0;
		left |= d->done && !d->noted;
	}
	if (result == OK)
		queue_wake(c);
	else
		walk_anew(c); /* what was put off in it is where it was before */
	if (!left || c->redoing)
		return;
	if (!c->redo)
		c->redo = timer_new(c->loop, redo, c);
	c->redoing = true;
	timer_set(c->redo, REDO_MS);
}

void queue_given_up(struct core *c, int64_t id)
{
	struct fail f = { 0 };

	if (queue_delete(c->store, id, &f) < 0)
		log_fail(LOG_WARN, "queue", &f);
	end(c, id);
	core_dirty(c);
}

void queue_not_given_up(struct core *c, int64_t id)
{
	struct fail f = { 0 };

	if (queue_retry(c->store, id, core_now(c) + c->conf->retry_s[0], STR("4.3.0"), STR(""), &f) < 0) {
		log_fail(LOG_WARN, "queue", &f);
		walk_anew(c);
	}
	end(c, id);
	core_dirty(c);
}
