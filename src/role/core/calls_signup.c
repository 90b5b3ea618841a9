/* calls_signup.c - new accounts, and invitations for users who are there: with a password or with a passkey. */
#include "crypto/password.h"
#include "role/core/account.h"
#include "role/core/passkey.h"
#include "role/core/trier.h"
#include "role/core/tries.h"
#include "store/accounts.h"
#include "store/users.h"

/* ---- who may ------------------------------------------------------------------------------------------------------ */

static int find_invite(struct request *c, struct invite *ret, struct fail *f)
{
	int r;

	TRY(trier_may_ask(c, f));
	r = invite_find(c->core->store, arg_text(c, "invitation"), core_now(c->core), ret, f);
	if (r == FAIL_ABSENT) {
		tries_count(c->core, TRIES_CLIENT, c->asker->client);
		return call_wrong(c, "invitation", f, r,
		                  "this invitation is not good (any more): ask for another one");
	}
	return r;
}

static int run_invitation_show(struct request *c, struct fail *f)
{
	struct account ac = { .user = 0 };
	struct str name = STR("");
	struct invite i;
	int r = OK;

	TRY(find_invite(c, &i, f));
	if (i.user)
		TRY(user_name(c->core->store, i.user, &c->arena, &name, f));
	if (i.user)
		r = account_get(c->core->store, i.user, &c->arena, &ac, f);
	if (r != FAIL_ABSENT)
		TRY(r);
	rec_text(c, "name", name);
	rec_bool(c, "totp", ac.totp); /* the code of it will be asked for */
	rec_time(c, "expires", i.expires);
	rec_end(c);
	return OK;
}

static int may_sign_up(struct request *c, struct invite *ret, struct fail *f)
{
	struct str rule = c->core->conf->web_signup;

	*ret = (struct invite){ 0 };
	if (arg_given(c, "invitation"))
		return find_invite(c, ret, f);
	if (str_eq(rule, STR("open")))
		return trier_may_ask(c, f);
	return call_wrong(c, "invitation", f, FAIL_DENIED,
	                  "accounts are made by invitation here: ask whoever runs this server for one");
}

struct newcomer {
	struct invite invite;
	struct str name;
	struct passkey *passkey; /* NULL: by a password */
};

/* The name is the invitation's, where that is for a user who is there. Names are not to be tried out by the thousand. */
static int read_newcomer(struct request *c, struct newcomer *n, struct fail *f)
{
	*n = (struct newcomer){ .name = arg_text(c, "name") };
	TRY(may_sign_up(c, &n->invite, f));
	tries_count(c->core, TRIES_CLIENT, c->asker->client);
	if (!n->invite.user)
		return OK;
	TRY(user_name(c->core->store, n->invite.user, &c->arena, &n->name, f));
	return str_eq(n->name, arg_text(c, "name"))
	               ? OK
	               : call_wrong(c, "name", f, FAIL_DENIED, "this invitation is for another name");
}

static int is_taken(struct request *c, struct fail *f)
{
	return call_wrong(c, "name", f, FAIL_EXISTS, "this name is taken: choose another one");
}

/* ---- signing up --------------------------------------------------------------------------------------------------- */

static int let_in(struct request *c, const struct newcomer *n, int64_t user, struct fail *f)
{
	if (!n->passkey)
		return account_set_password(c, user, "new_proof", f);
	TRY(account_make(c->core->store, user, core_now(c->core), f));
	TRY(account_no_password(c->core->store, user,
	                        f)); /* one that was set before an invitation was used */
	return passkey_keep(c, n->passkey, user, f);
}

static int sign_up(struct request *c, void *arg, struct fail *f)
{
	const struct newcomer *n = arg;
	int64_t user = n->invite.user;
	int r = user ? OK : user_add(c->core->store, n->name, core_now(c->core), &user, f);

	if (r == FAIL_EXISTS)
		return is_taken(c, f);
	TRY(r);
	if (arg_given(c, "invitation"))
		TRY(invite_use(c->core->store, arg_text(c, "invitation"), f));
	if (n->invite.user)
		TRY(account_come_back(c, user, n->name, f));
	TRY(let_in(c, n, user, f));
	return session_begin(c, user, n->name, f);
}

static int run_sign_up(struct request *c, struct fail *f)
{
	struct newcomer n;

	TRY(read_newcomer(c, &n, f));
	return call_part(c, sign_up, &n, f);
}

/* ---- by a passkey ------------------------------------------------------------------------------------------------- */

/* Its answer is good for this name and this invitation. */
static struct str bound_to(struct request *c, const struct newcomer *n)
{
	OWN(buf) b = BUF(1024);

	buf_add(&b, n->name);
	buf_addc(&b, '\n');
	buf_add(&b, arg_text(c, "invitation"));
	return arena_str(&c->arena, buf_str(&b));
}

/* An authenticator is not asked for what would be refused after it. */
static int run_begin(struct request *c, struct fail *f)
{
	struct newcomer n;
	int64_t user;

	TRY(read_newcomer(c, &n, f));
	if (!n.invite.user) {
		int r = user_find(c->core->store, n.name, &user, f);

		if (r == OK)
			return is_taken(c, f);
		if (r != FAIL_ABSENT)
			return r;
	}
	TRY(passkey_tell_challenge(c, CHALLENGE_SIGN_UP, bound_to(c, &n), f));
	passkey_tell_user(c, n.name);
	rec_end(c);
	return OK;
}

static int run_passkey(struct request *c, struct fail *f)
{
	struct newcomer n;
	struct passkey p;

	TRY(read_newcomer(c, &n, f));
	TRY(passkey_made(c, CHALLENGE_SIGN_UP, bound_to(c, &n), &p, f));
	n.passkey = &p;
	return call_part(c, sign_up, &n, f);
}

// clang-format off
#define NEWCOMER_ARGS { .name = "name", .required = true, .most = NAME_MOST }, { .name = "invitation" }

const struct call_spec calls_signup[] = {
	{ "invitation.show", run_invitation_show, { { .name = "invitation", .required = true } } },
	{ "account.signup", run_sign_up, { NEWCOMER_ARGS, NEW_PASSWORD_ARGS, DEVICE_ARG, CODE_ARG } },
	{ "passkey.signup-begin", run_begin, { NEWCOMER_ARGS } },
	{ "passkey.signup", run_passkey, { NEWCOMER_ARGS, PASSKEY_NEW_ARGS, DEVICE_ARG, CODE_ARG } },
	{ 0 }
};
// clang-format on
