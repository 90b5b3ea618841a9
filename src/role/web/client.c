#include "role/web/client.h"

#include <arpa/inet.h>

enum { ONE = 1000000 }; /* millionths, so that what comes back in a millisecond is a number */

/* burst: requests at once; each second `back` thousandths come back. */
static const struct {
	int64_t burst, back;
} costs[CLIENT_COSTS] = {
	[CLIENT_REQUEST] = { 400, 40000 },
	[CLIENT_PASSWORD] = { 10, 200 },
};

static bool is_address(int family, struct str s)
{
	struct in6_addr any; /* the larger of the two */
	char z[CLIENT_NAME_MAX + 1] = "";

	if (!s.n || s.n > CLIENT_NAME_MAX || str_chr(s, '\0') < s.n)
		return false;
	memcpy(z, s.p, s.n);
	return inet_pton(family, z, &any) == 1;
}

static bool is_port_or_none(struct str s)
{
	uint64_t n;

	return !s.n || (s.p[0] == ':' && s.n <= 6 && str_u64(str_from(s, 1), &n) && n <= UINT16_MAX);
}

/* Some proxies write the port as well, which is another one for each connection: "192.0.2.1:4711", "[2001:db8::1]:443". Empty: no
 * address stands there. */
static struct str address_in(struct str s)
{
	bool six = str_starts(s, STR("["));
	size_t end = str_chr(s, six ? ']' : ':');
	struct str host = str_from(str_first(s, end), six ? 1 : 0), behind = str_from(s, six ? end + 1 : end);

	if (is_address(AF_INET, s) || is_address(AF_INET6, s))
		return s;
	if (end == s.n || !is_address(six ? AF_INET6 : AF_INET, host) || !is_port_or_none(behind))
		return STR("");
	return host;
}

/* What cannot be read as an address is the proxy's own: another nonsense each time is the same client. */
struct str client_of(struct str forwarded, struct str peer)
{
	size_t comma = str_rchr(forwarded, ',');
	struct str last = str_from(forwarded, comma < forwarded.n ? comma + 1 : 0);
	struct str address = address_in(str_trim(last));

	return address.n ? address : str_first(peer, CLIENT_NAME_MAX);
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
