/* calls_sessions.c - sessions and API keys of who asks over the web. */
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/core/account.h"
#include "role/core/call.h"
#include "role/core/trier.h"
#include "role/core/web.h"
#include "store/accounts.h"
#include "wire/b64.h"

enum { TOKEN_BYTES = 32, KEYS_MOST = 50, SESSIONS_MOST = 50, LABEL_MOST = 200 };

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void tell_scopes(struct request *c, int64_t scopes)
{
	OWN(buf) names = BUF(512);

	scope_names(scopes, &names);
	rec_text(c, "scopes", buf_str(&names));
}

int session_tell(struct request *c, const struct session *s, struct str name, struct fail *f)
{
	struct account ac = { 0 };
	int r = account_get(c->core->store, s->user, &c->arena, &ac, f);

	if (r != FAIL_ABSENT)
		TRY(r);
	rec_text(c, "name", name);
	rec_text(c, "kind", s->kind == SESSION_KEY ? STR("key") : STR("session"));
	tell_scopes(c, s->scopes);
	rec_bool(c, "totp", ac.totp);
	rec_time(c, "created", s->created);
	rec_time(c, "expires", s->expires);
	return OK;
}

static int random_word(const char *prefix, struct arena *a, struct str *ret, struct fail *f)
{
	uint8_t raw[TOKEN_BYTES];
	OWN(buf) b = BUF(128);

	TRY(random_bytes(raw, sizeof(raw), f));
	buf_addz(&b, prefix);
	b32_print(str_of(raw, sizeof(raw)), &b);
	*ret = arena_str(a, buf_str(&b));
	wipe(raw, sizeof(raw));
	wipe(b.p, b.cap);
	return OK;
}

int session_begin(struct request *c, int64_t user, struct str name, struct fail *f)
{
	int64_t now = core_now(c->core);
	struct session s = { .user = user,
		             .kind = SESSION_PERSON,
		             .scopes = SCOPE_ALL,
		             .created = now,
		             .last_used = now,
		             .expires = now + SESSION_LIFE_S,
		             .label = str_first_utf8(c->asker->agent, LABEL_MOST) };
	struct str token, device;

	TRY(session_keep(c->core->store, user, SESSION_PERSON, SESSIONS_MOST - 1, f));
	TRY(random_word("", &c->arena, &token, f));
	TRY(device_token(c, user, &device, f));
	TRY(session_add(c->core->store, token, &s, &s.id, f));
	core_dirty(c->core);
	rec_text(c, "token", token);
	rec_text(c, "device", device);
	wipe((void *)(uintptr_t)token.p, token.n);
	TRY(session_tell(c, &s, name, f));
	rec_end(c);
	return OK;
}

/* ---- sessions ---------------------------------------------------------------------------------------------------- */

static int run_show(struct request *c, struct fail *f)
{
	TRY(session_tell(c, &c->asker->session, c->asker->name, f));
	rec_end(c);
	return OK;
}

static int run_end(struct request *c, struct fail *f)
{
	const struct session *s = &c->asker->session;

	if (s->kind != SESSION_PERSON)
		return call_wrong(c, "session", f, FAIL_DENIED, "an API key is revoked, not signed out");
	core_dirty(c->core);
	return session_end(c->core->store, s->user, SESSION_PERSON, s->id, f);
}

static int list_session(void *arg, const struct session *s, struct fail *f)
{
	struct request *c = arg;

	rec_number(c, "id", s->id);
	rec_bool(c, "current", s->id == c->asker->session.id);
	rec_text(c, "agent", s->label);
	rec_time(c, "created", s->created);
	rec_time(c, "last_used", s->last_used);
	rec_time(c, "expires", s->expires);
	rec_end(c);
	return OK;
}

static int run_list(struct request *c, struct fail *f)
{
	return session_each(c->core->store, c->asker->session.user, SESSION_PERSON, core_now(c->core),
	                    list_session, c, f);
}

