/* addy.c - addy.io's API as programs speak it: routes, shapes, refusals. */
#include "role/web/addy.h"

#include "wire/date.h"

// clang-format off
#define ADDY(method, pattern, status, run) { method, pattern, NULL, NULL, SHAPE_ONE, NULL, status, ROUTE_CORS, run }

const struct route addy_routes[] = {
	ADDY("POST", "/api/auth/logout", 204, addy_logout), /* signing in: simplelogin.c */
	{ "POST", "/api/auth/delete-account", "foreign.end", NULL, SHAPE_ONE, NULL, 204, ROUTE_CORS | ROUTE_PROVES, addy_delete_account },
	ADDY("GET", "/api/v1/api-token-details", 200, addy_token),
	ADDY("GET", "/api/v1/account-details", 200, addy_account),
	ADDY("GET", "/api/v1/domain-options", 200, addy_domain_options),
	ADDY("GET", "/api/v1/domains", 200, addy_domains),
	ADDY("POST", "/api/v1/domains", 201, addy_domain_add),
	ADDY("GET", "/api/v1/domains/{id}", 200, addy_domain),
	ADDY("PATCH", "/api/v1/domains/{id}", 200, addy_domain_change),
	ADDY("DELETE", "/api/v1/domains/{id}", 204, addy_domain_delete),
	ADDY("PATCH", "/api/v1/domains/{id}/default-recipient", 200, addy_domain_recipient),
	ADDY("POST", "/api/v1/active-domains", 200, addy_domain_active),
	ADDY("DELETE", "/api/v1/active-domains/{id}", 204, addy_domain_active),
	ADDY("POST", "/api/v1/catch-all-domains", 200, addy_domain_catch_all),
	ADDY("DELETE", "/api/v1/catch-all-domains/{id}", 204, addy_domain_catch_all),
	ADDY("GET", "/api/v1/recipients", 200, addy_recipients),
	ADDY("GET", "/api/v1/aliases", 200, addy_aliases),
	ADDY("POST", "/api/v1/aliases", 201, addy_create),
	ADDY("GET", "/api/v1/aliases/{id}", 200, addy_alias),
	ADDY("PATCH", "/api/v1/aliases/{id}", 200, addy_change),
	ADDY("DELETE", "/api/v1/aliases/{id}", 204, addy_trash),
	ADDY("PATCH", "/api/v1/aliases/{id}/restore", 200, addy_restore),
	ADDY("DELETE", "/api/v1/aliases/{id}/forget", 204, addy_forget),
	ADDY("POST", "/api/v1/active-aliases", 200, addy_on),
	ADDY("DELETE", "/api/v1/active-aliases/{id}", 204, addy_off),
	ADDY("POST", "/api/v1/pinned-aliases", 200, addy_pin),
	ADDY("DELETE", "/api/v1/pinned-aliases/{id}", 204, addy_unpin),
	ADDY("POST", "/api/v1/alias-recipients", 200, addy_alias_recipients),
	ADDY("POST", "/api/v1/aliases/get/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/activate/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/deactivate/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/pin/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/unpin/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/delete/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/restore/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/forget/bulk", 200, addy_bulk),
	ADDY("POST", "/api/v1/aliases/recipients/bulk", 200, addy_bulk),
	ADDY("GET", "/api/v1/app-version", 200, addy_version),
	ADDY("POST", "/api/v1/recipients", 201, addy_recipient_add),
	ADDY("GET", "/api/v1/recipients/{id}", 200, addy_recipient),
	ADDY("DELETE", "/api/v1/recipients/{id}", 204, addy_recipient_delete),
	ADDY("PATCH", "/api/v1/recipient-keys/{id}", 200, addy_key),
	ADDY("DELETE", "/api/v1/recipient-keys/{id}", 204, addy_toggle),
	ADDY("POST", "/api/v1/encrypted-recipients", 200, addy_toggle),
	ADDY("DELETE", "/api/v1/encrypted-recipients/{id}", 204, addy_toggle),
	ADDY("POST", "/api/v1/inline-encrypted-recipients", 200, addy_toggle),
	ADDY("DELETE", "/api/v1/inline-encrypted-recipients/{id}", 204, addy_toggle),
	ADDY("POST", "/api/v1/protected-headers-recipients", 200, addy_toggle),
	ADDY("DELETE", "/api/v1/protected-headers-recipients/{id}", 204, addy_toggle),
	ADDY("POST", "/api/v1/remove-pgp-keys-recipients", 200, addy_toggle),
	ADDY("DELETE", "/api/v1/remove-pgp-keys-recipients/{id}", 204, addy_toggle),
	ADDY("POST", "/api/v1/remove-pgp-signatures-recipients", 200, addy_toggle),
	ADDY("DELETE", "/api/v1/remove-pgp-signatures-recipients/{id}", 204, addy_toggle),
	ADDY("POST", "/api/v1/allowed-recipients", 200, addy_toggle),
	ADDY("DELETE", "/api/v1/allowed-recipients/{id}", 204, addy_toggle),
	ADDY("GET", "/api/v1/chart-data", 200, addy_chart),
	ADDY("GET", "/api/v1/failed-deliveries", 200, addy_failures),
	ADDY("GET", "/api/v1/failed-deliveries/{id}", 200, addy_failure),
	ADDY("DELETE", "/api/v1/failed-deliveries/{id}", 204, addy_failure),
	ADDY("GET", "/api/v1/failed-deliveries/{id}/download", 200, addy_failure),
	ADDY("POST", "/api/v1/failed-deliveries/{id}/resend", 204, addy_failure),
	ADDY("GET", "/api/v1/usernames", 200, addy_usernames),
	ADDY("POST", "/api/v1/usernames", 201, addy_absent),
	ADDY("GET", "/api/v1/usernames/{id}", 200, addy_username),
	ADDY("PATCH", "/api/v1/usernames/{id}", 200, addy_username),
	ADDY("DELETE", "/api/v1/usernames/{id}", 204, addy_username),
	ADDY("PATCH", "/api/v1/usernames/{id}/default-recipient", 200, addy_username),
	ADDY("POST", "/api/v1/active-usernames", 200, addy_username),
	ADDY("DELETE", "/api/v1/active-usernames/{id}", 204, addy_username),
	ADDY("POST", "/api/v1/catch-all-usernames", 200, addy_username),
	ADDY("DELETE", "/api/v1/catch-all-usernames/{id}", 204, addy_username),
	ADDY("POST", "/api/v1/loginable-usernames", 200, addy_username),
	ADDY("DELETE", "/api/v1/loginable-usernames/{id}", 204, addy_username),
	ADDY("GET", "/api/v1/rules", 200, addy_none),
	ADDY("POST", "/api/v1/rules", 201, addy_absent),
	ADDY("GET", "/api/v1/rules/{id}", 200, addy_absent),
	ADDY("PATCH", "/api/v1/rules/{id}", 200, addy_absent),
	ADDY("DELETE", "/api/v1/rules/{id}", 200, addy_absent),
	ADDY("POST", "/api/v1/reorder-rules", 200, addy_absent),
	ADDY("POST", "/api/v1/active-rules", 200, addy_absent),
	ADDY("DELETE", "/api/v1/active-rules/{id}", 204, addy_absent),
	ADDY("GET", "/api/v1/blocklist", 200, addy_none),
	ADDY("POST", "/api/v1/blocklist", 201, addy_absent),
	ADDY("DELETE", "/api/v1/blocklist/{id}", 204, addy_absent),
	ADDY("POST", "/api/v1/blocklist/store/bulk", 201, addy_absent),
	ADDY("POST", "/api/v1/blocklist/delete/bulk", 200, addy_absent),
	{ 0 }
};
// clang-format on

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

