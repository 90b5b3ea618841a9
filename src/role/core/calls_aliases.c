/* calls_aliases.c - aliases. */
#include "crypto/aead.h"
#include "role/core/aliases.h"
#include "role/core/rcpt.h"
#include "role/core/words.h"
#include "store/aliases.h"
#include "store/users.h"
#include "wire/b64.h"

enum { LOCAL_RANDOM_BYTES = 10, WORDS_TAIL_BYTES = 3 };

static const struct {
	const char *word;
	enum alias_state state;
} states[] = { { "on", ALIAS_ON }, { "off-drop", ALIAS_OFF_DROP }, { "off-reject", ALIAS_OFF_REJECT } };

static enum alias_state state_of(struct str word, enum alias_state otherwise)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (str_eq(word, str_c(states[i].word)))
			return states[i].state;
	return otherwise;
}

const char *alias_state_word(enum alias_state state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].state == state)
			return states[i].word;
	return "?";
}

/* RFC 9562 4: what it is made of but for six bits is chance. */
static int uuid_print(struct buf *out, struct fail *f)
{
	static const size_t parts[] = { 4, 2, 2, 2, 6 };
	uint8_t raw[16];
	size_t at = 0;

	TRY(random_bytes(raw, sizeof(raw), f));
	raw[6] = (uint8_t)(0x40 | (raw[6] & 15));
	raw[8] = (uint8_t)(0x80 | (raw[8] & 63));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); at += parts[i++]) {
		buf_addz(out, i ? "-" : "");
		hex_print(str_of(raw + at, parts[i]), out);
	}
	return OK;
}

static int random_address(struct request *c, struct str *ret, struct fail *f)
{
	struct str domain = arg_given(c, "domain") ? arg_text(c, "domain") : c->core->conf->domains[0];
	uint8_t raw[LOCAL_RANDOM_BYTES];
	OWN(buf) b = BUF(512);

	TRY(random_bytes(raw, sizeof(raw), f));
	if (arg_is(c, "style", "words")) /* two words, and 20 bits */
		buf_addf(&b, "%s-%s-", word_of_byte(raw[0]), word_of_byte(raw[1]));
	if (arg_is(c, "style", "uuid"))
		TRY(uuid_print(&b, f));
	else
		b32_print(str_first(str_of(raw + 2, LOCAL_RANDOM_BYTES - 2),
		                    b.n ? WORDS_TAIL_BYTES : LOCAL_RANDOM_BYTES - 2),
		          &b);
	buf_addc(&b, '@');
	buf_add(&b, domain);
	*ret = rcpt_key(arena_str(&c->arena, buf_str(&b)), &c->arena);
	return OK;
}

int alias_apply(struct request *c, struct alias *al, struct fail *f)
{
	if (arg_given(c, "label"))
		al->label = arg_text(c, "label");
	if (arg_given(c, "name"))
		al->from_name = arg_text(c, "name");
	if (arg_given(c, "expires"))
		al->expires_at = arg_time(c, "expires", 0);
	if (arg_given(c, "idle_days"))
		al->idle_days = (int64_t)arg_number(c, "idle_days", 0);
	if (arg_given(c, "count"))
		al->count_left = arg_is(c, "count", "unlimited") ? -1 : (int64_t)arg_number(c, "count", 0);
	al->state = state_of(arg_text(c, "state"), al->state);
	return call_bounds(c, &al->most, f);
}

struct attach {
	struct request *c;
	int64_t owner;
	attach_fn *add;
	size_t n;
};

static int attach_one(void *arg, const struct mailbox *m, struct fail *f)
{
	struct attach *at = arg;

	if (++at->n > ALIAS_MAILBOXES_MAX)
		return call_wrong(at->c, "mailbox", f, FAIL_LIMIT, "an alias has at most %d mailboxes",
		                  ALIAS_MAILBOXES_MAX);
	return at->add(at->c->core->store, at->owner, m->id, f);
}

int call_mailboxes(struct request *c, int64_t user, int64_t owner, attach_fn *add, struct fail *f)
{
	struct attach at = { c, owner, add, 0 };
	struct str address;

	for (size_t i = 0; arg_nth(c, "mailbox", i, &address); i++) {
		struct mailbox m;
		int r = mailbox_find(c->core->store, rcpt_key(address, &c->arena), &c->arena, &m, f);

		if (r == FAIL_ABSENT || (r == OK && m.user != user))
			return call_wrong(c, "mailbox", f, FAIL_ABSENT, "this user has no mailbox %.*s",
			                  STR_ARG(address));
		TRY(r);
		TRY(attach_one(&at, &m, f));
	}
	if (!at.n)
		TRY(mailbox_each(c->core->store, user, attach_one, &at, f));
	return at.n ? OK
	            : call_wrong(c, "mailbox", f, FAIL_ABSENT,
	                         "the user has no mailbox yet: add one with `postern mailbox add`");
}

/* In a domain of the operator's, or in one of this user's own. Another user's reads like none. */
static int check_address(struct request *c, struct alias *al, struct fail *f)
{
	struct str address = al->address, domain = str_from(address, str_rchr(address, '@') + 1);
	struct domain d = { 0 };
	int r = rcpt_is_relay_domain(c->core, domain) ? OK
	                                              : domain_find(c->core->store, domain, &c->arena, &d, f);

	if (r == FAIL_ABSENT || (r == OK && d.id && d.user != al->user))
		return call_wrong(c, arg_given(c, "address") ? "address" : "domain", f, FAIL_DENIED,
		                  "%.*s is neither a domain of this relay (domains.relay in the "
		                  "configuration) nor of this user (see `postern domain list`)",
		                  STR_ARG(domain));
	TRY(r);
	al->domain = d.id;
	if (str_starts(address, STR("bounce+")))
		return call_wrong(c, "address", f, FAIL_DENIED,
		                  "addresses that begin with bounce+ are the relay's own");
	return OK;
}