static int revoke(struct request *c, enum session_kind kind, const char *word, struct fail *f)
{
	int64_t id = (int64_t)arg_number(c, "id", 0);
	int r = session_end(c->core->store, c->asker->session.user, kind, id, f);

	if (r == FAIL_ABSENT)
		return call_wrong(c, "id", f, r, "you have no %s %lld", word, (long long)id);
	core_dirty(c->core);
	return r;
}

static int run_revoke(struct request *c, struct fail *f)
{
	return revoke(c, SESSION_PERSON, "session", f);
}

/* ---- API keys ---------------------------------------------------------------------------------------------------- */

static int list_key(void *arg, const struct session *s, struct fail *f)
{
	struct request *c = arg;

	rec_number(c, "id", s->id);
	rec_text(c, "name", s->label);
	tell_scopes(c, s->scopes);
	rec_time(c, "created", s->created);
	rec_time(c, "last_used", s->last_used == s->created ? 0 : s->last_used);
	rec_time(c, "expires", s->expires);
	rec_end(c);
	return OK;
}

static int run_key_list(struct request *c, struct fail *f)
{
	return session_each(c->core->store, c->asker->session.user, SESSION_KEY, core_now(c->core), list_key,
	                    c, f);
}

static int read_scopes(struct request *c, int64_t *ret, struct fail *f)
{
	int64_t all = 0, bit;
	struct str name;

	for (size_t i = 0; arg_nth(c, "scope", i, &name); i++) {
		bit = scope_by_name(name);
		if (!bit)
			return call_wrong(c, "scope", f, FAIL_SYNTAX, "there is no scope %.*s",
			                  STR_ARG(name));
		all |= bit;
	}
	*ret = all;
	return OK;
}

int key_begin(struct request *c, struct session *s, struct fail *f)
{
	struct str token;
	int64_t n;

	TRY(session_count(c->core->store, s->user, SESSION_KEY, &n, f));
	if (n >= KEYS_MOST)
		return call_wrong(c, "name", f, FAIL_LIMIT, "you have %d keys: revoke one first", KEYS_MOST);
	TRY(random_word("pst_", &c->arena, &token, f));
	TRY(session_add(c->core->store, token, s, &s->id, f));
	core_dirty(c->core);
	rec_number(c, "id", s->id);
	rec_text(c, "key", token);
	wipe((void *)(uintptr_t)token.p, token.n);
	return OK;
}

static int run_key_add(struct request *c, struct fail *f)
{
	int64_t now = core_now(c->core);
	struct session s = { .user = c->asker->session.user,
		             .kind = SESSION_KEY,
		             .created = now,
		             .last_used = now,
		             .expires = arg_time(c, "expires", 0),
		             .label = arg_text(c, "name") };

	TRY(account_is_asker(c, f));
	TRY(read_scopes(c, &s.scopes, f));
	if (s.expires && s.expires <= now)
		return call_wrong(c, "expires", f, FAIL_SYNTAX, "this time is past");
	TRY(key_begin(c, &s, f));
	rec_end(c);
	return OK;
}

static int run_key_revoke(struct request *c, struct fail *f)
{
	return revoke(c, SESSION_KEY, "key", f);
}

// clang-format off
#define ID_ARGS { .name = "id", .kind = ARG_NUMBER, .required = true, .most = INT64_MAX }

const struct call_spec calls_sessions[] = {
	{ "session.show", run_show, { { 0 } } },
	{ "session.end", run_end, { { 0 } } },
	{ "session.list", run_list, { { 0 } } },
	{ "session.revoke", run_revoke, { ID_ARGS } },
	{ "key.list", run_key_list, { { 0 } } },
	{ "key.add", run_key_add, { { .name = "name", .required = true, .most = 100 },
		{ .name = "scope", .required = true, .repeats = true }, { .name = "expires", .kind = ARG_TIME }, PROOF_ARGS } },
	{ "key.revoke", run_key_revoke, { ID_ARGS } },
	{ 0 }
};
// clang-format on
