#include "policy/verp.h"

#include "base/clock.h"

static void put(struct buf *out, uint64_t v, unsigned bytes)
{
	while (bytes--)
		buf_addc(out, (char)(v >> 8 * bytes));
}

static uint64_t take(struct str *in, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | (uint8_t)in->p[i];
	*in = str_from(*in, bytes);
	return v;
}

void verp_pack(const struct verp *v, struct buf *out)
{
	put(out, (uint64_t)v->mailbox, 6);
	put(out, (uint64_t)v->day, 2);
	put(out, v->kind, 1);
	put(out, v->salt, 4);
}

bool verp_unpack(struct str in, struct verp *ret)
{
	struct verp v;

	if (in.n != VERP_BYTES)
		return false;
	v.mailbox = (int64_t)take(&in, 6);
	v.day = (int64_t)take(&in, 2);
	v.kind = (enum verp_kind)take(&in, 1);
	v.salt = (uint32_t)take(&in, 4);
	if (v.kind < VERP_FORWARD || v.kind > VERP_REPLY)
		return false;
	*ret = v;
	return true;
}

bool verp_is_current(const struct verp *v, int64_t now_utc)
{
	int64_t age = now_utc / DAY_S - v->day;

	return age >= 0 && age <= VERP_DAYS;
}
