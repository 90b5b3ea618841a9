/* calls_invites.c - invitations: how the first account, and by default every account, comes to be. */
#include "base/clock.h"
#include "crypto/aead.h"
#include "role/core/call.h"
#include "store/accounts.h"
#include "wire/b64.h"

enum { TOKEN_BYTES = 20, LIFE_DAYS = 7, LIFE_DAYS_MOST = 90, INVITES_MOST = 1000 };

/* Only the newest is good: one that was lost on its way opens nothing. */
static int for_user(struct request *c, struct invite *i, struct fail *f)
{
	TRY(call_user(c, &i->user, f));
	core_dirty(c->core);
	if (arg_is(c, "second_factor", "drop")) {
		TRY(recovery_set(c->core->store, i->user, NULL, 0, f));
		TRY(account_totp(c->core->store, i->user, STR(""), false, 0, f));
	}
	return invite_end_all(c->core->store, i->user, f);
}

static int for_anybody(struct request *c, struct fail *f)
{
	int64_t n;

	if (arg_given(c, "second_factor"))
		return call_wrong(c, "second_factor", f, FAIL_SYNTAX, "it is a user's: name one");
	TRY(invite_count(c->core->store, core_now(c->core), &n, f));
	return n < INVITES_MOST ? OK
	                        : call_wrong(c, "user", f, FAIL_LIMIT,
	                                     "%d invitations are waiting to be used already", INVITES_MOST);
}

static int run_invite(struct request *c, struct fail *f)
{
	struct invite i = { .expires = core_now(c->core) +
		                       (int64_t)arg_number(c, "days", LIFE_DAYS) * (int64_t)DAY_S };
	uint8_t raw[TOKEN_BYTES];
	OWN(buf) token = BUF(64);
	OWN(buf) link = BUF(1024);

	TRY(arg_given(c, "user") ? for_user(c, &i, f) : for_anybody(c, f));
	TRY(random_bytes(raw, sizeof(raw), f));
	b32_print(str_of(raw, sizeof(raw)), &token);
	TRY(invite_add(c->core->store, buf_str(&token), &i, f));
	core_dirty(c->core);
	buf_addf(&link, "%.*s/signup#%.*s", STR_ARG(c->core->conf->web_origin), STR_ARG(buf_str(&token)));
	rec_text(c, "invitation", buf_str(&token));
	rec_text(c, "link", buf_str(&link)); /* behind #: no server and no log sees it */
	rec_time(c, "expires", i.expires);
	rec_end(c);
	return OK;
}

// clang-format off
const struct call_spec calls_invites[] = {
	{ "user.invite", run_invite, { { .name = "user" }, { .name = "days", .kind = ARG_NUMBER, .most = LIFE_DAYS_MOST },
		{ .name = "second_factor", .kind = ARG_WORD, .words = "keep|drop" } } },
	{ 0 }
};
// clang-format on
