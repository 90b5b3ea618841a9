/* sl_export.c - what SimpleLogin gives its users to take along: aliases as CSV, and what belongs to the account as JSON. */
#include "role/web/sl.h"
#include "role/web/transfer.h"

void sl_export_aliases(struct exchange *x, json_t *body)
{
	export_as(x, ALIAS_SL_CSV, "aliases.csv");
}

/* x->foreign is the answer while it grows. */
static void put_alias(struct exchange *x, struct str record)
{
	OWNP(json_t) r = json_record(record);

	if (!foreign_is(r, "trashed"))
		json_array_append_new(json_object_get(x->foreign, "aliases"),
		                      json_pack("{s:O, s:b}", "email", json_object_get(r, "address"),
		                                "enabled", str_eq(json_member(r, "state"), STR("on"))));
}

static void done(struct exchange *x)
{
	exchange_json(x, 200, json_incref(x->foreign));
}

static json_t *name_of(const json_t *domain)
{
	return json_incref(json_object_get(domain, "domain"));
}

static void on_domains(struct exchange *x, int code, struct str why, struct str arg)
{
	if (!foreign_well(x, code, why, arg))
		return;
	json_object_set_new(x->foreign, "custom_domains", foreign_domains(x, name_of));
	export_each(x, put_alias, done);
}

static void on_user(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	x->foreign =
	        json_pack("{s:o, s:o, s:[], s:[], s:[]}", "email", foreign_text(json_member(r, "email")),
	                  "name", foreign_text(json_member(r, "name")), "aliases", "apps", "custom_domains");
	exchange_ask(x, "foreign.domains", STR(""), on_domains);
}

void sl_export_data(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.user", STR(""), on_user);
}
