#include "role/scribe/cache.h"

#include "crypto/aead.h"

static void drop_key(struct cache *c, size_t i)
{
	key_free(c->keys[i].key);
	c->keys[i].key = NULL;
}

static void drop_cert(struct cache *c, size_t i)
{
	cms_cert_free(c->certs[i].cert);
	c->certs[i].cert = NULL;
}

void cache_for_user(struct cache *c, uint64_t user)
{
	if (c->user == user)
		return;
	for (size_t i = 0; i < CACHE_KEYS; i++)
		drop_key(c, i);
	for (size_t i = 0; i < CACHE_CERTS; i++)
		drop_cert(c, i);
	c->user = user;
}

void cache_age(struct cache *c, uint64_t now_ms)
{
	for (size_t i = 0; i < CACHE_KEYS; i++)
		if (c->keys[i].key && now_ms - c->keys[i].used_ms > CACHE_MS)
			drop_key(c, i);
	for (size_t i = 0; i < CACHE_CERTS; i++)
		if (c->certs[i].cert && now_ms - c->certs[i].used_ms > CACHE_MS)
			drop_cert(c, i);
}

const struct key *cache_key(struct cache *c, uint64_t id, uint64_t now_ms)
{
	for (size_t i = 0; i < CACHE_KEYS; i++) {
		if (!c->keys[i].key || c->keys[i].id != id)
			continue;
		c->keys[i].used_ms = now_ms;
		c->keys[i].turn = ++c->turn;
		return c->keys[i].key;
	}
	return NULL;
}

void cache_put_key(struct cache *c, uint64_t id, struct key *key, uint64_t now_ms)
{
	size_t at = 0;

	for (size_t i = 0; i < CACHE_KEYS; i++) {
		if (!c->keys[i].key) {
			at = i;
			break;
		}
		if (c->keys[i].turn < c->keys[at].turn)
			at = i;
	}
	drop_key(c, at);
	c->keys[at].id = id;
	c->keys[at].key = key;
	c->keys[at].used_ms = now_ms;
	c->keys[at].turn = ++c->turn;
}

int cache_cert(struct cache *c, struct str der, uint64_t now_ms, const struct cms_cert **ret, struct fail *f)
{
	uint8_t digest[32];
	size_t at = 0;

	sha256(der, digest);
	for (size_t i = 0; i < CACHE_CERTS; i++) {
		if (!c->certs[i].cert || memcmp(c->certs[i].digest, digest, sizeof(digest)) != 0)
			continue;
		c->certs[i].used_ms = now_ms;
		c->certs[i].turn = ++c->turn;
		*ret = c->certs[i].cert;
		return OK;
	}
	for (size_t i = 0; i < CACHE_CERTS; i++) {
		if (!c->certs[i].cert) {
			at = i;
			break;
		}
		if (c->certs[i].turn < c->certs[at].turn)
			at = i;
	}
	drop_cert(c, at);
	TRY(cms_cert_new(der, &c->certs[at].cert, f));
	memcpy(c->certs[at].digest, digest, sizeof(digest));
	c->certs[at].used_ms = now_ms;
	c->certs[at].turn = ++c->turn;
	*ret = c->certs[at].cert;
	return OK;
}
