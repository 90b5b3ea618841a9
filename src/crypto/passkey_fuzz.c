/* Input: a key's algorithm and numbers, then, behind a NUL each, client data, authenticator data and a signature. Laws: client data
 * that is believed answers this challenge, for this site and this act, and no other; nothing verifies, for no key here was made by
 * anybody who could sign. */
#include "crypto/aead.h"
#include "crypto/passkey.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct passkey_ask ask = { PASSKEY_USE, STR_INIT("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"),
	                                STR_INIT("https://relay.example"), STR_INIT("relay.example"), 7 };

static void require(bool law)
{
	if (!law)
		abort();
}

static void check_client(struct str client)
{
	struct passkey_ask other = ask;

	if (passkey_client_check(&ask, client, NULL) < 0)
		return;
	require(str_find(client, ask.challenge) < client.n && str_find(client, ask.origin) < client.n);
	other.act = PASSKEY_MAKE;
	require(passkey_client_check(&other, client, NULL) < 0);
	other = ask;
	other.origin = STR("https://relay.exampl");
	require(passkey_client_check(&other, client, NULL) < 0);
	other = ask;
	other.challenge = STR("0123456789abcdefghijklmnopqrstuvwxyzABCDEFH");
	require(passkey_client_check(&other, client, NULL) < 0);
}

/* A counter rises, or has ended where the key is copied between devices: then what was known of it stays. */
static void check_data(struct str data)
{
	struct passkey_seen seen;

	if (passkey_data_check(&ask, data, &seen, NULL) < 0)
		return;
	require(data.n == PASSKEY_DATA && (data.p[32] & 1));
	require(seen.count > ask.count || (seen.count == ask.count && (data.p[32] & 16) &&
	                                   str_eq(str_from(data, 33), str_of("\0\0\0", 4))));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum passkey_alg algs[] = { PASSKEY_ES256, PASSKEY_EDDSA, PASSKEY_RS256,
		                                 (enum passkey_alg)1 };
	struct str left = str_of(p, n), head = str_first(left, 67);
	struct passkey_key k = { n ? algs[p[0] % 4] : PASSKEY_ES256, str_first(str_from(head, 1), 32),
		                 str_from(head, 33) };
	struct passkey_answer a;
	struct passkey_seen seen;

	left = str_from(left, 67);
	a.client = str_cut(&left, '\0');
	a.data = str_first(left, PASSKEY_DATA);
	a.signature = str_from(left, PASSKEY_DATA);
	if (crypto_init(NULL) < 0)
		abort();
	if (k.alg == PASSKEY_EDDSA || k.alg == PASSKEY_ES256)
		k.b = k.alg == PASSKEY_ES256 ? str_first(k.b, 32) : STR("");
	(void)!passkey_key_check(&k, NULL);
	check_client(a.client);
	check_data(a.data);
	require(passkey_check(&ask, &k, &a, &seen, NULL) < 0);
	return 0;
}
