#include "role/core/rcpt.h"

#include "base/log.h"
#include "policy/catchall.h"
#include "role/core/activity.h"
#include "role/core/admit.h"
#include "role/core/bounce.h"
#include "role/core/quotas.h"
#include "role/core/space.h"
#include "role/core/trial.h"
#include "role/core/verp.h"
#include "store/people.h"
#include "wire/addr.h"

struct str rcpt_key(struct str address, struct arena *a)
{
	OWN(buf) b = BUF(1024);
	struct addr parsed;

	if (addr_parse(address, a, &parsed, NULL) < 0)
		return address;
	addr_key(&parsed, &b);
	return arena_str(a, buf_str(&b));
}

static struct str domain_of(struct str key)
{
	return str_from(key, str_rchr(key, '@') + 1);
}

bool rcpt_is_relay_domain(const struct core *c, struct str domain)
{
	for (size_t i = 0; i < c->conf->n_domains; i++)
		if (str_eq(domain, c->conf->domains[i]))
			return true;
	return false;
}

/* The addresses that the relay makes, these and the reverse ones, are in the operator's domains alone: those every profile
 * permits, and in them nobody is told from others by a domain of their own. */
static bool is_bounce_address(const struct core *c, struct str key)
{
	return str_starts(key, STR(VERP_PREFIX)) && rcpt_is_relay_domain(c, domain_of(key));
}

bool rcpt_is_ours(struct core *c, struct str key)
{
	OWN(arena) a = ARENA;
	struct reverse r;

	return rcpt_is_relay_domain(c, domain_of(key)) &&
	       (str_starts(key, STR(VERP_PREFIX)) || reverse_find(c->store, key, &a, &r, NULL) == OK);
}

/* The envelope of an answer: it went out from an alias to another alias of this relay and is what anybody's mail is there.
 * That of what was relayed to a user is one of mail that comes round. */
static bool is_answer(const struct core *c, struct str key)
{
	struct verp v;

	return is_bounce_address(c, key) && verp_read(c, str_first(key, str_rchr(key, '@')), &v) &&
	       v.kind == VERP_REPLY;
}

static bool has_come_round(struct core *c, struct str sender, struct arena *a)
{
	struct str key = sender.n ? rcpt_key(sender, a) : STR("");

	return key.n && !is_answer(c, key) && rcpt_is_ours(c, key);
}

static void judge(struct core *c, struct rcpt *r)
{
	struct alias_box boxes[ALIAS_MAILBOXES_MAX];
	struct alias_facts facts = {
		.state = (enum alias_gate)r->alias.state,
		.created = r->alias.created,
		.last_used = r->alias.last_used,
		.expires_at = r->alias.expires_at,
		.idle_days = r->alias.idle_days,
		.count_left = r->alias.count_left,
		.boxes = boxes,
		.n_boxes = r->n_boxes,
	};

	for (size_t i = 0; i < r->n_boxes; i++)
		boxes[i] = (struct alias_box){ r->boxes[i].profile != 0, r->boxes[i].profile_not_after,
			                       r->boxes[i].clear_ok };
	r->verdict = alias_judge(&facts, core_now(c), c->conf->expired_defer_days);
	if (r->verdict.kind == VERDICT_ACCEPT)
		bounce_leave_paused(r);
}

/* What an alias that is open has against this sender, or against more mail now. */
static int judge_further(struct core *c, struct str sender, uint64_t size, struct rcpt *r, struct fail *f)
{
	struct verdict v = { .kind = VERDICT_ACCEPT };

	if (r->verdict.kind != VERDICT_ACCEPT)
		return OK;
	TRY(admit_sender(c, &r->alias, NULL, sender, &v, f));
	if (v.kind == VERDICT_ACCEPT)
		TRY(quotas_judge(c, &r->alias, size, &v, f));
	if (v.kind != VERDICT_ACCEPT)
		r->verdict = v;
	return OK;
}

/* An address of a user's own domain that is no alias yet: one that it would become, where the catch-all's rule says so.
 * Nothing is written for having been asked; what a user deleted does not come back. */