json_t *addy_time(json_int_t utc)
{
	OWN(buf) b = BUF(64);

	date_print_iso(utc, &b);
	return utc && b.n >= 19 ? json_sprintf("%.10s %.8s", b.p, b.p + 11) : json_null();
}

json_t *addy_id(enum addy_kind kind, json_int_t n)
{
	OWN(buf) b = BUF(64);

	if (!n)
		return json_null();
	addy_id_print(kind, (uint64_t)n, &b);
	return foreign_text(buf_str(&b));
}

static uint64_t next_number(struct str *lines)
{
	uint64_t n = 0;

	(void)str_u64(str_cut(lines, '\n'), &n);
	return n;
}

/* Encryption is S/MIME, so that there is no PGP key; of every answer, keys and signatures are taken out (policy/scrub.h). */
json_t *addy_recipient_of(const struct addy_box *b)
{
	json_t *o = json_object();

	json_object_set_new(o, "id", addy_id(ADDY_RECIPIENT, b->id));
	json_object_set_new(o, "user_id", addy_id(ADDY_USER, b->user));
	json_object_set_new(o, "email", foreign_text(b->email));
	json_object_set_new(o, "can_reply_send", json_true());
	json_object_set_new(o, "should_encrypt", json_boolean(b->sealed));
	json_object_set_new(o, "inline_encryption", json_false());
	json_object_set_new(o, "protected_headers", json_boolean(b->hidden));
	json_object_set_new(o, "remove_pgp_keys", json_true());
	json_object_set_new(o, "remove_pgp_signatures", json_true());
	json_object_set_new(o, "fingerprint", json_null());
	json_object_set_new(o, "email_verified_at", b->verified ? addy_time(b->created) : json_null());
	json_object_set_new(o, "aliases", json_array());
	json_object_set_new(o, "created_at", addy_time(b->created));
	json_object_set_new(o, "updated_at", addy_time(b->created));
	return o;
}

