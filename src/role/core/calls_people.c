/* calls_people.c - correspondents of an alias. */
#include "policy/correspond.h"
#include "role/core/call.h"
#include "role/core/rcpt.h"
#include "role/core/stock.h"
#include "store/aliases.h"
#include "store/people.h"

static int reverse_domain(struct request *c, const struct alias *al, struct str *ret, struct fail *f)
{
	struct str domain = str_from(al->address, str_rchr(al->address, '@') + 1);
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	struct profile p;
	size_t n;

	TRY(alias_mailboxes(c->core->store, al->id, &c->arena, boxes, &n, f));
	for (size_t i = 0; i < n; i++) {
		if (!boxes[i].profile)
			continue;
		TRY(profile_get(c->core->store, boxes[i].profile, &c->arena, &p, f));
		domain = stock_domain(c->core, &p, domain);
		break;
	}
	*ret = domain;
	return domain.n ? OK : fail(f, FAIL_DENIED, "the active profile permits none of the relay's domains");
}

static int run_correspondent_add(struct request *c, struct fail *f)
{
	const struct who_facts facts = { .from_name = arg_text(c, "name"), .from = arg_text(c, "address") };
	struct correspondent p = { .kind = CORRESPONDENT_PERSON, .created = core_now(c->core) };
	struct store *st = c->core->store;
	struct reverse r;
	struct str domain;
	struct alias al;
	struct who w;
	int e;

	TRY(call_alias(c, "alias", &al, f));
	who_wrote(&facts, &c->arena, &w);
	e = correspondent_find(st, al.id, w.key, &c->arena, &p, f);
	if (e == FAIL_ABSENT) {
		TRY(reverse_domain(c, &al, &domain, f));
		TRY(stock_address(c->core, al.user, domain, REVERSE_TAKEN, &c->arena, &r, f));
		p.alias = al.id;
		p.key = w.key;
		p.address = w.address;
		p.name = w.name;
		p.last_used = p.created;
		p.reverse = r.id;
		p.reverse_address = r.address;
		e = correspondent_add(st, &p, &p.id, f);
		core_dirty(c->core);
	}
	TRY(e);
	rec_text(c, "reverse", p.reverse_address);
	rec_end(c);
	return OK;
}

static int list_correspondent(void *arg, const struct correspondent *p, struct fail *f)
{
	static const char *const kinds[] = { "?", "person", "list", "shared" };
	struct request *c = arg;

	rec_text(c, "address", p->address);
	rec_text(c, "name", p->name);
	rec_text(c, "reverse", p->reverse_address);
	rec_text(c, "kind", str_c(kinds[p->kind]));
	rec_text(c, "reply_to", p->reply_to);
	rec_text(c, "reply_asked", p->reply_asked);
	rec_time(c, "created", p->created);
	rec_time(c, "last_used", p->last_used);
	rec_end(c);
	return OK;
}

static int run_correspondent_list(struct request *c, struct fail *f)
{
	struct alias al;

	TRY(call_alias(c, "alias", &al, f));
	return correspondent_each(c->core->store, al.id, list_correspondent, c, f);
}

static int find_reverse(struct request *c, struct correspondent *ret, struct fail *f)
{
	struct str address = arg_text(c, "reverse");
	int r = correspondent_by_reverse(c->core->store, rcpt_key(address, &c->arena), &c->arena, ret, f);

	return r == FAIL_ABSENT ? call_wrong(c, "reverse", f, r,
	                                     "%.*s stands for nobody: see `postern correspondent list`",
	                                     STR_ARG(address))
	                        : r;
}

static int run_correspondent_set(struct request *c, struct fail *f)
{
	struct correspondent old, new;

	TRY(find_reverse(c, &old, f));
	new = old;
	if (!arg_given(c, "reply_to"))
		return OK;
	new.reply_to = arg_is(c, "reply_to", "none") ? STR("") : arg_text(c, "reply_to");
	new.reply_asked = STR("");
	core_dirty(c->core);
	return correspondent_touch(c->core->store, &old, &new, f);
}

// clang-format off
const struct call_spec calls_people[] = {
	{ "correspondent.add", run_correspondent_add, { { .name = "alias", .kind = ARG_ADDRESS, .required = true },
		{ .name = "address", .kind = ARG_ADDRESS, .required = true }, { .name = "name" } } },
	{ "correspondent.list", run_correspondent_list, { { .name = "alias", .kind = ARG_ADDRESS, .required = true } } },
	{ "correspondent.set", run_correspondent_set, { { .name = "reverse", .kind = ARG_ADDRESS, .required = true },
		{ .name = "reply_to", .kind = ARG_ADDRESS_NONE } } },
	{ 0 }
};
// clang-format on
