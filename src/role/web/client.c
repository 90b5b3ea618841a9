#include "role/web/client.h"

enum { ONE = 1000000 }; /* millionths, so that what comes back in a millisecond is a number */

/* burst: requests at once; each second `back` thousandths come back. */
static const struct {
	int64_t burst, back;
} costs[CLIENT_COSTS] = {
	[CLIENT_REQUEST] = { 400, 40000 },
	[CLIENT_PASSWORD] = { 10, 200 },
};

static bool is_address(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdefABCDEF.:", s.p[i]) || !s.p[i])
			return false;
	return s.n && s.n <= CLIENT_NAME_MAX;
}

struct str client_of(struct str forwarded, struct str peer)
{
	struct str last = str_trim(str_from(
	        forwarded, str_rchr(forwarded, ',') < forwarded.n ? str_rchr(forwarded, ',') + 1 : 0));

	return is_address(last) ? last : str_first(peer, CLIENT_NAME_MAX);
}

static void give_back(struct client *c, uint64_t now_ms)
{
	int64_t ms = (int64_t)(now_ms - c->seen_ms);

	for (size_t i = 0; i < CLIENT_COSTS; i++) {
		int64_t back = ms > 3600 * 1000 ? INT64_MAX : ms * costs[i].back;

		c->used[i] = c->used[i] > back ? c->used[i] - back : 0;
	}
	c->seen_ms = now_ms;
}

static size_t hash(const uint8_t *net, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ net[i]) * 16777619u;
	return h % CLIENTS_MAX;
}

static int64_t taken(const struct client *c)
{
	int64_t most = 0;

	for (size_t i = 0; i < CLIENT_COSTS; i++)
		if (c->used[i] / costs[i].burst > most)
			most = c->used[i] / costs[i].burst;
	return c->net_n ? most : -1;
}

/* A few places of the table, from where its network leads to; that of the one who has taken least is given away, so that many others
 * do not give anybody a new bucket. */
static struct client *place_of(struct clients *all, const uint8_t *net, size_t n, uint64_t now_ms)
{
	struct client *least = NULL;

	for (size_t i = 0, at = hash(net, n); i < 16; i++) {
		struct client *c = &all->of[(at + i) % CLIENTS_MAX];

		give_back(c, now_ms);
		if (c->net_n == n && memcmp(c->net, net, n) == 0)
			return c;
		if (!least || taken(c) < taken(least))
			least = c;
	}
	*least = (struct client){ .seen_ms = now_ms, .net_n = (uint8_t)n };
	memcpy(least->net, net, n);
	return least;
}

bool client_may(struct clients *all, struct str client, enum client_cost cost, uint64_t now_ms)
{
	uint8_t net[BOUND_NET];
	size_t n = bound_net(client.n ? client : STR("?"), net);
	struct client *c = place_of(all, net, n, now_ms);

	if (c->used[cost] + ONE > costs[cost].burst * ONE)
		return false;
	c->used[cost] += ONE;
	return true;
}
