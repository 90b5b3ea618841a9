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

enum { FILE_MAX = 1 << 20, SOCKET_PATH_MAX = 107, SHOWN_MAX = 60, SECTION_MAX = 50 /* inih's */ };

#define SEE_EXAMPLE ": see the commented file that `postern init` writes"

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
	const struct conf_key *k;
	size_t dot = str_rchr(key, '.');

	if (conf_route_section(section).n) /* its name has dots of its own */
		return conf_route_set(c, conf_route_section(str_first(key, dot)), str_from(key, dot + 1),
		                      str_trim(value), a, f);
	k = key_of(section, name);
	if (!k)
		return fail(f, FAIL_SYNTAX, "%.*s: there is no such key" SEE_EXAMPLE,
		            STR_ARG(str_first(key, SHOWN_MAX)));
	return conf_key_set(k, c, name, str_trim(value), a, f);
}

void conf_blank(struct conf *c)
{
	*c = (struct conf){ 0 };
}

/* ---- a whole file ---------------------------------------------------------------------------------------------- */

enum { KEYS_MAX = 64 };

struct reading {
	struct conf *c;
	struct arena *a;
	struct str left; /* lines not yet given to inih */
	unsigned line;   /* of the one that was given last */
	unsigned given[KEYS_MAX];
	unsigned route_line[CONF_ROUTES_MAX]; /* where each was first named */
	struct fail why;
	bool bad;
};

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 32 && s.p[i] != '\t') || s.p[i] == 127)
			return true;
	return false;
}

/* Gives inih one line at a time. It would cut a long line in two, stop at a NUL, and take an indented line for the
 * continuation of the one before: such lines are refused or trimmed here. */
static char *next_line(char *to, int room, void *stream)
{
	struct reading *r = stream;
	struct str line;

	if (r->bad || !r->left.n)
		return NULL;
	line = str_cut(&r->left, '\n');
	if (!r->line++ && str_starts(line, STR("\xef\xbb\xbf"))) /* some editors' mark of UTF-8 */
		line = str_from(line, 3);
	line = str_trim(line);
	if (str_starts(line, STR("[")) && str_chr(line, ']') > SECTION_MAX)
		r->bad = fail(&r->why, FAIL_SYNTAX, "a section's name has at most %d bytes",
		              SECTION_MAX - 1) < 0;
	if (line.n && (line.p[0] == '#' || line.p[0] == ';'))
		line = STR("");
	if (has_control(line))
		r->bad = fail(&r->why, FAIL_SYNTAX, "a control character: delete it") < 0;
	else if (line.n + 3 > (size_t)room)
		r->bad = fail(&r->why, FAIL_SYNTAX,
		              "a line has at most %d bytes: lists go on in a further line, as KEY = MORE",
		              room - 3) < 0;
	if (r->bad)
		return NULL;
	if (line.n)
		memcpy(to, line.p, line.n);
	memcpy(to + line.n, "\n", 2);
	return to;
}

static bool is_section(struct str section)
{
	if (conf_route_section(section).n)
		return true;
	for (const struct conf_key *k = conf_keys; k->section; k++)
		if (str_eq(section, str_c(k->section)))
			return true;
	return false;
}

