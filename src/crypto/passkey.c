#include "crypto/passkey.h"

#include "crypto/key_in.h"

enum { COORDINATE = 32, ED25519_KEY = 32, ED25519_SIGNATURE = 64, SHA256 = 32, COUNT_AT = 33, FLAGS_AT = 32 };

/* Web Authentication 6.1 */
enum flag { FLAG_UP = 1, FLAG_UV = 4, FLAG_BE = 8, FLAG_BS = 16, FLAG_AT = 64, FLAG_ED = 128 };

static int sha256(struct str in, uint8_t ret[static SHA256], struct fail *f)
{
	if (EVP_Digest(in.p, in.n, ret, NULL, ossl()->sha256, NULL) != 1)
		return fail_ossl(f, FAIL_SYS, "digest");
	return OK;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static int import_es256(const struct passkey_key *k, struct key **ret, struct fail *f)
{
	OWN(buf) point = BUF(1 + 2 * COORDINATE);
	OWN(buf) spki = BUF(SPKI_MAX);

	if (k->a.n != COORDINATE || k->b.n != COORDINATE)
		return fail(f, FAIL_DENIED, "coordinates of another size");
	buf_addc(&point, 4);
	buf_add(&point, k->a);
	buf_add(&point, k->b);
	spki_put_ec(&spki, &curve_p256, buf_str(&point));
	if (key_import_public(buf_str(&spki), ret, f) < 0)
		return fail(f, FAIL_DENIED, "no point of the curve");
	return OK;
}

static int import_rs256(const struct passkey_key *k, struct key **ret, struct fail *f)
{
	OWN(buf) spki = BUF(SPKI_MAX);

	if (!k->a.n || k->a.n > RSA_BITS_MAX / 8 || !k->a.p[0] || !k->b.n || k->b.n > 4 || !k->b.p[0])
		return fail(f, FAIL_DENIED, "RSA numbers of another size");
	spki_put_rsa(&spki, k->a, k->b);
	return key_import_public(buf_str(&spki), ret, f);
}

static int import_ed25519(const struct passkey_key *k, EVP_PKEY **ret, struct fail *f)
{
	if (k->a.n != ED25519_KEY || k->b.n)
		return fail(f, FAIL_DENIED, "an Ed25519 key of another size");
	*ret = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, str_bytes(k->a), k->a.n);
	return *ret ? OK : fail_ossl(f, FAIL_DENIED, "Ed25519 key");
}

static int verify_ed25519(const struct passkey_key *k, struct str data, struct str sig, struct fail *f)
{
	OWNP(EVP_PKEY) key = NULL;
	OWNP(EVP_MD_CTX) ctx = EVP_MD_CTX_new();

	TRY(import_ed25519(k, &key, f));
	if (!ctx || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) != 1)
		return fail_ossl(f, FAIL_SYS, "Ed25519");
	if (sig.n != ED25519_SIGNATURE ||
	    EVP_DigestVerify(ctx, str_bytes(sig), sig.n, str_bytes(data), data.n) != 1)
		return fail_ossl(f, FAIL_FORGED, "signature");
	return OK;
}

static int import(const struct passkey_key *k, struct key **ret, struct fail *f)
{
	if (k->alg == PASSKEY_ES256)
		return import_es256(k, ret, f);
	if (k->alg == PASSKEY_RS256)
		return import_rs256(k, ret, f);
	return fail(f, FAIL_DENIED, "an algorithm that was not offered: %d", (int)k->alg);
}

int passkey_key_check(const struct passkey_key *k, struct fail *f)
{
	OWNP(EVP_PKEY) ed25519 = NULL;
	OWNS(key) key = NULL;

	return k->alg == PASSKEY_EDDSA ? import_ed25519(k, &ed25519, f) : import(k, &key, f);
}

static int verify(const struct passkey_key *k, struct str data, struct str sig, struct fail *f)
{
	OWNS(key) key = NULL;

	if (k->alg == PASSKEY_EDDSA)
		return verify_ed25519(k, data, sig, f);
	TRY(import(k, &key, f));
	return key_verify(key, ossl()->sha256, data, sig, f);
}

/* ---- what the browser says --------------------------------------------------------------------------------------- */

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n > 0;
}

static const char *type_of(const struct passkey_ask *ask)
{
	return ask->act == PASSKEY_MAKE ? "create" : "get";
}

/* KeePassXC before 2.7.11 sorts the members by name. */
static bool is_sorted(const struct passkey_ask *ask, struct str client)
{
	OWN(buf) want = BUF(PASSKEY_CLIENT_MOST);

	buf_addf(
	        &want,
	        "{\"challenge\":\"%.*s\",\"crossOrigin\":false,\"origin\":\"%.*s\",\"type\":\"webauthn.%s\"}",
	        STR_ARG(ask->challenge), STR_ARG(ask->origin), type_of(ask));
	return str_eq(client, buf_str(&want));
}

/* WebKit leaves out what would be false, as Level 2 allows (5.8.1). */
static bool is_own_frame(struct str rest)
{
	const struct str no = STR(",\"crossOrigin\":false");

	if (str_starts(rest, no))
		rest = str_from(rest, no.n);
	else
		return str_eq(rest, STR("}"));
	return str_eq(rest, STR("}")) || (str_starts(rest, STR(",")) && str_ends(rest, STR("}")));
}

