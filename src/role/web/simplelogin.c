/* simplelogin.c - SimpleLogin's API as programs speak it: their routes, fields and status codes. */
#include "role/web/sl.h"
#include "wire/date.h"

// clang-format off
#define SL(method, pattern, run) { method, pattern, NULL, NULL, SHAPE_ONE, NULL, 200, ROUTE_CORS, run }
#define SIGN_IN(pattern, verb, run) { "POST", pattern, verb, NULL, SHAPE_ONE, NULL, 200, \
	ROUTE_CORS | ROUTE_OPEN | ROUTE_PROVES | ROUTE_SIGNS_IN, run }

const struct route sl_routes[] = {
	SIGN_IN("/api/auth/login", "foreign.login", foreign_login), /* addy.io's too */
	SIGN_IN("/api/auth/mfa", "foreign.mfa", foreign_mfa),
	SL("POST", "/api/api_key", sl_api_key),
	SL("GET", "/api/logout", sl_logout),
	SL("GET", "/api/user_info", sl_user_info),
	SL("PATCH", "/api/user_info", sl_user_info),
	{ "PATCH", "/api/sudo", "foreign.sudo", NULL, SHAPE_ONE, NULL, 200, ROUTE_CORS | ROUTE_PROVES, sl_sudo },
	SL("DELETE", "/api/user", sl_user_delete),
	SL("GET", "/api/stats", sl_stats),
	SL("GET", "/api/setting", sl_setting),
	SL("PATCH", "/api/setting", sl_setting),
	SL("GET", "/api/v2/setting/domains", sl_setting_domains),
	SL("GET", "/api/custom_domains", sl_custom_domains),
	SL("PATCH", "/api/custom_domains/{id}", sl_domain_change),
	SL("GET", "/api/custom_domains/{id}/trash", sl_domain_trash),
	SL("GET", "/api/notifications", sl_notifications),
	SL("POST", "/api/notifications/{id}", sl_notification),
	SL("POST", "/api/notifications/{id}/read", sl_notification),
	SL("GET", "/api/export/data", sl_export_data),
	SL("GET", "/api/export/aliases", sl_export_aliases),
	SL("GET", "/api/mailboxes", sl_mailboxes),
	SL("GET", "/api/v2/mailboxes", sl_mailboxes),
	SL("POST", "/api/mailboxes", sl_mailbox_add),
	SL("PUT", "/api/mailboxes/{id}", sl_mailbox_change),
	SL("DELETE", "/api/mailboxes/{id}", sl_mailbox_delete),
	SL("GET", "/api/v4/alias/options", sl_options),
	SL("GET", "/api/v5/alias/options", sl_options),
	SL("POST", "/api/alias/random/new", sl_random),
	SL("POST", "/api/v2/alias/custom/new", sl_custom),
	SL("POST", "/api/v3/alias/custom/new", sl_custom),
	SL("GET", "/api/v2/aliases", sl_aliases),
	SL("POST", "/api/v2/aliases", sl_aliases),
	SL("GET", "/api/aliases/{id}", sl_alias),
	SL("PUT", "/api/aliases/{id}", sl_change),
	SL("PATCH", "/api/aliases/{id}", sl_change),
	SL("DELETE", "/api/aliases/{id}", sl_delete),
	SL("POST", "/api/aliases/{id}/toggle", sl_toggle),
	SL("GET", "/api/aliases/{id}/activities", sl_activities),
	SL("GET", "/api/aliases/{id}/contacts", sl_contacts),
	SL("POST", "/api/aliases/{id}/contacts", sl_contact_add),
	SL("DELETE", "/api/contacts/{id}", sl_contact_delete),
	SL("POST", "/api/contacts/{id}/toggle", sl_contact_toggle),
	{ 0 }
};
// clang-format on

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

json_t *sl_date(int64_t utc)
{
	OWN(buf) b = BUF(64);

	date_print_iso(utc, &b);
	if (b.n < 19)
		return json_null();
	return json_sprintf("%.10s %.8s+00:00", b.p, b.p + 11);
}

