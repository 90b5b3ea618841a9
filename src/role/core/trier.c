#include "role/core/trier.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/totp.h"
#include "policy/bound.h"
#include "role/core/keys.h"
#include "role/core/tries.h"
#include "store/accounts.h"
#include "wire/b64.h"

/* ---- devices ------------------------------------------------------------------------------------------------------ */

/* Since when, something random, and the keyed hash of both. */
enum { DEVICE_TIME = 8, DEVICE_RANDOM = 16, DEVICE_SAID = DEVICE_TIME + DEVICE_RANDOM, DEVICE_MAC = 16 };

static void device_mac(const struct core *c, int64_t user, const char *said, uint8_t ret[static 32])
{
	keys_hash(c, "account.device", (uint64_t)user, str_of(said, DEVICE_SAID), ret);
}

int device_token(struct request *c, int64_t user, struct str *ret, struct fail *f)
{
	uint64_t now = (uint64_t)core_now(c->core);
	char raw[DEVICE_SAID + DEVICE_MAC];
	uint8_t mac[32];
	OWN(buf) b = BUF(DEVICE_CHARS + 1);

	for (int i = 0; i < DEVICE_TIME; i++)
		raw[i] = (char)(now >> (8 * i));
	TRY(random_bytes((uint8_t *)raw + DEVICE_TIME, DEVICE_RANDOM, f));
	device_mac(c->core, user, raw, mac);
	memcpy(raw + DEVICE_SAID, mac, DEVICE_MAC);
	b32_print(str_of(raw, sizeof(raw)), &b);
	*ret = arena_str(&c->arena, buf_str(&b));
	return OK;
}

/* In a time that does not tell how much of it is right. */
static bool is_mac(const uint8_t *mac, const char *said)
{
	unsigned differ = 0;

	for (size_t i = 0; i < DEVICE_MAC; i++)
		differ |= mac[i] ^ (uint8_t)said[i];
	return !differ;
}

static bool is_known(struct request *c, int64_t user, struct str token)
{
	OWN(buf) raw = BUF(DEVICE_CHARS);
	uint64_t since = 0;
	uint8_t mac[32];

	if (!user || b32_parse(token, &raw, NULL) < 0 || raw.n != DEVICE_SAID + DEVICE_MAC)
		return false;
	for (int i = 0; i < DEVICE_TIME; i++)
		since |= (uint64_t)(uint8_t)raw.p[i] << (8 * i);
	if (core_now(c->core) - (int64_t)since >= DEVICE_LIFE_S)
		return false;
	device_mac(c->core, user, raw.p, mac);
	return is_mac(mac, raw.p + DEVICE_SAID);
}

/* ---- who tries ---------------------------------------------------------------------------------------------------- */

struct trier trier_of(struct request *c, struct str name, int64_t user)
{
	const struct session *s = &c->asker->session;
	struct str device = arg_text(c, "device");
	struct trier t = { .name = name };
	OWN(buf) key = BUF(64);

	if (s->id && s->kind == SESSION_PERSON && str_eq(name, c->asker->name)) {
		buf_addf(&key, "session %lld", (long long)s->id);
		t.counts = arena_str(&c->arena, buf_str(&key));
		t.known = true;
	} else if (is_known(c, user, device) && tries_check(c->core, TRIES_DEVICE, device, NULL) == OK) {
		t.counts = device; /* one that is wrong too often is a stranger again, not shut out */
		t.known = true;
	}
	return t;
}

static struct str pair_of(struct request *c, struct str name)
{
	OWN(buf) b = BUF(1024);
	uint8_t net[BOUND_NET];

	buf_add(&b, name);
	buf_addc(&b, '\n');
	buf_add(&b, str_of(net, bound_net(c->asker->client, net)));
	return arena_str(&c->arena, buf_str(&b));
}

static bool has_code(struct request *c, const struct account *ac)
{
	int64_t step;

	return ac && ac->totp &&
	       totp_check(ac->secret, arg_text(c, "code"), core_now(c->core), ac->totp_step, &step, NULL) ==
	               OK;
}

static int check_show(struct request *c, const struct trier *t, struct fail *f)
{
	if (t->known)
		return tries_check(c->core, TRIES_DEVICE, t->counts, f);
	TRY(tries_check(c->core, TRIES_PAIR, pair_of(c, t->name), f));
	return tries_check(c->core, TRIES_CLIENT, c->asker->client, f);
}

static int check(struct request *c, const struct trier *t, const struct account *ac, struct fail *f)
{
	TRY(check_show(c, t, f));
	return t->known || has_code(c, ac) ? OK : tries_check(c->core, TRIES_NAME, t->name, f);
}

int trier_may_show(struct request *c, const struct trier *t, struct fail *f)
{
	int r = check_show(c, t, f);

	if (r < 0)
		c->bad_arg = "rate";
	return r;
}

int trier_may(struct request *c, const struct trier *t, const struct account *ac, struct fail *f)
{
	int r = check(c, t, ac, f);

	if (r < 0)
		c->bad_arg = "rate";
	return r;
}

int trier_may_ask(struct request *c, struct fail *f)
{
	int r = tries_check(c->core, TRIES_CLIENT, c->asker->client, f);

	if (r < 0)
		c->bad_arg = "rate";
	return r;
}

void trier_count(struct request *c, const struct trier *t)
{
	if (t->known) {
		tries_count(c->core, TRIES_DEVICE, t->counts);
	} else {
		tries_count(c->core, TRIES_PAIR, pair_of(c, t->name));
		tries_count(c->core, TRIES_CLIENT, c->asker->client);
		tries_count(c->core, TRIES_NAME, t->name);
	}
}

int trier_wrong(struct request *c, const struct trier *t, const char *arg, const char *why, struct fail *f)
{
	trier_count(c, t);
	log_warn("ev=login-refused what=%s client=%s", arg, log_mask(c->asker->client));
	return call_wrong(c, arg, f, FAIL_DENIED, "%s", why);
}

void trier_right(struct request *c, const struct trier *t)
{
	tries_forget(c->core, TRIES_PAIR, pair_of(c, t->name));
	if (t->known)
		tries_forget(c->core, TRIES_DEVICE, t->counts);
}
