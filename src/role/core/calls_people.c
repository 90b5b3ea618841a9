/* calls_people.c - correspondents of an alias. */
#include "base/log.h"
#include "policy/block.h"
#include "role/core/admit.h"
#include "role/core/call.h"
#include "role/core/intro.h"
#include "role/core/meet.h"
#include "role/core/people.h"
#include "role/core/rcpt.h"
#include "store/aliases.h"
#include "store/blocks.h"
#include "store/people.h"

/* The profile that permits the address: of the first mailbox of the alias that has one; id 0: none has. */
static int active_profile(struct request *c, const struct alias *al, struct profile *ret, struct fail *f)
{
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	size_t n;

	*ret = (struct profile){ 0 };
	TRY(alias_mailboxes(c->core->store, al->id, &c->arena, boxes, &n, f));
	for (size_t i = 0; i < n; i++)
		if (boxes[i].profile)
			return profile_get(c->core->store, boxes[i].profile, &c->arena, ret, f);
	return OK;
}

/* To be written to is somebody outside. */
static int check_outside(struct request *c, const struct alias *al, const struct who *w, struct fail *f)
{
	struct core *core = c->core;
	struct str key = rcpt_key(w->address, &c->arena), domain = str_from(key, str_rchr(key, '@') + 1);
	struct verdict v;
	struct mailbox m;
	struct domain d;
	int r = mailbox_find(core->store, key, &c->arena, &m, f);

	if (r == OK && m.user == al->user)
		return call_wrong(c, "address", f, FAIL_DENIED, "this is the user's own mailbox");
	if (r != FAIL_ABSENT && r != OK)
		return r;
	r = rcpt_is_relay_domain(core, domain) ? OK : domain_find(core->store, domain, &c->arena, &d, f);
	if (r == OK)
		return call_wrong(c, "address", f, FAIL_DENIED,
		                  "%.*s is a domain of this relay: write to somebody outside",
		                  STR_ARG(domain));
	if (r != FAIL_ABSENT)
		return r;
	TRY(admit_sender(core, al, w, w->address, &v, f));
	return v.kind == VERDICT_ACCEPT
	               ? OK
	               : call_wrong(c, "address", f, FAIL_DENIED,
	                            "this correspondent is blocked at the alias, and could not answer: see "
	                            "`postern correspondent unblock`");
}

struct contact {
	struct alias alias;
	struct who who;
	struct correspondent person;
};

static int make_contact(struct request *c, void *arg, struct fail *f)
{
	struct contact *n = arg;
	struct profile p;

	TRY(active_profile(c, &n->alias, &p, f));
	return meet(c->core, &n->alias, &p, &n->who, core_now(c->core), &c->arena, &n->person, f);
}

int call_meet(struct request *c, const struct alias *al, const struct who_facts *facts, struct meeting *ret,
              struct fail *f)
{
	struct contact n = { .alias = *al };
	int e;

	who_wrote(facts, &c->arena, &n.who);
	TRY(check_outside(c, &n.alias, &n.who, f));
	e = correspondent_find(c->core->store, n.alias.id, n.who.key, &c->arena, &n.person, f);
	ret->known = e == OK;
	ret->introduced = 0;
	if (e == FAIL_ABSENT)
		e = call_part(c, make_contact, &n, f);
	TRY(e);
	ret->person = n.person;
	if (core_commit(c->core) < 0) /* a letter is not to name an address that is lost */
		return fail(f, FAIL_SYS, "the change could not be stored: is the disk full?");
	/* who asks with no server running ends with the answer: before a letter is sealed */
	if (!c->core->private_mode && intro_send(c->core, &n.alias, &n.person, &ret->introduced, f) < 0)
		log_fail(LOG_WARN, "introduction", f); /* the address stands: asked again, it is sent again */
	return OK;
}

static int run_correspondent_add(struct request *c, struct fail *f)
{
	const struct who_facts facts = { .from_name = arg_text(c, "name"), .from = arg_text(c, "address") };
	struct meeting m;
	struct alias al;

	TRY(call_alias(c, "alias", &al, f));
	TRY(call_meet(c, &al, &facts, &m, f));
	rec_text(c, "reverse", m.person.reverse_address);
	rec_number(c, "introduced", (int64_t)m.introduced);
	rec_end(c);
	return OK;
}

static const char *const hows[] = { [BLOCK_NONE] = "", [BLOCK_DROP] = "drop", [BLOCK_REFUSE] = "refuse" };

