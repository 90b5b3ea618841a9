/* calls_account.c - making, opening and closing accounts. web computes the proof of a password (argon2id), so that its cost
 * falls on a process that holds nothing; what is compared and kept here is a keyed hash of the proof. */
#include "role/core/account.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/password.h"
#include "crypto/totp.h"
#include "role/core/challenge.h"
#include "role/core/keys.h"
#include "role/core/quotas.h"
#include "role/core/rcpt.h"
#include "role/core/trier.h"
#include "role/core/tries.h"
#include "role/core/web.h"
#include "store/accounts.h"
#include "store/expiry.h"
#include "store/passkeys.h"
#include "store/passwords.h"
#include "store/usage.h"
#include "store/users.h"
#include "wire/b64.h"

enum { RECOVERY_CODES = 10, RECOVERY_BYTES = 10 };

/* ---- passwords --------------------------------------------------------------------------------------------------- */

/* A passkey answered just now (calls_passkeys.c); what it got is good for one request. */
static int has_shown(struct request *c, struct fail *f)
{
	struct str word = arg_text(c, "passkey");

	TRY(challenge_check(c, CHALLENGE_PROVEN, challenge_session(c), word, "passkey", f));
	return challenge_take(c, word, f);
}

int account_is_asker(struct request *c, struct fail *f)
{
	struct trier t = trier_of(c, c->asker->name, c->asker->session.user);
	bool right;

	if (arg_given(c, "passkey"))
		return has_shown(c, f);
	TRY(trier_may(c, &t, NULL, f));
	TRY(account_proves(c->core->store, c->asker->session.user, arg_text(c, "proof"), &right, f));
	return right ? OK : trier_wrong(c, &t, "password", "this is not your password", f);
}

int account_name(struct request *c, struct str given, struct str *ret, struct fail *f)
{
	struct mailbox m;
	int r = str_chr(given, '@') < given.n
	                ? mailbox_find(c->core->store, rcpt_key(given, &c->arena), &c->arena, &m, f)
	                : FAIL_ABSENT;

	*ret = given;
	if (r == FAIL_ABSENT || (r == OK && !m.verified))
		return OK;
	TRY(r);
	return user_name(c->core->store, m.user, &c->arena, ret, f);
}

/* FAIL_ABSENT: nobody has the name, or no password has been set; *ret is all zero then. */
static int account_of(struct request *c, struct str name, struct account *ret, struct fail *f)
{
	int64_t user;

	*ret = (struct account){ .user = 0 };
	TRY(user_find(c->core->store, name, &user, f));
	return account_get(c->core->store, user, &c->arena, ret, f);
}

/* That of a name that nobody has is as stable as a real one. */
static struct account_salt no_salt(struct request *c, struct str name)
{
	uint8_t fake[32];

	keys_hash(c->core, "account.no-salt", 0, name, fake);
	return (struct account_salt){ arena_str(&c->arena, str_of(fake, PASSWORD_SALT)), PASSWORD_MEMORY_KIB,
		                      PASSWORD_PASSES, PASSWORD_LANES };
}

/* Whoever has shown before that the account is theirs is computed for first; within bounds, for even that is no right to compute
 * without end. */
static bool goes_first(struct request *c, const struct trier *t)
{
	if (!t->known || tries_check(c->core, TRIES_FIRST, t->name, NULL) < 0)
		return false;
	tries_count(c->core, TRIES_FIRST, t->name);
	return true;
}

/* Nothing is computed for a request that would be refused after it. */
static int has_password(struct request *c, struct str name, struct fail *f)
{
	if (!name.n)
		return call_wrong(c, "session", f, FAIL_DENIED,
		                  "nobody has signed in, or the session has ended");
	if (!arg_given(c, "name") && c->asker->session.kind == SESSION_KEY)
		return call_wrong(c, "scope", f, FAIL_DENIED, "an API key cannot ask for this: sign in");
	return OK;
}

static int tell_salt(struct request *c, struct str name, struct fail *f)
{
	struct account ac;
	int r = account_of(c, name, &ac, f);
	struct trier t = trier_of(c, name, ac.user);

	if (r != FAIL_ABSENT)
		TRY(r);
	if (!ac.salt.salt.n)
		ac.salt = no_salt(c, name); /* also of an account that has passkeys alone */
	TRY(trier_may(c, &t, &ac, f));
	rec_bytes(c, "salt", ac.salt.salt);
	rec_number(c, "memory", ac.salt.memory);
	rec_number(c, "passes", ac.salt.passes);
	rec_number(c, "lanes", ac.salt.lanes);
	rec_bool(c, "known", goes_first(c, &t));
	rec_end(c);
	return OK;
}

