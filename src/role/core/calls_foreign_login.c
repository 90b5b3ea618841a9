/* calls_foreign_login.c - signing in from a program written for SimpleLogin or addy.io: a name and a password become a key that
 * keeps aliases and mailboxes, and can be revoked like one that was made in the app. With the password it ends the account. */
#include "crypto/aead.h"
#include "role/core/account.h"
#include "role/core/foreign.h"
#include "role/core/keys.h"
#include "role/core/trier.h"
#include "role/core/web.h"
#include "store/accounts.h"
#include "store/users.h"
#include "wire/b64.h"

enum { SUDO_LIFE_S = 300, MFA_LIFE_S = 300, MFA_MOST = 200, MAC = 32, DEVICE_MOST = 100 };

/* ---- between password and code ----------------------------------------------------------------------------------- */

/* That the password of this user was right just now: "USER/SECONDS/MAC". With another password it is worth nothing. */
static void sign(struct request *c, const struct account *ac, int64_t until, struct buf *out)
{
	OWN(buf) said = BUF(256);
	uint8_t mac[MAC];

	buf_addf(&said, "%lld/", (long long)until);
	buf_add(&said, ac->salt.salt);
	keys_hash(c->core, "foreign.mfa", (uint64_t)ac->user, buf_str(&said), mac);
	buf_addf(out, "%lld/%lld/", (long long)ac->user, (long long)until);
	hex_print(str_of(mac, MAC), out);
}

