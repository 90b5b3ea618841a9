/* calls_foreign_aliases.c - one alias, by its number. */
#include "role/core/activity.h"
#include "role/core/foreign_aliases.h"
#include "store/blocks.h"
#include "store/people.h"
#include "store/usage.h"

enum { FRESH_S = 60 };

/* ---- telling ----------------------------------------------------------------------------------------------------- */

void foreign_tell_boxes(struct request *c, const struct alias_mailbox *boxes, size_t n)
{
	OWN(buf) ids = BUF(1024);
	OWN(buf) names = BUF(8192);
	OWN(buf) since = BUF(1024);
	OWN(buf) sealed = BUF(64);
	OWN(buf) hidden = BUF(64);

	for (size_t i = 0; i < n; i++) {
		const char *sep = i ? "\n" : "";

		buf_addf(&ids, "%s%lld", sep, (long long)boxes[i].mailbox);
		buf_addf(&names, "%s%.*s", sep, STR_ARG(boxes[i].address));
		buf_addf(&since, "%s%lld", sep, (long long)boxes[i].created);
		buf_addf(&sealed, "%s%d", sep, boxes[i].profile != 0);
		buf_addf(&hidden, "%s%d", sep, boxes[i].profile && boxes[i].hide_subject);
	}
	rec_text(c, "mailbox_ids", buf_str(&ids));
	rec_text(c, "mailbox_emails", buf_str(&names));
	rec_text(c, "mailbox_created", buf_str(&since));
	rec_text(c, "mailbox_sealed", buf_str(&sealed));
	rec_text(c, "mailbox_hidden", buf_str(&hidden));
}

static void tell_contact(struct request *c, int64_t at, const char *action, struct str email, struct str name,
                         struct str reverse)
{
	rec_number(c, "latest", at);
	rec_text(c, "latest_action", str_c(action));
	rec_text(c, "latest_email", email);
	rec_text(c, "latest_name", name);
	rec_text(c, "latest_reverse", reverse);
}

struct latest {
	struct request *c;
	bool told;
};

static int tell_event(void *arg, const struct event *e, struct fail *f)
{
	struct latest *l = arg;

	l->told = true;
	tell_contact(l->c, e->at, foreign_action(e), e->address.n ? e->address : e->who, e->name, e->reverse);
	return OK;
}

/* What happened last; of older days than are kept, who wrote last, to a day. */
static int tell_latest(struct request *c, const struct alias *al, struct fail *f)
{
	const struct event_page newest = { al->user, al->id, FOREIGN_EVENTS, 0, 0, 1 };
	struct correspondent p = { 0 };
	struct event_last last;
	struct latest l = { .c = c };
	int r;

	TRY(events_last(c->core->store, al->id, &last, f));
	rec_number(c, "last_in", last.in);
	rec_number(c, "last_out", last.out);
	rec_number(c, "last_blocked", last.blocked);
	TRY(events_each(c->core->store, &newest, tell_event, &l, f));
	r = l.told || !al->used ? FAIL_ABSENT
	                        : correspondent_latest(c->core->store, al->id, &c->arena, &p, f);
	if (r == FAIL_ABSENT)
		return OK;
	TRY(r);
	tell_contact(c, p.last_used, "forward", p.address, p.name, p.reverse_address);
	return OK;
}

int foreign_tell(struct request *c, const struct foreign_entry *e, struct fail *f)
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
	foreign_tell_boxes(c, boxes, n);
	TRY(tell_latest(c, al, f));
	rec_end(c);
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

int foreign_entry_of(struct request *c, struct str number, struct foreign_entry *ret, struct fail *f)
{
	TRY(get_alias(c, number, &ret->al, f));
	return mark_get(c->core->store, ret->al.id, &ret->mark, f);
}

static int find(struct request *c, struct foreign_entry *ret, struct fail *f)
{
	activity_settle(c->core);
	return foreign_entry_of(c, arg_text(c, "id"), ret, f);
}

static int run_alias(struct request *c, struct fail *f)
{
	struct foreign_entry e = { 0 };

	TRY(find(c, &e, f));
	return foreign_tell(c, &e, f);
}

