#include "policy/block.h"

struct keys {
	struct arena *a;
	struct str *out;
	size_t n;
};

static struct str joined(struct arena *a, struct str kind, struct str name)
{
	OWN(buf) b = BUF(1024);

	buf_add(&b, kind);
	for (size_t i = 0; i < name.n; i++)
		buf_addc(&b, ascii_lower(name.p[i]));
	return arena_str(a, buf_str(&b));
}

struct str block_domain_key(struct str domain, struct arena *a)
{
	return joined(a, STR("domain:"), domain);
}

static void add(struct keys *k, struct str key)
{
	for (size_t i = 0; i < k->n; i++)
		if (str_eq(k->out[i], key))
			return;
	if (k->n < BLOCK_KEYS_MAX)
		k->out[k->n++] = key;
}

/* A name of very many labels is looked for by its last ones: nobody blocks more of it. */
static void add_domains(struct keys *k, struct str address)
{
	struct str domain = str_from(address, str_rchr(address, '@') + 1);
	size_t dots = 0;

	for (size_t i = 0; i < domain.n; i++)
		dots += domain.p[i] == '.';
	for (; dots; dots--) {
		if (dots < BLOCK_DOMAIN_LABELS)
			add(k, block_domain_key(domain, k->a));
		domain = str_from(domain, str_chr(domain, '.') + 1);
	}
}

size_t block_keys(const struct who *w, struct str sender, struct arena *a, struct str out[BLOCK_KEYS_MAX])
{
	const struct who_facts envelope = { .from = sender };
	struct keys k = { a, out, 0 };
	struct who s;

	if (w && w->kind != WHO_SHARED)
		add(&k, w->key);
	if (sender.n) {
		who_wrote(&envelope, a, &s);
		add(&k, s.key);
	}
	if (w && w->kind != WHO_SHARED)
		add_domains(&k, w->address);
	if (sender.n)
		add_domains(&k, sender);
	return k.n;
}

struct verdict block_refused(bool was_read)
{
	struct verdict v = alias_unknown();

	if (was_read)
		v = (struct verdict){ VERDICT_REFUSE, 550, "5.7.1", "not accepted for this address", "" };
	v.why = "blocked";
	return v;
}

struct verdict block_dropped(void)
{
	return (struct verdict){ VERDICT_DROP, 250, "2.1.5", "ok", "blocked" };
}
