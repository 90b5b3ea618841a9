/* calls_domains.c - domains of users' own, and what becomes of mail to addresses in them that nobody gave out. */
#include "base/clock.h"
#include "policy/catchall.h"
#include "role/core/claims.h"
#include "role/core/rcpt.h"
#include "store/domains.h"
#include "store/users.h"

enum { DOMAINS_PER_USER = 8, PER_DAY_MOST = 100000, PATTERNS_MOST = 4096 };

static int find_domain(struct request *c, struct domain *ret, struct fail *f)
{
	int r = domain_find(c->core->store, arg_text(c, "domain"), &c->arena, ret, f);

	return r == FAIL_ABSENT ? call_wrong(c, "domain", f, r,
	                                     "no user has the domain %.*s: see `postern domain list`",
	                                     STR_ARG(arg_text(c, "domain")))
	                        : r;
}

static int read_patterns(struct request *c, const char *arg, struct str *ret, struct fail *f)
{
	OWN(buf) b = BUF(PATTERNS_MOST);
	int r = catch_patterns(arg_text(c, arg), &b, f);

	if (r < 0) {
		c->bad_arg = arg;
		return r;
	}
	*ret = arena_str(&c->arena, buf_str(&b));
	return OK;
}

/* What is not given stays. */
static int apply_rule(struct request *c, struct domain *d, struct fail *f)
{
	if (arg_given(c, "catch_all"))
		d->catch_all = arg_is(c, "catch_all", "on");
	if (arg_given(c, "allow"))
		TRY(read_patterns(c, "allow", &d->allow, f));
	if (arg_given(c, "deny"))
		TRY(read_patterns(c, "deny", &d->deny, f));
	d->per_day = (int64_t)arg_number(c, "per_day", (uint64_t)d->per_day);
	return OK;
}

/* ---- domain.add -------------------------------------------------------------------------------------------------- */

struct survey {
	struct request *c;
	struct str domain;
	size_t n;
};

static int count_one(struct survey *s, struct fail *f)
{
	return ++s->n < DOMAINS_PER_USER ? OK
	                                 : call_wrong(s->c, "domain", f, FAIL_LIMIT,
	                                              "a user has at most %d domains", DOMAINS_PER_USER);
}

static int count_domain(void *arg, const struct domain *d, struct fail *f)
{
	return count_one(arg, f);
}

static int count_claim(void *arg, const struct claim *cl, struct fail *f)
{
	return count_one(arg, f);
}

static int check_mailbox(void *arg, const struct mailbox *m, struct fail *f)
{
	const struct survey *s = arg;
	struct str domain = str_from(m->address, str_rchr(m->address, '@') + 1);

	return str_eq(domain, s->domain)
	               ? call_wrong(s->c, "domain", f, FAIL_DENIED,
	                            "there is a mailbox in %.*s: mail to aliases there would go round",
	                            STR_ARG(domain))
	               : OK;
}

int domain_take(struct request *c, struct domain *d, struct fail *f)
{
	struct survey s = { c, d->name, 0 };
	int r;

	TRY(mailbox_each(c->core->store, 0, check_mailbox, &s, f));
	r = domain_add(c->core->store, d, &d->id, f);

	if (r == FAIL_EXISTS)
		return call_wrong(c, "domain", f, r, "%.*s is a user's domain already", STR_ARG(d->name));
	TRY(r);
	TRY(claims_fall(c->core->store, d->name, f));
	return call_mailboxes(c, d->user, d->id, domain_mailbox_add, f);
}

static int add_it(struct request *c, void *arg, struct fail *f)
{
	return domain_take(c, arg, f);
}

/* Whoever asks over the web has shown nothing yet. The rule is that of a domain, which there is none of. */
static int claim_it(struct request *c, const struct domain *d, struct fail *f)
{
	static const char *const rule[] = { "catch_all", "allow", "deny", "per_day", "mailbox" };
	struct domain other;
	int r = domain_find(c->core->store, d->name, &c->arena, &other, f);

	if (r == OK)
		return call_wrong(c, "domain", f, FAIL_EXISTS, "%.*s is a user's domain already",
		                  STR_ARG(d->name));
	if (r != FAIL_ABSENT)
		return r;
	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++)
		if (arg_given(c, rule[i]))
			return call_wrong(c, rule[i], f, FAIL_DENIED,
			                  "this is set once DNS says that the domain is yours");
	return claim_make(c, d->name, d->user, f);
}

static int run_domain_add(struct request *c, struct fail *f)
{
	struct domain d = { .name = arg_text(c, "domain"),
		            .per_day = DOMAIN_PER_DAY,
		            .created = core_now(c->core) };
	struct survey s = { c, d.name, 0 };

	TRY(call_user(c, &d.user, f));
	if (rcpt_is_relay_domain(c->core, d.name))
		return call_wrong(c, "domain", f, FAIL_DENIED, "%.*s is a domain of the relay itself",
		                  STR_ARG(d.name));
	TRY(domain_each(c->core->store, d.user, count_domain, &s, f));
	if (c->asker) {
		TRY(claim_each(c->core->store, d.user, count_claim, &s, f));
		return claim_it(c, &d, f);
	}
	TRY(apply_rule(c, &d, f));
	TRY(call_part(c, add_it, &d, f));
	rec_text(c, "domain", d.name);
	rec_text(c, "reverse_domain", c->core->conf->domains[0]);
	rec_end(c);
	return OK;
}