/* A list may go on in a further line of the same key; everything else is said once. */
static int check_place(struct reading *r, struct str section, struct str name, struct fail *f)
{
	const struct conf_key *k = key_of(section, name);
	unsigned *given = k ? &r->given[k - conf_keys] : NULL;

	if (!section.n)
		return fail(f, FAIL_SYNTAX, "%.*s: stands before the first [section]: move it into its own",
		            STR_ARG(str_first(name, SHOWN_MAX)));
	if (!is_section(section))
		return fail(f, FAIL_SYNTAX, "[%.*s]: there is no such section" SEE_EXAMPLE, STR_ARG(section));
	if (!k || conf_key_is_list(k))
		return OK;
	if (*given)
		return fail(f, FAIL_SYNTAX, "%s.%s: is set in line %u already: delete one of the two",
		            k->section, k->name, *given);
	*given = r->line;
	return OK;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	OWN(buf) key = BUF(1024);
	size_t routes = r->c->n_routes;

	if (r->bad)
		return 1;
	buf_addf(&key, "%s.%s", section, name);
	r->bad = check_place(r, str_c(section), str_c(name), &r->why) < 0 ||
	         conf_apply(r->c, buf_str(&key), str_c(value), r->a, &r->why) < 0;
	if (r->c->n_routes > routes)
		r->route_line[routes] = r->line;
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

static int check_routes(const struct conf *c, const unsigned lines[], const char *name, struct fail *f)
{
	struct fail why = { 0 };

	for (size_t i = 0; i < c->n_routes; i++)
		if (conf_route_check(&c->routes[i], &why) < 0)
			return fail(f, FAIL_SYNTAX, "%s:%u: %s", name, lines[i], why.why);
	return OK;
}

/* What no single key can tell. */
static int check_whole(const struct conf *c, const char *name, struct fail *f)
{
	if (!c->n_domains)
		return fail(f, FAIL_SYNTAX,
		            "%s: domains.relay: missing; name the domain whose mail comes here", name);
	if (!conf_route_named(c, STR("default")))
		return fail(f, FAIL_SYNTAX,
		            "%s: routes.default: missing; name the smarthost that takes outgoing mail, as "
		            "127.0.0.1:25",
		            name);
	if (!c->tls_certificate.n != !c->tls_key.n)
		return fail(f, FAIL_SYNTAX, "%s: smtp.tls_certificate and smtp.tls_key: set both, or none",
		            name);
	if ((c->submission.n || c->submission_tls.n) && !c->tls_certificate.n)
		return fail(f, FAIL_SYNTAX,
		            "%s: submission.%s: passwords are taken under TLS alone: set "
		            "smtp.tls_certificate and "
		            "smtp.tls_key",
		            name, c->submission.n ? "listen" : "tls_listen");
	if (!str_starts(c->web_origin, STR("https://")) && !str_starts(c->web_origin, STR("http://")))
		return fail(f, FAIL_SYNTAX, "%s: web.origin: begins with neither https:// nor http://", name);
	if (str_ends(c->web_origin, STR("/")))
		return fail(f, FAIL_SYNTAX, "%s: web.origin: leave out the slash at its end", name);
	if (c->memory_bytes < c->message_bytes)
		return fail(f, FAIL_SYNTAX,
		            "%s: smtp.memory_bytes: less than smtp.message_bytes: the largest message could "
		            "never be taken; raise the one or lower the other",
		            name);
	if (c->control_socket.n > SOCKET_PATH_MAX)
		return fail(f, FAIL_SYNTAX,
		            "%s: server.control_socket: a socket's path has at most %d bytes: set it to a "
		            "shorter one",
		            name, SOCKET_PATH_MAX);
	return OK;
}

static void complete_route(struct conf_route *r, const char *dir, struct arena *a)
{
	struct str *const files[] = { &r->tls_ca, &r->tls_certificate, &r->tls_key, &r->password_file };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i]->n)
			*files[i] = joined(a, dir, *files[i]);
}

static struct str https_of(struct str host, struct arena *a)
{
	OWN(buf) b = BUF(512);

	buf_addf(&b, "https://%.*s", STR_ARG(host));
	return arena_str(a, buf_str(&b));
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
	for (size_t i = 0; i < c->n_routes; i++)
		complete_route(&c->routes[i], dir, a);
	c->control_socket = c->control_socket.n ? joined(a, dir, c->control_socket)
	                                        : joined(a, arena_z(a, c->state_dir), control);
	if (!c->hostname.n && c->n_domains)
		c->hostname = c->domains[0];
	c->web_ui = joined(a, dir, c->web_ui);
	if (!c->web_origin.n)
		c->web_origin = https_of(c->hostname, a);
}

int conf_parse(struct str text, const char *name, const char *dir, struct arena *a, struct conf *ret,
               struct fail *f)
{
	struct conf c;
	struct reading r = { .c = &c, .a = a, .left = text };
	int line;

	conf_blank(&c);
	for (const struct conf_key *k = conf_keys; k->section; k++)
		if (k->otherwise && k->otherwise[0])
			TRY(conf_key_set(k, &c, str_c(k->name), str_c(k->otherwise), a, f));
	c.listen.n = c.proxy_listen.n = c.lmtp.n = c.submission.n = c.submission_tls.n = c.n_retry =
	        0; /* lists: what the file says replaces the default */
	line = ini_parse_stream(next_line, &r, on_pair, &r);
	if (line > 0 && (!r.bad || (unsigned)line < r.line))
		return fail(f, FAIL_SYNTAX, "%s:%d: is neither [section] nor KEY = VALUE", name, line);
	if (r.bad)
		return fail(f, FAIL_SYNTAX, "%s:%u: %s", name, r.line, r.why.why);
	if (line < 0)
		return fail(f, FAIL_SYS, "%s: cannot be read", name);
	for (const struct conf_key *k = conf_keys; k->section; k++)
		TRY(conf_key_complete(k, &c, a, f));
	complete(&c, dir, a);
	TRY(check_routes(&c, r.route_line, name, f));
	TRY(check_whole(&c, name, f));
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

	if (fd < 0 && errno == EACCES)
		return fail(f, FAIL_DENIED, "%s: this user may not read it: ask as its owner, or as root",
		            path);
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
		if (k->roles & (1u << r) && k->kind != CONF_ROUTE)
			conf_key_each(k, c, put, self);
	conf_routes_each(c, r, put, self);
}
