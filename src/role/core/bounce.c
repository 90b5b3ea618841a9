#include "role/core/bounce.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/event.h"
#include "policy/pause.h"
#include "role/core/activity.h"
#include "role/core/notices.h"
#include "role/core/sent.h"
#include "wire/date.h"

enum { LOOK_MS = 3600 * 1000, SOON_MS = 7000, PAUSES_AT_ONCE = 64, TEXT_MOST = 8192 };

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static int mark_told(struct core *c, struct str arg, struct fail *f)
{
	struct pause p;
	int64_t mailbox;

	memcpy(&mailbox, arg.p, sizeof(mailbox));
	TRY(pause_get(c->store, mailbox, &p, f));
	p.told = core_now(c);
	return p.since ? pause_set(c->store, &p, f) : OK;
}

struct telling {
	struct core *core;
	const struct pause *pause;
	struct str text;
	bool marked; /* one of the letters stands for all */
};

static int tell_one(void *arg, const struct mailbox *m, struct fail *f)
{
	struct telling *t = arg;
	struct pause own;
	int r;

	TRY(pause_get(t->core->store, m->id, &own, f));
	if (own.since || !notice_reaches(t->core, m))
		return OK;
	r = notice_send(t->core, NOTICE_PAUSED, m, t->text, t->marked ? NULL : mark_told,
	                str_of(&t->pause->mailbox, sizeof(t->pause->mailbox)), f);
	t->marked = t->marked || r == OK;
	return r == FAIL_ABSENT ? OK : r;
}

