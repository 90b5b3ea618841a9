#include "role/core/web.h"

#include "base/log.h"
#include "role/core/call.h"
#include "role/core/rcpt.h"
#include "role/core/tries.h"
#include "store/claims.h"
#include "store/people.h"
#include "store/profiles.h"
#include "store/sessions.h"
#include "store/users.h"

enum { USED_EVERY_S = 300, OWNS_MAX = 3 };

/* Who may ask: everybody; whoever has signed in, or a key of the scope; nobody but a person who has signed in. */
enum need { OPEN, SIGNED, PERSON };

/* What an argument names. */
enum thing { NOTHING, AN_ALIAS, A_MAILBOX, A_PROFILE, A_DOMAIN, A_CLAIM, A_REVERSE };

struct permit {
	const char *verb;
	enum need need;
	int64_t scope;
	struct {
		const char *arg;
		enum thing what;
	} owns[OWNS_MAX];
};

// clang-format off
/* All that web may ask. A verb that is not here is refused, and so is a request that names another's thing. Verbs without
 * owns[] name nothing, or take "user", which is forced. */
static const struct permit permits[] = {
	{ "web.ready", OPEN, 0, { { 0 } } },
	{ "web.server", OPEN, 0, { { 0 } } },
	{ "password.salt", OPEN, 0, { { 0 } } },
	{ "invitation.show", OPEN, 0, { { 0 } } },
	{ "account.signup", OPEN, 0, { { 0 } } },
	{ "account.login", OPEN, 0, { { 0 } } },
	{ "session.show", SIGNED, 0, { { 0 } } },
	{ "session.end", SIGNED, 0, { { 0 } } },
	{ "session.list", PERSON, 0, { { 0 } } },
	{ "session.revoke", PERSON, 0, { { 0 } } },
	{ "account.show", SIGNED, SCOPE_ACCOUNT, { { 0 } } },
	{ "account.set", SIGNED, SCOPE_ACCOUNT, { { 0 } } },
	{ "account.activity", SIGNED, SCOPE_ACCOUNT, { { 0 } } },
	{ "event.list", SIGNED, SCOPE_ALIASES, { { "alias", AN_ALIAS } } },
	{ "account.delete", PERSON, 0, { { 0 } } },
	{ "account.password", PERSON, 0, { { 0 } } },
	{ "account.password-end", PERSON, 0, { { 0 } } },
	{ "passkey.signup-begin", OPEN, 0, { { 0 } } },
	{ "passkey.signup", OPEN, 0, { { 0 } } },
	{ "passkey.login-begin", OPEN, 0, { { 0 } } },
	{ "passkey.login", OPEN, 0, { { 0 } } },
	{ "passkey.prove-begin", PERSON, 0, { { 0 } } },
	{ "passkey.prove", PERSON, 0, { { 0 } } },
	{ "passkey.add-begin", PERSON, 0, { { 0 } } }, /* those with an id look among the asker's own */
	{ "passkey.add", PERSON, 0, { { 0 } } },
	{ "passkey.list", PERSON, 0, { { 0 } } },
	{ "passkey.set", PERSON, 0, { { 0 } } },
	{ "passkey.delete", PERSON, 0, { { 0 } } },
	{ "account.totp-begin", PERSON, 0, { { 0 } } },
	{ "account.totp-confirm", PERSON, 0, { { 0 } } },
	{ "account.totp-end", PERSON, 0, { { 0 } } },
	{ "account.recovery", PERSON, 0, { { 0 } } },
	{ "key.list", PERSON, 0, { { 0 } } },
	{ "key.add", PERSON, 0, { { 0 } } },
	{ "key.revoke", PERSON, 0, { { 0 } } },
	{ "stat", OPEN, 0, { { 0 } } }, /* web asks it for whoever comes by web.metrics */
	{ "mailbox.list", SIGNED, SCOPE_MAILBOXES, { { 0 } } },
	{ "mailbox.claim", SIGNED, SCOPE_MAILBOXES, { { 0 } } },
	{ "mailbox.code", SIGNED, SCOPE_MAILBOXES, { { "address", A_MAILBOX } } },
	{ "mailbox.verify", SIGNED, SCOPE_MAILBOXES, { { "address", A_MAILBOX } } },
	{ "mailbox.show", SIGNED, SCOPE_MAILBOXES, { { "address", A_MAILBOX } } },
	{ "mailbox.set", SIGNED, SCOPE_MAILBOXES, { { "address", A_MAILBOX } } },
	{ "mailbox.delete", SIGNED, SCOPE_MAILBOXES, { { "address", A_MAILBOX } } },
	{ "mailbox.resume", SIGNED, SCOPE_MAILBOXES, { { "address", A_MAILBOX } } },
	{ "mailbox.sender-add", SIGNED, SCOPE_MAILBOXES, { { "address", A_MAILBOX } } },
	{ "mailbox.password-list", PERSON, 0, { { "address", A_MAILBOX } } },
	{ "mailbox.password-add", PERSON, 0, { { "address", A_MAILBOX } } },
	{ "mailbox.password-delete", PERSON, 0, { { "address", A_MAILBOX } } },
	{ "profile.mine", SIGNED, SCOPE_PROFILES, { { "mailbox", A_MAILBOX } } },
	{ "profile.begin", SIGNED, SCOPE_PROFILES, { { "mailbox", A_MAILBOX } } },
	{ "profile.finish", SIGNED, SCOPE_PROFILES, { { "profile", A_PROFILE } } },
	{ "profile.activate", SIGNED, SCOPE_PROFILES, { { "profile", A_PROFILE } } },
	{ "profile.deactivate", SIGNED, SCOPE_PROFILES, { { "profile", A_PROFILE } } },
	{ "profile.delete", SIGNED, SCOPE_PROFILES, { { "profile", A_PROFILE } } },
	{ "profile.test", SIGNED, SCOPE_PROFILES, { { "profile", A_PROFILE } } },
	{ "profile.tested", SIGNED, SCOPE_PROFILES, { { "profile", A_PROFILE } } },
	{ "alias.page", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "alias.add", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE, { { 0 } } },
	{ "alias.show", SIGNED, SCOPE_ALIASES, { { "address", AN_ALIAS } } },
	{ "alias.set", SIGNED, SCOPE_ALIASES, { { "address", AN_ALIAS } } },
	{ "alias.delete", SIGNED, SCOPE_ALIASES, { { "address", AN_ALIAS } } },
	{ "alias.bulk", SIGNED, SCOPE_ALIASES, { { 0 } } }, /* looks among the asker's own */
	{ "alias.import", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "alias.export", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "correspondent.list", SIGNED, SCOPE_ALIASES, { { "alias", AN_ALIAS } } },
	{ "correspondent.add", SIGNED, SCOPE_ALIASES, { { "alias", AN_ALIAS } } },
	{ "correspondent.set", SIGNED, SCOPE_ALIASES, { { "reverse", A_REVERSE } } },
	{ "correspondent.block", SIGNED, SCOPE_ALIASES, { { "target", AN_ALIAS } } },
	{ "correspondent.unblock", SIGNED, SCOPE_ALIASES, { { "target", AN_ALIAS } } },
	{ "correspondent.blocked", SIGNED, SCOPE_ALIASES, { { "alias", AN_ALIAS } } },
	{ "domain.list", SIGNED, SCOPE_DOMAINS, { { 0 } } },
	{ "domain.add", SIGNED, SCOPE_DOMAINS, { { 0 } } },
	{ "domain.show", SIGNED, SCOPE_DOMAINS, { { "domain", A_CLAIM } } },
	{ "domain.check", SIGNED, SCOPE_DOMAINS, { { "domain", A_CLAIM } } },
	{ "domain.set", SIGNED, SCOPE_DOMAINS, { { "domain", A_DOMAIN } } },
	{ "domain.delete", SIGNED, SCOPE_DOMAINS, { { "domain", A_CLAIM } } },
	{ "foreign.login", OPEN, 0, { { 0 } } },
	{ "foreign.mfa", OPEN, 0, { { 0 } } },
	{ "foreign.key", SIGNED, 0, { { 0 } } },
	{ "foreign.revoke", SIGNED, 0, { { 0 } } },
	{ "foreign.salt", SIGNED, SCOPE_MAILBOXES | SCOPE_ACCOUNT, { { 0 } } },
	{ "foreign.sudo", SIGNED, SCOPE_MAILBOXES | SCOPE_ACCOUNT, { { 0 } } },
	{ "foreign.end", SIGNED, SCOPE_MAILBOXES | SCOPE_ACCOUNT, { { 0 } } }, /* and the password */
	{ "foreign.user", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE, { { 0 } } },
	{ "foreign.domains", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE | SCOPE_DOMAINS, { { 0 } } },
	{ "foreign.domain", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE | SCOPE_DOMAINS, { { 0 } } },
	{ "foreign.domain-set", SIGNED, SCOPE_DOMAINS, { { 0 } } },
	{ "foreign.domain-delete", SIGNED, SCOPE_DOMAINS, { { 0 } } },
	{ "foreign.suffixes", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE, { { 0 } } },
	{ "foreign.suffix", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE, { { 0 } } },
	{ "foreign.boxes", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE, { { 0 } } },
	{ "foreign.created", SIGNED, SCOPE_ALIASES | SCOPE_ALIASES_CREATE, { { 0 } } },
	{ "foreign.mailboxes", SIGNED, SCOPE_ALIASES | SCOPE_MAILBOXES, { { 0 } } },
	{ "foreign.box-set", SIGNED, SCOPE_MAILBOXES, { { 0 } } }, /* those with an id look among the asker's own */
	{ "foreign.box-delete", SIGNED, SCOPE_MAILBOXES, { { 0 } } },
	{ "foreign.sums", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.page", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.alias", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.set", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.bulk", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.delete", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.contacts", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.activities", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.failures", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.days", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.contact-add", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.contact-delete", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "foreign.contact-toggle", SIGNED, SCOPE_ALIASES, { { 0 } } },
	{ "reply.list", SIGNED, SCOPE_REPLIES, { { 0 } } },
	{ "reply.show", SIGNED, SCOPE_REPLIES, { { 0 } } },
	{ "reply.release", SIGNED, SCOPE_REPLIES, { { 0 } } },
	{ "reply.delete", SIGNED, SCOPE_REPLIES, { { 0 } } },
};

static const struct {
	struct str name;
	int64_t bit;
} scopes[] = {
	{ STR_INIT("aliases"), SCOPE_ALIASES },     { STR_INIT("aliases.create"), SCOPE_ALIASES_CREATE },
	{ STR_INIT("mailboxes"), SCOPE_MAILBOXES }, { STR_INIT("profiles"), SCOPE_PROFILES },
	{ STR_INIT("domains"), SCOPE_DOMAINS },     { STR_INIT("replies"), SCOPE_REPLIES },
	{ STR_INIT("account"), SCOPE_ACCOUNT },
};
// clang-format on

int64_t scope_by_name(struct str name)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (str_eq(name, scopes[i].name))
			return scopes[i].bit;
	return 0;
}

