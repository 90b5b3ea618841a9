/* addy_recipients.c - mailboxes, as addy.io's recipients. The default one is the first that was verified, and is not deleted. */
#include "role/web/addy.h"

json_t *addy_recipient_counted(const json_t *r)
{
	const struct addy_box b = { .id = foreign_number(r, "id"),
		                    .user = foreign_number(r, "user"),
		                    .created = foreign_number(r, "created"),
		                    .verified = foreign_is(r, "verified"),
		                    .sealed = foreign_is(r, "sealed"),
		                    .hidden = foreign_is(r, "hidden"),
		                    .email = json_member(r, "email") };
	json_t *o = addy_recipient_of(&b);

	json_object_set_new(o, "aliases_count", json_integer(foreign_number(r, "aliases")));
	return o;
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
			json_array_append_new(out, addy_recipient_counted(r));
	}
	exchange_json(x, 200, json_pack("{s:o}", "data", out));
}

void addy_recipients(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.mailboxes", STR(""), on_recipients);
}

const json_t *addy_recipient_in(const json_t *all, json_int_t id)
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
	r = addy_recipient_in(all, addy_asked_id(x));
	if (r)
		exchange_json(x, 200, json_pack("{s:o}", "data", addy_recipient_counted(r)));
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
	exchange_json(x, 201,
	              json_pack("{s:o}", "data",
	                        addy_recipient_counted(json_array_get(all, json_array_size(all) - 1))));
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