static int run_salt(struct request *c, struct fail *f)
{
	struct str name = arg_given(c, "name") ? arg_text(c, "name") : c->asker->name;

	TRY(account_name(c, name, &name, f));
	TRY(has_password(c, name, f));
	return tell_salt(c, name, f);
}

/* For a key that may ask for something with its user's password (calls_foreign_login.c). */
static int run_salt_of_key(struct request *c, struct fail *f)
{
	return tell_salt(c, c->asker->name, f);
}

int account_set_password(struct request *c, int64_t user, const char *proof_arg, struct fail *f)
{
	struct account_salt s = { arg_text(c, "salt"), (int64_t)arg_number(c, "memory", 0),
		                  (int64_t)arg_number(c, "passes", 0), (int64_t)arg_number(c, "lanes", 0) };

	if (s.salt.n != PASSWORD_SALT || arg_text(c, proof_arg).n != PASSWORD_PROOF)
		return fail(f, FAIL_BUG, "a proof of another size");
	core_dirty(c->core);
	return account_set(c->core->store, user, &s, arg_text(c, proof_arg), core_now(c->core), f);
}

/* Nothing that opened the account before opens it any more. */
static int end_all(struct request *c, int64_t user, int64_t but, struct fail *f)
{
	TRY(session_end_others(c->core->store, user, SESSION_PERSON, but, f));
	TRY(session_end_others(c->core->store, user, SESSION_KEY, 0, f));
	TRY(invite_end_all(c->core->store, user, f));
	TRY(passkey_end_all(c->core->store, user, 0, f));
	return password_end_all(c->core->store, user, f);
}

static int run_password(struct request *c, struct fail *f)
{
	const struct session *s = &c->asker->session;

	TRY(account_is_asker(c, f));
	TRY(account_set_password(c, s->user, "new_proof", f));
	TRY(invite_end_all(c->core->store, s->user, f));
	return arg_is(c, "end", "all")
	               ? end_all(c, s->user, s->id, f)
	               : session_end_others(c->core->store, s->user, SESSION_PERSON, s->id, f);
}

/* Not the last way in. */
static int run_password_end(struct request *c, struct fail *f)
{
	int64_t user = c->asker->session.user, passkeys;
	struct account ac;

	TRY(account_get(c->core->store, user, &c->arena, &ac, f));
	if (!ac.salt.salt.n)
		return call_wrong(c, "name", f, FAIL_ABSENT, "this account has no password");
	TRY(passkey_count(c->core->store, user, &passkeys, f));
	if (!passkeys)
		return call_wrong(c, "passkey", f, FAIL_EXISTS,
		                  "the password is the only way in: add a passkey first");
	TRY(account_is_asker(c, f));
	core_dirty(c->core);
	return account_no_password(c->core->store, user, f);
}

/* ---- the code of a second factor ----------------------------------------------------------------------------------- */

static int totp_end(struct request *c, int64_t user, struct fail *f)
{
	core_dirty(c->core);
	TRY(recovery_set(c->core->store, user, NULL, 0, f));
	return account_totp(c->core->store, user, STR(""), false, 0, f);
}

/* *ret_spent: it was a recovery code. */
static int second_factor(struct request *c, const struct account *ac, const struct trier *t, bool *ret_spent,
                         struct fail *f)
{
	struct str code = arg_text(c, "code");
	int64_t step;
	int r;

	*ret_spent = false;
	if (!ac->totp)
		return OK;
	if (!code.n)
		return call_wrong(c, "code", f, FAIL_DENIED, "a code of your authenticator is wanted too");
	core_dirty(c->core);
	r = totp_check(ac->secret, code, core_now(c->core), ac->totp_step, &step, f);
	if (r == OK)
		return account_totp(c->core->store, ac->user, ac->secret, true, step, f);
	if (r == FAIL_FORGED)
		r = recovery_use(c->core->store, ac->user, code, f);
	*ret_spent = r == OK;
	return r == FAIL_ABSENT ? trier_wrong(c, t, "code", "this code is not right, or was used already", f)
	                        : r;
}

/* ---- getting back in ---------------------------------------------------------------------------------------------- */

/* An invitation for a user who is there is the operator's way back in: whoever was in before is out. It is one factor; the second
 * one is still asked for, and ends by a recovery code alone, for who needs one has lost what made the codes. */
