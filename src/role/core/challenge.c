#include "role/core/challenge.h"

#include "base/mem.h"
#include "crypto/aead.h"
#include "policy/spent.h"
#include "role/core/keys.h"
#include "wire/b64.h"

/* Since when, something random, and the keyed hash of both, of what it is for, and of something random of this process. */
enum { TIME = 4, RANDOM = 12, SAID = TIME + RANDOM, MAC = 16, WORD = SAID + MAC, BOOT = 16 };

struct challenges {
	uint8_t boot[BOOT];
	struct spent spent;
};

static int start(struct core *c, struct fail *f)
{
	if (c->challenges)
		return OK;
	c->challenges = xnew(struct challenges);
	return random_bytes(c->challenges->boot, BOOT, f);
}

static void mac_of(struct request *c, enum challenge_for what, struct str bound, const char *said,
                   uint8_t ret[static 32])
{
	OWN(buf) all = BUF(SAID + BOOT + bound.n);

	buf_add(&all, str_of(said, SAID));
	buf_add(&all, str_of(c->core->challenges->boot, BOOT));
	buf_add(&all, bound);
	keys_hash(c->core, "account.challenge", (uint64_t)what, buf_str(&all), ret);
}

/* RFC 4648 5, without padding. */
static struct str print(struct request *c, const char raw[static WORD])
{
	OWN(buf) b = BUF(64);

	b64_print(str_of(raw, WORD), &b);
	for (size_t i = 0; i < b.n; i++)
		b.p[i] = b.p[i] == '+' ? '-' : b.p[i] == '/' ? '_' : b.p[i];
	return arena_str(&c->arena, str_first(buf_str(&b), CHALLENGE_CHARS));
}

static bool parse(struct str word, char ret[static WORD])
{
	OWN(buf) b = BUF(64);
	OWN(buf) raw = BUF(64);

	for (size_t i = 0; i < word.n; i++)
		buf_addc(&b, word.p[i] == '-' ? '+' : word.p[i] == '_' ? '/' : word.p[i]);
	buf_addc(&b, '=');
	if (word.n != CHALLENGE_CHARS || b64_parse(buf_str(&b), false, &raw, NULL) < 0 || raw.n != WORD)
		return false;
	memcpy(ret, raw.p, WORD);
	return true;
}

static int64_t time_of(const char raw[static WORD])
{
	uint32_t t = 0;

	for (int i = 0; i < TIME; i++)
		t = t << 8 | (uint8_t)raw[i];
	return t;
}

int challenge_new(struct request *c, enum challenge_for what, struct str bound, struct str *ret,
                  struct fail *f)
{
	uint32_t now = (uint32_t)core_now(c->core);
	char raw[WORD];
	uint8_t mac[32];

	TRY(start(c->core, f));
	for (int i = 0; i < TIME; i++)
		raw[i] = (char)(now >> (24 - 8 * i));
	TRY(random_bytes(raw + TIME, RANDOM, f));
	mac_of(c, what, bound, raw, mac);
	memcpy(raw + SAID, mac, MAC);
	*ret = print(c, raw);
	return OK;
}

int challenge_check(struct request *c, enum challenge_for what, struct str bound, struct str word,
                    const char *arg, struct fail *f)
{
	int64_t now = core_now(c->core);
	char raw[WORD];
	uint8_t mac[32];
	bool good = parse(word, raw);

	TRY(start(c->core, f));
	if (good) {
		mac_of(c, what, bound, raw, mac);
		good = ct_eq(mac, raw + SAID, MAC) && time_of(raw) <= now &&
		       now - time_of(raw) < CHALLENGE_LIFE_S &&
		       !spent_is(&c->core->challenges->spent, (const uint8_t *)raw + SAID, now);
	}
	return good ? OK
	            : call_wrong(c, arg, f, FAIL_DENIED,
	                         "this took longer than five minutes, or was used already: try again");
}

int challenge_take(struct request *c, struct str word, struct fail *f)
{
	int64_t now = core_now(c->core);
	char raw[WORD];

	TRY(start(c->core, f));
	if (!parse(word, raw))
		return fail(f, FAIL_BUG, "a challenge that was not checked");
	if (!spent_add(&c->core->challenges->spent, (const uint8_t *)raw + SAID, now + CHALLENGE_LIFE_S, now))
		return call_wrong(c, "rate", f, FAIL_AGAIN,
		                  "too many passkeys are used just now: try again in a minute");
	return OK;
}

struct str challenge_session(struct request *c)
{
	OWN(buf) b = BUF(64);

	buf_addf(&b, "session %lld", (long long)c->asker->session.id);
	return arena_str(&c->arena, buf_str(&b));
}
