#include "policy/throttle.h"

#include <arpa/inet.h>
#include <string.h>

/* FNV-1a; rows are told apart by it, and whoever finds two networks that meet has slowed down himself. */
static uint64_t mixed(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return h ? h : 1;
}

uint64_t throttle_where(struct str client)
{
	struct in6_addr six;
	struct in_addr four;
	char text[INET6_ADDRSTRLEN];

	if (client.n >= sizeof(text))
		return mixed(client.p, client.n);
	if (client.n)
		memcpy(text, client.p, client.n);
	text[client.n] = '\0';
	if (inet_pton(AF_INET, text, &four) == 1)
		return mixed(&four, sizeof(four));
	if (inet_pton(AF_INET6, text, &six) != 1)
		return mixed(client.p, client.n);
	if (IN6_IS_ADDR_V4MAPPED(&six))
		return mixed(six.s6_addr + 12, 4);
	return mixed(six.s6_addr, 8);
}

static const struct throttle_row *row_of(const struct throttle *t, uint64_t where)
{
	for (size_t i = 0; i < THROTTLE_ROWS; i++)
		if (t->rows[i].where == where)
			return &t->rows[i];
	return NULL;
}

int64_t throttle_wait(const struct throttle *t, uint64_t where, int64_t now)
{
	const struct throttle_row *r = row_of(t, where);

	return r && r->until > now ? r->until - now : 0;
}

static struct throttle_row *row_for(struct throttle *t, uint64_t where)
{
	struct throttle_row *oldest = &t->rows[0];

	for (size_t i = 0; i < THROTTLE_ROWS; i++) {
		if (t->rows[i].where == where)
			return &t->rows[i];
		if (oldest->where && (!t->rows[i].where || t->rows[i].last < oldest->last))
			oldest = &t->rows[i];
	}
	*oldest = (struct throttle_row){ .where = where };
	return oldest;
}

void throttle_failed(struct throttle *t, uint64_t where, int64_t now)
{
	struct throttle_row *r = row_for(t, where);
	int64_t wait = THROTTLE_FIRST_S;

	if (now - r->last >= THROTTLE_FORGET_S)
		r->waits = 0;
	if (now - r->first >= THROTTLE_WITHIN_S)
		r->failures = 0;
	if (!r->failures)
		r->first = now;
	r->last = now;
	if (++r->failures < THROTTLE_FAILURES)
		return;
	for (unsigned i = 0; i < r->waits && wait < THROTTLE_MOST_S; i++)
		wait *= 2;
	r->until = now + (wait < THROTTLE_MOST_S ? wait : THROTTLE_MOST_S);
	r->waits++;
	r->failures = 0;
}

void throttle_passed(struct throttle *t, uint64_t where)
{
	for (size_t i = 0; i < THROTTLE_ROWS; i++)
		if (t->rows[i].where == where)
			t->rows[i] = (struct throttle_row){ 0 };
}