int account_come_back(struct request *c, int64_t user, struct str name, struct fail *f)
{
	struct account ac = { .user = user };
	struct trier t = trier_of(c, name, user);
	bool spent = false;
	int r = account_get(c->core->store, user, &c->arena, &ac, f);

	if (r != FAIL_ABSENT)
		TRY(r);
	if (ac.totp)
		TRY(trier_may(c, &t, &ac, f));
	TRY(second_factor(c, &ac, &t, &spent, f));
	if (spent)
		TRY(totp_end(c, user, f));
	return end_all(c, user, 0, f);
}

/* ---- signing in -------------------------------------------------------------------------------------------------- */

int account_first_factor(struct request *c, struct str name, struct account *ret, struct fail *f)
{
	int r = account_of(c, name, ret, f);
	struct trier t = trier_of(c, name, ret->user);
	bool right = false;

	if (r != FAIL_ABSENT)
		TRY(r);
	TRY(trier_may(c, &t, ret, f));
	if (r == OK)
		TRY(account_proves(c->core->store, ret->user, arg_text(c, "proof"), &right, f));
	return right ? OK : trier_wrong(c, &t, "password", "the name or the password is wrong", f);
}

int account_second_factor(struct request *c, const struct account *ac, struct str name, struct fail *f)
{
	struct trier t = trier_of(c, name, ac->user);
	bool spent;

	TRY(trier_may(c, &t, ac, f));
	return second_factor(c, ac, &t, &spent, f);
}

void account_signed_in(struct request *c, struct str name, int64_t user)
{
	struct trier t = trier_of(c, name, user);

	trier_right(c, &t);
}

static int run_login(struct request *c, struct fail *f)
{
	struct str name = arg_text(c, "name");
	struct account ac;

	TRY(account_first_factor(c, name, &ac, f));
	TRY(account_second_factor(c, &ac, name, f));
	account_signed_in(c, name, ac.user);
	return session_begin(c, ac.user, name, f);
}

/* ---- the second factor ------------------------------------------------------------------------------------------- */

static void tell_code(struct buf *all, const uint8_t *raw, struct arena *a, struct str *ret)
{
	OWN(buf) code = BUF(64);

	b32_print(str_of(raw, RECOVERY_BYTES), &code);
	*ret = arena_str(a, buf_str(&code));
	buf_addz(all, all->n ? ", " : "");
	buf_add(all, *ret);
}

static int new_recovery_codes(struct request *c, struct fail *f)
{
	uint8_t raw[RECOVERY_CODES * RECOVERY_BYTES];
	struct str codes[RECOVERY_CODES];
	OWN(buf) all = BUF(1024);

	TRY(random_bytes(raw, sizeof(raw), f));
	for (size_t i = 0; i < RECOVERY_CODES; i++)
		tell_code(&all, raw + i * RECOVERY_BYTES, &c->arena, &codes[i]);
	wipe(raw, sizeof(raw));
	TRY(recovery_set(c->core->store, c->asker->session.user, codes, RECOVERY_CODES, f));
	core_dirty(c->core);
	rec_text(c, "codes", buf_str(&all));
	rec_end(c);
	return OK;
}

static int run_totp_begin(struct request *c, struct fail *f)
{
	uint8_t raw[TOTP_SECRET];
	struct account ac;
	OWN(buf) secret = BUF(64);
	OWN(buf) uri = BUF(1024);

	TRY(account_is_asker(c, f));
	TRY(account_get(c->core->store, c->asker->session.user, &c->arena, &ac, f));
	if (ac.totp)
		return call_wrong(c, "totp", f, FAIL_EXISTS, "a second factor is in force: end it first");
	TRY(random_bytes(raw, sizeof(raw), f));
	TRY(account_totp(c->core->store, ac.user, str_of(raw, sizeof(raw)), false, 0, f));
	core_dirty(c->core);
	b32_print(str_of(raw, sizeof(raw)), &secret);
	wipe(raw, sizeof(raw));
	for (size_t i = 0; i < secret.n; i++)
		if (secret.p[i] >= 'a' && secret.p[i] <= 'z')
			secret.p[i] = (char)(secret.p[i] - 32);
	buf_addz(&uri, "otpauth://totp/Postern:");
	for (size_t i = 0; i < c->asker->name.n; i++)
		buf_addf(&uri, "%%%02X", (unsigned char)c->asker->name.p[i]);
	buf_addf(&uri, "?secret=%.*s&issuer=Postern", (int)secret.n, secret.p);
	rec_text(c, "secret", buf_str(&secret));
	rec_text(c, "uri", buf_str(&uri));
	rec_end(c);
	return OK;
}