/* To the user's other mailboxes, once; where there is none the list of mailboxes tells. */
static int tell(struct core *c, const struct pause *p, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(TEXT_MOST);
	OWN(buf) since = BUF(64);
	struct telling t = { .core = c, .pause = p };
	struct mailbox m;

	if (p->told)
		return OK;
	TRY(mailbox_get(c->store, p->mailbox, &a, &m, f));
	date_print_iso(p->since, &since);
	buf_addf(&text, "Postern has stopped sending to this mailbox of yours on %.10s (UTC):\r\n\r\n  ",
	         since.p);
	buf_add(&text, m.address);
	buf_addf(&text, "\r\n\r\n%s\r\n\r\n", pause_sentence((enum pause_why)p->why));
	t.text = buf_str(&text);
	return mailbox_each(c->store, p->user, tell_one, &t, f);
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

static int judge(struct core *c, struct pause *p, struct fail *f)
{
	struct bounce_event events[PAUSE_EVENTS];
	struct bounce_row rows[PAUSE_EVENTS];
	OWN(arena) a = ARENA;
	int64_t now = core_now(c);
	size_t n;

	TRY(bounce_recent(c->store, p->mailbox, now - PAUSE_WINDOW_DAYS * DAY_S, PAUSE_EVENTS, &a, rows, &n,
	                  f));
	for (size_t i = 0; i < n; i++)
		events[i] =
		        (struct bounce_event){ rows[i].at, (enum bounce_reason)rows[i].reason, rows[i].hard };
	p->taken = 0;
	if (p->since)
		return pause_set(c->store, p, f);
	p->why = pause_judge(events, n, now);
	if (p->why == PAUSE_NONE)
		return OK;
	p->since = now;
	p->probes = 0;
	p->told = 0;
	p->probe_at = now + pause_wait(0, c->conf->probe_s);
	TRY(pause_set(c->store, p, f));
	log_warn("ev=mailbox-paused mailbox=%lld why=%s", (long long)p->mailbox,
	         pause_word((enum pause_why)p->why));
	timer_set(c->probes, (uint64_t)(p->probe_at - now) * 1000 < LOOK_MS
	                             ? (uint64_t)(p->probe_at - now) * 1000
	                             : LOOK_MS);
	return tell(c, p, f);
}

static int count(struct core *c, const struct bounce_row *b, struct fail *f)
{
	struct pause p;
	int r = bounce_add(c->store, b, f);

	if (r == FAIL_EXISTS || r == FAIL_ABSENT)
		return OK; /* counted before; or the mailbox is gone */
	TRY(r);
	core_dirty(c);
	c->counters.bounced++;
	TRY(pause_get(c->store, b->mailbox, &p, f));
	if (b->way == BOUNCED_LATER) /* the report does not say to which alias it was written */
		activity_note(c, &(struct event){ .user = p.user,
		                                  .what = EVENT_BOUNCED,
		                                  .why = str_c(event_bounce_word((uint32_t)b->reason)),
		                                  .at = b->at });
	return judge(c, &p, f);
}

/* An answer goes to somebody else: that it is refused, or taken, says nothing of the mailbox that it came from. */
static bool is_counted(enum queue_kind kind, int64_t mailbox)
{
	return mailbox && kind != QUEUE_REPLY;
}

void bounce_refused(struct core *c, const struct queue_item *i, const struct delivered *m, struct str status)
{
	bool ran_out = str_eq(status, STR("4.4.7"));
	struct fail f = { 0 };
	const struct bounce_row b = {
		.mailbox = i->mailbox,
		.at = core_now(c),
		.way = BOUNCED_AT_ONCE,
		.reason = ran_out && m->reason != BOUNCE_FULL ? BOUNCE_EXPIRED : (int64_t)m->reason,
		.hard = !ran_out && m->smtp >= 500,
		.status = str_first(status, BOUNCE_STATUS_MOST),
		.note = str_first(m->note, BOUNCE_NOTE_MOST),
		.token = i->mid,
	};

	if (is_counted(i->kind, i->mailbox) && count(c, &b, &f) < 0)
		log_fail(LOG_WARN, "bounce", &f);
}

static int end_pause(struct core *c, struct pause *p, struct fail *f)
{
	p->since = p->why = p->probe_at = p->probes = p->taken = p->told = 0;
	log_info("ev=mailbox-resumed mailbox=%lld", (long long)p->mailbox);
	core_dirty(c);
	TRY(bounce_forget(c->store, p->mailbox, true, f));
	return pause_set(c->store, p, f);
}

static int take(struct core *c, int64_t mailbox, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct bounce_row row;
	struct pause p;
	size_t n;

	TRY(pause_get(c->store, mailbox, &p, f));
	if (p.refused)
		TRY(bounce_forget(c->store, mailbox, false, f));
	if (!p.since)
		return OK;
	TRY(bounce_recent(c->store, mailbox, core_now(c) - PAUSE_WINDOW_DAYS * DAY_S, 1, &a, &row, &n, f));
	if (!n) /* it refused at once, and does not any more */
		return end_pause(c, &p, f);
	p.taken = core_now(c); /* a report may follow: time will tell */
	return pause_set(c->store, &p, f);
}

void bounce_taken(struct core *c, enum queue_kind kind, int64_t mailbox)
{
	struct fail f = { 0 };
	int r = is_counted(kind, mailbox) ? take(c, mailbox, &f) : OK;

	if (r < 0 && r != FAIL_ABSENT)
		log_fail(LOG_WARN, "bounce", &f);
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

void bounce_reported(struct txn *t, const struct scanned *m)
{
	static const char *const kinds[BOUNCE_KINDS] = { "none",      "failed", "delayed",
		                                         "delivered", "auto",   "complaint" };
	uint32_t reason = m->reason < BOUNCE_REASONS ? m->reason : BOUNCE_OTHER;
	uint32_t kind = m->bounce < BOUNCE_KINDS ? m->bounce : BOUNCE_NONE;
	OWN(buf) token = BUF(VERP_BYTES);
	struct fail f = { 0 };
	const struct bounce_row b = { .mailbox = t->report.mailbox,
		                      .at = core_now(t->core),
		                      .way = BOUNCED_LATER,
		                      .reason = reason,
		                      .hard = m->hard != 0,
		                      .status = str_first(m->status, BOUNCE_STATUS_MOST),
		                      .note = str_first(m->note, BOUNCE_NOTE_MOST) };
	struct bounce_row row = b;

	log_info("ev=report mid=%s kind=%s reason=%s mailbox=%lld", t->mid, kinds[kind],
	         kind == BOUNCE_FAILED ? bounce_word((enum bounce_reason)reason) : "-",
	         (long long)t->report.mailbox);
	if (kind == BOUNCE_NONE && t->sender.n) {
		txn_fail(t, 550, "5.7.1", "this address takes delivery reports only", "no-report");
		return;
	}
	if (t->report.kind == VERP_REPLY) {
		sent_reported(t, m);
		return;
	}
	verp_pack(&t->report, &token);
	row.token = buf_str(&token);
	txn_touch(t);
	if (kind == BOUNCE_FAILED && count(t->core, &row, &f) < 0) {
		txn_fail(t, 451, "4.3.0", "please try again later", f.why);
		return;
	}
	txn_keep(t); /* answered when it is counted for good */
}

/* ---- mail to a paused mailbox ------------------------------------------------------------------------------------ */

void bounce_leave_paused(struct rcpt *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_boxes; i++)
		if (!r->boxes[i].paused)
			r->boxes[n++] = r->boxes[i];
	if (!n && r->n_boxes)
		r->verdict =
		        (struct verdict){ VERDICT_REFUSE, 451, "4.2.1",
			                  "this address takes no mail at the moment, please try again later",
			                  "paused" };
	r->n_boxes = n;
}

/* ---- trying again ------------------------------------------------------------------------------------------------ */

static int probe(struct core *c, struct pause *p, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(TEXT_MOST);
	OWN(buf) since = BUF(64);
	int64_t now = core_now(c);
	struct mailbox m;
	int r;

	TRY(mailbox_get(c->store, p->mailbox, &a, &m, f));
	p->probes++;
	p->probe_at = now + pause_wait(p->probes, c->conf->probe_s);
	core_dirty(c);
	TRY(pause_set(c->store, p, f));
	date_print_iso(p->since, &since);
	buf_addf(&text,
	         "Since %.10s (UTC) Postern has sent nothing to this mailbox. %s\r\n"
	         "Mail to your aliases has waited at its senders meanwhile.\r\n\r\n",
	         since.p, pause_sentence((enum pause_why)p->why));
	r = notice_send(c, NOTICE_WORKS_AGAIN, &m, buf_str(&text), NULL, STR(""), f);
	return r == FAIL_ABSENT ? OK : r;
}

static int look_at(struct core *c, struct pause *p, struct fail *f)
{
	int64_t now = core_now(c);
	int64_t settled = c->conf->probe_s < DAY_S ? c->conf->probe_s : DAY_S;

	TRY(tell(c, p, f));
	if (p->taken && now - p->taken >= settled)
		return end_pause(c, p, f);
	return !p->taken && now >= p->probe_at ? probe(c, p, f) : OK;
}

static void on_look(void *arg)
{
	struct pause list[PAUSES_AT_ONCE];
	struct core *c = arg;
	struct fail f = { 0 };
	int64_t now = core_now(c);
	uint64_t ms = LOOK_MS;
	size_t n = 0;

	if (pause_list(c->store, PAUSES_AT_ONCE, list, &n, &f) < 0)
		log_fail(LOG_WARN, "pauses", &f);
	for (size_t i = 0; i < n; i++) {
		int64_t wait;

		if (look_at(c, &list[i], &f) < 0)
			log_fail(LOG_WARN, "pause", &f);
		wait = list[i].since
		               ? (list[i].taken ? list[i].taken + c->conf->probe_s : list[i].probe_at) - now
		               : 0;
		if (wait > 0 && (uint64_t)wait * 1000 < ms)
			ms = (uint64_t)wait * 1000;
	}
	timer_set(c->probes, ms);
}

void bounce_start(struct core *c)
{
	c->probes = timer_new(c->loop, on_look, c);
	timer_set(c->probes, SOON_MS);
}

int bounce_resume(struct core *c, int64_t mailbox, struct fail *f)
{
	struct pause p;

	TRY(pause_get(c->store, mailbox, &p, f));
	if (!p.since)
		return fail(f, FAIL_ABSENT, "this mailbox is not paused");
	return end_pause(c, &p, f);
}
