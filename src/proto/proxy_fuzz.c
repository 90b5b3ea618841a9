/* Laws: a header that is read ends within what there is and within its bound; what stands behind it changes nothing, and each part of
 * it from the front may still become one; nobody waits past the bound. */
#include "proto/proxy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void require(bool law)
{
	if (!law)
		abort();
}

static void check(struct str in, const struct proxy *p)
{
	struct proxy again = { 0 };

	require(p->used && p->used <= in.n && p->used <= PROXY_ROOM);
	require(!p->known || p->n_addr == 4 || p->n_addr == 16);
	for (size_t n = 0; n < p->used; n++)
		require(proxy_read(str_first(in, n), &again) == PROXY_MORE);
	require(proxy_read(str_first(in, p->used), &again) == PROXY_OK);
	require(again.used == p->used && again.known == p->known && again.n_addr == p->n_addr &&
	        again.port == p->port && memcmp(again.addr, p->addr, p->n_addr) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = str_of(p, n);
	struct proxy got = { 0 };
	enum proxy_result r = proxy_read(in, &got);

	require(r != PROXY_MORE || n < PROXY_ROOM);
	if (r == PROXY_OK)
		check(in, &got);
	return 0;
}
