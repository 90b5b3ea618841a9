#include "role/core/verp.h"

#include "base/clock.h"
#include "crypto/aead.h"
#include "crypto/ticket.h"
#include "wire/b64.h"

enum { LOCAL_MOST = 64 }; /* RFC 5321 4.5.3.1.1 */

static const char use[] = "verp";

int verp_print(const struct core *c, int64_t mailbox, enum verp_kind kind, struct str domain, struct buf *out,
               struct fail *f)
{
	struct verp v = { .mailbox = mailbox, .day = core_now(c) / DAY_S, .kind = kind };
	OWN(buf) packed = BUF(VERP_BYTES);
	OWN(buf) sealed = BUF(VERP_BYTES + TICKET_MAC);

	TRY(random_shown(&v.salt, sizeof(v.salt), f));
	verp_pack(&v, &packed);
	ticket_seal(secret_str(&c->hash_key), use, buf_str(&packed), &sealed);
	buf_addz(out, VERP_PREFIX);
	b32_print(buf_str(&sealed), out);
	buf_addc(out, '@');
	buf_add(out, domain);
	return OK;
}

bool verp_read(const struct core *c, struct str local, struct verp *ret)
{
	OWN(buf) token = BUF(LOCAL_MOST);
	OWN(buf) sealed = BUF(LOCAL_MOST);
	OWN(buf) packed = BUF(LOCAL_MOST);
	struct str prefix = STR(VERP_PREFIX);
	struct verp v;

	if (local.n > LOCAL_MOST || !str_starts_nocase(local, prefix))
		return false;
	for (size_t i = prefix.n; i < local.n; i++) /* some servers shout, RFC 5321 2.4 notwithstanding */
		buf_addc(&token, ascii_lower(local.p[i]));
	if (b32_parse(buf_str(&token), &sealed, NULL) < 0 ||
	    ticket_open(secret_str(&c->hash_key), use, buf_str(&sealed), &packed, NULL) < 0 ||
	    !verp_unpack(buf_str(&packed), &v) || !verp_is_current(&v, core_now(c)))
		return false;
	*ret = v;
	return true;
}

enum { TRACE_BYTES = 10 };

int trace_print(const struct core *c, struct buf *out, struct fail *f)
{
	OWN(buf) sealed = BUF(TRACE_BYTES + TICKET_MAC);
	uint8_t chance[TRACE_BYTES];

	TRY(random_shown(chance, sizeof(chance), f));
	ticket_seal(secret_str(&c->hash_key), "trace", str_of(chance, sizeof(chance)), &sealed);
	b32_print(buf_str(&sealed), out);
	return OK;
}

bool trace_is_ours(const struct core *c, struct str token)
{
	OWN(buf) sealed = BUF(LOCAL_MOST);
	OWN(buf) plain = BUF(LOCAL_MOST);

	return b32_parse(token, &sealed, NULL) == OK &&
	       ticket_open(secret_str(&c->hash_key), "trace", buf_str(&sealed), &plain, NULL) == OK;
}