static int run_totp_confirm(struct request *c, struct fail *f)
{
	struct trier t = trier_of(c, c->asker->name, c->asker->session.user);
	struct account ac;
	int64_t step;
	int r;

	TRY(trier_may(c, &t, NULL, f));
	TRY(account_get(c->core->store, c->asker->session.user, &c->arena, &ac, f));
	if (ac.totp || !ac.secret.n)
		return call_wrong(c, "totp", f, FAIL_ABSENT, "no second factor waits for its first code");
	r = totp_check(ac.secret, arg_text(c, "code"), core_now(c->core), 0, &step, f);
	if (r == FAIL_FORGED)
		return trier_wrong(c, &t, "code", "this is not the code of now: is the device's clock right?",
		                   f);
	TRY(r);
	TRY(account_totp(c->core->store, ac.user, ac.secret, true, step, f));
	return new_recovery_codes(c, f);
}

static int find_totp(struct request *c, struct fail *f)
{
	struct account ac;

	TRY(account_is_asker(c, f));
	TRY(account_get(c->core->store, c->asker->session.user, &c->arena, &ac, f));
	return ac.totp ? OK : call_wrong(c, "totp", f, FAIL_ABSENT, "there is no second factor");
}

static int run_totp_end(struct request *c, struct fail *f)
{
	TRY(find_totp(c, f));
	return totp_end(c, c->asker->session.user, f);
}

static int run_recovery(struct request *c, struct fail *f)
{
	TRY(find_totp(c, f));
	return new_recovery_codes(c, f);
}

/* ---- the account ------------------------------------------------------------------------------------------------- */

static int run_show(struct request *c, struct fail *f)
{
	int64_t user = c->asker->session.user, codes, keys, passwords, passkeys;
	struct account ac = { 0 };
	int r = account_get(c->core->store, user, &c->arena, &ac, f);

	if (r != FAIL_ABSENT)
		TRY(r);
	TRY(recovery_count(c->core->store, user, &codes, f));
	rec_bool(c, "totp", ac.totp);
	TRY(session_count(c->core->store, user, SESSION_KEY, &keys, f));
	TRY(password_count(c->core->store, user, &passwords, f));
	TRY(passkey_count(c->core->store, user, &passkeys, f));
	rec_number(c, "recovery_codes", codes);
	rec_bool(c, "password", ac.salt.salt.n);
	rec_number(c, "passkeys", passkeys);
	rec_number(c, "keys", keys);
	rec_number(c, "app_passwords", passwords);
	return call_tell_user(c, user, c->asker->name, f);
}

static int run_set(struct request *c, struct fail *f)
{
	core_dirty(c->core);
	return arg_given(c, "expiry_notices") ? expiry_want(c->core->store, c->asker->session.user,
	                                                    arg_is(c, "expiry_notices", "on"), f)
	                                      : OK;
}

static int run_activity(struct request *c, struct fail *f)
{
	return call_tell_days(c, c->asker->session.user, 0, f);
}

int account_end(struct request *c, struct fail *f)
{
	core_dirty(c->core);
	TRY(user_delete(c->core->store, c->asker->session.user, f));
	return core_scrub(c->core, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	TRY(account_is_asker(c, f));
	return account_end(c, f);
}

static int run_ready(struct request *c, struct fail *f)
{
	return OK; /* that it is answered at all says it: the store is open */
}

// clang-format off
const struct call_spec calls_account[] = {
	{ "web.ready", run_ready, { { 0 } } },
	{ "password.salt", run_salt, { { .name = "name", .most = ACCOUNT_NAME_MOST }, DEVICE_ARG, CODE_ARG } },
	{ "foreign.salt", run_salt_of_key, { { 0 } } },
	{ "account.login", run_login, { { .name = "name", .required = true, .most = NAME_MOST }, PROOF_ARG,
		DEVICE_ARG, CODE_ARG } },
	{ "account.password", run_password, { PROOF_ARGS, NEW_PASSWORD_ARGS,
		{ .name = "end", .kind = ARG_WORD, .words = "sessions|all" } } },
	{ "account.password-end", run_password_end, { PROOF_ARGS } },
	{ "account.totp-begin", run_totp_begin, { PROOF_ARGS } },
	{ "account.totp-confirm", run_totp_confirm, { { .name = "code", .required = true, .most = CODE_MOST } } },
	{ "account.totp-end", run_totp_end, { PROOF_ARGS } },
	{ "account.recovery", run_recovery, { PROOF_ARGS } },
	{ "account.show", run_show, { { 0 } } },
	{ "account.set", run_set, { { .name = "expiry_notices", .kind = ARG_WORD, .words = "on|off" } } },
	{ "account.activity", run_activity, { { 0 } } },
	{ "account.delete", run_delete, { PROOF_ARGS } },
	{ 0 }
};
// clang-format on
