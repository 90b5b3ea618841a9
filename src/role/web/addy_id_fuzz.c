/* Laws: an id that is read is what is written for the same number, in either case, and of one kind alone; the client that a proxy
 * names looks like an address, or is what connected. */
#include "role/web/addy_id.h"
#include "role/web/client.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_id(struct str in)
{
	unsigned kinds = 0;

	for (enum addy_kind k = ADDY_USER; k <= ADDY_DOMAIN; k++) {
		OWN(buf) again = BUF(64);
		uint64_t v;

		if (!addy_id_read(in, k, &v))
			continue;
		kinds++;
		addy_id_print(k, v, &again);
		if (!str_eq_nocase(buf_str(&again), in))
			abort();
	}
	if (kinds > 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char chars[] = "0123456789abcdefABCDEF.:";
	struct str in = str_of(p, n), who = client_of(in, STR("192.0.2.1"));

	check_id(in);
	if (!who.n || who.n > CLIENT_NAME_MAX)
		abort();
	for (size_t i = 0; i < who.n; i++)
		if (!memchr(chars, who.p[i], sizeof(chars) - 1))
			abort();
	return 0;
}
