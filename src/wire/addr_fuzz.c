/* Laws: what is printed parses to the same address and prints the same; a list written anew holds the same addresses in the
 * same order, whatever stands in the names. */
#include "wire/header.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 8 << 20 };

static void require(bool law)
{
	if (!law)
		abort();
}

static void check_one(const struct addr *addr, struct arena *a)
{
	OWN(buf) once = BUF(4096);
	OWN(buf) twice = BUF(4096);
	struct addr again;

	addr_print(addr, &once);
	require(addr_parse(buf_str(&once), a, &again, NULL) == OK);
	addr_print(&again, &twice);
	require(addr_eq(addr, &again) && str_eq(buf_str(&once), buf_str(&twice)));
	for (size_t i = 0; i < once.n; i++)
		require((unsigned char)once.p[i] >= 32 && once.p[i] != 127);
}

static size_t next_address(const struct addr_entry *e, size_t n, size_t i)
{
	while (i < n && addr_is_null(&e[i].addr))
		i++;
	return i;
}

static void check_list(const struct addr_entry *e, size_t n, struct arena *a)
{
	static const struct header_limits limits = { .fields = 2, .block_bytes = OUT_MAX };
	OWN(buf) out = BUF(OUT_MAX);
	struct addr_entry *again;
	struct header h;
	struct str body;
	size_t m, k = 0;

	header_put_addrs(&out, "To", e, n);
	require(header_parse(buf_str(&out), &limits, a, &h, &body, NULL) == OK && h.n == 1 && !body.n);
	require(addr_list(h.fields[0].body, a, &again, &m, NULL) == OK);
	for (size_t i = 0; (i = next_address(e, n, i)) < n; i++, k++) {
		k = next_address(again, m, k);
		require(k < m && addr_eq(&e[i].addr, &again[k].addr));
		require(!e[i].name.n || str_eq(e[i].name, again[k].name));
	}
	require(next_address(again, m, k) == m);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(arena) a = ARENA;
	struct str in = str_of(p, n), rest;
	struct addr_entry *e;
	struct addr one;
	size_t count;

	if (addr_parse(in, &a, &one, NULL) == OK)
		check_one(&one, &a);
	if (addr_path(in, true, &a, &one, &rest, NULL) == OK && !addr_is_null(&one) && one.domain.n)
		check_one(&one, &a);
	if (addr_list(in, &a, &e, &count, NULL) < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		require(str_is_utf8(e[i].name) && e[i].broken == addr_is_null(&e[i].addr));
		if (!e[i].broken)
			check_one(&e[i].addr, &a);
	}
	if (count)
		check_list(e, count, &a);
	return 0;
}