json_t *sl_mailboxes_of(const json_t *record)
{
	struct str ids = json_member(record, "mailbox_ids"), emails = json_member(record, "mailbox_emails");
	json_t *all = json_array();

	while (ids.n) {
		struct str id = str_cut(&ids, '\n');
		uint64_t n = 0;

		(void)str_u64(id, &n);
		json_array_append_new(all, json_pack("{s:I, s:o}", "id", (json_int_t)n, "email",
		                                     foreign_text(str_cut(&emails, '\n'))));
	}
	return all;
}

static json_t *latest_of(const json_t *r)
{
	if (!foreign_number(r, "latest"))
		return json_null();
	return json_pack("{s:I, s:o, s:{s:o, s:o, s:o}}", "timestamp", foreign_number(r, "latest"), "action",
	                 foreign_text(json_member(r, "latest_action")), "contact", "email",
	                 foreign_text(json_member(r, "latest_email")), "name",
	                 foreign_text_or_null(r, "latest_name"), "reverse_alias",
	                 foreign_text(json_member(r, "latest_reverse")));
}

json_t *sl_alias_of(const json_t *r)
{
	json_t *boxes = sl_mailboxes_of(r), *first = json_array_get(boxes, 0), *o = json_object();

	json_object_set_new(o, "id", json_integer(foreign_number(r, "id")));
	json_object_set_new(o, "email", foreign_text(json_member(r, "email")));
	json_object_set_new(o, "name", foreign_text_or_null(r, "name"));
	json_object_set_new(o, "enabled", json_boolean(foreign_is(r, "enabled")));
	json_object_set_new(o, "note", foreign_text_or_null(r, "note"));
	json_object_set_new(o, "creation_date", sl_date(foreign_number(r, "created")));
	json_object_set_new(o, "creation_timestamp", json_integer(foreign_number(r, "created")));
	json_object_set_new(o, "nb_forward", json_integer(foreign_number(r, "forwarded")));
	json_object_set_new(o, "nb_block", json_integer(foreign_number(r, "blocked")));
	json_object_set_new(o, "nb_reply", json_integer(foreign_number(r, "replied")));
	json_object_set(o, "mailbox", first ? first : json_null());
	json_object_set_new(o, "mailboxes", boxes);
	json_object_set_new(o, "support_pgp", json_false());
	json_object_set_new(o, "disable_pgp", json_false());
	json_object_set_new(o, "pinned", json_boolean(foreign_is(r, "pinned")));
	json_object_set_new(o, "latest_activity", latest_of(r));
	return o;
}

/* ---- their refusals ---------------------------------------------------------------------------------------------- */

/* Codes of core as theirs; an object that is not yours is "Forbidden", not absent. */
void sl_failed(struct exchange *x, int code, struct str why, struct str arg)
{
	static const struct foreign_refusal rows[] = {
		{ FAIL_DENIED, "session", 401, "Wrong api key" },
		{ FAIL_DENIED, "scope", 403, NULL },
		{ FAIL_DENIED, "sudo", 440, "Need sudo" },
		{ FAIL_DENIED, "code", 400, "Wrong TOTP Token" },
		{ FAIL_DENIED, "password", 400, "Email or password incorrect" },
		{ FAIL_AGAIN, "rate", 429, NULL },
		{ FAIL_AGAIN, "signed_suffix", 412, NULL },
		{ FAIL_ABSENT, "id", 403, NULL },
		{ FAIL_EXISTS, "address", 409, NULL },
		{ FAIL_AGAIN, NULL, 503, NULL },
		{ FAIL_SYS, NULL, 500, NULL },
		{ FAIL_BUG, NULL, 500, NULL },
	};

	if (!foreign_refuse_by(x, rows, sizeof(rows) / sizeof(rows[0]), code, why, arg))
		foreign_refuse(x, 400, why);
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

bool sl_ids(struct exchange *x, const json_t *list, struct str *ret)
{
	OWN(buf) b = BUF(1024);
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (!json_is_integer(v))
			return false;
		buf_addf(&b, "%s%lld", i ? "," : "", (long long)json_integer_value(v));
	}
	*ret = arena_str(&x->arena, buf_str(&b));
	return b.n && !b.over;
}

