#include "policy/bound.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_over(const struct bound_row *r, const struct bound *b, int64_t now)
{
	return !r->n || now - r->since >= b->in_s;
}

static size_t find(const struct bound_table *t, const uint8_t key[static BOUND_KEY])
{
	size_t i = 0;

	while (i < BOUND_ROWS && (!t->rows[i].n || memcmp(t->rows[i].key, key, BOUND_KEY) != 0))
		i++;
	return i;
}

bool bound_reached(const struct bound_table *t, const struct bound *b, const uint8_t key[static BOUND_KEY],
                   int64_t now)
{
	size_t i = find(t, key);

	return i < BOUND_ROWS && !is_over(&t->rows[i], b, now) && t->rows[i].n >= b->most;
}

static struct bound_row *room(struct bound_table *t, const struct bound *b, int64_t now)
{
	struct bound_row *least = &t->rows[0];

	for (size_t i = 0; i < BOUND_ROWS; i++) {
		struct bound_row *r = &t->rows[i];

		if (is_over(r, b, now))
			return r;
		if (r->n < least->n || (r->n == least->n && r->since < least->since))
			least = r;
	}
	return least;
}

void bound_count(struct bound_table *t, const struct bound *b, const uint8_t key[static BOUND_KEY],
                 int64_t now)
{
	size_t i = find(t, key);
	struct bound_row *r = i < BOUND_ROWS ? &t->rows[i] : room(t, b, now);

	if (i == BOUND_ROWS || is_over(r, b, now)) {
		*r = (struct bound_row){ .since = now };
		memcpy(r->key, key, BOUND_KEY);
	}
	r->n++;
}

void bound_forget(struct bound_table *t, const uint8_t key[static BOUND_KEY])
{
	size_t i = find(t, key);

	if (i < BOUND_ROWS)
		t->rows[i] = (struct bound_row){ 0 };
}

size_t bound_net(struct str client, uint8_t ret[static BOUND_NET])
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr six;
	struct in_addr four;
	size_t n = client.n < BOUND_NET ? client.n : BOUND_NET;

	if (client.n && client.n < sizeof(text))
		memcpy(text, client.p, client.n);
	if (inet_pton(AF_INET, text, &four) == 1) {
		memcpy(ret, &four, sizeof(four));
		return sizeof(four);
	}
	if (inet_pton(AF_INET6, text, &six) == 1) {
		bool mapped = IN6_IS_ADDR_V4MAPPED(&six);

		memcpy(ret, six.s6_addr + (mapped ? 12 : 0), mapped ? 4 : BOUND_NET);
		return mapped ? 4 : BOUND_NET;
	}
	if (n)
		memcpy(ret, client.p, n);
	return n;
}
