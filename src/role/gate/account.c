#include "role/gate/account.h"

#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

enum { AUTHORITIES_MAX = 4 << 20 };

static int read_all(int fd, struct buf *out, struct fail *f)
{
	char part[65536];
	ssize_t n;

	while ((n = pread(fd, part, sizeof(part), (off_t)out->n)) > 0)
		buf_add(out, str_of(part, (size_t)n));
	if (n < 0)
		return fail_errno(f, FAIL_SYS, "authorities to trust");
	return out->over ? fail(f, FAIL_LIMIT, "authorities to trust: more than %d bytes", AUTHORITIES_MAX)
	                 : OK;
}

int account_take(struct account **list, const struct role_route *m, int ca_fd, struct fail *f)
{
	OWNFD fd = ca_fd;
	OWN(buf) ca = BUF(AUTHORITIES_MAX);
	OWN(secret) password = SECRET_NONE;
	struct tls_client_options o = { .verify = fd >= 0, .chain_pem = m->chain_pem, .key_pem = m->key_pem };
	struct tls_client *tls = NULL;
	struct account *a;
	struct fail why = { 0 };

	if (fd >= 0)
		TRY(read_all(fd, &ca, f));
	o.ca_pem = buf_str(&ca);
	if (m->password.n)
		TRY(secret_copy(&password, m->password.p, m->password.n, f));
	if (tls_client_new(&o, &tls, &why) < 0)
		return fail(f, why.code, "[route %.*s] %s", STR_ARG(m->name), why.why);
	a = xnew(struct account);
	*a = (struct account){ *list, xstrdup(m->name), secret_take(&password), tls };
	*list = a;
	return OK;
}

const struct account *account_of(const struct account *list, struct str route)
{
	while (list && !str_eq(str_c(list->route), route))
		list = list->next;
	return list;
}

void accounts_free(struct account *list)
{
	while (list) {
		struct account *a = list;

		list = a->next;
		free(a->route);
		secret_done(&a->password);
		tls_client_free(a->tls);
		free(a);
	}
}
