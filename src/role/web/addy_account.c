/* addy_account.c - who asks, addy.io's way: signing in, the key, the account, and where its aliases may be. */
#include "role/web/addy.h"

/* ---- the key ----------------------------------------------------------------------------------------------------- */

static json_t *key_of(const json_t *r)
{
	return json_pack("{s:o, s:o, s:o}", "name", foreign_text(json_member(r, "name")), "created_at",
	                 addy_time(foreign_number(r, "created")), "expires_at",
	                 addy_time(foreign_number(r, "expires")));
}

/* No cookie is set, so that there is nothing for a csrf_token to protect: programs want to see one all the same. */
void addy_signed_in(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;
	json_t *o;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	if (foreign_is(r, "mfa")) {
		exchange_json(
		        x, 422,
		        json_pack("{s:s, s:o, s:s}", "message",
		                  "OTP required, please make a request to /api/auth/mfa with the 'mfa_key', "
		                  "'otp' and 'device_name'",
		                  "mfa_key", foreign_text(json_member(r, "mfa_key")), "csrf_token", "none"));
		return;
	}
	o = key_of(r);
	json_object_set_new(o, "api_key", foreign_text(json_member(r, "key")));
	exchange_json(x, 200, o);
}

static void on_key(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	exchange_json(x, 200, key_of(r));
}

void addy_token(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.key", STR(""), on_key);
}

static void on_gone(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		foreign_empty(x);
}

void addy_logout(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.revoke", STR(""), on_gone);
}

/* A wrong password is 401 where somebody signs in; here it is an input. */
static void end_failed(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code == FAIL_DENIED && str_eq(arg, STR("password")))
		addy_invalid(x, "password", STR("The password is incorrect."));
	else
		addy_failed(x, code, why, arg);
}

void addy_delete_account(struct exchange *x, json_t *body)
{
	x->failed = end_failed;
	x->after = on_gone;
	x->password = arena_str(&x->arena, json_member(body, "password"));
	if (x->password.n)
		password_then_ask(x);
	else
		addy_invalid(x, "password", STR("The password field is required."));
}

/* ---- the account ------------------------------------------------------------------------------------------------- */

static const char *const nothing[] = { "from_name", "email_subject", "banner_location",
	                               "default_alias_domain" };

/* default_alias_domain is told by domain-options. Bandwidth has no bound by the month: 0. */
static void on_account(struct exchange *x, int code, struct str why, struct str arg)
{
	static const struct {
		const char *theirs, *ours;
	} counts[] = {
		{ "recipient_count", "mailboxes" },
		{ "active_domain_count", "domains" },
		{ "total_aliases", "aliases" },
		{ "total_active_aliases", "active" },
		{ "total_emails_forwarded", "forwarded" },
		{ "total_emails_blocked", "blocked" },
		{ "total_emails_replied", "replied" },
	};
	OWNP(json_t) r = NULL;
	json_t *o = json_object();

	if (!foreign_well(x, code, why, arg)) {
		json_decref(o);
		return;
	}
	r = foreign_first(x);
	json_object_set_new(o, "id", addy_id(ADDY_USER, foreign_number(r, "id")));
	json_object_set_new(o, "username", foreign_text(json_member(r, "name")));
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		json_object_set_new(o, nothing[i], json_null());
	json_object_set_new(o, "bandwidth", json_integer(0));
	json_object_set_new(o, "bandwidth_limit", json_integer(0));
	json_object_set_new(o, "default_recipient_id",
	                    addy_id(ADDY_RECIPIENT, foreign_number(r, "mailbox_id")));
	json_object_set_new(o, "default_username_id", addy_id(ADDY_USERNAME, foreign_number(r, "id")));
	json_object_set_new(o, "default_alias_format", json_string("random_characters"));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_object_set_new(o, counts[i].theirs, json_integer(foreign_number(r, counts[i].ours)));
	json_object_set_new(o, "total_emails_sent", json_integer(0));
	json_object_set_new(o, "created_at", addy_time(foreign_number(r, "created")));
	json_object_set_new(o, "updated_at", addy_time(foreign_number(r, "created")));
	exchange_json(x, 200, json_pack("{s:o}", "data", o));
}

static void on_version(struct exchange *x, int code, struct str why, struct str arg)
{
	struct str rest = STR(POSTERN_VERSION);
	uint64_t part[3] = { 0 };

	if (!foreign_well(x, code, why, arg))
		return;
	for (size_t i = 0; i < 3; i++)
		(void)str_u64(str_cut(&rest, '.'), &part[i]);
	exchange_json(
	        x, 200,
	        json_pack("{s:s, s:I, s:I, s:I}", "version", POSTERN_VERSION, "major", (json_int_t)part[0],
	                  "minor", (json_int_t)part[1], "patch", (json_int_t)part[2]));
}

/* Ours: what is spoken is a subset of theirs, and has no version. */
void addy_version(struct exchange *x, json_t *body)
{
	exchange_ask(x, "session.show", STR(""), on_version);
}

void addy_account(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.sums", STR(""), on_account);
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static void on_options(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	json_t *names, *shared, *d;
	size_t i;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	names = json_array();
	shared = json_array();
	json_array_foreach(all, i, d)
	{
		json_array_append(names, json_object_get(d, "domain"));
		if (!foreign_is(d, "own"))
			json_array_append(shared, json_object_get(d, "domain"));
	}
	exchange_json(x, 200,
	              json_pack("{s:o, s:o, s:O, s:s}", "data", names, "sharedDomains", shared,
	                        "defaultAliasDomain", json_object_get(json_array_get(all, 0), "domain"),
	                        "defaultAliasFormat", "random_characters"));
}

void addy_domain_options(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.domains", STR(""), on_options);
}
