/* sl_domains.c - SimpleLogin's custom domains, by number: which there are, where they lead, and whether addresses come to be by
 * themselves. */
#include "role/web/sl.h"

static json_t *domain_of(const json_t *d)
{
	return json_pack("{s:I, s:O, s:b, s:I, s:o, s:I, s:b, s:b, s:n, s:o}", "id", foreign_number(d, "id"),
	                 "domain_name", json_object_get(d, "domain"), "is_verified", 1, "nb_alias",
	                 foreign_number(d, "aliases"), "creation_date", sl_date(foreign_number(d, "created")),
	                 "creation_timestamp", foreign_number(d, "created"), "catch_all",
	                 foreign_is(d, "catch_all"), "random_prefix_generation", 0, "name", "mailboxes",
	                 sl_mailboxes_of(d));
}

static void on_all(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:o}", "custom_domains", foreign_domains(x, domain_of)));
}

void sl_custom_domains(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.domains", STR(""), on_all);
}

/* The number that the path names, as the one argument; what is no number is the number of nothing. */
static void put_id(struct exchange *x)
{
	json_int_t id = sl_path_id(x);

	buf_clear(&x->args);
	foreign_put_number(&x->args, "id", id);
}

/* ---- what was deleted -------------------------------------------------------------------------------------------- */

static void on_trash(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:[]}", "aliases"));
}

/* Deleted addresses are kept as digests, so that they are never given out again: nobody can tell them. */
void sl_domain_trash(struct exchange *x, json_t *body)
{
	put_id(x);
	exchange_ask(x, "foreign.domain", buf_str(&x->args), on_trash);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

static void on_changed(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	exchange_json(x, 200, json_pack("{s:o}", "custom_domain", domain_of(r)));
}

/* What is so already may be asked for; a name and prefixes there are none. */
static bool may_change(const json_t *body)
{
	const json_t *catch_all = json_object_get(body, "catch_all"), *name = json_object_get(body, "name"),
	             *prefix = json_object_get(body, "random_prefix_generation");

	return (!catch_all || json_is_boolean(catch_all)) && (!name || json_is_null(name)) &&
	       (!prefix || json_is_false(prefix));
}

void sl_domain_change(struct exchange *x, json_t *body)
{
	const json_t *catch_all = json_object_get(body, "catch_all"),
	             *boxes = json_object_get(body, "mailbox_ids");
	struct str ids = STR("");

	if (!json_object_size(body)) {
		foreign_refuse(x, 400, STR("request body cannot be empty"));
		return;
	}
	if (!may_change(body)) {
		foreign_refuse(x, 400, STR("of a domain only catch_all and mailbox_ids can be changed here"));
		return;
	}
	if (boxes && !sl_ids(x, boxes, &ids) && !(json_is_array(boxes) && !json_array_size(boxes))) {
		foreign_refuse(x, 400, STR("Forbidden"));
		return;
	}
	put_id(x);
	if (catch_all)
		foreign_put(&x->args, "catch_all", json_is_true(catch_all) ? STR("on") : STR("off"));
	while (ids.n)
		foreign_put(&x->args, "mailbox_id", str_cut(&ids, ','));
	exchange_ask(x, "foreign.domain-set", buf_str(&x->args), on_changed);
}