void scope_names(int64_t bits, struct buf *out)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (!(bits & scopes[i].bit))
			continue;
		buf_addz(out, out->n ? ", " : "");
		buf_add(out, scopes[i].name);
	}
}

/* ---- does it belong to who asks? --------------------------------------------------------------------------------- */

static int owner_of_alias(struct request *c, struct str v, int64_t *ret, struct fail *f)
{
	struct alias al;

	TRY(alias_find(c->core->store, rcpt_key(v, &c->arena), &c->arena, &al, f));
	*ret = al.user;
	return OK;
}

static int owner_of_mailbox(struct request *c, struct str v, int64_t *ret, struct fail *f)
{
	struct mailbox m;

	TRY(mailbox_find(c->core->store, rcpt_key(v, &c->arena), &c->arena, &m, f));
	*ret = m.user;
	return OK;
}

static int owner_of_profile(struct request *c, struct str v, int64_t *ret, struct fail *f)
{
	struct profile p;
	uint64_t id;

	if (!str_u64(v, &id))
		return fail(f, FAIL_ABSENT, "not a number");
	TRY(profile_get(c->core->store, (int64_t)id, &c->arena, &p, f));
	*ret = p.user;
	return OK;
}

static int owner_of_domain(struct request *c, struct str v, int64_t *ret, struct fail *f)
{
	struct domain d;

	TRY(domain_find(c->core->store, v, &c->arena, &d, f));
	*ret = d.user;
	return OK;
}

