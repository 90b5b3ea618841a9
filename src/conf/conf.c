#include "conf/conf.h"

#include "base/mem.h"
#include "conf/key.h"
#include "sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

/* ---- one value ------------------------------------------------------------------------------------------------- */

static const struct conf_key *key_of(struct str section, struct str name)
{
	for (const struct conf_key *k = conf_keys; k->section; k++)
		if (str_eq(section, str_c(k->section)) &&
		    (k->kind == CONF_ROUTE || str_eq(name, str_c(k->name))))
			return k;
	return NULL;
}

int conf_apply(struct conf *c, struct str key, struct str value, struct arena *a, struct fail *f)
{
	struct str name = key, section = str_cut(&name, '.');
	const struct conf_key *k = key_of(section, name);

	if (!k)
		return fail(f, FAIL_SYNTAX,
		            "%.*s: there is no such key; see the commented file that `postern init` writes",
		            STR_ARG(key));
	return conf_key_set(k, c, name, str_trim(value), a, f);
}

void conf_blank(struct conf *c)
{
	*c = (struct conf){ 0 };
}

/* ---- a whole file ---------------------------------------------------------------------------------------------- */

struct reading {
	struct conf *c;
	struct arena *a;
	struct fail why;
	bool bad;
};

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	OWN(buf) key = BUF(1024);

	if (r->bad)
		return 1;
	buf_addf(&key, "%s.%s", section, name);
	r->bad = conf_apply(r->c, buf_str(&key), str_c(value), r->a, &r->why) < 0;
	return !r->bad; /* 0: inih returns the number of this line */
}

static struct str joined(struct arena *a, const char *dir, struct str path)
{
	OWN(buf) b = BUF(8192);

	if (path.n && path.p[0] == '/')
		return path;
	buf_addf(&b, "%s/%.*s", dir, STR_ARG(path));
	return arena_str(a, buf_str(&b));
}

static bool has_default_route(const struct conf *c)
{
	for (size_t i = 0; i < c->n_routes; i++)
		if (str_eq(c->routes[i].domain, STR("default")))
			return true;
	return false;
}

/* What no single key can tell. */
static int check_whole(const struct conf *c, const char *name, struct fail *f)
{
	if (!c->n_domains)
		return fail(f, FAIL_SYNTAX,
		            "%s: domains.relay: missing; name the domain whose mail comes here", name);
	if (!has_default_route(c))
		return fail(f, FAIL_SYNTAX,
		            "%s: routes.default: missing; name the smarthost that takes outgoing mail, as "
		            "127.0.0.1:25",
		            name);
	if (!c->tls_certificate.n != !c->tls_key.n)
		return fail(f, FAIL_SYNTAX, "%s: smtp.tls_certificate and smtp.tls_key: set both, or none",
		            name);
	return OK;
}

static void complete(struct conf *c, const char *dir, struct arena *a)
{
	struct str control = STR("control");

	c->state_dir = joined(a, dir, c->state_dir);
	c->master_key = joined(a, dir, c->master_key);
	if (c->tls_certificate.n)
		c->tls_certificate = joined(a, dir, c->tls_certificate);
	if (c->tls_key.n)
		c->tls_key = joined(a, dir, c->tls_key);
	c->control_socket = c->control_socket.n ? joined(a, dir, c->control_socket)
	                                        : joined(a, arena_z(a, c->state_dir), control);
	if (!c->hostname.n && c->n_domains)
		c->hostname = c->domains[0];
}

int conf_parse(struct str text, const char *name, const char *dir, struct arena *a, struct conf *ret,
               struct fail *f)
{
	struct conf c;
	struct reading r = { .c = &c, .a = a };
	int line;

	conf_blank(&c);
	for (const struct conf_key *k = conf_keys; k->section; k++)
		if (k->otherwise && k->otherwise[0])
			TRY(conf_key_set(k, &c, str_c(k->name), str_c(k->otherwise), a, f));
	c.n_listen = c.n_retry = 0; /* lists: what the file says replaces the default */
	line = ini_parse_string(arena_z(a, text), on_pair, &r);
	if (r.bad)
		return fail(f, FAIL_SYNTAX, "%s:%d: %s", name, line, r.why.why);
	if (line > 0)
		return fail(f, FAIL_SYNTAX, "%s:%d: neither [section] nor key = value", name, line);
	if (line < 0)
		return fail(f, FAIL_SYS, "%s: cannot be read", name);
	for (const struct conf_key *k = conf_keys; k->section; k++)
		TRY(conf_key_complete(k, &c, a, f));
	TRY(check_whole(&c, name, f));
	complete(&c, dir, a);
	*ret = c;
	return OK;
}

static int absolute_dir(const char *path, struct arena *a, char **ret, struct fail *f)
{
	char *full = realpath(path, NULL), *slash;

	if (!full)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%s", path);
	slash = strrchr(full, '/');
	*ret = arena_z(a, slash == full ? STR("") : str_of(full, (size_t)(slash - full)));
	free(full);
	return OK;
}

int conf_load(const char *path, struct arena *a, struct conf *ret, struct fail *f)
{
	OWNFD fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *base = strrchr(path, '/');
	struct stat st;
	char *dir, *text;
	ssize_t n;

	if (fd < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return fail(f, FAIL_SYNTAX, "%s: not a configuration file", path);
	TRY(absolute_dir(path, a, &dir, f));
	text = arena_alloc(a, (size_t)st.st_size + 1);
	n = read(fd, text, (size_t)st.st_size);
	if (n < 0)
		return fail_errno(f, FAIL_SYS, "%s", path);
	return conf_parse(str_of(text, (size_t)n), base ? base + 1 : path, dir, a, ret, f);
}

/* ---- what a role may know -------------------------------------------------------------------------------------- */

void conf_for_role(const struct conf *c, enum role r,
                   void (*put)(void *self, struct str key, struct str value), void *self)
{
	for (const struct conf_key *k = conf_keys; k->section; k++)
		if (k->roles & (1u << r))
			conf_key_each(k, c, put, self);
}

struct str conf_route(const struct conf *c, struct str domain)
{
	struct str otherwise = STR("");

	for (size_t i = 0; i < c->n_routes; i++) {
		if (str_eq_nocase(c->routes[i].domain, domain))
			return c->routes[i].endpoint;
		if (str_eq(c->routes[i].domain, STR("default")))
			otherwise = c->routes[i].endpoint;
	}
	return otherwise;
}
