#include "role/web/client.h"

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
		int64_t back = ms > 3600 * 1000 ? INT64_MAX : ms * costs[i].back / 1000;

		c->used[i] = c->used[i] > back ? c->used[i] - back : 0;
	}
	c->seen_ms = now_ms;
}

static size_t hash(struct str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h % CLIENTS_MAX;
}

/* A few places of the table, from where its name leads to; the one seen longest ago is given away. Others' places cannot be
 * taken all without as many addresses. */
static struct client *place_of(struct clients *all, struct str name)
{
	size_t at = hash(name);
	struct client *oldest = &all->of[at];

	for (size_t i = 0; i < 16; i++) {
		struct client *c = &all->of[(at + i) % CLIENTS_MAX];

		if (str_eq(str_c(c->name), name))
			return c;
		if (c->seen_ms < oldest->seen_ms)
			oldest = c;
	}
	*oldest = (struct client){ 0 };
	memcpy(oldest->name, name.p, name.n);
	return oldest;
}

bool client_may(struct clients *all, struct str name, enum client_cost cost, uint64_t now_ms)
{
	struct client *c;

	name = str_first(name, CLIENT_NAME_MAX);
	c = place_of(all, name.n ? name : STR("?"));
	give_back(c, now_ms);
	if (c->used[cost] + 1000 > costs[cost].burst * 1000)
		return false;
	c->used[cost] += 1000;
	return true;
}