/* For keys that may create and nothing else: the alias that was made just now. */
static int run_created(struct request *c, struct fail *f)
{
	struct foreign_entry e = { 0 };

	TRY(find(c, &e, f));
	if (e.al.created + FRESH_S < core_now(c->core))
		return call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden");
	return foreign_tell(c, &e, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	struct foreign_entry e = { 0 };

	TRY(find(c, &e, f));
	core_dirty(c->core);
	return alias_delete(c->core->store, e.al.id, f);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

/* The state in which an alias does not take mail stays the one that its user has chosen. */
static void off(struct foreign_entry *e, int64_t now)
{
	e->al.state = e->al.state == ALIAS_ON ? ALIAS_OFF_DROP : e->al.state;
}

static void on(struct foreign_entry *e, int64_t now)
{
	e->al.state = ALIAS_ON;
	e->mark.trashed = 0;
}

static void toggle(struct foreign_entry *e, int64_t now)
{
	(e->al.state == ALIAS_ON ? off : on)(e, now);
}

static void trash(struct foreign_entry *e, int64_t now)
{
	e->al.state = ALIAS_OFF_REJECT;
	e->mark.trashed = now;
}

static void pin(struct foreign_entry *e, int64_t now)
{
	e->mark.pinned = true;
}

static void unpin(struct foreign_entry *e, int64_t now)
{
	e->mark.pinned = false;
}

static void nothing(struct foreign_entry *e, int64_t now)
{
}

static bool is_there(const struct foreign_entry *e)
{
	return !e->mark.trashed;
}

static bool is_trashed(const struct foreign_entry *e)
{
	return e->mark.trashed;
}

static bool is_on(const struct foreign_entry *e)
{
	return e->al.state == ALIAS_ON;
}

static bool is_off(const struct foreign_entry *e)
{
	return !e->mark.trashed && e->al.state != ALIAS_ON;
}

static bool is_any(const struct foreign_entry *e)
{
	return true;
}

static const struct foreign_act acts[] = {
	{ "get", is_any, nothing, false, false },    { "on", is_off, on, true, false },
	{ "off", is_on, off, false, false },         { "toggle", is_any, toggle, false, false },
	{ "pin", is_there, pin, false, false },      { "unpin", is_any, unpin, false, false },
	{ "trash", is_there, trash, false, true },   { "restore", is_trashed, on, false, false },
	{ "forget", is_any, nothing, false, false }, { "mailboxes", is_any, nothing, false, false },
};

const struct foreign_act *foreign_act_of(const struct request *c)
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

int foreign_store(struct request *c, struct foreign_entry *e, struct fail *f)
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
	return foreign_store(c, arg, f);
}

/* Of one, what it is already is done all the same; but what lies in the trash is taken out first, and lies there once. */
static int may_act(struct request *c, const struct foreign_act *act, const struct foreign_entry *e,
                   struct fail *f)
{
	if (act->wakes && e->mark.trashed)
		return call_wrong(c, "trashed", f, FAIL_DENIED,
		                  "You need to restore this alias before you can activate it");
	if (act->buries && e->mark.trashed)
		return call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden");
	return OK;
}

/* note, name, mailboxes, and one act; what is not given stays. */
static int run_set(struct request *c, struct fail *f)
{
	const struct foreign_act *act = foreign_act_of(c);
	struct foreign_entry e = { 0 };

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
	return foreign_tell(c, &e, f);
}

// clang-format off
const struct call_spec calls_foreign_aliases[] = {
	{ "foreign.alias", run_alias, { FOREIGN_ID } },
	{ "foreign.created", run_created, { FOREIGN_ID } },
	{ "foreign.set", run_set, { FOREIGN_ID, { .name = "note" }, { .name = "name", .most = 128 }, { .name = "act", .kind = ARG_WORD, .words = FOREIGN_ACTS },
		{ .name = "pinned", .kind = ARG_WORD, .words = "on|off" }, FOREIGN_BOXES_ARG } },
	{ "foreign.delete", run_delete, { FOREIGN_ID } },
	{ 0 }
};
// clang-format on
