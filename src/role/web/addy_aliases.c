/* addy_aliases.c - one alias at a time. What is deleted lies in a trash and can be restored; what is forgotten is gone. */
#include "role/web/addy.h"

enum { TEXT_MOST = 200 };

void addy_alias(struct exchange *x, json_t *body)
{
	if (addy_path_id(x, ADDY_ALIAS))
		exchange_ask(x, "foreign.alias", buf_str(&x->args), addy_told);
}

static bool fits(struct exchange *x, const json_t *body, const char *member)
{
	const json_t *v = json_object_get(body, member);

	if (!v || json_is_null(v) || (json_is_string(v) && json_string_length(v) <= TEXT_MOST))
		return true;
	addy_invalid(x, member,
	             json_is_string(v) ? STR("This text must not be longer than 200 bytes.")
	                               : STR("This must be a string."));
	return false;
}

void addy_change(struct exchange *x, json_t *body)
{
	if (!addy_path_id(x, ADDY_ALIAS) || !fits(x, body, "description") || !fits(x, body, "from_name"))
		return;
	foreign_put_line(x, body, "description", "note");
	foreign_put_line(x, body, "from_name", "name");
	exchange_ask(x, "foreign.set", buf_str(&x->args), addy_told);
}

static void act(struct exchange *x, const char *word)
{
	foreign_put(&x->args, "act", str_c(word));
	exchange_ask(x, "foreign.set", buf_str(&x->args), addy_told);
}

static void act_on_path(struct exchange *x, const char *word)
{
	if (addy_path_id(x, ADDY_ALIAS))
		act(x, word);
}

void addy_trash(struct exchange *x, json_t *body)
{
	act_on_path(x, "trash");
}

void addy_restore(struct exchange *x, json_t *body)
{
	act_on_path(x, "restore");
}

void addy_off(struct exchange *x, json_t *body)
{
	act_on_path(x, "off");
}

void addy_unpin(struct exchange *x, json_t *body)
{
	act_on_path(x, "unpin");
}

void addy_on(struct exchange *x, json_t *body)
{
	if (addy_named(x, body, "id", ADDY_ALIAS))
		act(x, "on");
}

void addy_pin(struct exchange *x, json_t *body)
{
	if (addy_named(x, body, "id", ADDY_ALIAS))
		act(x, "pin");
}

void addy_alias_recipients(struct exchange *x, json_t *body)
{
	if (addy_named(x, body, "alias_id", ADDY_ALIAS) &&
	    addy_put_recipients(x, json_object_get(body, "recipient_ids")))
		act(x, "mailboxes");
}

void addy_forget(struct exchange *x, json_t *body)
{
	if (addy_path_id(x, ADDY_ALIAS))
		exchange_ask(x, "foreign.delete", buf_str(&x->args), addy_told);
}
