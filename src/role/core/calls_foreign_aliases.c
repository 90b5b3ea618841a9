/* calls_foreign_aliases.c - aliases by number, as programs written for SimpleLogin and addy.io keep them: with a pin and a trash
 * (store/marks.h). */
#include "role/core/foreign.h"
#include "role/core/quotas.h"
#include "store/blocks.h"
#include "store/marks.h"
#include "store/people.h"
#include "store/usage.h"

#include <stdlib.h>

enum { FRESH_S = 60, PAGE_MOST = 100, PAGE = 20, ALIASES_MOST = 200000, BULK_MOST = 25 };

struct entry {
	struct alias al;
	struct alias_mark mark;
};

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void tell_boxes(struct request *c, const struct alias_mailbox *boxes, size_t n)
{
	OWN(buf) ids = BUF(1024);
	OWN(buf) names = BUF(8192);
	OWN(buf) since = BUF(1024);
	OWN(buf) sealed = BUF(64);

	for (size_t i = 0; i < n; i++) {
		const char *sep = i ? "\n" : "";

		buf_addf(&ids, "%s%lld", sep, (long long)boxes[i].mailbox);
		buf_addf(&names, "%s%.*s", sep, STR_ARG(boxes[i].address));
		buf_addf(&since, "%s%lld", sep, (long long)boxes[i].created);
		buf_addf(&sealed, "%s%d", sep, boxes[i].profile != 0);
	}
	rec_text(c, "mailbox_ids", buf_str(&ids));
	rec_text(c, "mailbox_emails", buf_str(&names));
	rec_text(c, "mailbox_created", buf_str(&since));
	rec_text(c, "mailbox_sealed", buf_str(&sealed));
}

/* Who wrote to it last, and when: to a day. Of those that it refused nothing is known. */
static int tell_latest(struct request *c, const struct alias *al, struct fail *f)
{
	struct correspondent p = { 0 };
	int r = al->used ? correspondent_latest(c->core->store, al->id, &c->arena, &p, f) : FAIL_ABSENT;

	if (r == FAIL_ABSENT)
		return OK;
	TRY(r);
	rec_number(c, "latest", p.last_used);
	rec_text(c, "latest_email", p.address);
	rec_text(c, "latest_name", p.name);
	rec_text(c, "latest_reverse", p.reverse_address);
	return OK;
}

static int tell(struct request *c, const struct entry *e, struct fail *f)
{
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	const struct alias *al = &e->al;
	int64_t blocked;
	size_t n;

	TRY(alias_mailboxes(c->core->store, al->id, &c->arena, boxes, &n, f));
	TRY(usage_blocked(c->core->store, al->id, &blocked, f));
	rec_number(c, "id", al->id);
	rec_number(c, "user", al->user);
	rec_number(c, "domain_id", al->domain);
	rec_text(c, "email", al->address);
	rec_text(c, "name", al->from_name);
	rec_text(c, "note", al->label);
	rec_bool(c, "enabled", al->state == ALIAS_ON);
	rec_bool(c, "pinned", e->mark.pinned);
	rec_number(c, "trashed", e->mark.trashed);
	rec_number(c, "created", al->created);
	rec_number(c, "last_used", al->last_used);
	rec_number(c, "forwarded", al->used);
	rec_number(c, "replied", al->answered);
	rec_number(c, "blocked", blocked);
	tell_boxes(c, boxes, n);
	TRY(tell_latest(c, al, f));
	rec_end(c);
	return OK;
}

/* ---- pages ------------------------------------------------------------------------------------------------------- */