static int list_correspondent(void *arg, const struct correspondent *p, struct fail *f)
{
	static const char *const kinds[] = { "?", "person", "list", "shared" };
	struct request *c = arg;

	rec_text(c, "address", p->address);
	rec_text(c, "name", p->name);
	rec_text(c, "reverse", p->reverse_address);
	rec_text(c, "kind", str_c(kinds[p->kind]));
	rec_text(c, "blocked", str_c(hows[p->blocked]));
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

/* ---- blocking ---------------------------------------------------------------------------------------------------- */

enum { BLOCKS_MOST = 10000 };

/* What a request is about: an alias and, in it, a correspondent (by the reverse address) or a key. */
struct target {
	int64_t alias, correspondent;
	struct str key, what;
};

static struct str person_key(struct request *c, struct str address)
{
	const struct who_facts facts = { .from = address };
	struct who w;

	who_wrote(&facts, &c->arena, &w);
	return w.key;
}

static int target_correspondent(struct request *c, const struct correspondent *p, struct target *ret,
                                struct fail *f)
{
	if (p->kind == CORRESPONDENT_SHARED)
		return call_wrong(c, "target", f, FAIL_DENIED,
		                  "this address stands for everybody past the bound of new correspondents");
	ret->correspondent = p->id;
	ret->what = p->address.n ? p->address : p->name;
	return OK;
}

static int find_target(struct request *c, struct target *ret, struct fail *f)
{
	struct str at = rcpt_key(arg_text(c, "target"), &c->arena);
	struct target t = { 0 };
	struct correspondent p;
	struct alias al;
	int r = correspondent_by_reverse(c->core->store, at, &c->arena, &p, f);

	if (arg_given(c, "address") && arg_given(c, "domain"))
		return call_wrong(c, "domain", f, FAIL_SYNTAX, "either an address or a domain");
	if (r == OK) {
		t.alias = p.alias;
	} else {
		if (r != FAIL_ABSENT)
			return r;
		TRY(call_alias(c, "target", &al, f));
		t.alias = al.id;
	}
	if (arg_given(c, "domain")) {
		t.what = arg_text(c, "domain");
		t.key = block_domain_key(t.what, &c->arena);
	} else if (arg_given(c, "address")) {
		t.what = arg_text(c, "address");
		t.key = person_key(c, t.what);
	} else if (r == OK) {
		TRY(target_correspondent(c, &p, &t, f));
	} else {
		return call_wrong(c, "address", f, FAIL_SYNTAX,
		                  "whom? Name a reverse address, or an alias and an address or --domain");
	}
	*ret = t;
	return OK;
}

static int block_it(struct request *c, void *arg, struct fail *f)
{
	const struct target *t = arg;
	const struct block b = { t->what, arg_is(c, "how", "refuse") ? BLOCK_REFUSE : BLOCK_DROP,
		                 core_now(c->core) };

	return t->key.n ? block_set(c->core->store, t->alias, t->key, &b, BLOCKS_MOST, f)
	                : block_set_correspondent(c->core->store, t->alias, t->correspondent, &b, BLOCKS_MOST,
	                                          f);
}

static int unblock_it(struct request *c, void *arg, struct fail *f)
{
	const struct target *t = arg;

	return t->key.n ? block_lift(c->core->store, t->alias, t->key, f)
	                : block_lift_correspondent(c->core->store, t->alias, t->correspondent, f);
}

static int change_block(struct request *c, int (*change)(struct request *c, void *arg, struct fail *f),
                        struct fail *f)
{
	struct target t;

	TRY(find_target(c, &t, f));
	TRY(call_part(c, change, &t, f));
	rec_text(c, "what", t.what);
	rec_end(c);
	return OK;
}

static int run_block(struct request *c, struct fail *f)
{
	return change_block(c, block_it, f);
}

static int run_unblock(struct request *c, struct fail *f)
{
	return change_block(c, unblock_it, f);
}

static int list_block(void *arg, const struct block *b, struct fail *f)
{
	struct request *c = arg;

	rec_text(c, "what", b->what);
	rec_text(c, "how", str_c(hows[b->how]));
	rec_time(c, "since", b->created);
	rec_end(c);
	return OK;
}

static int run_blocked(struct request *c, struct fail *f)
{
	struct alias al;

	TRY(call_alias(c, "alias", &al, f));
	return block_each(c->core->store, al.id, list_block, c, f);
}

// clang-format off
#define TARGET_ARGS { .name = "target", .kind = ARG_ADDRESS, .required = true },                                   \
	{ .name = "address", .kind = ARG_ADDRESS }, { .name = "domain", .kind = ARG_DOMAIN }

const struct call_spec calls_people[] = {
	{ "correspondent.add", run_correspondent_add, { { .name = "alias", .kind = ARG_ADDRESS, .required = true },
		{ .name = "address", .kind = ARG_ADDRESS, .required = true }, { .name = "name" } } },
	{ "correspondent.list", run_correspondent_list, { { .name = "alias", .kind = ARG_ADDRESS, .required = true } } },
	{ "correspondent.set", run_correspondent_set, { { .name = "reverse", .kind = ARG_ADDRESS, .required = true },
		{ .name = "reply_to", .kind = ARG_ADDRESS_NONE } } },
	{ "correspondent.block", run_block, { TARGET_ARGS, { .name = "how", .kind = ARG_WORD, .words = "drop|refuse" } } },
	{ "correspondent.unblock", run_unblock, { TARGET_ARGS } },
	{ "correspondent.blocked", run_blocked, { { .name = "alias", .kind = ARG_ADDRESS, .required = true } } },
	{ 0 }
};
// clang-format on
