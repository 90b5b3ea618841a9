/* calls_foreign_domains.c - domains of who asks, by number, as programs written for SimpleLogin and addy.io keep them. Pending ones
 * (claims.h) are none there. */
#include "role/core/foreign.h"
#include "role/core/watch.h"
#include "store/domains.h"

static int tell(void *arg, const struct domain *d, struct fail *f)
{
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	struct domain_watch row;
	struct request *c = arg;
	int64_t aliases;
	size_t n;

	TRY(domain_aliases(c->core->store, d->id, &aliases, f));
	TRY(domain_watch_get(c->core->store, d->id, &c->arena, &row, f));
	TRY(domain_mailboxes(c->core->store, d->id, &c->arena, boxes, &n, f));
	rec_number(c, "id", d->id);
	rec_number(c, "user", d->user);
	rec_text(c, "domain", d->name);
	rec_bool(c, "own", true);
	rec_bool(c, "catch_all", d->catch_all);
	rec_number(c, "created", d->created);
	rec_number(c, "aliases", aliases);
	rec_number(c, "mx_seen", watch_of(&row).state[RECORD_MX] == RECORD_OK ? row.checked : 0);
	foreign_tell_boxes(c, boxes, n);
	rec_end(c);
	return OK;
}

/* Where this user's aliases may be: the operator's domains, then the user's own. */
static int run_domains(struct request *c, struct fail *f)
{
	for (size_t i = 0; i < c->core->conf->n_domains; i++) {
		rec_text(c, "domain", c->core->conf->domains[i]);
		rec_bool(c, "own", false);
		rec_end(c);
	}
	return domain_each(c->core->store, c->asker->session.user, tell, c, f);
}

/* ---- one --------------------------------------------------------------------------------------------------------- */

struct numbered {
	struct request *c;
	int64_t id;
	struct str name; /* empty: not among the asker's own */
};

static int take_name(void *arg, const struct domain *d, struct fail *f)
{
	struct numbered *t = arg;

	if (d->id == t->id)
		t->name = arena_str(&t->c->arena, d->name);
	return OK;
}

static int find(struct request *c, struct domain *ret, struct fail *f)
{
	struct numbered t = { .c = c, .id = (int64_t)arg_number(c, "id", 0) };

	TRY(domain_each(c->core->store, c->asker->session.user, take_name, &t, f));
	if (!t.name.n)
		return call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden");
	return domain_find(c->core->store, t.name, &c->arena, ret, f);
}

static int run_domain(struct request *c, struct fail *f)
{
	struct domain d;

	TRY(find(c, &d, f));
	return tell(c, &d, f);
}

/* The named ones, or the main one ("boxes"): those that new aliases of a catch-all lead to. */
static int set_boxes(struct request *c, int64_t domain, struct fail *f)
{
	struct mailbox m;
	struct str one;
	int64_t box;

	TRY(domain_mailbox_clear(c->core->store, domain, f));
	if (arg_is(c, "boxes", "main")) {
		TRY(foreign_main_box(c, c->asker->session.user, &box, &one, f));
		return box ? domain_mailbox_add(c->core->store, domain, box, f)
		           : call_wrong(c, "mailbox_id", f, FAIL_SYNTAX, "there is no verified mailbox yet");
	}
	for (size_t i = 0; arg_nth(c, "mailbox_id", i, &one); i++) {
		TRY(foreign_box(c, one, &m, f));
		if (!m.verified || i == ALIAS_MAILBOXES_MAX)
			return call_wrong(c, "mailbox_id", f, FAIL_SYNTAX, "Errors with Mailbox");
		TRY(domain_mailbox_add(c->core->store, domain, m.id, f));
	}
	return OK;
}

static int set_it(struct request *c, void *arg, struct fail *f)
{
	const struct domain *d = arg;

	TRY(domain_update(c->core->store, d, f));
	return arg_given(c, "mailbox_id") || arg_given(c, "boxes") ? set_boxes(c, d->id, f) : OK;
}

/* What is not given stays. */
static int run_set(struct request *c, struct fail *f)
{
	struct domain d;

	TRY(find(c, &d, f));
	if (arg_given(c, "catch_all"))
		d.catch_all = arg_is(c, "catch_all", "on");
	TRY(call_part(c, set_it, &d, f));
	return tell(c, &d, f);
}

static int delete_it(struct request *c, void *arg, struct fail *f)
{
	const struct domain *d = arg;

	return domain_delete(c->core->store, d->id, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	struct domain d;

	TRY(find(c, &d, f));
	return call_part(c, delete_it, &d, f);
}

// clang-format off
const struct call_spec calls_foreign_domains[] = {
	{ "foreign.domains", run_domains, { { 0 } } },
	{ "foreign.domain", run_domain, { FOREIGN_ID } },
	{ "foreign.domain-set", run_set, { FOREIGN_ID, { .name = "catch_all", .kind = ARG_WORD, .words = "on|off" },
		{ .name = "mailbox_id", .kind = ARG_NUMBER, .repeats = true }, { .name = "boxes", .kind = ARG_WORD, .words = "main" } } },
	{ "foreign.domain-delete", run_delete, { FOREIGN_ID } },
	{ 0 }
};
// clang-format on
