#include "role/parent/reload.h"

#include "base/log.h"
#include "role/parent/child.h"
#include "role/parent/parent.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is decided once in the life of a server. */
#define WORD(key, field)                                                                                     \
	{                                                                                                    \
		key, offsetof(struct conf, field), 0                                                         \
	}
#define NUMBER(key, field)                                                                                   \
	{                                                                                                    \
		key, offsetof(struct conf, field), sizeof(((struct conf *)0)->field)                         \
	}
static const struct fixed {
	const char *key;
	size_t at, size; /* 0: a struct str */
} fixed[] = {
	WORD("server.state_dir", state_dir),       WORD("server.control_socket", control_socket),
	WORD("server.master_key", master_key),     NUMBER("server.uid_base", uid_base),
	NUMBER("server.scribes", scribes),         NUMBER("smtp.backlog", backlog),
	NUMBER("smtp.memory_bytes", memory_bytes),
};

static void later(const char *key)
{
	log_warn("ev=reload-later key=%s why=%s", key, log_quote(STR("this changes with a restart alone")));
}

static void keep_fixed(const struct conf *old, struct conf *c)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		const char *was = (const char *)old + fixed[i].at;
		char *is = (char *)c + fixed[i].at;
		size_t size = fixed[i].size ? fixed[i].size : sizeof(struct str);

		if (fixed[i].size ? memcmp(was, is, size) == 0
		                  : str_eq(*(const struct str *)(const void *)was, *(struct str *)(void *)is))
			continue;
		later(fixed[i].key);
		memcpy(is, was, size);
	}
}

static bool same_list(const struct str *a, size_t n, const struct str *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!str_eq(a[i], b[i]))
			return false;
	return true;
}

static void keep_lists(const struct conf *old, struct conf *c)
{
	const struct {
		const char *key;
		const struct conf_endpoints *was;
		struct conf_endpoints *is;
	} rows[] = {
		{ "smtp.listen", &old->listen, &c->listen },
		{ "smtp.proxy_listen", &old->proxy_listen, &c->proxy_listen },
		{ "lmtp.listen", &old->lmtp, &c->lmtp },
		{ "submission.listen", &old->submission, &c->submission },
		{ "submission.tls_listen", &old->submission_tls, &c->submission_tls },
		{ "web.listen", &old->web_listen, &c->web_listen },
		{ "web.metrics", &old->web_metrics, &c->web_metrics },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!same_list(rows[i].was->at, rows[i].was->n, rows[i].is->at, rows[i].is->n))
			later(rows[i].key);
		*rows[i].is = *rows[i].was;
	}
	if (!same_list(old->resolvers, old->n_resolvers, c->resolvers, c->n_resolvers))
		later("dns.resolver");
	memcpy(c->resolvers, old->resolvers, sizeof(c->resolvers));
	c->n_resolvers = old->n_resolvers;
	if (old->tls_certificate.n && !c->tls_certificate.n) {
		later("smtp.tls_certificate");
		c->tls_certificate = old->tls_certificate;
		c->tls_key = old->tls_key;
	}
}

void reload(void *arg)
{
	struct parent *p = arg;
	struct fail f = { 0 };
	struct conf c;
	int r;

	if (p->stopping)
		return;
	r = conf_load(p->conf_path, &p->arena, &c, &f);
	if (r == OK && conf_needs_dns(&c) && !conf_needs_dns(&p->conf))
		r = fail(&f, FAIL_DENIED,
		         "routes: the first route whose name is to be looked up comes with a restart alone");
	if (r < 0) {
		log_warn("ev=reload-refused what=configuration why=%s", log_quote(str_c(f.why)));
		return;
	}
	keep_fixed(&p->conf, &c);
	keep_lists(&p->conf, &c);
	p->conf = c;
	children_tell(p);
	log_info("ev=reloaded");
}

/* The kernel knows who began to listen: the parent. */
int parent_reload(const char *control_socket, struct fail *f)
{
	OWNFD fd = -1;
	struct ucred who;
	socklen_t n = sizeof(who);

	TRY(sock_connect_unix(control_socket, &fd, f));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 || who.pid <= 0 ||
	    kill(who.pid, SIGHUP) < 0)
		return fail_errno(f, errno == EPERM ? FAIL_DENIED : FAIL_SYS,
		                  "the server cannot be asked to reload");
	return OK;
}
