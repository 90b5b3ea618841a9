#include "role/core/rcpt.h"

#include "base/log.h"
#include "policy/catchall.h"
#include "role/core/admit.h"
#include "role/core/bounce.h"
#include "role/core/quotas.h"
#include "role/core/space.h"
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

	return is_bounce_address(c, key) || reverse_find(c->store, key, &a, &r, NULL) == OK;
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

static struct verdict not_yet(void)
{
	return (struct verdict){ VERDICT_REFUSE, 550, "5.7.1", "this server does not send mail for you yet",
		                 "submission" };
}

int rcpt_look(struct core *c, struct str sender, struct str address, uint64_t size, uint64_t account,
              struct arena *a, struct rcpt *ret, struct fail *f)
{
	struct str key = rcpt_key(address, a);
	struct rcpt r = { 0 };
	int e;

	if (account) {
		*ret = (struct rcpt){ .verdict = not_yet() };
		return OK;
	}
	e = alias_find(c->store, key, a, &r.alias, f);
	if (e == FAIL_ABSENT && is_bounce_address(c, key)) {
		*ret = report_to(c, key);
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
	else if (r.verdict.kind == VERDICT_ACCEPT && m->sender.n && rcpt_is_ours(c, rcpt_key(m->sender, &a)))
		r.verdict = loop_found();
	else if (r.verdict.kind == VERDICT_ACCEPT && m->plans && m->plans + r.n_boxes > c->conf->plans)
		r.verdict = too_many();
	else if (r.verdict.kind == VERDICT_ACCEPT && space_is_low(c))
		r.verdict = space_verdict();
	if (r.verdict.kind == VERDICT_REFUSE) {
		c->counters.refused++;
		if (r.alias.id)
			quotas_refused(c, r.alias.id);
		log_info("ev=refused rcpt=%s code=%d why=%s", log_mask(m->rcpt), r.verdict.smtp,
		         r.verdict.why);
	}
	log_debug("ev=rcpt rcpt=%s sender=%s code=%d copies=%zu", log_mask(m->rcpt), log_mask(m->sender),
	          r.verdict.smtp, r.n_boxes);
	SEND(c->gate, rcpt_answer, m->session, m->seq, (uint32_t)r.verdict.smtp, str_c(r.verdict.enhanced),
	     str_c(r.verdict.sentence), r.verdict.kind == VERDICT_ACCEPT ? (uint32_t)r.n_boxes : 0);
}
