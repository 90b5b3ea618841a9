/* local.c - what web answers of itself. */
#include "role/web/api.h"

#include "conf/origin.h"
#include "role/metrics.h"

static void on_health(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code < 0)
		exchange_fail(x, code, why, arg);
	else
		exchange_json(x, 200, json_pack("{s:s}", "status", "ok"));
}

void local_health(struct exchange *x, json_t *body)
{
	exchange_ask(x, "web.ready", STR(""), on_health);
}

static void on_stat(struct exchange *x, int code, struct str why, struct str arg)
{
	struct str records = buf_str(&x->records), record;

	if (code < 0 || !list_next(&records, &record)) {
		exchange_fail(x, code < 0 ? code : FAIL_BUG, why, arg);
		return;
	}
	metrics_prometheus(record, &x->reply);
	x->status = 200;
	x->type = "text/plain; version=0.0.4; charset=utf-8";
	exchange_done(x);
}

void local_metrics(struct exchange *x, json_t *body)
{
	exchange_ask(x, "stat", STR(""), on_stat);
}

static json_t *domains_of(const struct conf *c)
{
	json_t *all = json_array();

	for (size_t i = 0; i < c->n_domains; i++)
		json_array_append_new(all, json_stringn(c->domains[i].p, c->domains[i].n));
	return all;
}

static json_t *text(struct str s)
{
	return json_stringn(s.n ? s.p : "", s.n);
}

void local_server(struct exchange *x, json_t *body)
{
	const struct conf *c = &x->web->start->conf;
	json_t *o = json_object();
	struct str site;

	json_object_set_new(o, "name", text(c->hostname));
	json_object_set_new(o, "version", json_string(POSTERN_VERSION));
	json_object_set_new(o, "signup", text(c->web_signup));
	json_object_set_new(o, "domains", domains_of(c));
	json_object_set_new(o, "origin", text(c->web_origin));
	json_object_set_new(o, "passkeys", json_boolean(origin_site(c->web_origin, &site, NULL) == OK));
	json_object_set_new(o, "manifest", json_string(x->web->ui.digest));
	exchange_json(x, 200, o);
}

void local_routes(struct exchange *x, json_t *body)
{
	json_t *all = json_array();

	for (size_t i = 0; i < API_TABLES; i++)
		for (const struct route *r = api_tables[i]; r->method; r++)
			json_array_append_new(all, json_sprintf("%s %s", r->method, r->pattern));
	exchange_json(x, 200, all);
}
