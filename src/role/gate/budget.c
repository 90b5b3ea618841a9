#include "role/gate/budget.h"

#include "base/mem.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { BUCKETS = 1024 }; /* a power of two */

struct budget_client {
	struct budget_client *next;
	uint8_t key[17]; /* kind, then the address */
	unsigned n;
};

struct budget {
	struct budget_limits limits;
	uint64_t bytes;
	unsigned sessions;
	struct budget_client *buckets[BUCKETS];
};

struct budget *budget_new(const struct budget_limits *limits)
{
	struct budget *b = xnew(struct budget);

	b->limits = *limits;
	return b;
}

void budget_limit(struct budget *b, unsigned sessions, unsigned per_client)
{
	b->limits.sessions = sessions;
	b->limits.per_client = per_client;
}

void budget_free(struct budget *b)
{
	if (!b)
		return;
	assert(b->sessions == 0 && b->bytes == 0);
	free(b);
}

static void key_of(const struct endpoint *who, uint8_t key[static 17])
{
	memset(key, 0, 17);
	key[0] = (uint8_t)who->addr.ss_family;
	if (who->addr.ss_family == AF_INET)
		memcpy(key + 1, &((const struct sockaddr_in *)&who->addr)->sin_addr, 4);
	else if (who->addr.ss_family == AF_INET6)
		memcpy(key + 1, &((const struct sockaddr_in6 *)&who->addr)->sin6_addr, 8);
}

/* FNV-1a. Chains are no longer than there are connections at all, so that colliding on purpose gains nothing. */
static struct budget_client **bucket_of(struct budget *b, const uint8_t key[static 17])
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < 17; i++)
		h = (h ^ key[i]) * 16777619u;
	return &b->buckets[(h ^ h >> 16) & (BUCKETS - 1)];
}

enum budget_verdict budget_enter(struct budget *b, const struct endpoint *who,
                                 struct budget_client **ret_client)
{
	struct budget_client **head, *c;
	uint8_t key[17];

	if (b->sessions >= b->limits.sessions)
		return BUDGET_FULL;
	key_of(who, key);
	head = bucket_of(b, key);
	for (c = *head; c; c = c->next)
		if (memcmp(c->key, key, sizeof(key)) == 0)
			break;
	if (c && c->n >= b->limits.per_client)
		return BUDGET_CLIENT_FULL;
	if (!c) {
		c = xnew(struct budget_client);
		memcpy(c->key, key, sizeof(key));
		c->next = *head;
		*head = c;
	}
	c->n++;
	b->sessions++;
	*ret_client = c;
	return BUDGET_ENTERED;
}

void budget_leave(struct budget *b, struct budget_client *c)
{
	assert(c->n > 0 && b->sessions > 0);
	b->sessions--;
	if (--c->n > 0)
		return;
	for (struct budget_client **p = bucket_of(b, c->key); *p; p = &(*p)->next) {
		if (*p == c) {
			*p = c->next;
			break;
		}
	}
	free(c);
}

bool budget_take(struct budget *b, uint64_t bytes)
{
	if (bytes > budget_left(b))
		return false;
	b->bytes += bytes;
	return true;
}

void budget_give(struct budget *b, uint64_t bytes)
{
	assert(bytes <= b->bytes);
	b->bytes -= bytes;
}

unsigned budget_sessions(const struct budget *b)
{
	return b->sessions;
}

uint64_t budget_left(const struct budget *b)
{
	return b->limits.bytes - b->bytes;
}
