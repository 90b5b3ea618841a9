#include "policy/correspond.h"

/* What a name is made of that nobody sees, or that turns the order of what is seen: marks and overrides of direction,
 * separators of lines, blanks of no width. Joiners stay: scripts and pictures need them. */
static const struct {
	uint32_t from, to;
} unseen[] = { { 0x80, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },
	       { 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
	       { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb } };

/* The character at the start of s, and its length; what is not UTF-8 is U+FFFD, a byte at a time. */
static uint32_t character(struct str s, size_t *ret_n)
{
	static const uint8_t mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t u;

	if (n > s.n || !str_is_utf8(str_first(s, n))) {
		*ret_n = 1;
		return 0xfffd;
	}
	u = c & mask[n];
	for (size_t i = 1; i < n; i++)
		u = u << 6 | ((unsigned char)s.p[i] & 0x3f);
	*ret_n = n;
	return u;
}

static bool is_unseen(uint32_t u)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (u >= unseen[i].from && u <= unseen[i].to)
			return true;
	return false;
}

/* An at sign in a name would be read, and linked, as an address: it is spelled, in all its widths. */
static bool is_at(uint32_t u)
{
	return u == '@' || u == 0xff20 || u == 0xfe6b;
}

static void clean_into(struct str s, struct buf *out)
{
	size_t shown = 0, n;

	for (; s.n && shown < DISPLAY_MAX; s = str_from(s, n)) {
		uint32_t u = character(s, &n);
		bool blank = u <= 32 || u == 127;

		if (is_unseen(u) || (blank && (!out->n || out->p[out->n - 1] == ' ')))
			continue;
		shown++;
		if (is_at(u))
			buf_add(out, STR(" at "));
		else if (u == 0xfffd)
			buf_add(out, STR("\xef\xbf\xbd"));
		else
			buf_add(out, blank ? STR(" ") : str_first(s, n));
	}
}

struct str display_name(struct str name, struct str address, struct arena *a)
{
	OWN(buf) clean = BUF(8 * DISPLAY_MAX);

	clean_into(name, &clean);
	if (!str_trim(buf_str(&clean)).n) {
		buf_clear(&clean);
		clean_into(address, &clean);
	}
	return arena_str(a, str_trim(buf_str(&clean)));
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

	if (phrase.n > 2 && phrase.p[0] == '"' && phrase.p[phrase.n - 1] == '"')
		phrase = str_of(phrase.p + 1, phrase.n - 2);
	if (phrase.n)
		return phrase;
	if (f->list_post.n)
		return str_first(f->list_post, str_chr(f->list_post, '@'));
	return str_trim(f->list_id);
}

/* Empty: no list, or one that names nothing. */
static struct str list_key(const struct who_facts *f)
{
	size_t open = str_chr(f->list_id, '<');
	struct str id = f->list_id;

	if (open < id.n) {
		id = str_from(id, open + 1);
		id = str_first(id, str_chr(id, '>'));
	}
	id = str_trim(id);
	return id.n ? id : f->list_post;
}

static bool same_mailbox(struct str x, struct str y)
{
	size_t at_x = str_rchr(x, '@'), at_y = str_rchr(y, '@');
	struct str local_x = str_first(x, at_x), local_y = str_first(y, at_y);

	if (!x.n || !y.n || !str_eq(str_from(x, at_x), str_from(y, at_y)))
		return false;
	local_x = str_first(local_x, str_chr(local_x, '+'));
	local_y = str_first(local_y, str_chr(local_y, '+'));
	return local_x.n && str_eq(local_x, local_y);
}

static void list_wrote(const struct who_facts *f, struct arena *a, struct who *w)
{
	struct str list = display_name(list_name(f), f->list_post, a);
	struct str poster = display_name(f->from_name, f->from, a);

	w->kind = WHO_LIST;
	w->key = joined(a, STR("list:"), lower(a, list_key(f)), STR(""));
	w->address = f->list_post.n ? f->list_post : f->from;
	w->takes_posts = f->list_post.n;
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

	if (list_key(f).n) {
		list_wrote(f, a, &w);
	} else if (!f->from.n) {
		who_shared(f, a, &w);
	} else {
		w.key = joined(a, STR("person:"), key_of(a, f->from), STR(""));
		w.address = f->from;
		w.name = f->from_name;
		w.display = display_name(f->from_name, f->from, a);
	}
	if (w.kind != WHO_SHARED && f->reply_to.n && !str_eq(key_of(a, f->reply_to), key_of(a, w.address)) &&
	    (!w.takes_posts || same_mailbox(key_of(a, f->reply_to), key_of(a, w.address))))
		w.reply_to = f->reply_to;
	*ret = w;
}

/* ---- where answers go ------------------------------------------------------------------------------------------- */

enum reply_change reply_to_judge(struct str address, struct str held, struct str said, struct arena *a)
{
	struct str own = key_of(a, address), before = key_of(a, held), now = key_of(a, said);

	if (str_eq(now, before) || (!before.n && str_eq(now, own)))
		return REPLY_KEEP;
	if (!said.n || same_mailbox(now, own) || same_mailbox(now, before))
		return REPLY_TAKE;
	return REPLY_ASK;
}