static int look_further(struct core *c, struct str key, struct arena *a, struct rcpt *r, struct fail *f)
{
	struct domain d = { 0 };
	struct catch_rule rule;
	int e = rcpt_is_relay_domain(c, domain_of(key)) ? FAIL_ABSENT
	                                                : domain_find(c->store, domain_of(key), a, &d, f);

	r->verdict = alias_unknown();
	rule = (struct catch_rule){ d.catch_all, d.allow, d.deny };
	if (e == OK && !catch_allows(&rule, str_first(key, str_rchr(key, '@'))))
		e = FAIL_ABSENT;
	if (e == OK)
		e = alias_is_free(c->store, key, f);
	if (e == FAIL_ABSENT || e == FAIL_EXISTS)
		return OK;
	TRY(e);
	r->alias = (struct alias){ .user = d.user,
		                   .domain = d.id,
		                   .origin = ALIAS_CAUGHT,
		                   .address = key,
		                   .state = ALIAS_ON,
		                   .count_left = -1,
		                   .created = core_now(c) };
	TRY(user_limits_get(c->store, d.user, &r->alias.user_most, f));
	TRY(domain_mailboxes(c->store, d.id, a, r->boxes, &r->n_boxes, f));
	judge(c, r);
	return OK;
}

/* Whoever writes there, with a sender or without: what it says is judged by its content. A token that is forged or too old
 * is an address that never was. */
static struct rcpt report_to(const struct core *c, struct str key)
{
	struct rcpt r = { .verdict = { VERDICT_ACCEPT, 250, "2.1.5", "ok", "report" } };

	if (!verp_read(c, str_first(key, str_rchr(key, '@')), &r.report))
		r.verdict = alias_unknown();
	return r;
}

/* RFC draft BATV: prvs=TAG=local@domain. A provider may sign what its users send. */
static struct str without_batv(struct str key)
{
	struct str left = str_from(key, 5);
	size_t at = str_chr(left, '=');

	return str_starts(key, STR("prvs=")) && at < left.n ? str_from(left, at + 1) : key;
}

/* An answer: whether it may go is judged by what is in it. Here it is only weeded out what cannot be one: nobody's address
 * and somebody else's look alike. The null sender is heard: receipts and notes of absence have it. */
static int look_out(struct core *c, struct str sender, struct str key, struct arena *a, struct rcpt *r,
                    struct fail *f)
{
	struct str from = sender.n ? without_batv(rcpt_key(sender, a)) : STR("");

	r->verdict = alias_unknown();
	TRY(speaker_find(c->store, key, from, &r->out, f));
	if ((!r->out.correspondent && !trial_is_open(c, r->out.trial_sent)) ||
	    (sender.n && !r->out.mailbox)) {
		r->out = (struct speaker){ 0 };
		return OK;
	}
	r->verdict = (struct verdict){ VERDICT_ACCEPT, 250, "2.1.5", "ok", "answer" };
	return OK;
}

/* Submission: to whomever its user likes. Which alias it is from, From says, and only then is it known whose
 * correspondents they are. */
static int look_submitted(struct core *c, int64_t account, struct str key, struct arena *a, struct rcpt *r,
                          struct fail *f)
{
	bool ours = rcpt_is_relay_domain(c, domain_of(key));
	struct mailbox m;
	struct alias al;
	int e = ours ? alias_find(c->store, key, a, &al, f) : OK;

	r->verdict = alias_unknown();
	TRY(mailbox_get(c->store, account, a, &m, f));
	if (e == FAIL_ABSENT) {
		TRY(speaker_find(c->store, key, m.address, &r->out, f));
		if (r->out.user != m.user)
			r->out = (struct speaker){ 0 };
		r->out.mailbox = r->out.correspondent ? account : 0;
	} else {
		TRY(e);
		r->outside = str_chr(key, '@') < key.n;
	}
	if (r->out.correspondent || r->outside)
		r->verdict = (struct verdict){ VERDICT_ACCEPT, 250, "2.1.5", "ok", "submission" };
	return OK;
}

int rcpt_look(struct core *c, struct str sender, struct str address, uint64_t size, uint64_t account,
              struct arena *a, struct rcpt *ret, struct fail *f)
{
	struct str key = rcpt_key(address, a);
	struct rcpt r = { 0 };
	int e;