/* One that the asker has, or says to have. */
static int owner_of_claim(struct request *c, struct str v, int64_t *ret, struct fail *f)
{
	struct claim cl;
	int r = claim_find(c->core->store, c->asker->session.user, v, &c->arena, &cl, f);

	if (r == FAIL_ABSENT)
		return owner_of_domain(c, v, ret, f);
	TRY(r);
	*ret = cl.user;
	return OK;
}

static int owner_of_reverse(struct request *c, struct str v, int64_t *ret, struct fail *f)
{
	struct reverse r;

	TRY(reverse_find(c->core->store, rcpt_key(v, &c->arena), &c->arena, &r, f));
	*ret = r.user;
	return OK;
}

static const struct {
	const char *word;
	int (*owner)(struct request *c, struct str v, int64_t *ret, struct fail *f);
} things[] = {
	[AN_ALIAS] = { "alias", owner_of_alias },      [A_MAILBOX] = { "mailbox", owner_of_mailbox },
	[A_PROFILE] = { "profile", owner_of_profile }, [A_DOMAIN] = { "domain", owner_of_domain },
	[A_CLAIM] = { "domain", owner_of_claim },      [A_REVERSE] = { "reverse address", owner_of_reverse },
};

/* What is another's reads like what is not there. */
static int owns(struct request *c, const char *arg, enum thing what, struct fail *f)
{
	struct str v = arg_text(c, arg);
	int64_t owner = 0;
	int r = things[what].owner(c, v, &owner, f);

	if (r == FAIL_ABSENT || (r == OK && owner != c->asker->session.user))
		return call_wrong(c, arg, f, FAIL_ABSENT, "you have no %s %.*s", things[what].word,
		                  STR_ARG(v));
	return r;
}

