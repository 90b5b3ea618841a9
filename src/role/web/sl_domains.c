/* sl_domains.c - SimpleLogin's custom domains, by number: which there are, and whether addresses come to be by themselves. */
#include "role/web/sl.h"

static json_t *domain_of(const json_t *d)
{
	return json_pack("{s:I, s:O, s:b, s:I, s:o, s:I, s:b, s:b, s:n, s:[]}", "id", foreign_number(d, "id"),
	                 "domain_name", json_object_get(d, "domain"), "is_verified", 1, "nb_alias",
	                 foreign_number(d, "aliases"), "creation_date", sl_date(foreign_number(d, "created")),
	                 "creation_timestamp", foreign_number(d, "created"), "catch_all",
	                 foreign_is(d, "catch_all"), "random_prefix_generation", 0, "name", "mailboxes");
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

/* The one that the path names, among those that core told; NULL: it is refused. */
static const json_t *named(struct exchange *x, const json_t *all)
{
	const json_t *d = foreign_domain(all, sl_path_id(x));

	if (!d)
		foreign_refuse(x, 403, STR("Forbidden"));
	return d;
}

/* ---- what was deleted -------------------------------------------------------------------------------------------- */

/* Deleted addresses are kept as digests, so that they are never given out again: nobody can tell them. */
static void on_trash(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	if (named(x, all))
		exchange_json(x, 200, json_pack("{s:[]}", "aliases"));
}

void sl_domain_trash(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.domains", STR(""), on_trash);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

static void on_changed(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	const json_t *d;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	d = named(x, all);
	if (d)
		exchange_json(x, 200, json_pack("{s:o}", "custom_domain", domain_of(d)));
}

static void on_set(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_ask(x, "foreign.domains", STR(""), on_changed);
}

/* What is so already may be asked for; a name, prefixes and mailboxes are the app's, or not at all. */
static bool may_change(struct exchange *x)
{
	const json_t *catch_all = json_object_get(x->foreign, "catch_all"),
	             *name = json_object_get(x->foreign, "name"),
	             *prefix = json_object_get(x->foreign, "random_prefix_generation");

	if ((!catch_all || json_is_boolean(catch_all)) && (!name || json_is_null(name)) &&
	    (!prefix || json_is_false(prefix)) && !json_object_get(x->foreign, "mailbox_ids"))
		return true;
	foreign_refuse(x, 400, STR("of a domain only catch_all can be changed so: the app has the rest"));
	return false;
}

static void on_found(struct exchange *x, int code, struct str why, struct str arg)
{
	const json_t *catch_all = json_object_get(x->foreign, "catch_all"), *d;
	OWNP(json_t) all = NULL;
	OWN(buf) args = BUF(1024);

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	d = named(x, all);
	if (!d || !may_change(x))
		return;
	foreign_put(&args, "domain", json_member(d, "domain"));
	if (catch_all)
		foreign_put(&args, "catch_all", json_is_true(catch_all) ? STR("on") : STR("off"));
	exchange_ask(x, "domain.set", buf_str(&args), on_set);
}

void sl_domain_change(struct exchange *x, json_t *body)
{
	if (!json_object_size(body)) {
		foreign_refuse(x, 400, STR("request body cannot be empty"));
		return;
	}
	x->foreign = json_incref(body);
	exchange_ask(x, "foreign.domains", STR(""), on_found);
}
