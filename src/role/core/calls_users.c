/* calls_users.c - users and mailboxes. */
#include "policy/pause.h"
#include "policy/reply.h"
#include "role/core/bounce.h"
#include "role/core/call.h"
#include "role/core/rcpt.h"
#include "store/aliases.h"
#include "store/users.h"
#include "wire/addr.h"

int call_user(struct request *c, int64_t *ret, struct fail *f)
{
	int r = user_find(c->core->store, arg_text(c, "user"), ret, f);

	return r == FAIL_ABSENT
	               ? call_wrong(c, "user", f, r, "there is no user %.*s: see `postern user list`",
	                            STR_ARG(arg_text(c, "user")))
	               : r;
}

enum { SHOWN_MOST = 20 };

int call_mailbox(struct request *c, const char *arg, struct mailbox *ret, struct fail *f)
{
	int r = mailbox_find(c->core->store, rcpt_key(arg_text(c, arg), &c->arena), &c->arena, ret, f);

	return r == FAIL_ABSENT
	               ? call_wrong(c, arg, f, r, "there is no mailbox %.*s: see `postern mailbox list`",
	                            STR_ARG(arg_text(c, arg)))
	               : r;
}

static int run_user_add(struct request *c, struct fail *f)
{
	struct str name = arg_text(c, "name");
	int64_t id;
	int r = user_add(c->core->store, name, core_now(c->core), &id, f);

	if (r == FAIL_EXISTS)
		return call_wrong(c, "name", f, r, "there is a user %.*s already", STR_ARG(name));
	TRY(r);
	core_dirty(c->core);
	rec_number(c, "user", id);
	rec_text(c, "name", name);
	rec_end(c);
	return OK;
}

static int list_user(void *arg, const struct user *u, struct fail *f)
{
	struct request *c = arg;

	rec_number(c, "id", u->id);
	rec_text(c, "name", u->name);
	rec_time(c, "created", u->created);
	rec_number(c, "mailboxes", u->mailboxes);
	rec_number(c, "aliases", u->aliases);
	rec_end(c);
	return OK;
}

static int run_user_list(struct request *c, struct fail *f)
{
	return user_each(c->core->store, list_user, c, f);
}

static int run_user_delete(struct request *c, struct fail *f)
{
	struct str name = arg_text(c, "name");
	int64_t id;
	int r = user_find(c->core->store, name, &id, f);

	if (r == FAIL_ABSENT)
		return call_wrong(c, "name", f, r, "there is no user %.*s: see `postern user list`",
		                  STR_ARG(name));
	TRY(r);
	TRY(user_delete(c->core->store, id, f));
	core_dirty(c->core);
	return core_scrub(c->core, f);
}

int call_mailbox_add(struct request *c, int64_t *ret_id, struct fail *f)
{
	struct str key = rcpt_key(arg_text(c, "address"), &c->arena);
	struct str domain = str_from(key, str_rchr(key, '@') + 1);
	struct domain d;
	int64_t user;
	int r;

	TRY(call_user(c, &user, f));
	if (rcpt_is_relay_domain(c->core, domain))
		return call_wrong(c, "address", f, FAIL_DENIED,
		                  "a mailbox cannot be in the relay's own domain %.*s: mail would go round",
		                  STR_ARG(domain));
	r = domain_find(c->core->store, domain, &c->arena, &d, f);
	if (r != FAIL_ABSENT)
		return r < 0 ? r
		             : call_wrong(c, "address", f, FAIL_DENIED,
		                          "%.*s is a domain of aliases: mail would go round",
		                          STR_ARG(domain));
	r = mailbox_add(c->core->store, user, key, arg_is(c, "clear", "on"), core_now(c->core), ret_id, f);
	if (r == FAIL_EXISTS)
		return call_wrong(c, "address", f, r, "this address is a mailbox already");
	core_dirty(c->core);
	return r;
}

static int run_mailbox_add(struct request *c, struct fail *f)
{
	int64_t id;

	return call_mailbox_add(c, &id, f);
}

static int rec_pause(struct request *c, int64_t mailbox, struct fail *f)
{
	struct pause p;

	TRY(pause_get(c->core->store, mailbox, &p, f));
	rec_text(c, "state", p.since ? STR("paused") : STR("on"));
	rec_text(c, "reason", str_c(pause_word((enum pause_why)p.why)));
	rec_time(c, "since", p.since);
	return OK;
}

int call_tell_mailbox(void *arg, const struct mailbox *m, struct fail *f)
{
	struct request *c = arg;
	struct str user;

	TRY(user_name(c->core->store, m->user, &c->arena, &user, f));
	rec_text(c, "user", user);
	rec_text(c, "address", m->address);
	rec_bool(c, "verified", m->verified);
	rec_bool(c, "clear", m->clear_ok);
	rec_number(c, "active_profile", m->active_profile);
	rec_text(c, "reply", m->reply_rule == REPLY_RELAXED ? STR("relaxed") : STR("required"));
	rec_text(c, "clear_replies", m->reply_clear ? STR("accept") : STR("refuse"));
	rec_bool(c, "hide_subject", m->hide_subject);
	rec_bool(c, "pad_sizes", m->pad_sizes);
	rec_time(c, "created", m->created);
	TRY(rec_pause(c, m->id, f));
	rec_end(c);
	return OK;
}

