#include "crypto/wrap.h"

/* version (1) || master key id (8) || kind (1) || user (8) || profile (8), big-endian; all of it is the associated
 * data. Nonces are random, so one master key may wrap 2^32 keys before it is to be rotated (NIST SP 800-38D 8.3). */
enum { VERSION = 1, ID = 8, HEAD = 1 + ID + 1 + 8 + 8 };

static void put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get_u64(const char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

static bool owned(enum wrap_kind kind)
{
	return kind == WRAP_LEAF || kind == WRAP_CA;
}

/* What belongs to a user names one, what does not names none. */
static bool label_is_sound(const struct wrap_label *l)
{
	if (l->kind < WRAP_SPARE || l->kind > WRAP_HASH)
		return false;
	return owned(l->kind) ? l->user != 0 : l->user == 0 && l->profile == 0;
}

void wrap_key_id(const struct secret *master, uint8_t ret[static 8])
{
	static const char name[] = "postern master key id";
	uint8_t text[sizeof(name) - 1 + AEAD_KEY], digest[32];
	size_t n = master->n < AEAD_KEY ? master->n : AEAD_KEY;

	memcpy(text, name, sizeof(name) - 1);
	memcpy(text + sizeof(name) - 1, master->p, n);
	sha256(str_of(text, sizeof(name) - 1 + n), digest);
	explicit_bzero(text, sizeof(text));
	memcpy(ret, digest, ID);
}

int wrap_seal(const struct secret *master, const struct wrap_label *l, struct str key, struct buf *out,
              struct fail *f)
{
	uint8_t head[HEAD] = { VERSION };
	size_t before = out->n;
	int r;

	if (master->n != AEAD_KEY || !label_is_sound(l))
		return fail(f, FAIL_BUG, "kind %d of user %s under a master key of %zu bytes", (int)l->kind,
		            l->user ? "set" : "unset", master->n);
	wrap_key_id(master, head + 1);
	head[1 + ID] = (uint8_t)l->kind;
	put_u64(head + 2 + ID, l->user);
	put_u64(head + 10 + ID, l->profile);
	buf_add(out, str_of(head, HEAD));
	r = aead_seal(str_of(master->p, master->n), str_of(head, HEAD), key, out, f);
	aead_forget();
	if (r < 0)
		out->n = before;
	return r;
}

int wrap_open(const struct secret *master, struct str wrapped, struct wrap_label *ret_label,
              struct secret *ret_key, struct fail *f)
{
	struct str head = str_first(wrapped, HEAD);
	struct wrap_label l;
	uint8_t id[ID];
	int r;

	if (master->n != AEAD_KEY)
		return fail(f, FAIL_BUG, "a master key of %zu bytes", master->n);
	if (wrapped.n < HEAD + AEAD_OVERHEAD || wrapped.p[0] != VERSION)
		return fail(f, FAIL_FORGED, "no wrapped key");
	wrap_key_id(master, id);
	if (memcmp(id, wrapped.p + 1, ID) != 0)
		return fail(f, FAIL_ABSENT, "wrapped under another master key");
	l = (struct wrap_label){ .kind = (enum wrap_kind)(uint8_t)head.p[1 + ID],
		                 .user = get_u64(head.p + 2 + ID),
		                 .profile = get_u64(head.p + 10 + ID) };
	if (!label_is_sound(&l))
		return fail(f, FAIL_FORGED, "no such kind of key");
	r = aead_open_secret(str_of(master->p, master->n), head, str_from(wrapped, HEAD), ret_key, f);
	aead_forget();
	if (r == OK)
		*ret_label = l;
	return r;
}
