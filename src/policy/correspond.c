#include "policy/correspond.h"

static void clean_into(struct str s, struct buf *out)
{
	static const char *const overrides[] = { "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa",
		                                 "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad",
		                                 "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7",
		                                 "\xe2\x81\xa8", "\xe2\x81\xa9" };

	while (s.n) {
		bool bad = false;

		for (size_t i = 0; !bad && i < sizeof(overrides) / sizeof(overrides[0]); i++)
			bad = str_starts(s, str_c(overrides[i]));
		if (bad) {
			s = str_from(s, 3);
			continue;
		}
		if ((unsigned char)s.p[0] >= 32 && s.p[0] != 127)
			buf_addc(out, s.p[0]);
		else if (out->n && out->p[out->n - 1] != ' ')
			buf_addc(out, ' ');
		s = str_from(s, 1);
	}
}

/* Cut to at most n bytes between characters. */
static struct str bounded(struct str s, size_t n)
{
	if (s.n <= n)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return str_first(s, n);
}

/* An at sign in a name would be read, and linked, as an address: it is spelled. */
static void spell_at(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '@')
			buf_add(out, STR(" at "));
		else
			buf_addc(out, s.p[i]);
	}
}

struct str display_name(struct str name, struct str address, struct arena *a)
{
	OWN(buf) clean = BUF(4096);
	OWN(buf) out = BUF(8192);

	clean_into(str_first(name, 2000), &clean);
	if (!str_trim(buf_str(&clean)).n)
		clean_into(str_first(address, 1000), &clean);
	spell_at(bounded(str_trim(buf_str(&clean)), DISPLAY_MAX), &out);
	return arena_str(a, str_trim(buf_str(&out)));
}

static struct str joined(struct arena *a, struct str x, struct str y, struct str z)
{
	OWN(buf) b = BUF(16384);

	buf_add(&b, x);
	buf_add(&b, y);
	buf_add(&b, z);
	return arena_str(a, buf_str(&b));
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_z(a, s);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(p[i]);
	return str_of(p, s.n);
}

static struct str key_of(struct arena *a, struct str address)
{
	OWN(buf) b = BUF(1024);
	struct addr parsed;

	if (addr_parse(address, a, &parsed, NULL) < 0)
		return lower(a, address);
	addr_key(&parsed, &b);
	return arena_str(a, buf_str(&b));
}

/* "announce" of "Announcements <announce.example.org>" */
static struct str list_name(const struct who_facts *f)
{
	size_t angle = str_chr(f->list_id, '<');
	struct str phrase = str_trim(str_first(f->list_id, angle));

	if (phrase.n > 2 && phrase.p[0] == '"')
		phrase = str_of(phrase.p + 1, phrase.n - 2);
	if (phrase.n)
		return phrase;
	if (f->list_post.n)
		return str_first(f->list_post, str_chr(f->list_post, '@'));
	return str_trim(f->list_id);
}

static struct str list_key(const struct who_facts *f)
{
	size_t open = str_chr(f->list_id, '<');
	struct str id = f->list_id;

	if (!id.n)
		return f->list_post;
	if (open < id.n) {
		id = str_from(id, open + 1);
		id = str_first(id, str_chr(id, '>'));
	}
	return str_trim(id);
}

static void list_wrote(const struct who_facts *f, struct arena *a, struct who *w)
{
	struct str list = display_name(list_name(f), f->list_post, a);
	struct str poster = display_name(f->from_name, f->from, a);

	w->kind = WHO_LIST;
	w->key = joined(a, STR("list:"), lower(a, list_key(f)), STR(""));
	w->address = f->list_post.n ? f->list_post : f->from;
	w->name = list;
	w->display = joined(a, poster, STR(" via "), list);
}

void who_shared(const struct who_facts *f, struct arena *a, struct who *ret)
{
	struct str shown = display_name(f->from_name, f->from, a);

	*ret = (struct who){ .kind = WHO_SHARED, .key = STR("shared") };
	ret->name = STR("Unverified senders");
	ret->display = shown.n ? joined(a, shown, STR(" (unverified)"), STR(""))
	                       : STR("Unknown sender (unverified)");
}

void who_wrote(const struct who_facts *f, struct arena *a, struct who *ret)
{
	struct who w = { .kind = WHO_PERSON };

	if (f->list_id.n || f->list_post.n) {
		list_wrote(f, a, &w);
	} else if (!f->from.n) {
		who_shared(f, a, &w);
	} else {
		w.key = joined(a, STR("person:"), key_of(a, f->from), STR(""));
		w.address = f->from;
		w.name = f->from_name;
		w.display = display_name(f->from_name, f->from, a);
	}
	if (w.kind != WHO_SHARED && f->reply_to.n && !str_eq(key_of(a, f->reply_to), key_of(a, w.address)))
		w.reply_to = f->reply_to;
	*ret = w;
}
