/* calls_passkeys.c - signing in by a passkey, showing once more by one that it is its user who asks, and a user's list of them. */
#include "crypto/passkey.h"
#include "role/core/account.h"
#include "role/core/passkey.h"
#include "role/core/trier.h"
#include "role/core/tries.h"
#include "store/accounts.h"
#include "store/users.h"

/* ---- signing in --------------------------------------------------------------------------------------------------- */

/* Nothing of a user is told: which passkeys there are, the browser knows. */
static int run_login_begin(struct request *c, struct fail *f)
{
	TRY(trier_may_ask(c, f));
	TRY(passkey_tell_challenge(c, CHALLENGE_SIGN_IN, STR(""), f));
	rec_end(c);
	return OK;
}

static int find(struct request *c, struct passkey *ret, struct fail *f)
{
	int r = passkey_find(c->core->store, arg_text(c, "credential"), &c->arena, ret, f);

	if (r != FAIL_ABSENT)
		return r;
	TRY(trier_may_ask(c, f));
	tries_count(c->core, TRIES_CLIENT, c->asker->client);
	return call_wrong(c, "passkey", f, FAIL_DENIED,
	                  "this passkey is not known here (any more): use another way in");
}

/* A name may be typed; then it is that one's. */
static int is_named(struct request *c, struct str name, struct fail *f)
{
	struct str given = arg_text(c, "name");

	if (!given.n)
		return OK;
	TRY(account_name(c, given, &given, f));
	return str_eq(given, name) ? OK
	                           : call_wrong(c, "name", f, FAIL_DENIED,
	                                        "this passkey is of another account: leave the name empty");
}

/* With a finger, a face or a PIN it is two factors, without it is one. What is left over may be sent again, with its code. */
static int sign_in(struct request *c, const struct passkey *p, const struct passkey_seen *seen,
                   struct str name, struct fail *f)
{
	struct account ac;

	TRY(account_get(c->core->store, p->user, &c->arena, &ac, f));
	if (!seen->verified)
		TRY(account_second_factor(c, &ac, name, f));
	TRY(passkey_use(c, p, seen, f));
	account_signed_in(c, name, p->user);
	return session_begin(c, p->user, name, f);
}

static int run_login(struct request *c, struct fail *f)
{
	struct passkey_seen seen;
	struct passkey p;
	struct str name;
	struct trier t;
	int r;

	TRY(find(c, &p, f));
	TRY(user_name(c->core->store, p.user, &c->arena, &name, f));
	t = trier_of(c, name, p.user);
	TRY(trier_may_show(c, &t, f));
	TRY(is_named(c, name, f));
	r = passkey_answers(c, CHALLENGE_SIGN_IN, STR(""), &p, &seen, f);
	if (r == FAIL_DENIED)
		trier_count(c, &t);
	TRY(r);
	return sign_in(c, &p, &seen, name, f);
}

/* ---- once more ---------------------------------------------------------------------------------------------------- */

static int run_prove_begin(struct request *c, struct fail *f)
{
	TRY(passkey_tell_challenge(c, CHALLENGE_PROVE, challenge_session(c), f));
	rec_end(c);
	return passkey_tell_known(c, c->asker->session.user, f);
}

/* In the place of the password, for one request of this session. */
static int run_prove(struct request *c, struct fail *f)
{
	struct trier t = trier_of(c, c->asker->name, c->asker->session.user);
	struct passkey_seen seen;
	struct passkey p;
	struct str word;
	int r;

	TRY(trier_may_show(c, &t, f));
	TRY(find(c, &p, f));
	if (p.user != c->asker->session.user)
		return trier_wrong(c, &t, "passkey", "this passkey is of another account", f);
	r = passkey_answers(c, CHALLENGE_PROVE, challenge_session(c), &p, &seen, f);
	if (r == FAIL_DENIED)
		trier_count(c, &t);
	TRY(r);
	TRY(passkey_use(c, &p, &seen, f));
	TRY(challenge_new(c, CHALLENGE_PROVEN, challenge_session(c), &word, f));
	rec_text(c, "passkey", word);
	rec_end(c);
	return OK;
}

/* ---- a user's own ------------------------------------------------------------------------------------------------- */