json_t *addy_recipients_of(const json_t *r)
{
	struct str ids = json_member(r, "mailbox_ids"), emails = json_member(r, "mailbox_emails"),
	           since = json_member(r, "mailbox_created"), sealed = json_member(r, "mailbox_sealed"),
	           hidden = json_member(r, "mailbox_hidden");
	json_t *all = json_array();

	while (ids.n) {
		struct addy_box b = { .user = foreign_number(r, "user"), .verified = true };

		b.id = (json_int_t)next_number(&ids);
		b.email = str_cut(&emails, '\n');
		b.created = (json_int_t)next_number(&since);
		b.sealed = next_number(&sealed);
		b.hidden = next_number(&hidden);
		json_array_append_new(all, addy_recipient_of(&b));
	}
	return all;
}

static void set_counts(json_t *o, const json_t *r)
{
	/* older than what is kept: when it was used last, where that can only have been by mail that came */
	json_int_t in = foreign_number(r, "last_in"),
	           used = foreign_number(r, "replied") ? 0 : foreign_number(r, "last_used");

	json_object_set_new(o, "emails_forwarded", json_integer(foreign_number(r, "forwarded")));
	json_object_set_new(o, "emails_blocked", json_integer(foreign_number(r, "blocked")));
	json_object_set_new(o, "emails_replied", json_integer(foreign_number(r, "replied")));
	json_object_set_new(o, "emails_sent", json_integer(0)); /* what was begun here is among the replies */
	json_object_set_new(o, "recipients", addy_recipients_of(r));
	json_object_set_new(o, "last_forwarded", addy_time(in ? in : used));
	json_object_set_new(o, "last_blocked", addy_time(foreign_number(r, "last_blocked")));
	json_object_set_new(o, "last_replied", addy_time(foreign_number(r, "last_out")));
	json_object_set_new(o, "last_sent", json_null());
	json_object_set_new(o, "created_at", addy_time(foreign_number(r, "created")));
	json_object_set_new(o, "updated_at", addy_time(foreign_number(r, "created")));
	json_object_set_new(o, "deleted_at", addy_time(foreign_number(r, "trashed")));
}

json_t *addy_alias_of(const json_t *r)
{
	struct str email = json_member(r, "email");
	size_t at = str_rchr(email, '@');
	json_int_t domain = foreign_number(r, "domain_id");
	json_t *o = json_object();

	json_object_set_new(o, "id", addy_id(ADDY_ALIAS, foreign_number(r, "id")));
	json_object_set_new(o, "user_id", addy_id(ADDY_USER, foreign_number(r, "user")));
	json_object_set_new(o, "aliasable_id", addy_id(ADDY_DOMAIN, domain));
	json_object_set_new(o, "aliasable_type", domain ? json_string("App\\Models\\Domain") : json_null());
	json_object_set_new(o, "local_part", foreign_text(str_first(email, at)));
	json_object_set_new(o, "extension", json_null());
	json_object_set_new(o, "domain", foreign_text(at < email.n ? str_from(email, at + 1) : STR("")));
	json_object_set_new(o, "email", foreign_text(email));
	json_object_set_new(o, "active", json_boolean(foreign_is(r, "enabled")));
	json_object_set_new(o, "pinned", json_boolean(foreign_is(r, "pinned")));
	json_object_set_new(o, "description", foreign_text_or_null(r, "note"));
	json_object_set_new(o, "from_name", foreign_text_or_null(r, "name"));
	json_object_set_new(o, "attached_recipients_only", json_false());
	set_counts(o, r);
	return o;
}

