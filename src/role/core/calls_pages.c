/* calls_pages.c - lists as pages need them: searched, filtered, sorted, cut. Labels and addresses are sealed in the store, so
 * that each look opens all of a user's; 10,000 take some ten milliseconds. */
#include "role/core/activity.h"
#include "role/core/aliases.h"
#include "role/core/page.h"
#include "role/core/rcpt.h"
#include "store/profiles.h"
#include "store/users.h"

#include <stdlib.h>

enum { PAGE = 50, PAGE_MOST = 200, ALIASES_MOST = 200000 };

struct page {
	struct request *c;
	struct alias *of;
	size_t n, room;
};

static void copy_str(struct arena *a, struct str *s)
{
	*s = arena_str(a, *s);
}

static bool has(struct str s, struct str lower)
{
	for (size_t i = 0; i + lower.n <= s.n; i++)
		if (str_eq_nocase(str_first(str_from(s, i), lower.n), lower))
			return true;
	return false;
}

bool page_wants(const struct request *c, const char *arg, const struct alias *al)
{
	struct str state = arg_text(c, arg), query = arg_text(c, "query");

	if (str_eq(state, STR("off")) ? al->state == ALIAS_ON
	                              : state.n && !str_eq(state, str_c(alias_state_word(al->state))))
		return false;
	return has(al->address, query) || has(al->label, query);
}

static int take(void *arg, const struct alias *al, struct fail *f)
{
	struct page *p = arg;
	struct alias *own;

	if (!page_wants(p->c, "state", al))
		return OK;
	if (p->n == ALIASES_MOST)
		return fail(f, FAIL_LIMIT, "more than %d aliases match: search for less", ALIASES_MOST);
	if (p->n == p->room) {
		struct alias *more = arena_array(&p->c->arena, struct alias, p->room ? p->room * 2 : 256);

		if (p->n)
			memcpy(more, p->of, p->n * sizeof(*more));
		p->of = more;
		p->room = p->room ? p->room * 2 : 256;
	}
	own = &p->of[p->n++];
	*own = *al;
	copy_str(&p->c->arena, &own->address);
	copy_str(&p->c->arena, &own->label);
	copy_str(&p->c->arena, &own->from_name);
	return OK;
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static int by_number(int64_t a, int64_t b, int64_t ia, int64_t ib)
{
	if (a != b)
		return a < b ? -1 : 1;
	return ia < ib ? -1 : ia > ib;
}

static int by_created(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	return by_number(x->created, y->created, x->id, y->id);
}

static int by_address(const void *a, const void *b)
{
	return str_cmp(((const struct alias *)a)->address, ((const struct alias *)b)->address);
}

static int by_last_used(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	return by_number(x->last_used, y->last_used, x->id, y->id);
}

static int by_used(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	return by_number(x->used, y->used, x->id, y->id);
}

static const struct {
	const char *word;
	int (*compare)(const void *a, const void *b);
	bool down;
} orders[] = {
	{ "-created", by_created, true },     { "created", by_created, false },
	{ "address", by_address, false },     { "-address", by_address, true },
	{ "last_used", by_last_used, false }, { "-last_used", by_last_used, true },
	{ "used", by_used, false },           { "-used", by_used, true },
};

static size_t order_of(const struct request *c)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (arg_is(c, "sort", orders[i].word))
			return i;
	return 0;
}

