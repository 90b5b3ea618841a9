#include "policy/mx.h"

#include <stdlib.h>

static int before(const void *a, const void *b)
{
	const struct mx_record *x = a, *y = b;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	return x->dice < y->dice ? -1 : x->dice > y->dice;
}

/* RFC 7505 section 3: a null MX stands alone. Beside others the root is only a host that does not exist. */
enum mx_verdict mx_order(struct mx_record *r, size_t n, struct str own, size_t *ret_n)
{
	uint32_t limit = UINT32_MAX;
	size_t kept = 0;

	if (n == 1 && !r[0].host.n)
		return MX_NULL;
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(r[i].host, own) && r[i].preference < limit)
			limit = r[i].preference;
	for (size_t i = 0; i < n; i++)
		if (r[i].host.n && r[i].preference < limit)
			r[kept++] = r[i];
	if (!kept)
		return limit < UINT32_MAX ? MX_SELF : MX_NULL;
	qsort(r, kept, sizeof(*r), before);
	*ret_n = kept < MX_HOSTS_MAX ? kept : MX_HOSTS_MAX;
	return MX_HOSTS;
}