static int run_mailbox_list(struct request *c, struct fail *f)
{
	int64_t user = 0;

	if (arg_given(c, "user"))
		TRY(call_user(c, &user, f));
	return mailbox_each(c->core->store, user, call_tell_mailbox, c, f);
}

/* What is not given stays. */
static int set_mailbox(struct request *c, void *arg, struct fail *f)
{
	struct mailbox *m = arg;

	if (arg_given(c, "clear"))
		m->clear_ok = arg_is(c, "clear", "on");
	if (arg_given(c, "reply"))
		m->reply_rule = arg_is(c, "reply", "relaxed") ? REPLY_RELAXED : REPLY_REQUIRED;
	if (arg_given(c, "clear_replies"))
		m->reply_clear = arg_is(c, "clear_replies", "accept");
	if (arg_given(c, "hide_subject"))
		m->hide_subject = arg_is(c, "hide_subject", "on");
	if (arg_given(c, "pad_sizes"))
		m->pad_sizes = arg_is(c, "pad_sizes", "on");
	TRY(mailbox_set_clear(c->core->store, m->id, m->clear_ok, f));
	TRY(mailbox_set_telling(c->core->store, m->id, m->hide_subject, m->pad_sizes, f));
	return mailbox_set_replies(c->core->store, m->id, m->reply_rule, m->reply_clear, f);
}

static int run_mailbox_set(struct request *c, struct fail *f)
{
	struct mailbox m;

	TRY(call_mailbox(c, "address", &m, f));
	return call_part(c, set_mailbox, &m, f);
}

static int run_mailbox_delete(struct request *c, struct fail *f)
{
	struct mailbox m;

	TRY(call_mailbox(c, "address", &m, f));
	TRY(mailbox_delete(c->core->store, m.id, f));
	core_dirty(c->core);
	return core_scrub(c->core, f);
}

/* The mailbox, then its last failures, the newest first. */
static int run_mailbox_show(struct request *c, struct fail *f)
{
	struct bounce_row rows[SHOWN_MOST];
	struct mailbox m;
	size_t n;

	TRY(call_mailbox(c, "address", &m, f));
	TRY(call_tell_mailbox(c, &m, f));
	TRY(bounce_recent(c->core->store, m.id, 0, SHOWN_MOST, &c->arena, rows, &n, f));
	for (size_t i = 0; i < n; i++) {
		rec_time(c, "at", rows[i].at);
		rec_text(c, "what", str_c(bounce_word((enum bounce_reason)rows[i].reason)));
		rec_bool(c, "hard", rows[i].hard);
		rec_text(c, "how", rows[i].way == BOUNCED_AT_ONCE ? STR("refused") : STR("reported"));
		rec_text(c, "status", rows[i].status);
		rec_text(c, "note", rows[i].note);
		rec_end(c);
	}
	return OK;
}

static int run_mailbox_resume(struct request *c, struct fail *f)
{
	struct mailbox m;
	int r;

	TRY(call_mailbox(c, "address", &m, f));
	r = bounce_resume(c->core, m.id, f);
	return r == FAIL_ABSENT ? call_wrong(c, "address", f, r, "this mailbox is not paused") : r;
}

static int run_sender_add(struct request *c, struct fail *f)
{
	struct mailbox m;
	int r;

	TRY(call_mailbox(c, "address", &m, f));
	r = mailbox_sender_add(c->core->store, m.id, rcpt_key(arg_text(c, "sender"), &c->arena), f);
	if (r == FAIL_EXISTS)
		return call_wrong(c, "sender", f, r, "this sender address is known already");
	core_dirty(c->core);
	return r;
}

// clang-format off
const struct call_spec calls_users[] = {
	{ "user.add", run_user_add, { { .name = "name", .required = true, .most = 64 } } },
	{ "user.list", run_user_list, { { 0 } } },
	{ "user.delete", run_user_delete, { { .name = "name", .required = true } } },
	{ "mailbox.add", run_mailbox_add, { { .name = "user", .required = true },
		{ .name = "address", .kind = ARG_ADDRESS, .required = true },
		{ .name = "clear", .kind = ARG_WORD, .words = "on|off" } } },
	{ "mailbox.list", run_mailbox_list, { { .name = "user" } } },
	{ "mailbox.set", run_mailbox_set, { { .name = "address", .kind = ARG_ADDRESS, .required = true },
		{ .name = "clear", .kind = ARG_WORD, .words = "on|off" },
		{ .name = "reply", .kind = ARG_WORD, .words = "required|relaxed" },
		{ .name = "clear_replies", .kind = ARG_WORD, .words = "accept|refuse" },
		{ .name = "hide_subject", .kind = ARG_WORD, .words = "on|off" },
		{ .name = "pad_sizes", .kind = ARG_WORD, .words = "on|off" } } },
	{ "mailbox.show", run_mailbox_show, { { .name = "address", .kind = ARG_ADDRESS, .required = true } } },
	{ "mailbox.resume", run_mailbox_resume, { { .name = "address", .kind = ARG_ADDRESS, .required = true } } },
	{ "mailbox.delete", run_mailbox_delete, { { .name = "address", .kind = ARG_ADDRESS, .required = true } } },
	{ "mailbox.sender-add", run_sender_add, { { .name = "address", .kind = ARG_ADDRESS, .required = true },
		{ .name = "sender", .kind = ARG_ADDRESS, .required = true } } },
	{ 0 }
};
// clang-format on
