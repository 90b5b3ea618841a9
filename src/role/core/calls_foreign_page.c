/* calls_foreign_page.c - aliases as pages: searched, filtered, sorted, cut. */
#include "role/core/activity.h"
#include "role/core/foreign_aliases.h"

#include <stdlib.h>

enum { PAGE_MOST = 100, PAGE = 20, ALIASES_MOST = 200000 };

struct search {
	struct request *c;
	struct str query;
	int64_t mailbox, domain; /* 0: any */
	struct alias_mark *marks;
	size_t n_marks, marks_room, at_mark;
	struct foreign_entry *found;
	size_t n, room;
};

static bool has(struct str s, struct str part)
{
	for (size_t i = 0; i + part.n <= s.n; i++)
		if (str_eq_nocase(str_first(str_from(s, i), part.n), part))
			return true;
	return false;
}

/* Asked for by a word of two: neither is any. */
static bool is_other(const struct request *c, const char *arg, const char *yes, const char *no, bool is)
{
	return arg_is(c, arg, yes) ? !is : arg_is(c, arg, no) && is;
}

static bool is_wanted(const struct search *s, const struct foreign_entry *e)
{
	const struct request *c = s->c;

	if (is_other(c, "state", "enabled", "disabled", e->al.state == ALIAS_ON) ||
	    is_other(c, "pinned", "on", "off", e->mark.pinned))
		return false;
	if (!arg_is(c, "trashed", "with") && arg_is(c, "trashed", "only") != (e->mark.trashed != 0))
		return false;
	if (s->domain && e->al.domain != s->domain)
		return false;
	return has(e->al.address, s->query) || has(e->al.label, s->query) || has(e->al.from_name, s->query);
}

static int leads_to(const struct search *s, int64_t alias, bool *ret, struct fail *f)
{
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	OWN(arena) a = ARENA;
	size_t n = 0;

	*ret = !s->mailbox;
	if (*ret)
		return OK;
	TRY(alias_mailboxes(s->c->core->store, alias, &a, boxes, &n, f));
	for (size_t i = 0; i < n; i++)
		*ret = *ret || boxes[i].mailbox == s->mailbox;
	return OK;
}

static void *more_room(struct arena *a, const void *old, size_t size, size_t *room)
{
	size_t n = *room ? *room * 2 : 64;
	char *p = arena_alloc(a, n * size);

	if (*room)
		memcpy(p, old, *room * size);
	*room = n;
	return p;
}

static int keep_mark(void *arg, const struct alias_mark *m, struct fail *f)
{
	struct search *s = arg;

	if (s->n_marks == s->marks_room)
		s->marks = more_room(&s->c->arena, s->marks, sizeof(*s->marks), &s->marks_room);
	s->marks[s->n_marks++] = *m;
	return OK;
}

/* Both walks go by the alias's number. */
static struct alias_mark mark_of(struct search *s, int64_t alias)
{
	while (s->at_mark < s->n_marks && s->marks[s->at_mark].alias < alias)
		s->at_mark++;
	return s->at_mark < s->n_marks && s->marks[s->at_mark].alias == alias
	               ? s->marks[s->at_mark]
	               : (struct alias_mark){ .alias = alias };
}

static void add_found(struct search *s, const struct foreign_entry *e)
{
	struct arena *a = &s->c->arena;
	struct foreign_entry *own;

	if (s->n == s->room)
		s->found = more_room(a, s->found, sizeof(*s->found), &s->room);
	own = &s->found[s->n++];
	*own = *e;
	own->al.address = arena_str(a, e->al.address);
	own->al.label = arena_str(a, e->al.label);
	own->al.from_name = arena_str(a, e->al.from_name);
}

static int keep(void *arg, const struct alias *al, struct fail *f)
{
	struct search *s = arg;
	struct foreign_entry e = { *al, mark_of(s, al->id) };
	bool there = false;

	if (is_wanted(s, &e))
		TRY(leads_to(s, al->id, &there, f));
	if (!there)
		return OK;
	if (s->n == ALIASES_MOST)
		return call_wrong(s->c, "query", f, FAIL_LIMIT, "more than %d aliases match: search for less",
		                  ALIASES_MOST);
	add_found(s, &e);
	return OK;
}

static int by_number(int64_t a, int64_t b, const struct foreign_entry *x, const struct foreign_entry *y)
{
	if (a != b)
		return a < b ? -1 : 1;
	return x->al.id < y->al.id ? -1 : x->al.id > y->al.id;
}

#define BY(name, member)                                                                                     \
	static int by_##name(const void *a, const void *b)                                                   \
	{                                                                                                    \
		const struct foreign_entry *x = a, *y = b;                                                   \
                                                                                                             \
		return by_number((int64_t)x->member, (int64_t)y->member, x, y);                              \
	}
BY(created, al.created)
BY(last_used, al.last_used)
BY(used, al.used)
BY(answered, al.answered)
BY(trashed, mark.trashed)

static int by_enabled(const void *a, const void *b)
{
	const struct foreign_entry *x = a, *y = b;

	return by_number(x->al.state == ALIAS_ON, y->al.state == ALIAS_ON, x, y);
}

static int by_address(const void *a, const void *b)
{
	const struct foreign_entry *x = a, *y = b;

	return str_cmp(x->al.address, y->al.address);
}

static int by_domain(const void *a, const void *b)
{
	const struct foreign_entry *x = a, *y = b;
	int r = str_cmp(str_from(x->al.address, str_rchr(x->al.address, '@')),
	                str_from(y->al.address, str_rchr(y->al.address, '@')));

	return r ? r : by_number(0, 0, x, y);
}

