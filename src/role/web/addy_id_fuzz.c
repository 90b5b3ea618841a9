/* Laws: an id that is read is what is written for the same number, in either case, and of one kind alone; the client that a proxy
 * names is an address, or what connected, and stays who he is with a port. */
#include "role/web/addy_id.h"
#include "role/web/client.h"

#include <arpa/inet.h>
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

static void check_client(struct str in)
{
	struct str peer = STR("192.0.2.1"), who = client_of(in, peer);
	OWN(buf) z = BUF(CLIENT_NAME_MAX + 1), with_port = BUF(CLIENT_NAME_MAX + 16);
	struct in6_addr any;
	bool six;

	buf_add(&z, who);
	if (!who.n || z.over || str_chr(who, '\0') < who.n)
		abort();
	six = inet_pton(AF_INET6, z.p, &any) == 1;
	if (!six && inet_pton(AF_INET, z.p, &any) != 1)
		abort();
	buf_addf(&with_port, six ? "[%.*s]:4711" : "%.*s:4711", STR_ARG(who));
	if (!str_eq(client_of(buf_str(&with_port), STR("unix")), who))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_id(str_of(p, n));
	check_client(str_of(p, n));
	return 0;
}