struct search {
	struct request *c;
	struct str query;
	int64_t mailbox, domain; /* 0: any */
	struct alias_mark *marks;
	size_t n_marks, marks_room, at_mark;
	struct entry *found;
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

static bool is_wanted(const struct search *s, const struct entry *e)
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

static int keep(void *arg, const struct alias *al, struct fail *f)
{
	struct search *s = arg;
	struct arena *a = &s->c->arena;
	struct entry e = { *al, mark_of(s, al->id) };
	bool there = false;

	if (is_wanted(s, &e))
		TRY(leads_to(s, al->id, &there, f));
	if (!there)
		return OK;
	if (s->n == ALIASES_MOST)
		return call_wrong(s->c, "query", f, FAIL_LIMIT, "more than %d aliases match: search for less",
		                  ALIASES_MOST);
	if (s->n == s->room)
		s->found = more_room(a, s->found, sizeof(*s->found), &s->room);
	e.al.address = arena_str(a, al->address);
	e.al.label = arena_str(a, al->label);
	e.al.from_name = arena_str(a, al->from_name);
	s->found[s->n++] = e;
	return OK;
}

static int by_number(int64_t a, int64_t b, const struct entry *x, const struct entry *y)
{
	if (a != b)
		return a < b ? -1 : 1;
	return x->al.id < y->al.id ? -1 : x->al.id > y->al.id;
}

#define BY(name, member)                                                                                     \
	static int by_##name(const void *a, const void *b)                                                   \
	{                                                                                                    \
		const struct entry *x = a, *y = b;                                                           \
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
	const struct entry *x = a, *y = b;

	return by_number(x->al.state == ALIAS_ON, y->al.state == ALIAS_ON, x, y);
}

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return str_cmp(x->al.address, y->al.address);
}