int web_owns(struct request *c, struct fail *f)
{
	const struct permit *p = c->asker->permit;

	for (size_t i = 0; i < OWNS_MAX && p->owns[i].arg; i++)
		if (arg_given(c, p->owns[i].arg))
			TRY(owns(c, p->owns[i].arg, p->owns[i].what, f));
	return OK;
}

/* ---- who asks? --------------------------------------------------------------------------------------------------- */

static const struct permit *permit_of(struct str verb)
{
	for (size_t i = 0; i < sizeof(permits) / sizeof(permits[0]); i++)
		if (str_eq(verb, str_c(permits[i].verb)))
			return &permits[i];
	return NULL;
}

static int refuse(const char **ret_arg, const char *arg, struct fail *f, int code, const char *why)
{
	*ret_arg = arg;
	return fail(f, code, "%s", why);
}

/* A token that is not known counts against its client: they are not to be guessed. One that is known is good whatever
 * others behind the same address have tried. */
static int find_session(struct core *c, const struct web_call *m, struct asker *as, const char **ret_arg,
                        struct fail *f)
{
	int r;

	if (!m->token.n)
		return OK;
	r = session_find(c->store, m->token, core_now(c), SESSION_IDLE_S, &as->session, f);
	if (r == FAIL_ABSENT) {
		if (tries_check(c, TRIES_CLIENT, m->client, f) < 0)
			return refuse(ret_arg, "rate", f, FAIL_AGAIN,
			              "too many tries: wait a quarter of an hour");
		tries_count(c, TRIES_CLIENT, m->client);
		return OK;
	}
	TRY(r);
	if (as->session.last_used + USED_EVERY_S <= core_now(c)) {
		TRY(session_used(c->store, as->session.id, core_now(c), f));
		core_dirty(c);
	}
	return OK;
}

static int may_ask(const struct permit *p, const struct asker *as, const char **ret_arg, struct fail *f)
{
	const struct session *s = &as->session;

	if (p->need == OPEN)
		return OK;
	if (!s->id)
		return refuse(ret_arg, "session", f, FAIL_DENIED,
		              "nobody has signed in, or the session has ended");
	if (p->need == PERSON && s->kind != SESSION_PERSON)
		return refuse(ret_arg, "scope", f, FAIL_DENIED, "an API key cannot ask for this: sign in");
	if (s->kind == SESSION_KEY && p->scope && !(p->scope & s->scopes))
		return refuse(ret_arg, "scope", f, FAIL_DENIED,
		              "the API key was not made for this: its scopes are others");
	return OK;
}

static int ask(struct core *c, const struct web_call *m, const char **ret_arg, struct fail *f)
{
	struct asker as = { .client = m->client, .agent = m->agent, .permit = permit_of(m->verb) };
	OWN(buf) args = BUF(IPC_RECORD_MAX);
	OWN(arena) a = ARENA;
	struct str left = m->args, key, value;

	if (!as.permit)
		return fail(f, FAIL_ABSENT, "nothing of this kind can be asked over the web");
	if (!c->store)
		return fail(f, FAIL_AGAIN, "the server is still starting: try again in a moment");
	TRY(find_session(c, m, &as, ret_arg, f));
	TRY(may_ask(as.permit, &as, ret_arg, f));
	while (list_next_pair(&left, &key, &value)) {
		if (str_eq(key, STR("user")))
			continue;
		list_add(&args, key);
		list_add(&args, value);
	}
	if (as.session.id)
		TRY(user_name(c->store, as.session.user, &a, &as.name, f));
	call_start_as(c, c->web, m->id, m->verb, buf_str(&args), &as);
	return OK;
}

void web_asked(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct web_call *m = msg;
	const char *arg = "";
	struct fail f = { 0 };
	int r = ask(c, m, &arg, &f);

	if (r < 0)
		SEND(c->web, answer, m->id, ipc_code(r), str_c(f.why), str_c(arg), false, STR(""));
}
