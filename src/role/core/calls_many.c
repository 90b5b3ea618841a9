/* calls_many.c - the same change to many aliases: all of it, or nothing. */
#include "role/core/aliases.h"
#include "role/core/page.h"
#include "role/core/rcpt.h"

enum { NAMED_MOST = 1000, MATCHING_MOST = 10000 };

struct chosen {
	struct alias al;
	struct str asked; /* as it was named */
	bool absent;
};

struct many {
	struct request *c;
	struct chosen *of;
	size_t n, room;
	bool deleting;
};

/* ---- which ------------------------------------------------------------------------------------------------------- */

static struct chosen *more(struct many *m)
{
	if (m->n == m->room) {
		size_t room = m->room ? m->room * 2 : 64;
		struct chosen *all = arena_array(&m->c->arena, struct chosen, room);

		if (m->n)
			memcpy(all, m->of, m->n * sizeof(*all));
		m->of = all;
		m->room = room;
	}
	return &m->of[m->n++];
}

static int add_named(struct many *m, struct str address, struct fail *f)
{
	struct request *c = m->c;
	struct chosen *one = more(m);
	int r = alias_find(c->core->store, rcpt_key(address, &c->arena), &c->arena, &one->al, f);

	one->asked = address;
	one->absent = r == FAIL_ABSENT || (r == OK && one->al.user != c->asker->session.user);
	return r == FAIL_ABSENT ? OK : r;
}

static int add_named_all(struct many *m, struct fail *f)
{
	struct str left = m->c->args, name, value;

	while (list_next_pair(&left, &name, &value)) {
		if (!str_eq(name, STR("address")))
			continue;
		if (m->n == NAMED_MOST)
			return call_wrong(m->c, "addresses", f, FAIL_LIMIT,
			                  "at most %d aliases can be named at once", NAMED_MOST);
		TRY(add_named(m, value, f));
	}
	return OK;
}

static int add_matching(void *arg, const struct alias *al, struct fail *f)
{
	struct many *m = arg;
	struct arena *a = &m->c->arena;
	struct chosen *one;

	if (!page_wants(m->c, "only", al))
		return OK;
	if (m->n == MATCHING_MOST)
		return call_wrong(m->c, "query", f, FAIL_LIMIT, "more than %d aliases match: search for less",
		                  MATCHING_MOST);
	one = more(m);
	one->al = *al;
	one->al.address = one->asked = arena_str(a, al->address);
	one->al.label = arena_str(a, al->label);
	one->al.from_name = arena_str(a, al->from_name);
	return OK;
}

/* Named one by one; or "all", as far as they match. That all are meant is to be said. */
static int choose(struct many *m, struct fail *f)
{
	struct request *c = m->c;
	bool all = arg_is(c, "all", "on");

	if (all == arg_given(c, "address"))
		return call_wrong(
		        c, "addresses", f, FAIL_SYNTAX,
		        "name addresses, or say all (with query and only, to mean those that match)");
	return all ? alias_each(c->core->store, c->asker->session.user, add_matching, m, f)
	           : add_named_all(m, f);
}

/* ---- what is done ------------------------------------------------------------------------------------------------ */

static int do_one(struct request *c, struct many *m, struct chosen *one, struct fail *f)
{
	if (m->deleting)
		return alias_delete(c->core->store, one->al.id, f);
	TRY(alias_apply(c, &one->al, f));
	return alias_store(c, &one->al, f);
}

static int do_all(struct request *c, void *arg, struct fail *f)
{
	struct many *m = arg;

	for (size_t i = 0; i < m->n; i++)
		if (!m->of[i].absent)
			TRY(do_one(c, m, &m->of[i], f));
	return OK;
}

static void tell_all(struct request *c, const struct many *m)
{
	int64_t changed = 0;

	for (size_t i = 0; i < m->n; i++)
		changed += !m->of[i].absent;
	rec_number(c, "changed", changed);
	rec_number(c, "absent", (int64_t)m->n - changed);
	rec_end(c);
	for (size_t i = 0; i < m->n; i++) {
		rec_text(c, "address", m->of[i].asked);
		rec_text(c, "result",
		         m->of[i].absent ? STR("absent")
		         : m->deleting   ? STR("deleted")
		                         : STR("changed"));
		rec_end(c);
	}
}

static int run_bulk(struct request *c, struct fail *f)
{
	struct many m = { .c = c, .deleting = arg_is(c, "action", "delete") };

	TRY(choose(&m, f));
	TRY(call_part(c, do_all, &m, f));
	tell_all(c, &m);
	return OK;
}

// clang-format off
const struct call_spec calls_many[] = {
	{ "alias.bulk", run_bulk, { { .name = "action", .kind = ARG_WORD, .words = "set|delete", .required = true },
		{ .name = "address", .kind = ARG_ADDRESS, .repeats = true },
		{ .name = "all", .kind = ARG_WORD, .words = "on|off" }, { .name = "query", .most = PAGE_QUERY_MOST },
		{ .name = "only", .kind = ARG_WORD, .words = PAGE_STATES }, ALIAS_ARGS } },
	{ 0 }
};
// clang-format on
