/* addy_domains.c - a user's own domains, as addy.io's. One is there once DNS says whose it is; before, it is a claim, and 404. */
#include "role/web/addy.h"

/* Nothing is sent in a domain's own name and signed for it: domain_sending_verified_at stays null. */
static json_t *domain_of(const json_t *d)
{
	OWNP(json_t) boxes = addy_recipients_of(d);
	json_t *box = json_array_get(boxes, 0), *at = addy_time(foreign_number(d, "created")),
	       *o = json_object();

	json_object_set_new(o, "id", addy_id(ADDY_DOMAIN, foreign_number(d, "id")));
	json_object_set_new(o, "user_id", addy_id(ADDY_USER, foreign_number(d, "user")));
	json_object_set(o, "domain", json_object_get(d, "domain"));
	json_object_set_new(o, "description", json_null());
	json_object_set_new(o, "from_name", json_null());
	json_object_set_new(o, "aliases", json_array());
	json_object_set_new(o, "aliases_count", json_integer(foreign_number(d, "aliases")));
	json_object_set(o, "default_recipient", box ? box : json_null());
	json_object_set_new(o, "active", json_true());
	json_object_set_new(o, "catch_all", json_boolean(foreign_is(d, "catch_all")));
	json_object_set_new(o, "auto_create_regex", json_null());
	json_object_set(o, "domain_verified_at", at);
	json_object_set_new(o, "domain_mx_validated_at", addy_time(foreign_number(d, "mx_seen")));
	json_object_set_new(o, "domain_sending_verified_at", json_null());
	json_object_set(o, "created_at", at);
	json_object_set_new(o, "updated_at", at);
	return o;
}

static void on_domains(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:o}", "data", foreign_domains(x, domain_of)));
}

void addy_domains(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.domains", STR(""), on_domains);
}

/* {"data": domain}, or nothing, as the route says. */
static void on_domain(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (code < 0 && str_eq(arg, STR("mailbox_id"))) {
		addy_invalid(x, "default_recipient", STR("The selected default recipient is invalid."));
		return;
	}
	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	if (x->route->status == 204)
		foreign_empty(x);
	else
		exchange_json(x, x->route->status, json_pack("{s:o}", "data", domain_of(r)));
}

void addy_domain(struct exchange *x, json_t *body)
{
	if (addy_path_id(x, ADDY_DOMAIN))
		exchange_ask(x, "foreign.domain", buf_str(&x->args), on_domain);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

/* What a domain has none of here may be asked for as nothing. */
void addy_domain_change(struct exchange *x, json_t *body)
{
	static const char *const none[] = { "description", "from_name", "auto_create_regex" };

	if (!addy_path_id(x, ADDY_DOMAIN))
		return;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		const json_t *v = json_object_get(body, none[i]);

		if (!v || json_is_null(v) || (json_is_string(v) && !json_string_length(v)))
			continue;
		addy_invalid(x, none[i],
		             STR("A domain has no such text here; which addresses a catch-all takes is set "
		                 "in the app."));
		return;
	}
	exchange_ask(x, "foreign.domain-set", buf_str(&x->args), on_domain);
}

/* With its aliases, as there. */
void addy_domain_delete(struct exchange *x, json_t *body)
{
	if (addy_path_id(x, ADDY_DOMAIN))
		exchange_ask(x, "foreign.domain-delete", buf_str(&x->args), on_domain);
}

/* Where the aliases lead that its catch-all makes; empty: to the default recipient of the account. */
void addy_domain_recipient(struct exchange *x, json_t *body)
{
	struct str id = json_member(body, "default_recipient");

	if (!addy_path_id(x, ADDY_DOMAIN))
		return;
	if (!id.n)
		foreign_put(&x->args, "boxes", STR("main"));
	else if (!addy_put_id(x, id, ADDY_RECIPIENT, "mailbox_id")) {
		addy_invalid(x, "default_recipient", STR("The selected default recipient is invalid."));
		return;
	}
	exchange_ask(x, "foreign.domain-set", buf_str(&x->args), on_domain);
}

void addy_domain_catch_all(struct exchange *x, json_t *body)
{
	if (!addy_asked(x, body, ADDY_DOMAIN))
		return;
	foreign_put(&x->args, "catch_all", x->route->status == 204 ? STR("off") : STR("on"));
	exchange_ask(x, "foreign.domain-set", buf_str(&x->args), on_domain);
}

static void on_never_off(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		addy_invalid(x, "id",
		             STR("A domain is never off here: switch off its catch-all, and those of its "
		                 "aliases that are to take no mail."));
}

void addy_domain_active(struct exchange *x, json_t *body)
{
	if (addy_asked(x, body, ADDY_DOMAIN))
		exchange_ask(x, "foreign.domain", buf_str(&x->args),
		             x->route->status == 204 ? on_never_off : on_domain);
}

/* ---- a new one --------------------------------------------------------------------------------------------------- */

static const json_t *named(const json_t *all, struct str name)
{
	const json_t *d;
	size_t i;

	json_array_foreach(all, i, d)
	{
		if (foreign_is(d, "own") && str_eq_nocase(json_member(d, "domain"), name))
			return d;
	}
	return NULL;
}

static void on_verified(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	const json_t *d;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	d = named(all, json_member(x->foreign, "domain"));
	if (d)
		exchange_json(x, x->route->status, json_pack("{s:o}", "data", domain_of(d)));
	else
		foreign_refuse(x, 404, STR("Not Found"));
}

static void taken(struct exchange *x)
{
	addy_invalid(x, "domain", STR("The domain has already been taken."));
}

/* What it is to show is said in words, out of which programs take the record. */
static void on_checked(struct exchange *x, int code, struct str why, struct str arg)
{
	OWN(buf) says = BUF(512);
	OWNP(json_t) all = NULL;
	const json_t *r;

	if (code == FAIL_ABSENT) {
		taken(x);
		return;
	}
	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	r = json_array_get(all, 0); /* of ownership */
	if (str_eq(json_member(r, "state"), STR("ok"))) {
		exchange_ask(x, "foreign.domains", STR(""), on_verified);
		return;
	}
	buf_addf(&says, "%s, please add the following TXT record to your domain: %.*s",
	         str_eq(json_member(r, "state"), STR("unknown"))
	                 ? "No name server has answered for this domain"
	                 : "Verification record not found",
	         STR_ARG(json_member(r, "value")));
	foreign_refuse(x, 404, buf_str(&says));
}

static void on_claimed(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code == FAIL_LIMIT && str_eq(arg, STR("domain")))
		foreign_refuse(x, 403, why);
	else if (code == FAIL_EXISTS || foreign_well(x, code, why, arg)) /* claimed before: looked at again */
		exchange_ask(x, "domain.check", buf_str(&x->args), on_checked);
}

static void on_others(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	if (named(all, json_member(x->foreign, "domain"))) {
		taken(x);
		return;
	}
	exchange_ask(x, "domain.add", buf_str(&x->args), on_claimed);
}

void addy_domain_add(struct exchange *x, json_t *body)
{
	struct str name = json_member(body, "domain");

	if (!name.n) {
		addy_invalid(x, "domain", STR("The domain field is required."));
		return;
	}
	x->foreign = json_incref(body);
	foreign_put(&x->args, "domain", name);
	exchange_ask(x, "foreign.domains", STR(""), on_others);
}