/* 5.8.1.2, the limited verification algorithm: the members that count come first, in this order and without a space. A
 * browser may add others behind them; a frame of another site has crossOrigin true, and so other bytes. */
int passkey_client_check(const struct passkey_ask *ask, struct str client, struct fail *f)
{
	OWN(buf) want = BUF(PASSKEY_CLIENT_MOST);

	if (ask->challenge.n != PASSKEY_CHALLENGE || !is_plain(ask->challenge) || !is_plain(ask->origin) ||
	    ask->origin.n > PASSKEY_ORIGIN_MOST)
		return fail(f, FAIL_BUG, "a challenge or an origin of another form");
	if (client.n > PASSKEY_CLIENT_MOST)
		return fail(f, FAIL_LIMIT, "client data of %zu bytes", client.n);
	if (is_sorted(ask, client))
		return OK;
	buf_addf(&want, "{\"type\":\"webauthn.%s\",\"challenge\":\"%.*s\"", type_of(ask),
	         STR_ARG(ask->challenge));
	if (!str_starts(client, buf_str(&want)))
		return fail(f, FAIL_DENIED, "an answer to another challenge, or of another kind");
	buf_addf(&want, ",\"origin\":\"%.*s\"", STR_ARG(ask->origin));
	if (!str_starts(client, buf_str(&want)))
		return fail(f, FAIL_DENIED, "an answer from another origin");
	if (!is_own_frame(str_from(client, want.n)))
		return fail(f, FAIL_DENIED, "asked from a frame of another site");
	return OK;
}

/* ---- what the authenticator says --------------------------------------------------------------------------------- */

/* What follows the fixed part: the credential when one is made, with or without extensions (browsers ask for some of
 * themselves), and nothing when one is used. */
static bool more_is_right(enum passkey_act act, unsigned flags)
{
	return act == PASSKEY_MAKE ? flags & FLAG_AT : !(flags & (FLAG_AT | FLAG_ED));
}

static int check_flags(enum passkey_act act, unsigned flags, struct fail *f)
{
	if (!(flags & FLAG_UP))
		return fail(f, FAIL_DENIED, "nobody was there");
	if ((flags & FLAG_BS) && !(flags & FLAG_BE))
		return fail(f, FAIL_DENIED, "copied, and not to be copied");
	if (!more_is_right(act, flags))
		return fail(f, FAIL_DENIED, "says that more follows than there is, or less");
	return OK;
}

/* 6.1.1: many never count, and say 0; some stop counting when they begin to be copied between devices, and say that too. */
static bool count_is_right(uint32_t before, uint32_t now, unsigned flags)
{
	return now > before || (!now && (!before || flags & FLAG_BS));
}

int passkey_data_check(const struct passkey_ask *ask, struct str data, struct passkey_seen *ret,
                       struct fail *f)
{
	uint8_t site[SHA256];
	uint32_t count = 0;

	if (data.n != PASSKEY_DATA)
		return fail(f, FAIL_SYNTAX, "authenticator data of %zu bytes", data.n);
	TRY(sha256(ask->rp_id, site, f));
	if (memcmp(data.p, site, SHA256) != 0)
		return fail(f, FAIL_DENIED, "for another site");
	TRY(check_flags(ask->act, (uint8_t)data.p[FLAGS_AT], f));
	for (size_t i = COUNT_AT; i < PASSKEY_DATA; i++)
		count = count << 8 | (uint8_t)data.p[i];
	if (!count_is_right(ask->count, count, (uint8_t)data.p[FLAGS_AT]))
		return fail(f, FAIL_DENIED, "a counter that does not rise: perhaps a copy of the key");
	*ret = (struct passkey_seen){ count ? count : ask->count, data.p[FLAGS_AT] & FLAG_UV };
	return OK;
}

int passkey_check_new(const struct passkey_ask *ask, const struct passkey_key *k,
                      const struct passkey_answer *answer, struct passkey_seen *ret, struct fail *f)
{
	TRY(passkey_client_check(ask, answer->client, f));
	TRY(passkey_key_check(k, f));
	return passkey_data_check(ask, answer->data, ret, f);
}

int passkey_check(const struct passkey_ask *ask, const struct passkey_key *k,
                  const struct passkey_answer *answer, struct passkey_seen *ret, struct fail *f)
{
	OWN(buf) over = BUF(PASSKEY_DATA + SHA256);
	uint8_t client[SHA256];
	struct passkey_seen seen;

	TRY(passkey_client_check(ask, answer->client, f));
	TRY(passkey_data_check(ask, answer->data, &seen, f));
	if (!answer->signature.n || answer->signature.n > PASSKEY_SIGNATURE_MOST)
		return fail(f, FAIL_LIMIT, "a signature of %zu bytes", answer->signature.n);
	TRY(sha256(answer->client, client, f));
	buf_add(&over, answer->data);
	buf_add(&over, str_of(client, sizeof(client)));
	TRY(verify(k, buf_str(&over), answer->signature, f));
	*ret = seen;
	return OK;
}