/* ---- what the database can do ------------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	enum alias_order order;
	bool down;
} plain_orders[] = {
	{ "", ALIAS_BY_AGE, true },
	{ "-created", ALIAS_BY_AGE, true },
	{ "created", ALIAS_BY_AGE, false },
	{ "-last_used", ALIAS_BY_LAST_USE, true },
	{ "last_used", ALIAS_BY_LAST_USE, false },
	{ "-used", ALIAS_BY_USE, true },
	{ "used", ALIAS_BY_USE, false },
};

static const struct {
	const char *word;
	unsigned states;
} state_sets[] = {
	{ "on", 1u << ALIAS_ON },
	{ "off-drop", 1u << ALIAS_OFF_DROP },
	{ "off-reject", 1u << ALIAS_OFF_REJECT },
	{ "off", 1u << ALIAS_OFF_DROP | 1u << ALIAS_OFF_REJECT },
};

/* False: what is sealed is searched or sorted by, so that all must be opened. */
static bool plain_page(const struct request *c, struct alias_page *ret)
{
	*ret = (struct alias_page){ .offset = (int64_t)arg_number(c, "offset", 0),
		                    .limit = (int64_t)arg_number(c, "limit", PAGE) };
	for (size_t i = 0; i < sizeof(state_sets) / sizeof(state_sets[0]); i++)
		if (arg_is(c, "state", state_sets[i].word))
			ret->states = state_sets[i].states;
	for (size_t i = 0; i < sizeof(plain_orders) / sizeof(plain_orders[0]); i++) {
		if (arg_text(c, "query").n || !arg_is(c, "sort", plain_orders[i].word))
			continue;
		ret->order = plain_orders[i].order;
		ret->down = plain_orders[i].down;
		return true;
	}
	return false;
}

static int tell_page(struct request *c, const struct page *p, int64_t total, struct fail *f)
{
	rec_number(c, "total", total);
	rec_end(c);
	for (size_t i = 0; i < p->n; i++) {
		TRY(call_tell_alias(c, &p->of[i], f));
		TRY(call_tell_series(c, p->of[i].id, f));
		rec_end(c);
	}
	return OK;
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static int run_alias_page(struct request *c, struct fail *f)
{
	struct page p = { .c = c };
	struct alias_page plain;
	int64_t total;
	size_t order = order_of(c), offset = arg_number(c, "offset", 0), limit = arg_number(c, "limit", PAGE);

	activity_settle(c->core);
	if (plain_page(c, &plain)) {
		TRY(alias_page(c->core->store, c->asker->session.user, &plain, take, &p, &total, f));
		return tell_page(c, &p, total, f);
	}
	TRY(alias_each(c->core->store, c->asker->session.user, take, &p, f));
	if (p.n)
		qsort(p.of, p.n, sizeof(*p.of), orders[order].compare);
	rec_number(c, "total", (int64_t)p.n);
	rec_end(c);
	for (size_t i = offset; i < p.n && i - offset < limit; i++) {
		const struct alias *al = &p.of[orders[order].down ? p.n - 1 - i : i];

		TRY(call_tell_alias(c, al, f));
		TRY(call_tell_series(c, al->id, f));
		rec_end(c);
	}
	return OK;
}

struct mine {
	struct request *c;
	int64_t mailbox; /* 0: all of the user's */
};

static int tell_profile(void *arg, const struct profile *p, struct fail *f)
{
	const struct mine *m = arg;

	return p->user == m->c->asker->session.user ? call_tell_profile(m->c, p, f) : OK;
}

static int run_profile_mine(struct request *c, struct fail *f)
{
	struct mine m = { .c = c };
	struct mailbox box = { 0 };

	if (arg_given(c, "mailbox"))
		TRY(mailbox_find(c->core->store, rcpt_key(arg_text(c, "mailbox"), &c->arena), &c->arena, &box,
		                 f));
	return profile_each(c->core->store, box.id, tell_profile, &m, f);
}

// clang-format off
const struct call_spec calls_pages[] = {
	{ "alias.page", run_alias_page, { { .name = "query", .most = PAGE_QUERY_MOST },
		{ .name = "state", .kind = ARG_WORD, .words = PAGE_STATES },
		{ .name = "sort", .kind = ARG_WORD,
		  .words = "created|-created|address|-address|last_used|-last_used|used|-used" },
		{ .name = "offset", .kind = ARG_NUMBER, .most = ALIASES_MOST },
		{ .name = "limit", .kind = ARG_NUMBER, .most = PAGE_MOST } } },
	{ "profile.mine", run_profile_mine, { { .name = "mailbox", .kind = ARG_ADDRESS } } },
	{ 0 }
};
// clang-format on
