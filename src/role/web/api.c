#include "role/web/api.h"

#include "base/log.h"
#include "base/mem.h"
#include "role/web/foreign.h"
#include "role/web/target.h"
#include "role/web/transfer.h"

// clang-format off
const struct route api_routes[] = {
	{ "GET", "/healthz", NULL, NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN | ROUTE_BOTH, local_health },
	{ "GET", "/metrics", NULL, NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN | ROUTE_INSIDE, local_metrics },
	{ "GET", "/v1/server", NULL, NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN, local_server },
	{ "GET", "/v1/routes", NULL, NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN, local_routes },
	{ "POST", "/v1/invitation", "invitation.show", NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN, NULL },
	{ "POST", "/v1/signup", "account.signup", NULL, SHAPE_ONE, NULL, 201, ROUTE_OPEN | ROUTE_RENEWS | ROUTE_SIGNS_IN, NULL },
	{ "POST", "/v1/login", "account.login", NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN | ROUTE_PROVES | ROUTE_SIGNS_IN, NULL },
	{ "POST", "/v1/signup/challenge", "passkey.signup-begin", NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN, NULL },
	{ "POST", "/v1/signup/passkey", "passkey.signup", NULL, SHAPE_ONE, NULL, 201, ROUTE_OPEN | ROUTE_ATTESTS | ROUTE_SIGNS_IN, NULL },
	{ "POST", "/v1/login/challenge", "passkey.login-begin", NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN, NULL },
	{ "POST", "/v1/login/passkey", "passkey.login", NULL, SHAPE_ONE, NULL, 200, ROUTE_OPEN | ROUTE_SIGNS_IN, NULL },
	{ "POST", "/v1/logout", "session.end", NULL, SHAPE_NONE, NULL, 204, ROUTE_SIGNS_OUT, NULL },
	{ "GET", "/v1/session", "session.show", NULL, SHAPE_ONE, NULL, 200, 0, NULL },
	{ "GET", "/v1/sessions", "session.list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "DELETE", "/v1/sessions/{id}", "session.revoke", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "GET", "/v1/account", "account.show", NULL, SHAPE_REST, "days", 200, 0, NULL },
	{ "PATCH", "/v1/account", "account.set", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "DELETE", "/v1/account", "account.delete", NULL, SHAPE_NONE, NULL, 204, ROUTE_PROVES | ROUTE_SIGNS_OUT, NULL },
	{ "PUT", "/v1/password", "account.password", NULL, SHAPE_NONE, NULL, 204, ROUTE_PROVES | ROUTE_RENEWS, NULL },
	{ "DELETE", "/v1/password", "account.password-end", NULL, SHAPE_NONE, NULL, 204, ROUTE_PROVES, NULL },
	{ "POST", "/v1/proof/challenge", "passkey.prove-begin", NULL, SHAPE_REST, "passkeys", 200, 0, NULL },
	{ "POST", "/v1/proof", "passkey.prove", NULL, SHAPE_ONE, NULL, 200, 0, NULL },
	{ "GET", "/v1/passkeys", "passkey.list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/passkeys/challenge", "passkey.add-begin", NULL, SHAPE_REST, "passkeys", 200, ROUTE_PROVES, NULL },
	{ "POST", "/v1/passkeys", "passkey.add", NULL, SHAPE_ONE, NULL, 201, ROUTE_ATTESTS, NULL },
	{ "PATCH", "/v1/passkeys/{id}", "passkey.set", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "DELETE", "/v1/passkeys/{id}", "passkey.delete", NULL, SHAPE_NONE, NULL, 204, ROUTE_PROVES, NULL },
	{ "POST", "/v1/totp", "account.totp-begin", NULL, SHAPE_ONE, NULL, 200, ROUTE_PROVES, NULL },
	{ "PUT", "/v1/totp", "account.totp-confirm", NULL, SHAPE_ONE, NULL, 200, 0, NULL },
	{ "DELETE", "/v1/totp", "account.totp-end", NULL, SHAPE_NONE, NULL, 204, ROUTE_PROVES, NULL },
	{ "POST", "/v1/recovery-codes", "account.recovery", NULL, SHAPE_ONE, NULL, 200, ROUTE_PROVES, NULL },
	{ "GET", "/v1/keys", "key.list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/keys", "key.add", NULL, SHAPE_ONE, NULL, 201, ROUTE_PROVES, NULL },
	{ "DELETE", "/v1/keys/{id}", "key.revoke", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "GET", "/v1/events", "event.list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "GET", "/v1/activity", "account.activity", NULL, SHAPE_LIST, NULL, 200, 0, NULL },

	{ "GET", "/v1/mailboxes", "mailbox.list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/mailboxes", "mailbox.claim", NULL, SHAPE_ONE, NULL, 201, 0, NULL },
	{ "GET", "/v1/mailboxes/{address}", "mailbox.show", NULL, SHAPE_REST, "failures", 200, 0, NULL },
	{ "PATCH", "/v1/mailboxes/{address}", "mailbox.set", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "DELETE", "/v1/mailboxes/{address}", "mailbox.delete", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/mailboxes/{address}/verify", "mailbox.verify", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/mailboxes/{address}/code", "mailbox.code", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/mailboxes/{address}/resume", "mailbox.resume", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/mailboxes/{address}/senders", "mailbox.sender-add", NULL, SHAPE_NONE, NULL, 204, 0, NULL },

	{ "GET", "/v1/mailboxes/{address}/passwords", "mailbox.password-list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/mailboxes/{address}/passwords", "mailbox.password-add", NULL, SHAPE_ONE, NULL, 201, 0, NULL },
	{ "DELETE", "/v1/mailboxes/{address}/passwords/{name}", "mailbox.password-delete", NULL, SHAPE_NONE, NULL, 204, 0, NULL },

	{ "GET", "/v1/profiles", "profile.mine", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/profiles", "profile.begin", NULL, SHAPE_ONE, NULL, 201, 0, NULL },
	{ "PUT", "/v1/profiles/{profile}/chain", "profile.finish", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/profiles/{profile}/activate", "profile.activate", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/profiles/{profile}/deactivate", "profile.deactivate", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/profiles/{profile}/test", "profile.test", NULL, SHAPE_ONE, NULL, 200, 0, NULL },
	{ "GET", "/v1/profiles/{profile}/test", "profile.tested", NULL, SHAPE_ONE, NULL, 200, 0, NULL },
	{ "DELETE", "/v1/profiles/{profile}", "profile.delete", NULL, SHAPE_NONE, NULL, 204, 0, NULL },

	{ "GET", "/v1/aliases", "alias.page", NULL, SHAPE_REST, "aliases", 200, 0, NULL },
	{ "POST", "/v1/aliases", "alias.add", NULL, SHAPE_ONE, NULL, 201, 0, NULL },
	{ "POST", "/v1/aliases/bulk", "alias.bulk", NULL, SHAPE_REST, "aliases", 200, 0, NULL },
	{ "GET", "/v1/aliases/export", NULL, NULL, SHAPE_ONE, NULL, 200, 0, export_aliases },
	{ "POST", "/v1/aliases/import", NULL, NULL, SHAPE_ONE, NULL, 200, 0, import_aliases },
	{ "GET", "/v1/aliases/{address}", "alias.show", NULL, SHAPE_REST, "days", 200, 0, NULL },
	{ "PATCH", "/v1/aliases/{address}", "alias.set", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "DELETE", "/v1/aliases/{address}", "alias.delete", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "GET", "/v1/aliases/{address}/correspondents", "correspondent.list", "alias", SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/aliases/{address}/correspondents", "correspondent.add", "alias", SHAPE_ONE, NULL, 201, 0, NULL },
	{ "GET", "/v1/aliases/{address}/blocked", "correspondent.blocked", "alias", SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/aliases/{address}/block", "correspondent.block", "target", SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/aliases/{address}/unblock", "correspondent.unblock", "target", SHAPE_NONE, NULL, 204, 0, NULL },
	{ "PATCH", "/v1/correspondents/{reverse}", "correspondent.set", NULL, SHAPE_NONE, NULL, 204, 0, NULL },

	{ "GET", "/v1/domains", "domain.list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "POST", "/v1/domains", "domain.add", NULL, SHAPE_ONE, NULL, 201, 0, NULL },
	{ "GET", "/v1/domains/{domain}", "domain.show", NULL, SHAPE_ONE, NULL, 200, 0, NULL },
	{ "PATCH", "/v1/domains/{domain}", "domain.set", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "POST", "/v1/domains/{domain}/check", "domain.check", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "DELETE", "/v1/domains/{domain}", "domain.delete", NULL, SHAPE_NONE, NULL, 204, 0, NULL },

	{ "GET", "/v1/replies", "reply.list", NULL, SHAPE_LIST, NULL, 200, 0, NULL },
	{ "GET", "/v1/replies/{id}", "reply.show", NULL, SHAPE_ONE, NULL, 200, 0, NULL },
	{ "POST", "/v1/replies/{id}/release", "reply.release", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ "DELETE", "/v1/replies/{id}", "reply.delete", NULL, SHAPE_NONE, NULL, 204, 0, NULL },
	{ 0 }
};
// clang-format on

const struct route *const api_tables[API_TABLES] = { api_routes, sl_routes, addy_routes };

/* ---- who asks ---------------------------------------------------------------------------------------------------- */

/* The one signs in; the other says that somebody has signed in with this browser before (core's trier.h). */
enum cookie { COOKIE_SESSION, COOKIE_DEVICE };
enum { DEVICE_CHARS = 64, DEVICE_S = 180 * 86400 };

static const char *cookie_name(const struct web *w, enum cookie which)
{
	/* The prefix makes the browser see to it that nobody else can set it; it wants https. */
	static const char *const names[][2] = { [COOKIE_SESSION] = { "postern", "__Host-postern" },
		                                [COOKIE_DEVICE] = { "postern-device",
		                                                    "__Host-postern-device" } };

	return names[which][w->https];
}

static struct str cookie_of(const struct exchange *x, enum cookie which)
{
	struct str all = exchange_header(x, "Cookie");

	while (all.p) {
		struct str value = str_trim(str_cut(&all, ';')), name = str_cut(&value, '=');

		if (value.p && str_eq(name, str_c(cookie_name(x->web, which))))
			return value;
	}
	return STR("");
}

static void find_token(struct exchange *x)
{
	struct str bearer = exchange_header(x, "Authorization"), key = exchange_header(x, "Authentication"),
	           token;

	if (str_starts_nocase(bearer, STR("Bearer ")))
		token = str_trim(str_from(bearer, 7));
	else if (key.n)
		token = key;
	else {
		token = cookie_of(x, COOKIE_SESSION);
		x->by_cookie = true;
	}
	x->token = arena_str(&x->arena, str_first(token, 128));
	x->by_cookie = x->by_cookie && x->token.n;
}

static bool is_safe(struct str method)
{
	return str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")) || str_eq(method, STR("OPTIONS"));
}

/* A page of another origin can make a browser send the cookie; it can neither add a field of its own to that request nor
 * lie about its origin. */
static bool is_ours(const struct exchange *x)
{
	return str_eq(exchange_header(x, "X-Postern"), STR("1")) &&
	       str_eq(exchange_header(x, "Origin"), x->web->start->conf.web_origin);
}

static void set_cookie(struct exchange *x, enum cookie which, struct str value, long max_age)
{
	buf_addf(which == COOKIE_DEVICE ? &x->device : &x->cookie,
	         "%s=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%ld%s", cookie_name(x->web, which),
	         STR_ARG(value), max_age, x->web->https ? "; Secure" : "");
}

struct str api_device(const struct exchange *x)
{
	struct str d = cookie_of(x, COOKIE_DEVICE);

	for (size_t i = 0; i < d.n; i++)
		if (!((d.p[i] >= 'a' && d.p[i] <= 'z') || (d.p[i] >= '2' && d.p[i] <= '7')))
			return STR("");
	return d.n == DEVICE_CHARS ? d : STR(""); /* no device's: whoever has it is not known, that is all */
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

enum { COOKIE_S = 90 * 86400 };

static json_t *without_token(json_t *o)
{
	json_object_del(o, "token");
	json_object_del(o, "device");
	return o;
}

void api_answered(struct exchange *x, int code, struct str why, struct str arg)
{
	const struct route *r = x->route;

	if (code < 0) {
		exchange_fail(x, code, why, arg);
		return;
	}
	if (r->flags & ROUTE_SIGNS_IN) {
		set_cookie(x, COOKIE_SESSION, json_field(buf_str(&x->records), "token"), COOKIE_S);
		set_cookie(x, COOKIE_DEVICE, json_field(buf_str(&x->records), "device"), DEVICE_S);
	}
	if (r->flags & ROUTE_SIGNS_OUT)
		set_cookie(x, COOKIE_SESSION, STR(""), 0);
	if (r->shape == SHAPE_NONE) {
		x->status = r->status;
		exchange_done(x);
		return;
	}
	exchange_json(x, r->status,
	              without_token(json_records(buf_str(&x->records), r->rest, r->shape == SHAPE_ONE)));
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static bool add_params(struct exchange *x)
{
	struct str query = x->query;
	struct target_var p;
	bool bad;

	while (target_param(&query, &x->arena, &p, &bad)) {
		list_add(&x->args, p.name);
		list_add(&x->args, p.value);
	}
	return !bad;
}

static void ask_core(struct exchange *x, json_t *body)
{
	struct fail f = { 0 };
	const char *arg = "";
	int r = json_args(body, &x->args, &arg, &f);

	if (r == OK && !add_params(x))
		r = fail(&f, FAIL_SYNTAX, "the query is badly encoded");
	if (r == OK && x->route->flags & ROUTE_ATTESTS) {
		arg = "passkey";
		r = passkey_args(json_member(body, "attestation"), &x->args, &f);
	}
	if (r < 0) {
		exchange_fail(x, r, str_c(f.why), str_c(arg));
		return;
	}
	if (x->route->flags & ROUTE_SIGNS_IN && api_device(x).n) {
		list_add(&x->args, STR("device"));
		list_add(&x->args, api_device(x));
	}
	x->password = arena_str(&x->arena, json_member(body, "password"));
	x->new_password = arena_str(&x->arena, json_member(body, "new_password"));
	if (x->route->flags & (ROUTE_PROVES | ROUTE_RENEWS))
		password_then_ask(x);
	else
		exchange_ask(x, x->route->verb, buf_str(&x->args), api_answered);
}

static void run(struct exchange *x)
{
	OWNP(json_t) body = NULL;
	struct fail f = { 0 };
	struct str type = exchange_header(x, "Content-Type");

	if (x->body.n && !str_starts_nocase(type, STR("application/json"))) {
		exchange_error(x, 400, "syntax", "a body is to be application/json", "");
		return;
	}
	if (json_body(buf_str(&x->body), &body, &f) < 0) {
		exchange_error(x, 400, "syntax", f.why, "");
		return;
	}
	if (x->route->run)
		x->route->run(x, body);
	else
		ask_core(x, body);
}

/* NULL: none; then *ret_other: the path is known, with another method. */
static const struct route *route_in(const struct route *r, struct exchange *x, bool *ret_other)
{
	struct target_var v[TARGET_VARS];
	size_t n;

	for (; r->method; r++) {
		if (!target_fits(r->pattern, x->path, &x->arena, v, &n))
			continue;
		*ret_other = true;
		if (!str_eq(x->method, str_c(r->method)))
			continue;
		for (size_t i = 0; i < n; i++) {
			list_add(&x->args, r->var ? str_c(r->var) : v[i].name);
			list_add(&x->args, v[i].value);
		}
		return r;
	}
	return NULL;
}

static void nothing(struct exchange *x)
{
	exchange_error(x, 404, "absent", "there is nothing of this name", "");
}

static const struct route *route_of(struct exchange *x, bool *ret_other)
{
	const struct route *r = NULL;

	*ret_other = false;
	for (size_t i = 0; !r && i < API_TABLES; i++)
		r = route_in(api_tables[i], x, ret_other);
	return r;
}

static void serve_file(struct exchange *x)
{
	x->file = is_safe(x->method) ? ui_find(&x->web->ui, x->path) : NULL;
	if (!x->file) {
		nothing(x);
		return;
	}
	x->status = 200;
	x->type = x->file->type;
	exchange_done(x);
}

static bool is_of_api(struct str path)
{
	return str_starts(path, STR("/v1/")) || str_starts(path, STR("/api/"));
}

/* What is not for this listener is not there. */
static bool is_here(const struct exchange *x)
{
	unsigned flags = x->route ? x->route->flags : 0;

	return flags & ROUTE_BOTH || x->inside == !!(flags & ROUTE_INSIDE);
}

void api_start(struct exchange *x)
{
	bool other;

	x->route = route_of(x, &other);
	if (!is_here(x)) {
		nothing(x);
		return;
	}
	find_token(x);
	if (x->cors && foreign_start(x, other))
		return;
	if (!x->route && (other || is_of_api(x->path))) {
		exchange_error(x, other ? 405 : 404, "absent",
		               other ? "this is asked with another method" : "there is nothing of this name",
		               "");
		return;
	}
	if (!x->route) {
		serve_file(x);
		return;
	}
	if (!is_safe(x->method) && !x->cors && (x->by_cookie || x->route->flags & ROUTE_OPEN) &&
	    !is_ours(x)) {
		exchange_error(x, 403, "denied", "this is asked from another site than this server's own",
		               "origin");
		return;
	}
	if (!(x->route->flags & ROUTE_OPEN) && !x->token.n) {
		exchange_error(x, 401, "denied", x->cors ? foreign_nobody(x) : "nobody has signed in",
		               "session");
		return;
	}
	run(x);
}
