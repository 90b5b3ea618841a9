/* Laws: with the identity nothing is added; once every address was replaced, a second reading finds the replacement alone,
 * and a third writes the same again. */
#include "wire/ical.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 8 << 20 };

static const struct addr relay = { STR_INIT("r1.a+b"), STR_INIT("relay.example") };

static void require(bool law)
{
	if (!law)
		abort();
}

static struct addr same(void *self, const struct addr *found)
{
	++*(size_t *)self;
	return *found;
}

static struct addr replace(void *self, const struct addr *found)
{
	++*(size_t *)self;
	return relay;
}

static struct addr only_relay(void *self, const struct addr *found)
{
	require(addr_eq(found, &relay));
	++*(size_t *)self;
	return *found;
}

static int rewrite(struct str in, struct addr (*map)(void *, const struct addr *), size_t *calls,
                   struct buf *out)
{
	OWN(arena) a = ARENA;

	*calls = 0;
	return ical_rewrite(in, (struct ical_map){ map, calls }, &a, out, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(buf) plain = BUF(OUT_MAX);
	OWN(buf) once = BUF(OUT_MAX);
	OWN(buf) twice = BUF(OUT_MAX);
	struct str in = str_of(p, n);
	size_t found, replaced, calls;

	if (rewrite(in, same, &found, &plain) < 0)
		return 0;
	require(plain.n <= in.n);
	if (rewrite(in, replace, &replaced, &once) < 0)
		return 0;
	require(found == replaced);
	require(rewrite(buf_str(&once), only_relay, &calls, &twice) == OK);
	require(calls <= replaced && str_eq(buf_str(&once), buf_str(&twice)));
	return 0;
}