static int run_add_begin(struct request *c, struct fail *f)
{
	TRY(account_is_asker(c, f));
	TRY(passkey_tell_challenge(c, CHALLENGE_ADD, challenge_session(c), f));
	passkey_tell_user(c, c->asker->name);
	rec_end(c);
	return passkey_tell_known(c, c->asker->session.user, f);
}

static int tell(void *arg, const struct passkey *p, struct fail *f)
{
	struct request *c = arg;

	rec_number(c, "id", p->id);
	rec_text(c, "label", p->name);
	rec_text(c, "transports", p->transports);
	rec_time(c, "created", p->created);
	rec_time(c, "last_used", p->last_used);
	rec_end(c);
	return OK;
}

static int run_add(struct request *c, struct fail *f)
{
	struct passkey p;

	TRY(passkey_made(c, CHALLENGE_ADD, challenge_session(c), &p, f));
	TRY(account_make(c->core->store, c->asker->session.user, core_now(c->core), f));
	TRY(passkey_keep(c, &p, c->asker->session.user, f));
	TRY(passkey_find(c->core->store, p.credential, &c->arena, &p, f));
	return tell(c, &p, f);
}

static int run_list(struct request *c, struct fail *f)
{
	return passkey_each(c->core->store, c->asker->session.user, tell, c, f);
}

static int id_wrong(struct request *c, int r)
{
	if (r == FAIL_ABSENT)
		c->bad_arg = "id";
	return r;
}

static int run_set(struct request *c, struct fail *f)
{
	core_dirty(c->core);
	return id_wrong(c, passkey_rename(c->core->store, c->asker->session.user,
	                                  (int64_t)arg_number(c, "id", 0), arg_text(c, "label"), f));
}

static int remove_one(struct request *c, void *user, struct fail *f)
{
	int64_t id = *(int64_t *)user, left;
	struct account ac;

	TRY(id_wrong(c, passkey_delete(c->core->store, id, (int64_t)arg_number(c, "id", 0), f)));
	TRY(passkey_count(c->core->store, id, &left, f));
	TRY(account_get(c->core->store, id, &c->arena, &ac, f));
	return left || ac.salt.salt.n
	               ? OK
	               : call_wrong(c, "passkey", f, FAIL_EXISTS,
	                            "it is the only way in: set a password or add another passkey first");
}

static int run_delete(struct request *c, struct fail *f)
{
	int64_t user = c->asker->session.user;

	TRY(account_is_asker(c, f));
	return call_part(c, remove_one, &user, f);
}

/* ---- the operator ------------------------------------------------------------------------------------------------- */

static int run_user_list(struct request *c, struct fail *f)
{
	int64_t user;

	TRY(call_user(c, &user, f));
	return passkey_each(c->core->store, user, tell, c, f);
}

/* Also the last one: an invitation lets its user back in. */
static int run_user_delete(struct request *c, struct fail *f)
{
	int64_t user;

	TRY(call_user(c, &user, f));
	core_dirty(c->core);
	return id_wrong(c, passkey_delete(c->core->store, user, (int64_t)arg_number(c, "id", 0), f));
}

// clang-format off
#define ID_ARG { .name = "id", .kind = ARG_NUMBER, .required = true, .most = INT64_MAX }

const struct call_spec calls_passkeys[] = {
	{ "passkey.login-begin", run_login_begin, { { 0 } } },
	{ "passkey.login", run_login, { { .name = "name", .most = ACCOUNT_NAME_MOST }, PASSKEY_USE_ARGS, DEVICE_ARG, CODE_ARG } },
	{ "passkey.prove-begin", run_prove_begin, { { 0 } } },
	{ "passkey.prove", run_prove, { PASSKEY_USE_ARGS } },
	{ "passkey.add-begin", run_add_begin, { PROOF_ARGS } },
	{ "passkey.add", run_add, { PASSKEY_NEW_ARGS } },
	{ "passkey.list", run_list, { { 0 } } },
	{ "passkey.set", run_set, { ID_ARG, { .name = "label", .required = true, .most = PASSKEY_LABEL_MOST } } },
	{ "passkey.delete", run_delete, { ID_ARG, PROOF_ARGS } },
	{ 0 }
};

const struct call_spec calls_user_passkeys[] = {
	{ "user.passkey-list", run_user_list, { { .name = "user", .required = true } } },
	{ "user.passkey-delete", run_user_delete, { { .name = "user", .required = true }, ID_ARG } },
	{ 0 }
};
// clang-format on
