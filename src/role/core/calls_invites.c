/* calls_invites.c - invitations: how the first account, and by default every account, comes to be. */
#include "base/clock.h"
#include "crypto/aead.h"
#include "role/core/call.h"
#include "store/accounts.h"
#include "wire/b64.h"

enum { TOKEN_BYTES = 20, LIFE_DAYS = 7, LIFE_DAYS_MOST = 90 };

static int run_invite(struct request *c, struct fail *f)
{
	struct invite i = { .expires = core_now(c->core) +
		                       (int64_t)arg_number(c, "days", LIFE_DAYS) * (int64_t)DAY_S };
	uint8_t raw[TOKEN_BYTES];
	OWN(buf) token = BUF(64);
	OWN(buf) link = BUF(1024);

	if (arg_given(c, "user"))
		TRY(call_user(c, &i.user, f));
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
	{ "user.invite", run_invite, { { .name = "user" }, { .name = "days", .kind = ARG_NUMBER, .most = LIFE_DAYS_MOST } } },
	{ 0 }
};
// clang-format on
