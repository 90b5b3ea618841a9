/* route.c - where outgoing mail goes: the lines of [routes] and the sections [route NAME]. */
#include "conf/key.h"

#include "sys/sock.h"

enum { SHOWN_MAX = 60, FIELD_MAX = 255 };

#define SHOWN(v) STR_ARG(str_first((v), SHOWN_MAX))
#define AT(field) offsetof(struct conf_route, field)
#define CORE (1u << ROLE_CORE)
#define GATE (1u << ROLE_GATE)

// clang-format off
const struct conf_key conf_route_keys[] = {
	{ "route", "to", CONF_TARGET, AT(to), NULL, 1, FIELD_MAX, NULL, CORE | GATE,
	  "The server, as in [routes]; say it here or there." },
	{ "route", "port", CONF_COUNT, AT(port), "25", 1, 65535, NULL, GATE, "Port for mx, and for a name without one." },
	{ "route", "tls", CONF_WORD, AT(tls), "may", 0, 0, "none|may|encrypt|verify", GATE,
	  "none: never. may: where it is offered. encrypt: or nothing is sent. verify: and the certificate must be valid for "
	  "the server's name." },
	{ "route", "tls_name", CONF_HOST, AT(tls_name), NULL, 0, 253, NULL, GATE,
	  "With verify: the name that the certificate must have, instead of the server's." },
	{ "route", "tls_ca", CONF_PATH, AT(tls_ca), NULL, 0, 4096, NULL, 0,
	  "With verify: PEM file of the authorities to trust. Default: the system's." },
	{ "route", "tls_certificate", CONF_PATH, AT(tls_certificate), NULL, 0, 4096, NULL, 0,
	  "Client certificate that the server asks for, PEM. With tls_key." },
	{ "route", "tls_key", CONF_PATH, AT(tls_key), NULL, 0, 4096, NULL, 0, "Its private key, PEM." },
	{ "route", "user", CONF_TEXT, AT(user), NULL, 0, FIELD_MAX, NULL, GATE, "Log in to the server as this user." },
	{ "route", "password_file", CONF_PATH, AT(password_file), NULL, 0, 4096, NULL, 0,
	  "File whose one line is the password, mode 0400." },
	{ "route", "auth_in_clear", CONF_BOOL, AT(auth_in_clear), "no", 0, 0, NULL, GATE,
	  "Send the password also where there is no TLS. Towards this machine that is always allowed." },
	{ "route", "connections", CONF_COUNT, AT(connections), "0", 0, 1000, NULL, GATE,
	  "Connections at once to one destination. 0: delivery.connections." },
	{ "route", "pace", CONF_DURATION, AT(pace_s), "0s", 0, 3600, NULL, GATE,
	  "Least time between two messages to one destination." },
	{ "route", "local", CONF_BOOL, AT(local), "no", 0, 0, NULL, GATE,
	  "With mx: servers on this machine and on loopback addresses are accepted. For tests." },
	{ 0 }
};
// clang-format on

enum { KEY_TO = 0 };

/* ---- targets ----------------------------------------------------------------------------------------------------- */

int conf_target(struct str to, struct conf_target *ret, struct fail *f)
{
	struct endpoint e;
	struct str host = to, port = STR_NONE;
	size_t colon = str_rchr(to, ':');
	uint64_t n = 0;

	*ret = (struct conf_target){ .kind = CONF_TARGET_MX };
	if (str_eq(to, STR("mx")))
		return OK;
	ret->kind = CONF_TARGET_ENDPOINT;
	if (endpoint_parse(to, &e, NULL) == OK)
		return OK;
	if (colon < to.n) {
		host = str_first(to, colon);
		port = str_from(to, colon + 1);
	}
	if ((colon < to.n && (!str_u64(port, &n) || n < 1 || n > 65535)) || str_starts(to, STR("unix:")) ||
	    conf_check_domain("", STR(""), host, NULL) < 0)
		return fail(f, FAIL_SYNTAX,
		            "wanted ADDRESS:PORT, [ADDRESS]:PORT, unix:PATH, smtp.example:587 or mx");
	*ret = (struct conf_target){ CONF_TARGET_HOST, host, (uint32_t)n };
	return OK;
}

