#include "role/core/passkey.h"

#include "base/log.h"
#include "base/mem.h"
#include "conf/origin.h"
#include "crypto/passkey.h"
#include "role/core/keys.h"
#include "role/core/tries.h"
#include "store/users.h"

static int site(struct request *c, struct str *ret, struct fail *f)
{
	return origin_site(c->core->conf->web_origin, ret, f) < 0
	               ? call_wrong(c, "passkey", f, FAIL_DENIED,
	                            "this server can have no passkeys: its operator finds out why by "
	                            "`postern config check`")
	               : OK;
}

/* ---- what is asked ------------------------------------------------------------------------------------------------ */

int passkey_tell_challenge(struct request *c, enum challenge_for what, struct str bound, struct fail *f)
{
	struct str rp, word;

	TRY(site(c, &rp, f));
	TRY(challenge_new(c, what, bound, &word, f));
	rec_text(c, "challenge", word);
	rec_text(c, "rp_id", rp);
	rec_number(c, "timeout", CHALLENGE_LIFE_S * 1000);
	return OK;
}

/* Authenticators keep one passkey for a site and handle: a new account of an old name takes the place of what is no use. */
static struct str handle_of(struct request *c, struct str name)
{
	uint8_t h[PASSKEY_HANDLE];

	keys_hash(c->core, "passkey.handle", 0, name, h);
	return arena_str(&c->arena, str_of(h, sizeof(h)));
}

void passkey_tell_user(struct request *c, struct str name)
{
	rec_text(c, "user_name", name);
	rec_bytes(c, "user_handle", handle_of(c, name));
}

static int tell_known(void *arg, const struct passkey *p, struct fail *f)
{
	struct request *c = arg;

	rec_bytes(c, "credential", p->credential);
	rec_text(c, "transports", p->transports);
	rec_end(c);
	return OK;
}

int passkey_tell_known(struct request *c, int64_t user, struct fail *f)
{
	return passkey_each(c->core->store, user, tell_known, c, f);
}

/* ---- one that was made -------------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum passkey_alg alg;
} algs[] = { { "es256", PASSKEY_ES256 }, { "eddsa", PASSKEY_EDDSA }, { "rs256", PASSKEY_RS256 } };

static enum passkey_alg alg_of(struct request *c)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (arg_is(c, "alg", algs[i].word))
			return algs[i].alg;
	return 0;
}

/* Those that browsers know; what they will know one day is left out, for it is a hint. */
static struct str transports_of(struct request *c)
{
	static const char *const known[] = { "usb", "nfc", "ble", "smart-card", "hybrid", "internal" };
	OWN(buf) all = BUF(200);
	struct str one;

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		for (size_t i = 0; i < PASSKEY_TRANSPORTS_MOST && arg_nth(c, "transports", i, &one); i++)
			if (str_eq(one, str_c(known[k]))) {
				buf_addf(&all, "%s%s", all.n ? ", " : "", known[k]);
				break;
			}
	return arena_str(&c->arena, buf_str(&all));
}

static int refuse(struct request *c, struct fail *why, const char *sentence, struct fail *f)
{
	log_warn("ev=passkey-refused client=%s why=%s", log_mask(c->asker->client),
	         log_quote(str_c(why->why)));
	return call_wrong(c, "passkey", f, FAIL_DENIED, "%s", sentence);
}

/* What the person can do something about; the log has the rest. */
static const char *sentence_of(const struct fail *why)
{
	return str_starts(str_c(why->why), STR("a counter"))
	               ? "this passkey has gone back in its counting, as a copy would: use another one, and "
	                 "remove it"
	               : "this passkey's answer is not good: try again";
}

static int ask_of(struct request *c, enum passkey_act act, struct passkey_ask *ret, struct fail *f)
{
	*ret = (struct passkey_ask){ .act = act,
		                     .challenge = arg_text(c, "challenge"),
		                     .origin = c->core->conf->web_origin };
	return site(c, &ret->rp_id, f);
}

int passkey_made(struct request *c, enum challenge_for what, struct str bound, struct passkey *ret,
                 struct fail *f)
{
	const struct passkey_key key = { alg_of(c), arg_text(c, "key_a"), arg_text(c, "key_b") };
	const struct passkey_answer answer = { .client = arg_text(c, "client_data"),
		                               .data = arg_text(c, "authenticator_data") };
	struct passkey_seen seen;
	struct passkey_ask ask;
	struct fail why = { 0 };
	int r;

	TRY(ask_of(c, PASSKEY_MAKE, &ask, f));
	TRY(challenge_check(c, what, bound, ask.challenge, "passkey", f));
	r = passkey_check_new(&ask, &key, &answer, &seen, &why);
	if (r < 0)
		return refuse(c, &why, sentence_of(&why), f);
	*ret = (struct passkey){ .credential = arg_text(c, "credential"),
		                 .alg = key.alg,
		                 .a = key.a,
		                 .b = key.b,
		                 .count = seen.count,
		                 .transports = transports_of(c),
		                 .name = arg_text(c, "label").n ? arg_text(c, "label") : STR("Passkey"),
		                 .created = core_now(c->core) };
	return OK;
}

int passkey_keep(struct request *c, struct passkey *p, int64_t user, struct fail *f)
{
	int r;

	p->user = user;
	TRY(challenge_take(c, arg_text(c, "challenge"), f));
	core_dirty(c->core);
	r = passkey_add(c->core->store, p, f);
	if (r == FAIL_EXISTS)
		return call_wrong(c, "passkey", f, r, "this passkey is registered already");
	if (r < 0)
		c->bad_arg = "passkey";
	return r;
}

/* ---- one that is used --------------------------------------------------------------------------------------------- */

int passkey_answers(struct request *c, enum challenge_for what, struct str bound, const struct passkey *p,
                    struct passkey_seen *ret, struct fail *f)
{
	const struct passkey_key key = { (enum passkey_alg)p->alg, p->a, p->b };
	const struct passkey_answer answer = { arg_text(c, "client_data"), arg_text(c, "authenticator_data"),
		                               arg_text(c, "signature") };
	struct passkey_ask ask;
	struct fail why = { 0 };
	struct str name;

	TRY(ask_of(c, PASSKEY_USE, &ask, f));
	TRY(challenge_check(c, what, bound, ask.challenge, "passkey", f));
	ask.count = (uint32_t)p->count;
	if (passkey_check(&ask, &key, &answer, ret, &why) < 0)
		return refuse(c, &why, sentence_of(&why), f);
	TRY(user_name(c->core->store, p->user, &c->arena, &name, f));
	if ((arg_given(c, "user_handle") || what == CHALLENGE_SIGN_IN) &&
	    !str_eq(arg_text(c, "user_handle"), handle_of(c, name))) {
		(void)fail(&why, FAIL_DENIED, "another user's handle");
		return refuse(c, &why, sentence_of(&why), f);
	}
	return OK;
}

int passkey_use(struct request *c, const struct passkey *p, const struct passkey_seen *seen, struct fail *f)
{
	OWN(buf) who = BUF(64);

	buf_addf(&who, "%lld", (long long)p->user);
	if (tries_check(c->core, TRIES_SHOWN, buf_str(&who), f) < 0) {
		c->bad_arg = "rate";
		return FAIL_AGAIN;
	}
	tries_count(c->core, TRIES_SHOWN, buf_str(&who));
	core_dirty(c->core);
	TRY(challenge_take(c, arg_text(c, "challenge"), f));
	return passkey_used(c->core->store, p->id, seen->count, core_now(c->core), f);
}
