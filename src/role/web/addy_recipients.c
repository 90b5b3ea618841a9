/* addy_recipients.c - mailboxes, as addy.io's recipients. The default one is the first that was verified, and is not deleted. */
#include "role/web/addy.h"

static json_t *recipient_of(const json_t *r)
{
	json_int_t at = foreign_number(r, "created");

	return json_pack("{s:o, s:n, s:O, s:b, s:b, s:b, s:b, s:b, s:b, s:n, s:o, s:[], s:I, s:o, s:o}", "id",
	                 addy_id(ADDY_RECIPIENT, foreign_number(r, "id")), "user_id", "email",
	                 json_object_get(r, "email"), "can_reply_send", 1, "should_encrypt",
	                 foreign_is(r, "sealed"), "inline_encryption", 0, "protected_headers", 0,
	                 "remove_pgp_keys", 0, "remove_pgp_signatures", 0, "fingerprint", "email_verified_at",
	                 foreign_is(r, "verified") ? addy_time(at) : json_null(), "aliases", "aliases_count",
	                 foreign_number(r, "aliases"), "created_at", addy_time(at), "updated_at",
	                 addy_time(at));
}

static void on_recipients(struct exchange *x, int code, struct str why, struct str arg)
{
	struct str wanted = foreign_param(x, "filter[verified]");
	OWNP(json_t) all = NULL;
	json_t *out, *r;
	size_t i;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	out = json_array();
	json_array_foreach(all, i, r)
	{
		bool is = foreign_is(r, "verified");

		if (!(str_eq(wanted, STR("true")) && !is) && !(str_eq(wanted, STR("false")) && is))
			json_array_append_new(out, recipient_of(r));
	}
	exchange_json(x, 200, json_pack("{s:o}", "data", out));
}

void addy_recipients(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.mailboxes", STR(""), on_recipients);
}

static const json_t *numbered(const json_t *all, json_int_t id)
{
	const json_t *r;
	size_t i;

	json_array_foreach(all, i, r)
	{
		if (foreign_number(r, "id") == id)
			return r;
	}
	return NULL;
}

static void on_recipient(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	const json_t *r;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	r = numbered(all, addy_asked_id(x));
	if (r)
		exchange_json(x, 200, json_pack("{s:o}", "data", recipient_of(r)));
	else
		foreign_refuse(x, 404, STR("Not Found"));
}

void addy_recipient(struct exchange *x, json_t *body)
{
	if (addy_path_id(x, ADDY_RECIPIENT))
		exchange_ask(x, "foreign.mailboxes", STR(""), on_recipient);
}

/* The one that was made just now: the last. */
static void on_made(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	exchange_json(
	        x, 201,
	        json_pack("{s:o}", "data", recipient_of(json_array_get(all, json_array_size(all) - 1))));
}

/* What is wrong with it is said of their name for it. */
static void on_claimed(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code < 0 && str_eq(arg, STR("address")))
		addy_invalid(x, "email", why);
	else if (foreign_well(x, code, why, arg))
		exchange_ask(x, "foreign.mailboxes", STR(""), on_made);
}

void addy_recipient_add(struct exchange *x, json_t *body)
{
	if (!json_member(body, "email").n) {
		addy_invalid(x, "email", STR("The email field is required."));
		return;
	}
	foreign_put(&x->args, "address", json_member(body, "email"));
	exchange_ask(x, "mailbox.claim", buf_str(&x->args), on_claimed);
}

static void on_deleted(struct exchange *x, int code, struct str why, struct str arg)
{
	if (str_eq(arg, STR("mailbox_id")))
		foreign_refuse(x, 404, STR("Not Found"));
	else if (str_eq(arg, STR("default")))
		foreign_refuse(x, 403, STR("You cannot delete your default recipient"));
	else if (foreign_well(x, code, why, arg))
		foreign_empty(x);
}

/* An alias that leads nowhere else leads to the default one from then on, as there. */
void addy_recipient_delete(struct exchange *x, json_t *body)
{
	if (!addy_path_id(x, ADDY_RECIPIENT))
		return;
	foreign_put(&x->args, "lone", STR("main"));
	exchange_ask(x, "foreign.box-delete", buf_str(&x->args), on_deleted);
}
