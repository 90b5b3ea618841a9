/* sl_account.c - who asks, SimpleLogin's way: signing in, the account, its settings. */
#include "role/web/sl.h"

/* ---- signing in -------------------------------------------------------------------------------------------------- */

/* The first step tells whether a code is wanted; the second has a key to tell. */
void sl_signed_in(struct exchange *x, int code, struct str why, struct str arg)
{
	bool second = str_eq(x->path, STR("/api/auth/mfa"));
	OWNP(json_t) r = NULL;
	json_t *o;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	o = json_pack("{s:o, s:o, s:o}", "name", foreign_text(json_member(r, "user")), "email",
	              foreign_text(json_member(r, "email")), "api_key", foreign_text_or_null(r, "key"));
	if (!second) {
		json_object_set_new(o, "mfa_enabled", json_boolean(foreign_is(r, "mfa")));
		json_object_set_new(o, "mfa_key", foreign_text_or_null(r, "mfa_key"));
	}
	exchange_json(x, 200, o);
}

static void on_known(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 201, json_pack("{s:o}", "api_key", foreign_text(x->token)));
}

/* A key is made with the password, in the app or by signing in here: whoever has one is told that one. */
void sl_api_key(struct exchange *x, json_t *body)
{
	exchange_ask(x, "session.show", STR(""), on_known);
}

static void on_logout(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:s}", "msg", "User is logged out"));
}

/* As there: what forgets its key is the program; it is revoked in the app. */
void sl_logout(struct exchange *x, json_t *body)
{
	exchange_ask(x, "session.show", STR(""), on_logout);
}

/* ---- the account ------------------------------------------------------------------------------------------------- */

/* What a change asks for is so already, or is not to be had: a name is what its user signs in with, and there are no pictures. */
static bool is_so(const struct exchange *x, const json_t *r)
{
	const json_t *name = json_object_get(x->foreign, "name"),
	             *picture = json_object_get(x->foreign, "profile_picture");

	return (!name || json_equal(name, json_object_get(r, "name"))) && (!picture || json_is_null(picture));
}

static void on_user(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	if (!is_so(x, r)) {
		foreign_refuse(x, 400, STR("the name and the picture of an account cannot be changed here"));
		return;
	}
	exchange_json(x, 200,
	              json_pack("{s:o, s:b, s:o, s:b, s:n, s:i, s:n, s:n, s:b}", "name",
	                        foreign_text(json_member(r, "name")), "is_premium", 1, "email",
	                        foreign_text(json_member(r, "email")), "in_trial", 0, "trial_end_timestamp",
	                        "max_alias_free_plan", 0, "profile_picture_url", "connected_proton_address",
	                        "can_create_reverse_alias", 1));
}

void sl_user_info(struct exchange *x, json_t *body)
{
	x->foreign = json_incref(body);
	exchange_ask(x, "foreign.user", STR(""), on_user);
}

/* A wrong password is 400 where somebody signs in, and here it is not. */
static void sudo_failed(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code == FAIL_DENIED && str_eq(arg, STR("password")))
		foreign_refuse(x, 403, STR("Invalid password"));
	else
		sl_failed(x, code, why, arg);
}

static void on_ok(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:b}", "ok", 1));
}

/* For five minutes this key may do what asks for it. */
void sl_sudo(struct exchange *x, json_t *body)
{
	x->failed = sudo_failed;
	x->after = on_ok;
	x->password = arena_str(&x->arena, json_member(body, "password"));
	password_then_ask(x);
}

void sl_user_delete(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.end", STR(""), on_ok);
}

static void on_stats(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	exchange_json(x, 200,
	              json_pack("{s:I, s:I, s:I, s:I}", "nb_alias", foreign_number(r, "aliases"), "nb_block",
	                        foreign_number(r, "blocked"), "nb_forward", foreign_number(r, "forwarded"),
	                        "nb_reply", foreign_number(r, "replied")));
}

void sl_stats(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.sums", STR(""), on_stats);
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static json_t *domains_of(const struct exchange *x)
{
	OWNP(json_t) all = foreign_all(x);
	json_t *out = json_array(), *d;
	size_t i;

	json_array_foreach(all, i, d)
	        json_array_append_new(out, json_pack("{s:O, s:b}", "domain", json_object_get(d, "domain"),
	                                             "is_custom", foreign_is(d, "own")));
	return out;
}

static void on_domains(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, domains_of(x));
}

void sl_setting_domains(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.domains", STR(""), on_domains);
}

/* The same for everybody: what a change asks for is so already, or is not to be had. */
static void on_setting(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) told = NULL;
	OWNP(json_t) domains = NULL;
	const char *name;
	json_t *v;

	if (!foreign_well(x, code, why, arg))
		return;
	domains = domains_of(x);
	told = json_pack("{s:s, s:b, s:O, s:s, s:s}", "alias_generator", "word", "notification", 0,
	                 "random_alias_default_domain", json_object_get(json_array_get(domains, 0), "domain"),
	                 "sender_format", "AT", "random_alias_suffix", "word");
	json_object_foreach(x->foreign, name, v)
	{
		if (json_equal(v, json_object_get(told, name)))
			continue;
		foreign_refuse(x, 400,
		               STR("these settings are the same for all users here and cannot be changed"));
		return;
	}
	exchange_json(x, 200, json_incref(told));
}

void sl_setting(struct exchange *x, json_t *body)
{
	x->foreign = json_incref(body);
	exchange_ask(x, "foreign.domains", STR(""), on_setting);
}

static void on_notifications(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:b, s:[]}", "more", 0, "notifications"));
}

/* What Postern has to tell it mails. */
void sl_notifications(struct exchange *x, json_t *body)
{
	uint64_t n;

	if (sl_page(x, "page", &n))
		exchange_ask(x, "session.show", STR(""), on_notifications);
}

/* There is none that could be read. */
static void on_notification(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		foreign_refuse(x, 403, STR("Forbidden"));
}

void sl_notification(struct exchange *x, json_t *body)
{
	exchange_ask(x, "session.show", STR(""), on_notification);
}