static int by_domain(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
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

/* How many there are; then those of this page. */
static int run_page(struct request *c, struct fail *f)
{
	struct search s = { .c = c,
		            .query = arg_text(c, "query"),
		            .mailbox = (int64_t)arg_number(c, "mailbox_id", 0),
		            .domain = (int64_t)arg_number(c, "domain_id", 0) };
	size_t from = arg_number(c, "offset", 0), limit = arg_number(c, "limit", PAGE);
	bool up = arg_is(c, "order", "up");

	quotas_settle(c->core);
	TRY(mark_each(c->core->store, c->asker->session.user, keep_mark, &s, f));
	TRY(alias_each(c->core->store, c->asker->session.user, keep, &s, f));
	sort(&s);
	rec_number(c, "total", (int64_t)s.n);
	rec_end(c);
	for (size_t i = from; i < s.n && i - from < limit; i++)
		TRY(tell(c, &s.found[up ? i : s.n - 1 - i], f));
	return OK;
}

/* ---- one --------------------------------------------------------------------------------------------------------- */

static int get_alias(struct request *c, struct str number, struct alias *ret, struct fail *f)
{
	uint64_t id = 0;
	int r = str_u64(number, &id) && id <= INT64_MAX
	                ? alias_get(c->core->store, (int64_t)id, &c->arena, ret, f)
	                : FAIL_ABSENT;

	return r == FAIL_ABSENT || (r == OK && ret->user != c->asker->session.user)
	               ? call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden")
	               : r;
}

int foreign_alias(struct request *c, struct alias *ret, struct fail *f)
{
	return get_alias(c, arg_text(c, "id"), ret, f);
}

static int find(struct request *c, struct entry *ret, struct fail *f)
{
	quotas_settle(c->core);
	TRY(foreign_alias(c, &ret->al, f));
	return mark_get(c->core->store, ret->al.id, &ret->mark, f);
}

static int run_alias(struct request *c, struct fail *f)
{
	struct entry e = { 0 };

	TRY(find(c, &e, f));
	return tell(c, &e, f);
}

/* For keys that may create and nothing else: the alias that was made just now. */
static int run_created(struct request *c, struct fail *f)
{
	struct entry e = { 0 };

	TRY(find(c, &e, f));
	if (e.al.created + FRESH_S < core_now(c->core))
		return call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden");
	return tell(c, &e, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	struct entry e = { 0 };

	TRY(find(c, &e, f));
	core_dirty(c->core);
	return alias_delete(c->core->store, e.al.id, f);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

/* The state in which an alias does not take mail stays the one that its user has chosen. */
static void off(struct entry *e, int64_t now)
{
	e->al.state = e->al.state == ALIAS_ON ? ALIAS_OFF_DROP : e->al.state;
}

static void on(struct entry *e, int64_t now)
{
	e->al.state = ALIAS_ON;
	e->mark.trashed = 0;
}

static void toggle(struct entry *e, int64_t now)
{
	(e->al.state == ALIAS_ON ? off : on)(e, now);
}

static void trash(struct entry *e, int64_t now)
{
	e->al.state = ALIAS_OFF_REJECT;
	e->mark.trashed = now;
}

static void pin(struct entry *e, int64_t now)
{
	e->mark.pinned = true;
}

static void unpin(struct entry *e, int64_t now)
{
	e->mark.pinned = false;
}

static void nothing(struct entry *e, int64_t now)
{
}

static bool is_there(const struct entry *e)
{
	return !e->mark.trashed;
}

static bool is_trashed(const struct entry *e)
{
	return e->mark.trashed;
}

static bool is_on(const struct entry *e)
{
	return e->al.state == ALIAS_ON;
}

static bool is_off(const struct entry *e)
{
	return !e->mark.trashed && e->al.state != ALIAS_ON;
}

static bool is_any(const struct entry *e)
{
	return true;
}

/* What is done to an alias, and to which of many. */
#define ACTS "get|on|off|toggle|pin|unpin|trash|restore|forget|mailboxes"
static const struct act {
	const char *word;
	bool (*of)(const struct entry *e); /* of many: to these alone */
	void (*does)(struct entry *e, int64_t now);
} acts[] = {
	{ "get", is_any, nothing },       { "on", is_off, on },          { "off", is_on, off },
	{ "toggle", is_any, toggle },     { "pin", is_there, pin },      { "unpin", is_any, unpin },
	{ "trash", is_there, trash },     { "restore", is_trashed, on }, { "forget", is_any, nothing },
	{ "mailboxes", is_any, nothing },
};

static const struct act *act_of(const struct request *c)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (arg_is(c, "act", acts[i].word))
			return &acts[i];
	return NULL;
}

/* None named: the main one. */
static int set_mailboxes(struct request *c, int64_t alias, struct fail *f)
{
	struct mailbox m = { .id = 0 };
	struct str one;

	TRY(alias_mailbox_clear(c->core->store, alias, f));
	if (!arg_given(c, "mailbox_id")) {
		TRY(foreign_main_box(c, c->asker->session.user, &m.id, &one, f));
		if (!m.id)
			return call_wrong(c, "mailbox_id", f, FAIL_SYNTAX,
			                  "there is no verified mailbox yet");
		return alias_mailbox_add(c->core->store, alias, m.id, f);
	}
	for (size_t i = 0; arg_nth(c, "mailbox_id", i, &one); i++) {
		if (i == ALIAS_MAILBOXES_MAX)
			return call_wrong(c, "mailbox_id", f, FAIL_SYNTAX, "Errors with Mailbox");
		TRY(foreign_box(c, one, &m, f));
		TRY(alias_mailbox_add(c->core->store, alias, m.id, f));
	}
	return OK;
}

static int store_entry(struct request *c, struct entry *e, struct fail *f)
{
	struct alias_mark old;

	TRY(alias_update(c->core->store, &e->al, f));
	TRY(mark_get(c->core->store, e->al.id, &old, f));
	if (old.pinned != e->mark.pinned || old.trashed != e->mark.trashed)
		TRY(mark_set(c->core->store, &e->mark, f));
	return arg_given(c, "mailbox_id") || arg_is(c, "act", "mailboxes") ? set_mailboxes(c, e->al.id, f)
	                                                                   : OK;
}

static int change(struct request *c, void *arg, struct fail *f)
{
	return store_entry(c, arg, f);
}

/* Of one, what it is already is done all the same; but what lies in the trash is taken out first, and lies there once. */
static int may_act(struct request *c, const struct act *act, const struct entry *e, struct fail *f)
{
	if (act->of == is_off && e->mark.trashed)
		return call_wrong(c, "trashed", f, FAIL_DENIED,
		                  "You need to restore this alias before you can activate it");
	if (act->does == trash && e->mark.trashed)
		return call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden");
	return OK;
}

/* note, name, mailboxes, and one act; what is not given stays. */
static int run_set(struct request *c, struct fail *f)
{
	const struct act *act = act_of(c);
	struct entry e = { 0 };

	TRY(find(c, &e, f));
	if (arg_given(c, "note"))
		e.al.label = arg_text(c, "note");
	if (arg_given(c, "name"))
		e.al.from_name = arg_text(c, "name");
	if (act) {
		TRY(may_act(c, act, &e, f));
		act->does(&e, core_now(c->core));
	}
	if (arg_given(c, "pinned"))
		e.mark.pinned = arg_is(c, "pinned", "on");
	TRY(call_part(c, change, &e, f));
	return tell(c, &e, f);
}

/* ---- many -------------------------------------------------------------------------------------------------------- */

struct many {
	const struct act *act;
	struct entry of[BULK_MOST];
	size_t n, trashed;
};

static bool is_in(const struct many *m, int64_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->of[i].al.id == id)
			return true;
	return false;
}

/* Another's are passed over, like those that are not there. */
static int gather(struct request *c, struct many *m, struct fail *f)
{
	struct str one;

	for (size_t i = 0; arg_nth(c, "id", i, &one); i++) {
		struct entry e = { 0 };
		int r = get_alias(c, one, &e.al, f);

		if (i == BULK_MOST)
			return call_wrong(c, "id", f, FAIL_LIMIT, "at most %d at once", BULK_MOST);
		if (r == FAIL_ABSENT || (r == OK && is_in(m, e.al.id)))
			continue;
		TRY(r);
		TRY(mark_get(c->core->store, e.al.id, &e.mark, f));
		m->trashed += m->act->of == is_off && e.mark.trashed;
		if (m->act->of(&e))
			m->of[m->n++] = e;
	}
	return OK;
}

static int change_many(struct request *c, void *arg, struct fail *f)
{
	struct many *m = arg;

	for (size_t i = 0; i < m->n; i++) {
		m->act->does(&m->of[i], core_now(c->core));
		if (strcmp(m->act->word, "forget") == 0)
			TRY(alias_delete(c->core->store, m->of[i].al.id, f));
		else if (strcmp(m->act->word, "get") != 0)
			TRY(store_entry(c, &m->of[i], f));
	}
	return OK;
}

static int run_bulk(struct request *c, struct fail *f)
{
	struct many m = { .act = act_of(c) };
	bool forget = strcmp(m.act->word, "forget") == 0;

	quotas_settle(c->core);
	TRY(gather(c, &m, f));
	if (!m.n && m.trashed)
		return call_wrong(c, "trashed", f, FAIL_DENIED,
		                  "You need to restore these aliases before you can activate them");
	if (!m.n)
		return call_wrong(c, "id", f, FAIL_ABSENT, "No aliases found");
	for (size_t i = 0; forget && i < m.n; i++)
		TRY(tell(c, &m.of[i], f));
	TRY(call_part(c, change_many, &m, f));
	for (size_t i = 0; !forget && i < m.n; i++)
		TRY(tell(c, &m.of[i], f));
	return OK;
}

// clang-format off
#define BOXES_ARG { .name = "mailbox_id", .kind = ARG_NUMBER, .repeats = true }
#define ACT_ARG { .name = "act", .kind = ARG_WORD, .words = ACTS }

const struct call_spec calls_foreign_aliases[] = {
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
	{ "foreign.alias", run_alias, { FOREIGN_ID } },
	{ "foreign.created", run_created, { FOREIGN_ID } },
	{ "foreign.set", run_set, { FOREIGN_ID, { .name = "note" }, { .name = "name", .most = 128 }, ACT_ARG,
		{ .name = "pinned", .kind = ARG_WORD, .words = "on|off" }, BOXES_ARG } },
	{ "foreign.bulk", run_bulk, { { .name = "id", .kind = ARG_NUMBER, .required = true, .repeats = true, .most = INT64_MAX },
		{ .name = "act", .kind = ARG_WORD, .required = true, .words = ACTS }, BOXES_ARG } },
	{ "foreign.delete", run_delete, { FOREIGN_ID } },
	{ 0 }
};
// clang-format on
