/* sl_mailboxes.c - SimpleLogin's mailboxes, by number. The default one is the first that was verified, and stays it. */
#include "role/web/sl.h"

static json_t *mailbox_of(const json_t *m)
{
	return json_pack("{s:I, s:O, s:O, s:O, s:I, s:I}", "id", foreign_number(m, "id"), "email",
	                 json_object_get(m, "email"), "verified", json_object_get(m, "verified"), "default",
	                 json_object_get(m, "default"), "creation_timestamp", foreign_number(m, "created"),
	                 "nb_alias", foreign_number(m, "aliases"));
}

static void on_mailboxes(struct exchange *x, int code, struct str why, struct str arg)
{
	bool verified = str_eq(x->path, STR("/api/mailboxes"));
	OWNP(json_t) all = NULL;
	json_t *out, *m;
	size_t i;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	out = json_array();
	json_array_foreach(all, i, m)
	{
		if (!verified || foreign_is(m, "verified"))
			json_array_append_new(out, mailbox_of(m));
	}
	exchange_json(x, 200, json_pack("{s:o}", "mailboxes", out));
}

void sl_mailboxes(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.mailboxes", STR(""), on_mailboxes);
}

/* The one that was made just now: the last. */
static void on_made(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	exchange_json(x, 201, mailbox_of(json_array_get(all, json_array_size(all) - 1)));
}

static void on_claimed(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code == FAIL_EXISTS)
		foreign_refuse(x, 400, why);
	else if (foreign_well(x, code, why, arg))
		exchange_ask(x, "foreign.mailboxes", STR(""), on_made);
}

void sl_mailbox_add(struct exchange *x, json_t *body)
{
	foreign_put(&x->args, "address", json_member(body, "email"));
	exchange_ask(x, "mailbox.claim", buf_str(&x->args), on_claimed);
}

/* What can be said of one without changing it: that the default one is the default. */
static void on_known(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	json_t *m, *mine = NULL;
	size_t i;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	json_array_foreach(all, i, m)
	{
		if (foreign_number(m, "id") == foreign_number(x->foreign, "id"))
			mine = m;
	}
	if (!mine)
		foreign_refuse(x, 403, STR("Forbidden"));
	else if (json_object_get(x->foreign, "email"))
		foreign_refuse(x, 400,
		               STR("a mailbox keeps its address here: add the new one, and delete this one"));
	else if (foreign_is(x->foreign, "default") && !foreign_is(mine, "default"))
		foreign_refuse(x, 400, STR("the default mailbox is the one that was verified first"));
	else
		exchange_json(x, 200, json_pack("{s:b}", "updated", 1));
}

void sl_mailbox_change(struct exchange *x, json_t *body)
{
	x->foreign = json_incref(body);
	json_object_set_new(x->foreign, "id", json_integer(sl_path_id(x)));
	exchange_ask(x, "foreign.mailboxes", STR(""), on_known);
}

static void on_deleted(struct exchange *x, int code, struct str why, struct str arg)
{
	if (str_eq(arg, STR("mailbox_id")))
		foreign_refuse(x, 403, STR("Forbidden"));
	else
		sl_deleted(x, code, why, arg);
}

/* Without another mailbox to take them, aliases that lead nowhere else go too: so it is there. */
void sl_mailbox_delete(struct exchange *x, json_t *body)
{
	const json_t *to = json_object_get(body, "transfer_aliases_to");

	if (json_is_integer(to) && json_integer_value(to) > 0)
		foreign_put_number(&x->args, "transfer", json_integer_value(to));
	exchange_ask(x, "foreign.box-delete", buf_str(&x->args), on_deleted);
}