/* ---- the others -------------------------------------------------------------------------------------------------- */

static int tell(void *arg, const struct domain *d, struct fail *f)
{
	struct request *c = arg;
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	OWN(buf) names = BUF(8192);
	struct domain_watch row;
	struct watch_facts known;
	struct str user;
	int64_t aliases;
	size_t n;

	TRY(domain_watch_get(c->core->store, d->id, &c->arena, &row, f));
	known = watch_of(&row);
	TRY(user_name(c->core->store, d->user, &c->arena, &user, f));
	TRY(domain_aliases(c->core->store, d->id, &aliases, f));
	TRY(domain_mailboxes(c->core->store, d->id, &c->arena, boxes, &n, f));
	for (size_t i = 0; i < n; i++) {
		buf_addz(&names, i ? ", " : "");
		buf_add(&names, boxes[i].address);
	}
	rec_text(c, "user", user);
	rec_text(c, "domain", d->name);
	rec_text(c, "state", STR("verified"));
	rec_text(c, "verification", STR(""));
	rec_text(c, "catch_all", d->catch_all ? STR("on") : STR("off"));
	rec_text(c, "allow", d->allow);
	rec_text(c, "deny", d->deny);
	rec_number(c, "per_day", d->per_day);
	rec_number(c, "made_today", d->day == core_now(c->core) / DAY_S ? d->made : 0);
	rec_number(c, "aliases", aliases);
	rec_text(c, "mailboxes", buf_str(&names));
	rec_time(c, "created", d->created);
	rec_time(c, "looks_until", 0);
	claim_tell_records(c, d->name, row.token, &known);
	rec_end(c);
	return OK;
}

/* FAIL_ABSENT: none of the asker's, or the command line asks. */
static int find_claim(struct request *c, struct claim *ret, struct fail *f)
{
	return c->asker ? claim_find(c->core->store, c->asker->session.user, arg_text(c, "domain"), &c->arena,
	                             ret, f)
	                : FAIL_ABSENT;
}

static int run_domain_list(struct request *c, struct fail *f)
{
	int64_t user = 0;

	if (arg_given(c, "user"))
		TRY(call_user(c, &user, f));
	TRY(domain_each(c->core->store, user, tell, c, f));
	return c->asker ? claim_each(c->core->store, user, claim_tell, c, f) : OK;
}

static int run_domain_show(struct request *c, struct fail *f)
{
	struct domain d;
	struct claim cl;

	if (find_claim(c, &cl, f) == OK)
		return claim_tell(c, &cl, f);
	TRY(find_domain(c, &d, f));
	return tell(c, &d, f);
}

static int set_it(struct request *c, void *arg, struct fail *f)
{
	const struct domain *d = arg;

	TRY(domain_update(c->core->store, d, f));
	if (!arg_given(c, "mailbox"))
		return OK;
	TRY(domain_mailbox_clear(c->core->store, d->id, f));
	return call_mailboxes(c, d->user, d->id, domain_mailbox_add, f);
}

static int run_domain_set(struct request *c, struct fail *f)
{
	struct domain d;

	TRY(find_domain(c, &d, f));
	TRY(apply_rule(c, &d, f));
	return call_part(c, set_it, &d, f);
}

static int delete_it(struct request *c, void *arg, struct fail *f)
{
	const struct domain *d = arg;

	return domain_delete(c->core->store, d->id, f);
}

static int run_domain_delete(struct request *c, struct fail *f)
{
	struct domain d;
	struct claim cl;
	int64_t n;

	if (find_claim(c, &cl, f) == OK) {
		core_dirty(c->core);
		return claim_delete(c->core->store, cl.id, f);
	}
	TRY(find_domain(c, &d, f));
	TRY(domain_aliases(c->core->store, d.id, &n, f));
	if (n && !arg_is(c, "aliases", "delete"))
		return call_wrong(c, "aliases", f, FAIL_DENIED,
		                  "%lld aliases are in %.*s: --with-aliases deletes them for good",
		                  (long long)n, STR_ARG(d.name));
	return call_part(c, delete_it, &d, f);
}

// clang-format off
#define RULE_ARGS                                                                                                  \
	{ .name = "catch_all", .kind = ARG_WORD, .words = "on|off" },                                              \
	{ .name = "allow", .most = PATTERNS_MOST }, { .name = "deny", .most = PATTERNS_MOST },                     \
	{ .name = "per_day", .kind = ARG_NUMBER, .most = PER_DAY_MOST },                                           \
	{ .name = "mailbox", .kind = ARG_ADDRESS, .repeats = true }
#define DOMAIN_ARG { .name = "domain", .kind = ARG_DOMAIN, .required = true }

const struct call_spec calls_domains[] = {
	{ "domain.add", run_domain_add, { { .name = "user", .required = true }, DOMAIN_ARG, RULE_ARGS } },
	{ "domain.list", run_domain_list, { { .name = "user" } } },
	{ "domain.show", run_domain_show, { DOMAIN_ARG } },
	{ "domain.set", run_domain_set, { DOMAIN_ARG, RULE_ARGS } },
	{ "domain.delete", run_domain_delete, { DOMAIN_ARG, { .name = "aliases", .kind = ARG_WORD, .words = "delete" } } },
	{ 0 }
};
// clang-format on