bool sl_page(struct exchange *x, const char *param, uint64_t *ret)
{
	OWN(buf) says = BUF(64);

	if (str_u64(foreign_param(x, param), ret) && *ret <= 100000)
		return true;
	buf_addf(&says, "%s must be provided in request query", param);
	foreign_refuse(x, 400, buf_str(&says));
	return false;
}

bool sl_page_id(struct exchange *x, uint64_t *ret)
{
	return sl_page(x, "page_id", ret);
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

static void on_page(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	json_t *out, *r;
	size_t i;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	json_array_remove(all, 0); /* how many there are */
	out = json_array();
	json_array_foreach(all, i, r) json_array_append_new(out, sl_alias_of(r));
	exchange_json(x, 200, json_pack("{s:o}", "aliases", out));
}

void sl_aliases(struct exchange *x, json_t *body)
{
	struct str query = json_member(body, "query");
	uint64_t n;

	if (!sl_page_id(x, &n))
		return;
	foreign_put_number(&x->args, "offset", (json_int_t)n * SL_PAGE);
	foreign_put_number(&x->args, "limit", SL_PAGE);
	if (query.n)
		foreign_put(&x->args, "query", foreign_line(x, str_first_utf8(query, 100)));
	if (foreign_param(x, "enabled").p || foreign_param(x, "disabled").p)
		foreign_put(&x->args, "state",
		            foreign_param(x, "enabled").p ? STR("enabled") : STR("disabled"));
	if (foreign_param(x, "pinned").p)
		foreign_put(&x->args, "pinned", STR("on"));
	exchange_ask(x, "foreign.page", buf_str(&x->args), on_page);
}

static void on_alias(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	exchange_json(x, 200, sl_alias_of(r));
}

void sl_alias(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.alias", buf_str(&x->args), on_alias);
}

static void on_toggled(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	exchange_json(x, 200, json_pack("{s:O}", "enabled", json_object_get(r, "enabled")));
}

void sl_toggle(struct exchange *x, json_t *body)
{
	foreign_put(&x->args, "act", STR("toggle"));
	exchange_ask(x, "foreign.set", buf_str(&x->args), on_toggled);
}

static void on_changed(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:b}", "ok", 1));
}

/* What an alias relays is encrypted to its mailboxes, whatever a program says. */
static bool may_change(struct exchange *x, const json_t *body)
{
	const char *why = NULL;

	if (!json_object_size(body))
		why = "request body cannot be empty";
	else if (json_is_true(json_object_get(body, "disable_pgp")))
		why = "encryption is not switched off for an alias: it is that of its mailboxes' profiles";
	if (why)
		foreign_refuse(x, 400, str_c(why));
	return !why;
}

void sl_change(struct exchange *x, json_t *body)
{
	const json_t *one = json_object_get(body, "mailbox_id"), *pinned = json_object_get(body, "pinned");
	struct str ids = STR("");
	OWN(buf) z = BUF(32);

	if (!may_change(x, body))
		return;
	if (json_object_get(body, "mailbox_ids") && !sl_ids(x, json_object_get(body, "mailbox_ids"), &ids)) {
		foreign_refuse(x, 400, STR("Must choose at least one mailbox"));
		return;
	}
	if (json_is_integer(one)) {
		buf_addf(&z, "%lld", (long long)json_integer_value(one));
		ids = buf_str(&z);
	}
	foreign_put_line(x, body, "note", "note");
	foreign_put_line(x, body, "name", "name");
	if (json_is_boolean(pinned))
		foreign_put(&x->args, "pinned", json_is_true(pinned) ? STR("on") : STR("off"));
	while (ids.n)
		foreign_put(&x->args, "mailbox_id", str_cut(&ids, ','));
	exchange_ask(x, "foreign.set", buf_str(&x->args), on_changed);
}

json_int_t sl_path_id(const struct exchange *x)
{
	struct str args = buf_str(&x->args), name, id = STR("");
	uint64_t n = 0;

	(void)list_next_pair(&args, &name, &id);
	(void)str_u64(id, &n);
	return n <= INT64_MAX ? (json_int_t)n : 0;
}

void sl_deleted(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:b}", "deleted", 1));
}

void sl_delete(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.delete", buf_str(&x->args), sl_deleted);
}