int alias_store_new(struct request *c, void *arg, struct fail *f)
{
	struct alias *al = arg;
	int r = alias_add(c->core->store, al, &al->id, f);

	if (r == FAIL_EXISTS)
		return call_wrong(c, "address", f, r, "%.*s is or was in use, and is never given out twice",
		                  STR_ARG(al->address));
	TRY(r);
	return call_mailboxes(c, al->user, al->id, alias_mailbox_add, f);
}

int alias_plan(struct request *c, int64_t user, struct alias *ret, struct fail *f)
{
	struct alias al = { .user = user, .state = ALIAS_ON, .count_left = -1, .created = core_now(c->core) };

	if (arg_given(c, "address"))
		al.address = rcpt_key(arg_text(c, "address"), &c->arena);
	else
		TRY(random_address(c, &al.address, f));
	TRY(check_address(c, &al, f));
	TRY(alias_apply(c, &al, f));
	*ret = al;
	return OK;
}

static int run_alias_add(struct request *c, struct fail *f)
{
	struct alias al;
	int64_t user;

	TRY(call_user(c, &user, f));
	TRY(alias_plan(c, user, &al, f));
	TRY(call_part(c, alias_store_new, &al, f));
	if (c->asker)
		TRY(call_tell_alias(c, &al, f));
	else
		rec_text(c, "address", al.address);
	rec_end(c);
	return OK;
}

int call_tell_alias(struct request *c, const struct alias *al, struct fail *f)
{
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	OWN(buf) names = BUF(8192);
	struct str user;
	size_t n;

	TRY(user_name(c->core->store, al->user, &c->arena, &user, f));
	TRY(alias_mailboxes(c->core->store, al->id, &c->arena, boxes, &n, f));
	for (size_t i = 0; i < n; i++) {
		buf_addz(&names, i ? ", " : "");
		buf_add(&names, boxes[i].address);
	}
	if (c->asker)
		rec_number(c, "id", al->id);
	else
		rec_text(c, "user", user);
	rec_text(c, "address", al->address);
	rec_text(c, "state", str_c(alias_state_word(al->state)));
	rec_time(c, "expires", al->expires_at);
	rec_number(c, "idle_days", al->idle_days);
	rec_number(c, "count_left", al->count_left);
	rec_number(c, "used", al->used);
	rec_time(c, "last_used", al->last_used);
	rec_number(c, "answered", al->answered);
	rec_number(c, "removed", al->removed);
	rec_text(c, "label", al->label);
	rec_text(c, "name", al->from_name);
	rec_text(c, "mailboxes", buf_str(&names));
	rec_text(c, "origin", al->origin == ALIAS_CAUGHT ? STR("catch-all") : STR("given"));
	rec_time(c, "created", al->created);
	return OK;
}

static int list_alias(void *arg, const struct alias *al, struct fail *f)
{
	struct request *c = arg;

	TRY(call_tell_alias(c, al, f));
	rec_end(c);
	return OK;
}

static int run_alias_list(struct request *c, struct fail *f)
{
	int64_t user = 0;

	if (arg_given(c, "user"))
		TRY(call_user(c, &user, f));
	return alias_each(c->core->store, user, list_alias, c, f);
}

int call_alias(struct request *c, const char *arg, struct alias *ret, struct fail *f)
{
	int r = alias_find(c->core->store, rcpt_key(arg_text(c, arg), &c->arena), &c->arena, ret, f);

	return r == FAIL_ABSENT ? call_wrong(c, arg, f, r, "there is no alias %.*s: see `postern alias list`",
	                                     STR_ARG(arg_text(c, arg)))
	                        : r;
}

int alias_store(struct request *c, void *arg, struct fail *f)
{
	struct alias *al = arg;

	TRY(alias_update(c->core->store, al, f));
	if (!arg_given(c, "mailbox"))
		return OK;
	TRY(alias_mailbox_clear(c->core->store, al->id, f));
	return call_mailboxes(c, al->user, al->id, alias_mailbox_add, f);
}

static int run_alias_set(struct request *c, struct fail *f)
{
	struct alias al;

	TRY(call_alias(c, "address", &al, f));
	TRY(alias_apply(c, &al, f));
	return call_part(c, alias_store, &al, f);
}

static int run_alias_delete(struct request *c, struct fail *f)
{
	struct alias al;

	TRY(call_alias(c, "address", &al, f));
	core_dirty(c->core);
	return alias_delete(c->core->store, al.id, f);
}

// clang-format off
const struct call_spec calls_aliases[] = {
	{ "alias.add", run_alias_add, { { .name = "user", .required = true },
		{ .name = "address", .kind = ARG_ADDRESS }, { .name = "domain" },
		{ .name = "style", .kind = ARG_WORD, .words = "characters|words|uuid" }, ALIAS_ARGS } },
	{ "alias.list", run_alias_list, { { .name = "user" } } },
	{ "alias.set", run_alias_set, { { .name = "address", .kind = ARG_ADDRESS, .required = true }, ALIAS_ARGS } },
	{ "alias.delete", run_alias_delete, { { .name = "address", .kind = ARG_ADDRESS, .required = true } } },
	{ 0 }
};
// clang-format on