bool conf_needs_dns(const struct conf *c)
{
	struct conf_target t;

	for (size_t i = 0; i < c->n_routes; i++)
		if (conf_target(c->routes[i].to, &t, NULL) == OK && t.kind != CONF_TARGET_ENDPOINT)
			return true;
	return false;
}

static void add_resolver(struct conf *c, struct str value, struct arena *a)
{
	/* scoped addresses (fe80::1%eth0) and whatever else we cannot ask are left out */
	if (c->n_resolvers < CONF_RESOLVERS_MAX)
		(void)!conf_apply(c, STR("dns.resolver"), value, a, NULL);
}

/* resolv.conf(5) */
void conf_resolvers_of(struct conf *c, struct str resolv_conf, struct arena *a)
{
	if (c->n_resolvers)
		return;
	while (resolv_conf.p) {
		struct str line = str_trim(str_cut(&resolv_conf, '\n'));
		struct str word = str_first(line, strlen("nameserver"));

		if (str_eq(word, STR("nameserver")) && line.n > word.n &&
		    (line.p[word.n] == ' ' || line.p[word.n] == '\t'))
			add_resolver(c, str_trim(str_from(line, word.n)), a);
	}
	if (!c->n_resolvers)
		add_resolver(c, STR("127.0.0.1"), a);
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

const struct conf_route *conf_route_named(const struct conf *c, struct str name)
{
	for (size_t i = 0; i < c->n_routes; i++)
		if (str_eq_nocase(c->routes[i].name, name))
			return &c->routes[i];
	return NULL;
}

const struct conf_route *conf_route_of(const struct conf *c, struct str domain)
{
	const struct conf_route *own = conf_route_named(c, domain);

	return own ? own : conf_route_named(c, STR("default"));
}

struct str conf_route(const struct conf *c, struct str domain)
{
	const struct conf_route *r = conf_route_of(c, domain);

	return r ? r->to : STR("");
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct str conf_route_section(struct str section)
{
	return str_starts(section, STR("route ")) ? str_trim(str_from(section, 6)) : STR_NONE;
}

static void *field(struct conf_route *r, const struct conf_key *k)
{
	return (char *)r + k->offset;
}

static int add_route(struct conf *c, struct str name, struct arena *a, struct conf_route **ret,
                     struct fail *f)
{
	struct conf_route *r = &c->routes[c->n_routes];

	if (!str_eq(name, STR("default")))
		TRY(conf_check_domain("routes", name, name, f));
	if (c->n_routes == CONF_ROUTES_MAX)
		return fail(f, FAIL_SYNTAX, "routes: more than %d", CONF_ROUTES_MAX);
	*r = (struct conf_route){ .name = conf_lower(name, a) };
	for (const struct conf_key *k = conf_route_keys; k->section; k++)
		if (k->otherwise)
			TRY(conf_value_set(k, field(r, k), str_c(k->otherwise), a, f));
	c->n_routes++;
	*ret = r;
	return OK;
}

int conf_route_set(struct conf *c, struct str route, struct str key, struct str value, struct arena *a,
                   struct fail *f)
{
	const struct conf_key *k = conf_route_keys;
	struct conf_route *r = NULL;
	struct fail why = { 0 };
	uint32_t bit;

	while (k->section && !str_eq(key, str_c(k->name)))
		k++;
	if (!k->section)
		return fail(f, FAIL_SYNTAX,
		            "[route %.*s] %.*s: there is no such key: see the commented file that `postern "
		            "init` writes",
		            SHOWN(route), SHOWN(key));
	for (size_t i = 0; i < c->n_routes; i++)
		if (str_eq_nocase(route, c->routes[i].name))
			r = &c->routes[i];
	if (!r)
		TRY(add_route(c, route, a, &r, f));
	bit = 1u << (k - conf_route_keys);
	if (r->given & bit & 1u << KEY_TO)
		return fail(f, FAIL_SYNTAX, "routes.%.*s: is set already: delete one of the two",
		            SHOWN(route));
	if (r->given & bit)
		return fail(f, FAIL_SYNTAX, "[route %.*s] %s: is set already: delete one of the two",
		            SHOWN(route), k->name);
	if (conf_value_set(k, field(r, k), value, a, &why) < 0 && k == &conf_route_keys[KEY_TO])
		return fail(f, FAIL_SYNTAX, "routes.%.*s: %.*s: %s", SHOWN(route), SHOWN(value), why.why);
	if (why.code)
		return fail(f, FAIL_SYNTAX, "[route %.*s] %s", SHOWN(route),
		            why.why + (str_starts(str_c(why.why), STR("route.")) ? 6 : 0));
	r->given |= bit;
	return OK;
}

/* ---- what belongs together --------------------------------------------------------------------------------------- */

static bool is_loopback(struct str to)
{
	return str_starts(to, STR("127.")) || str_starts(to, STR("[::1]")) || str_starts(to, STR("unix:"));
}

static int wrong(const struct conf_route *r, const char *what, struct fail *f)
{
	return fail(f, FAIL_SYNTAX, "[route %.*s] %s", SHOWN(r->name), what);
}

int conf_route_check(const struct conf_route *r, struct fail *f)
{
	bool verify = str_eq(r->tls, STR("verify")), none = str_eq(r->tls, STR("none"));
	struct conf_target t;

	if (!r->to.n)
		return wrong(r, "to: missing; name the server here or in [routes]", f);
	TRY(conf_target(r->to, &t, f));
	if ((r->tls_name.n || r->tls_ca.n) && !verify)
		return wrong(
		        r, "tls_name and tls_ca: only tls = verify looks at them: set that, or take them out",
		        f);
	if (verify && t.kind == CONF_TARGET_ENDPOINT && str_starts(r->to, STR("unix:")) && !r->tls_name.n)
		return wrong(r, "tls_name: missing; a socket has no name that could be verified", f);
	if (!r->tls_certificate.n != !r->tls_key.n)
		return wrong(r, "tls_certificate and tls_key: set both, or none", f);
	if (r->tls_certificate.n && none)
		return wrong(
		        r, "tls_certificate: is never shown with tls = none: set tls = encrypt or verify", f);
	if (!r->user.n != !r->password_file.n)
		return wrong(r, "user and password_file: set both, or none", f);
	if (r->user.n && t.kind == CONF_TARGET_MX)
		return wrong(
		        r,
		        "user: a password is for one server, and not for whomever DNS names: name it in to",
		        f);
	if (r->user.n && none && !r->auth_in_clear && !is_loopback(r->to))
		return wrong(r,
		             "user: the password would go in clear: set tls = verify, or auth_in_clear = yes",
		             f);
	return OK;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

void conf_routes_each(const struct conf *c, enum role role,
                      void (*put)(void *self, struct str key, struct str value), void *self)
{
	for (size_t i = 0; i < c->n_routes; i++) {
		const struct conf_route *r = &c->routes[i];

		for (const struct conf_key *k = conf_route_keys; k->section; k++) {
			OWN(buf) name = BUF(512);
			OWN(buf) value = BUF(512);

			if (!(k->roles & (1u << role)) || !(r->given & (1u << (k - conf_route_keys))))
				continue;
			if (k == &conf_route_keys[KEY_TO])
				buf_addf(&name, "routes.%.*s", STR_ARG(r->name));
			else
				buf_addf(&name, "route %.*s.%s", STR_ARG(r->name), k->name);
			conf_value_print(k, (const char *)r + k->offset, &value);
			put(self, buf_str(&name), buf_str(&value));
		}
	}
}