	if (account) {
		TRY(look_submitted(c, (int64_t)account, key, a, &r, f));
		*ret = r;
		return OK;
	}
	e = alias_find(c->store, key, a, &r.alias, f);
	if (e == FAIL_ABSENT && is_bounce_address(c, key)) {
		*ret = report_to(c, key);
		return OK;
	}
	if (e == FAIL_ABSENT && rcpt_is_relay_domain(c, domain_of(key))) {
		TRY(look_out(c, sender, key, a, &r, f));
		*ret = r;
		return OK;
	}
	if (e == FAIL_ABSENT) {
		TRY(look_further(c, key, a, &r, f));
	} else {
		TRY(e);
		TRY(alias_mailboxes(c->store, r.alias.id, a, r.boxes, &r.n_boxes, f));
		judge(c, &r);
	}
	TRY(judge_further(c, sender, size, &r, f));
	*ret = r;
	return OK;
}

/* A message that goes out to correspondents goes nowhere else: what is left over comes again by itself. An alias of the same
 * user among them is the copy of Reply-All to the user's own address, and is taken and not sent. */
static struct verdict other_way(struct core *c, const struct rcpt_ask *m, struct rcpt *r)
{
	OWN(arena) a = ARENA;
	struct str sender = m->sender.n ? without_batv(rcpt_key(m->sender, &a)) : STR("");

	if (r->alias.id && m->way == WAY_OUT &&
	    mailbox_speaks_for(c->store, r->alias.user, sender, NULL) == OK) {
		r->n_boxes = 0;
		return (struct verdict){ VERDICT_DROP, 250, "2.1.5", "ok", "own-copy" };
	}
	return (struct verdict){ VERDICT_REFUSE, 452, "4.5.3", "please send to this recipient separately",
		                 "other-way" };
}

static uint32_t way_of(const struct rcpt *r)
{
	return r->out.trial ? WAY_TEST : r->out.correspondent || r->outside ? WAY_OUT : WAY_IN;
}

static struct verdict too_many(void)
{
	return (struct verdict){ VERDICT_REFUSE, 452, "4.5.3",
		                 "too many recipients, please send the rest separately", "plans" };
}

static struct verdict loop_found(void)
{
	return (struct verdict){ VERDICT_REFUSE, 554, "5.4.6", "this message has come round: a routing loop",
		                 "loop" };
}

static uint32_t copies(const struct rcpt *r)
{
	return way_of(r) != WAY_IN ? 1 : (uint32_t)r->n_boxes;
}

void rcpt_asked(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct rcpt_ask *m = msg;
	OWN(arena) a = ARENA;
	struct rcpt r = { 0 };
	struct fail f = { 0 };
	int e = c->store ? rcpt_look(c, m->sender, m->rcpt, m->size, m->account, &a, &r, &f) : FAIL_AGAIN;
	const struct fail_face *face = fail_face(e);

	if (e < 0)
		r.verdict =
		        (struct verdict){ VERDICT_REFUSE, face->smtp, face->enhanced, face->text, "trouble" };
	else if (r.verdict.kind == VERDICT_ACCEPT && has_come_round(c, m->sender, &a))
		r.verdict = loop_found();
	else if (r.verdict.kind != VERDICT_REFUSE && m->way && m->way != way_of(&r))
		r.verdict = other_way(c, m, &r);
	else if (r.verdict.kind == VERDICT_ACCEPT && m->plans && m->plans + copies(&r) > c->conf->plans)
		r.verdict = too_many();
	else if (r.verdict.kind == VERDICT_ACCEPT && space_is_low(c))
		r.verdict = space_verdict();
	if (r.verdict.kind == VERDICT_REFUSE) {
		c->counters.refused++;
		activity_judged(c, &r, m->sender);
		log_info("ev=refused rcpt=%s code=%d why=%s", log_mask(m->rcpt), r.verdict.smtp,
		         r.verdict.why);
	}
	log_debug("ev=rcpt rcpt=%s sender=%s code=%d copies=%zu", log_mask(m->rcpt), log_mask(m->sender),
	          r.verdict.smtp, r.n_boxes);
	SEND(c->gate, rcpt_answer, m->session, m->seq, (uint32_t)r.verdict.smtp, str_c(r.verdict.enhanced),
	     str_c(r.verdict.sentence), r.verdict.kind == VERDICT_ACCEPT ? copies(&r) : 0,
	     m->way == WAY_OUT ? WAY_OUT : way_of(&r));
}
