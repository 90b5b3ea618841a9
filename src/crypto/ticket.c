#include "crypto/ticket.h"

#include "crypto/aead.h"

#include <assert.h>

enum { HASH = 32 };

/* Authenticator and mask have keys of their own, so that what is public of one says nothing of the other. */
static void subkey(struct str key, const char *use, char part, uint8_t ret[static HASH])
{
	OWN(buf) b = BUF(64);

	buf_addc(&b, part);
	buf_addz(&b, use);
	assert(!b.over);
	mac_sha256(key, buf_str(&b), ret);
}

static void mac_of(struct str key, const char *use, struct str plain, uint8_t ret[static HASH])
{
	uint8_t k[HASH];

	subkey(key, use, 'a', k);
	mac_sha256(str_of(k, HASH), plain, ret);
	explicit_bzero(k, sizeof(k));
}

static void mask_of(struct str key, const char *use, struct str mac, uint8_t ret[static HASH])
{
	uint8_t k[HASH];

	subkey(key, use, 'm', k);
	mac_sha256(str_of(k, HASH), mac, ret);
	explicit_bzero(k, sizeof(k));
}

static void put_masked(struct str in, const uint8_t mask[static HASH], struct buf *out)
{
	for (size_t i = 0; i < in.n; i++)
		buf_addc(out, (char)((uint8_t)in.p[i] ^ mask[i]));
}

void ticket_seal(struct str key, const char *use, struct str plain, struct buf *out)
{
	uint8_t mac[HASH], mask[HASH];

	assert(plain.n && plain.n <= TICKET_MOST);
	mac_of(key, use, plain, mac);
	mask_of(key, use, str_of(mac, TICKET_MAC), mask);
	buf_add(out, str_of(mac, TICKET_MAC));
	put_masked(plain, mask, out);
}

int ticket_open(struct str key, const char *use, struct str sealed, struct buf *out, struct fail *f)
{
	OWN(buf) plain = BUF(TICKET_MOST);
	uint8_t mac[HASH], mask[HASH];

	if (sealed.n <= TICKET_MAC || sealed.n > TICKET_MAC + TICKET_MOST)
		return fail(f, FAIL_FORGED, "a ticket of %zu bytes", sealed.n);
	mask_of(key, use, str_first(sealed, TICKET_MAC), mask);
	put_masked(str_from(sealed, TICKET_MAC), mask, &plain);
	mac_of(key, use, buf_str(&plain), mac);
	if (!ct_eq(mac, sealed.p, TICKET_MAC))
		return fail(f, FAIL_FORGED, "a ticket that was not made here");
	buf_add(out, buf_str(&plain));
	return OK;
}