/* Whose it is; FAIL_DENIED, "mfa_key": it is not good, or not any more. */
static int read_mfa(struct request *c, struct account *ret, struct fail *f)
{
	struct str given = arg_text(c, "mfa_key"), left = given, user = str_cut(&left, '/'),
	           until = str_cut(&left, '/');
	OWN(buf) want = BUF(MFA_MOST * 2);
	uint64_t id = 0, at = 0;
	int r = str_u64(user, &id) && str_u64(until, &at) && id <= INT64_MAX && at <= INT64_MAX
	                ? account_get(c->core->store, (int64_t)id, &c->arena, ret, f)
	                : FAIL_ABSENT;

	if (r != FAIL_ABSENT) {
		TRY(r);
		sign(c, ret, (int64_t)at, &want);
	}
	if (r == FAIL_ABSENT || want.n != given.n || !ct_eq(want.p, given.p, given.n))
		return call_wrong(c, "mfa_key", f, FAIL_DENIED, "Invalid mfa_key");
	return (int64_t)at < core_now(c->core)
	               ? call_wrong(c, "mfa_key", f, FAIL_DENIED, "mfa_key expired: sign in again")
	               : OK;
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

static int tell_user(struct request *c, int64_t user, struct str name, bool mfa, struct fail *f)
{
	struct str address;
	int64_t box;

	TRY(foreign_main_box(c, user, &box, &address, f));
	rec_text(c, "user", name);
	rec_text(c, "email", address);
	rec_bool(c, "mfa", mfa);
	return OK;
}

static int give_key(struct request *c, int64_t user, struct str name, struct fail *f)
{
	int64_t now = core_now(c->core);
	struct session s = { .user = user,
		             .kind = SESSION_KEY,
		             .scopes = SCOPE_ALIASES | SCOPE_MAILBOXES,
		             .created = now,
		             .last_used = now,
		             .expires = arg_time(c, "expires", 0),
		             .label = arg_text(c, "label") };

	account_signed_in(c, name, user);
	TRY(key_begin(c, &s, f));
	TRY(tell_user(c, user, name, false, f));
	rec_text(c, "name", s.label);
	rec_number(c, "created", now);
	rec_number(c, "expires", s.expires);
	rec_end(c);
	return OK;
}

static int run_login(struct request *c, struct fail *f)
{
	OWN(buf) mfa = BUF(MFA_MOST * 2);
	struct account ac = { .user = 0 };
	struct str name;

	TRY(account_name(c, arg_text(c, "name"), &name, f));
	TRY(account_first_factor(c, name, &ac, f));
	if (!ac.totp)
		return give_key(c, ac.user, name, f);
	sign(c, &ac, core_now(c->core) + MFA_LIFE_S, &mfa);
	TRY(tell_user(c, ac.user, name, true, f));
	rec_text(c, "mfa_key", buf_str(&mfa));
	rec_end(c);
	return OK;
}

static int run_mfa(struct request *c, struct fail *f)
{
	struct account ac = { .user = 0 };
	struct str name;

	TRY(trier_may_ask(c, f));
	TRY(read_mfa(c, &ac, f));
	TRY(user_name(c->core->store, ac.user, &c->arena, &name, f));
	TRY(account_second_factor(c, &ac, name, f));
	return give_key(c, ac.user, name, f);
}

/* ---- the key that asks ------------------------------------------------------------------------------------------- */

struct mine {
	struct request *c;
	struct str label;
};

static int take_label(void *arg, const struct session *s, struct fail *f)
{
	struct mine *m = arg;

	if (s->id == m->c->asker->session.id)
		m->label = arena_str(&m->c->arena, s->label);
	return OK;
}

static int run_key(struct request *c, struct fail *f)
{
	const struct session *s = &c->asker->session;
	struct mine m = { .c = c };

	TRY(session_each(c->core->store, s->user, s->kind, core_now(c->core), take_label, &m, f));
	rec_text(c, "name", m.label);
	rec_number(c, "created", s->created);
	rec_number(c, "expires", s->expires);
	rec_end(c);
	return OK;
}

static int run_revoke(struct request *c, struct fail *f)
{
	const struct session *s = &c->asker->session;

	core_dirty(c->core);
	return session_end(c->core->store, s->user, s->kind, s->id, f);
}

/* ---- the end of the account -------------------------------------------------------------------------------------- */

static int run_sudo(struct request *c, struct fail *f)
{
	struct core *core = c->core;

	TRY(account_is_asker(c, f));
	core->sudo[core->next_sudo] = (struct sudo){ c->asker->session.id, core_now(core) + SUDO_LIFE_S };
	core->next_sudo = (core->next_sudo + 1) % SUDO_MAX;
	return OK;
}

static int is_sudo(struct request *c, struct fail *f)
{
	const struct core *core = c->core;

	for (size_t i = 0; i < SUDO_MAX; i++)
		if (core->sudo[i].session == c->asker->session.id && core->sudo[i].until > core_now(core))
			return OK;
	return call_wrong(c, "sudo", f, FAIL_DENIED, "Need sudo");
}

/* With the password in the same request, or shown by this key within the last minutes. */
static int run_end(struct request *c, struct fail *f)
{
	TRY(arg_given(c, "proof") ? account_is_asker(c, f) : is_sudo(c, f));
	return account_end(c, f);
}

// clang-format off
#define KEY_ARGS { .name = "label", .required = true, .most = DEVICE_MOST }, { .name = "expires", .kind = ARG_TIME }

const struct call_spec calls_foreign_login[] = {
	{ "foreign.login", run_login, { { .name = "name", .required = true, .most = ACCOUNT_NAME_MOST }, PROOF_ARG, DEVICE_ARG, KEY_ARGS } },
	{ "foreign.mfa", run_mfa, { { .name = "mfa_key", .required = true, .most = MFA_MOST },
		{ .name = "code", .required = true, .most = CODE_MOST }, DEVICE_ARG, KEY_ARGS } },
	{ "foreign.key", run_key, { { 0 } } },
	{ "foreign.revoke", run_revoke, { { 0 } } },
	{ "foreign.sudo", run_sudo, { PROOF_ARG } },
	{ "foreign.end", run_end, { { .name = "proof", .kind = ARG_BYTES, .most = 32 } } },
	{ 0 }
};
// clang-format on