#define SORTS "created|last_used|used|answered|trashed|enabled|address|domain"
static const struct {
	const char *word;
	int (*compare)(const void *a, const void *b);
} orders[] = {
	{ "created", by_created },   { "last_used", by_last_used }, { "used", by_used },
	{ "answered", by_answered }, { "trashed", by_trashed },     { "enabled", by_enabled },
	{ "address", by_address },   { "domain", by_domain },
};

/* By "sort", which is "created" when it is not given. */
static void sort(struct search *s)
{
	for (size_t i = 0; s->n && i < sizeof(orders) / sizeof(orders[0]); i++)
		if (arg_is(s->c, "sort", orders[i].word) || (!i && !arg_given(s->c, "sort")))
			qsort(s->found, s->n, sizeof(*s->found), orders[i].compare);
}

static void tell_total(struct request *c, int64_t n)
{
	rec_number(c, "total", n);
	rec_end(c);
}

/* ---- what the database can do ------------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	enum alias_order order;
} plain_orders[] = {
	{ "", ALIAS_BY_AGE },
	{ "created", ALIAS_BY_AGE },
	{ "last_used", ALIAS_BY_LAST_USE },
	{ "used", ALIAS_BY_USE },
};

static enum alias_marked marked(const struct request *c, const char *arg, const char *is, const char *is_not,
                                enum alias_marked otherwise)
{
	if (arg_is(c, arg, is))
		return MARKED;
	if (arg_is(c, arg, is_not))
		return NOT_MARKED;
	return arg_given(c, arg) ? MARKED_OR_NOT : otherwise;
}

/* False: what is sealed, or stands beside the alias, is asked for, so that all must be opened. */
static bool plain_page(const struct request *c, struct alias_page *ret)
{
	*ret = (struct alias_page){ .down = !arg_is(c, "order", "up"),
		                    .offset = (int64_t)arg_number(c, "offset", 0),
		                    .limit = (int64_t)arg_number(c, "limit", PAGE),
		                    .trashed = marked(c, "trashed", "only", "without", NOT_MARKED),
		                    .pinned = marked(c, "pinned", "on", "off", MARKED_OR_NOT) };
	if (arg_is(c, "state", "enabled"))
		ret->states = 1u << ALIAS_ON;
	else if (arg_is(c, "state", "disabled"))
		ret->states = 1u << ALIAS_OFF_DROP | 1u << ALIAS_OFF_REJECT;
	if (arg_text(c, "query").n || arg_given(c, "mailbox_id") || arg_given(c, "domain_id"))
		return false;
	for (size_t i = 0; i < sizeof(plain_orders) / sizeof(plain_orders[0]); i++) {
		if (!arg_is(c, "sort", plain_orders[i].word))
			continue;
		ret->order = plain_orders[i].order;
		return true;
	}
	return false;
}

static int keep_plain(void *arg, const struct alias *al, struct fail *f)
{
	struct search *s = arg;
	struct foreign_entry e = { *al, { .alias = al->id } };

	TRY(mark_get(s->c->core->store, al->id, &e.mark, f));
	add_found(s, &e);
	return OK;
}

static int tell_plain(struct request *c, const struct alias_page *p, struct fail *f)
{
	struct search s = { .c = c };
	int64_t total;

	TRY(alias_page(c->core->store, c->asker->session.user, p, keep_plain, &s, &total, f));
	tell_total(c, total);
	for (size_t i = 0; i < s.n; i++)
		TRY(foreign_tell(c, &s.found[i], f));
	return OK;
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static int run_page(struct request *c, struct fail *f)
{
	struct search s = { .c = c,
		            .query = arg_text(c, "query"),
		            .mailbox = (int64_t)arg_number(c, "mailbox_id", 0),
		            .domain = (int64_t)arg_number(c, "domain_id", 0) };
	size_t from = arg_number(c, "offset", 0), limit = arg_number(c, "limit", PAGE);
	bool up = arg_is(c, "order", "up");
	struct alias_page plain;

	activity_settle(c->core);
	if (plain_page(c, &plain))
		return tell_plain(c, &plain, f);
	TRY(mark_each(c->core->store, c->asker->session.user, keep_mark, &s, f));
	TRY(alias_each(c->core->store, c->asker->session.user, keep, &s, f));
	sort(&s);
	tell_total(c, (int64_t)s.n);
	for (size_t i = from; i < s.n && i - from < limit; i++)
		TRY(foreign_tell(c, &s.found[up ? i : s.n - 1 - i], f));
	return OK;
}

// clang-format off
const struct call_spec calls_foreign_page[] = {
	{ "foreign.page", run_page, { { .name = "query", .most = 100 },
		{ .name = "state", .kind = ARG_WORD, .words = "enabled|disabled" },
		{ .name = "pinned", .kind = ARG_WORD, .words = "on|off" },
		{ .name = "trashed", .kind = ARG_WORD, .words = "without|with|only" },
		{ .name = "mailbox_id", .kind = ARG_NUMBER, .most = INT64_MAX },
		{ .name = "domain_id", .kind = ARG_NUMBER, .most = INT64_MAX },
		{ .name = "sort", .kind = ARG_WORD, .words = SORTS },
		{ .name = "order", .kind = ARG_WORD, .words = "up|down" },
		{ .name = "offset", .kind = ARG_NUMBER, .most = (uint64_t)ALIASES_MOST * 100 },
		{ .name = "limit", .kind = ARG_NUMBER, .most = PAGE_MOST } } },
	{ 0 }
};
// clang-format on