void addy_told(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	if (x->route->status == 204)
		foreign_empty(x);
	else
		exchange_json(x, x->route->status, json_pack("{s:o}", "data", addy_alias_of(r)));
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

void addy_invalid(struct exchange *x, const char *field, struct str why)
{
	buf_clear(&x->reply);
	exchange_json(x, 422,
	              json_pack("{s:o, s:{s:[o]}}", "message", foreign_text(why), "errors", field,
	                        foreign_text(why)));
}

static const char *field_of(struct str arg)
{
	static const struct {
		const char *arg, *field;
	} rows[] = {
		{ "address", "local_part" },       { "label", "description" },     { "note", "description" },
		{ "name", "from_name" },           { "mailbox", "recipient_ids" }, { "domain", "domain" },
		{ "mailbox_id", "recipient_ids" }, { "query", "filter.search" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(arg, str_c(rows[i].arg)))
			return rows[i].field;
	return "id";
}

void addy_failed(struct exchange *x, int code, struct str why, struct str arg)
{
	static const struct foreign_refusal rows[] = {
		{ FAIL_DENIED, "session", 401, "Unauthenticated." },
		{ FAIL_DENIED, "password", 401, "The provided credentials are incorrect" },
		{ FAIL_DENIED, "code", 401, "The 'One Time Password' typed was wrong" },
		{ FAIL_DENIED, "mfa_key", 401, NULL },
		{ FAIL_DENIED, "scope", 403, NULL },
		{ FAIL_DENIED, "trashed", 422, NULL },
		{ FAIL_ABSENT, "id", 404, "Not Found" },
		{ FAIL_AGAIN, "rate", 429, "Too Many Attempts." },
		{ FAIL_AGAIN, NULL, 503, NULL },
		{ FAIL_SYS, NULL, 500, NULL },
		{ FAIL_BUG, NULL, 500, NULL },
	};

	if (!foreign_refuse_by(x, rows, sizeof(rows) / sizeof(rows[0]), code, why, arg))
		addy_invalid(x, field_of(arg), code == FAIL_EXISTS ? STR("That alias already exists.") : why);
}

/* ---- ids --------------------------------------------------------------------------------------------------------- */

bool addy_put_id(struct exchange *x, struct str id, enum addy_kind kind, const char *arg)
{
	uint64_t n;

	if (!addy_id_read(id, kind, &n))
		return false;
	foreign_put_number(&x->args, arg, (json_int_t)n);
	return true;
}

bool addy_path_id(struct exchange *x, enum addy_kind kind)
{
	struct str args = buf_str(&x->args), name, id = STR("");

	(void)list_next_pair(&args, &name, &id);
	id = arena_str(&x->arena, id);
	buf_clear(&x->args);
	if (addy_put_id(x, id, kind, "id"))
		return true;
	foreign_refuse(x, 404, STR("Not Found"));
	return false;
}

json_int_t addy_asked_id(const struct exchange *x)
{
	struct str args = buf_str(&x->args), name, id = STR("");
	uint64_t n = 0;

	(void)list_next_pair(&args, &name, &id);
	(void)str_u64(id, &n);
	return (json_int_t)n;
}

bool addy_named(struct exchange *x, const json_t *body, const char *member, enum addy_kind kind)
{
	struct str id = json_member(body, member);

	if (!id.n)
		addy_invalid(x, member, STR("The id field is required."));
	else if (addy_put_id(x, id, kind, "id"))
		return true;
	else
		foreign_refuse(x, 404, STR("Not Found"));
	return false;
}

bool addy_asked(struct exchange *x, const json_t *body, enum addy_kind kind)
{
	return str_eq(x->method, STR("POST")) ? addy_named(x, body, "id", kind) : addy_path_id(x, kind);
}

bool addy_put_recipients(struct exchange *x, const json_t *list)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		struct str id = json_is_string(v) ? str_c(json_string_value(v)) : STR("");

		if (i < 10 && addy_put_id(x, id, ADDY_RECIPIENT, "mailbox_id"))
			continue;
		addy_invalid(x, "recipient_ids", STR("The selected recipient ids is invalid."));
		return false;
	}
	return true;
}
