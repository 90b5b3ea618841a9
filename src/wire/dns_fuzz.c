/* Law: what is read are host names, texts and addresses of the type that was asked for, within the limits. The first byte says
 * which type. */
#include "wire/dns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct dns_record *r, enum dns_type type)
{
	if (r->text.n > (type == DNS_TXT ? 65535u : 0u))
		abort();
	if (type == DNS_TXT) {
		if (r->address.n || r->host.n)
			abort();
		return;
	}
	if (type != DNS_MX) {
		if (r->address.n != (type == DNS_A ? 4u : 16u) || r->host.n)
			abort();
		return;
	}
	if (r->address.n || r->host.n > 255)
		abort();
	for (size_t i = 0; i < r->host.n; i++)
		if (r->host.p[i] <= ' ' || r->host.p[i] > '~' || r->host.p[i] != ascii_lower(r->host.p[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_TXT };
	OWN(arena) a = ARENA;
	struct dns_answer answer;
	enum dns_type type;

	if (!n)
		return 0;
	type = types[p[0] % 4];
	if (dns_answer_read(str_of(p + 1, n - 1), type, &a, &answer, NULL) < 0)
		return 0;
	if (answer.n > DNS_RECORDS_MAX)
		abort();
	for (size_t i = 0; i < answer.n; i++)
		check(&answer.records[i], type);
	return 0;
}
