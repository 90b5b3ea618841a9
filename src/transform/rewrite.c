#include "transform/rewrite.h"

#include "wire/letter.h"

#include <stdlib.h>

enum { LOCAL_MAX = 100, DOMAIN_MAX = 255, FORMS_OF_NAME = 4 };

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
	c = ascii_lower(c);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 5322 atext and the dot; '%' is for whoever writes URLs. */
static bool is_local(char c)
{
	return is_alnum(c) || (unsigned char)c > 127 || (c && strchr("!#$&'*+-/=?^_`{|}~.", c));
}

/* An address around an at sign: text[at..at+n) is local part, sign and domain. */
struct spot {
	size_t at, sign, sign_n, n;
	struct str domain; /* as it is known */
	bool file;
};

/* "@", in a URL and in a URL within a URL "%40" and "%2540", and the sign of full width. */
static size_t sign_at(struct str t, size_t i)
{
	static const struct str signs[] = { STR_INIT("@"), STR_INIT("%40"), STR_INIT("%2540"),
		                            STR_INIT("\xef\xbc\xa0") };

	for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++)
		if (t.p[i] == signs[k].p[0] && str_starts(str_from(t, i), signs[k]))
			return signs[k].n;
	return 0;
}

static size_t next_sign(struct str t, size_t from, size_t *ret_n)
{
	for (size_t i = from; i < t.n; i++) {
		*ret_n = sign_at(t, i);
		if (*ret_n)
			return i;
	}
	return t.n;
}

/* Something that nobody sees. */
static size_t nothing_at(struct str t, size_t i)
{
	size_t n;

	return (unsigned char)t.p[i] > 127 && letter_at(t, i, &n) == LETTER_NOTHING ? n : 0;
}

/* The domain's size at t[i], 0 when another one is there. A dot and a capital are the next sentence; in the name of a file they
 * are its ending, and "-" as good as a blank. */
static size_t domain_at(struct str t, size_t i, struct str domain, bool file)
{
	size_t k = 0, at = i;

	while (k < domain.n) {
		size_t unseen = at < t.n ? nothing_at(t, at) : 0;

		if (at >= t.n || (!unseen && ascii_lower(t.p[at]) != domain.p[k]))
			return 0;
		k += !unseen;
		at += unseen ? unseen : 1;
	}
	if (at < t.n && (is_alnum(t.p[at]) || (t.p[at] == '-' && !file)))
		return 0;
	if (!file && at + 1 < t.n && t.p[at] == '.' && is_alnum(t.p[at + 1]) &&
	    !(t.p[at + 1] >= 'A' && t.p[at + 1] <= 'Z' && domain.n && t.p[at - 1] >= 'a'))
		return 0;
	return at - i;
}

static bool is_plus(struct str t, size_t end)
{
	return end >= 3 && str_eq_nocase(str_of(t.p + end - 3, 3), STR("%2B"));
}

/* Where an address is looked for. */
struct place {
	struct str text;
	size_t from; /* none begins before it */
	bool file;
	const struct str *domains;
	size_t n;
};

/* Is there one around this sign, in one of the domains? */
static bool spot_around(const struct place *w, size_t sign, size_t sign_n, struct spot *ret)
{
	size_t begin = sign, end = 0, from = w->from;
	struct str t = w->text;

	for (size_t i = 0; i < w->n && !end; i++) {
		end = domain_at(t, sign + sign_n, w->domains[i], w->file);
		ret->domain = w->domains[i];
	}
	if (!end)
		return false;
	while (begin > from && sign - begin < LOCAL_MAX && (is_local(t.p[begin - 1]) || is_plus(t, begin)))
		begin -= is_plus(t, begin) && begin >= from + 3 ? 3 : 1;
	ret->at = begin;
	ret->file = w->file;
	ret->sign = sign;
	ret->sign_n = sign_n;
	ret->n = sign + sign_n + end - begin;
	return true;
}

/* The run before the sign may hold more than the local part ("email=alice", "'alice", "%20alice", "\nalice" in a calendar):
 * it is tried from each place where a word could begin. What goes on with a letter, a dot or the like is somebody else's
 * address. */
static bool begins_here(struct str t, size_t i, const struct spot *s)
{
	if (((unsigned char)t.p[i] & 0xc0) == 0x80)
		return false;
	if (i == s->at || (i >= 3 && t.p[i - 3] == '%' && is_hex(t.p[i - 2]) && is_hex(t.p[i - 1])))
		return true;
	if (i >= 2 && t.p[i - 2] == '\\' && (t.p[i - 1] == 'n' || t.p[i - 1] == 'N'))
		return true;
	if (strchr(".-_+", t.p[i - 1]))
		return s->file || i - 1 == s->at ||
		       !is_alnum(t.p[i - 2]); /* "_alice@mailbox.example_", in print */
	return !is_alnum(t.p[i - 1]);
}

/* As addr_key writes it, from the beginning of the run; off: where in it each byte of the run stands. */
static void spot_key(struct str t, const struct spot *s, struct buf *out, uint16_t off[LOCAL_MAX + 4])
{
	for (size_t i = s->at; i < s->sign;) {
		size_t unseen = nothing_at(t, i), plus = is_plus(t, i + 3 <= s->sign ? i + 3 : 0) ? 3 : 0;
		size_t n = unseen ? unseen : plus ? plus : 1;

		for (size_t k = 0; k < n && i + k - s->at < LOCAL_MAX + 4; k++)
			off[i + k - s->at] = (uint16_t)out->n;
		if (plus)
			buf_addc(out, '+');
		else if (!unseen)
			buf_addc(out, ascii_lower(t.p[i]));
		i += n;
	}
	buf_addc(out, '@');
	buf_add(out, s->domain);
}

static int by_key(const void *a, const void *b)
{
	return str_cmp(((const struct str_pair *)a)->from, ((const struct str_pair *)b)->from);
}

static const struct str_pair *find(const struct rewriter *r, struct str key)
{
	const struct str_pair wanted = { .from = key };

	return r->n_pairs ? bsearch(&wanted, r->pairs, r->n_pairs, sizeof(*r->pairs), by_key) : NULL;
}

/* "alice+shop@mailbox.example" reaches alice. */
static const struct str_pair *find_untagged(const struct rewriter *r, struct str key)
{
	OWN(buf) b = BUF(LOCAL_MAX + DOMAIN_MAX + 2);
	size_t plus = str_chr(key, '+'), at = str_rchr(key, '@');
	const struct str_pair *p = find(r, key);

	if (p || plus >= at)
		return p;
	buf_add(&b, str_first(key, plus));
	buf_add(&b, str_from(key, at));
	return find(r, buf_str(&b));
}

struct str rewriter_address(const struct rewriter *r, struct str address)
{
	OWN(buf) key = BUF(1024);
	OWN(arena) a = ARENA;
	struct addr parsed;
	const struct str_pair *p;

	if (addr_parse(address, &a, &parsed, NULL) < 0)
		return STR_NONE;
	addr_key(&parsed, &key);
	p = find_untagged(r, buf_str(&key));
	return p ? p->to : STR_NONE;
}

static const struct str_pair *match_spot(const struct rewriter *r, struct str t, const struct spot *s,
                                         size_t *ret_begin)
{
	OWN(buf) key = BUF(LOCAL_MAX + DOMAIN_MAX + 8);
	uint16_t off[LOCAL_MAX + 4] = { 0 };

	spot_key(t, s, &key, off);
	for (size_t i = s->at; i < s->sign; i++) {
		const struct str_pair *p;

		if (!begins_here(t, i, s))
			continue;
		p = find_untagged(r, str_from(buf_str(&key), off[i - s->at]));
		if (p) {
			*ret_begin = i;
			return p;
		}
	}
	return NULL;
}

static bool next_address(const struct rewrite_scan *scan, struct rewrite_match *ret)
{
	const struct rewriter *r = scan->r;
	const struct place w = { scan->text, scan->at, scan->file, r->domains, r->n_domains };
	struct str t = w.text;
	size_t n, sign;

	for (sign = next_sign(t, w.from, &n); sign < t.n; sign = next_sign(t, sign + n, &n)) {
		struct spot s;
		const struct str_pair *p;
		size_t begin = 0;

		if (!spot_around(&w, sign, n, &s))
			continue;
		p = match_spot(r, t, &s, &begin);
		if (!p)
			continue;
		*ret = (struct rewrite_match){ begin, s.at + s.n - begin, p->to.n ? p->to : r->own };
		return true;
	}
	return false;
}

void rewrite_find(struct str t, const struct str *domains, size_t n,
                  void (*fn)(void *arg, struct str address), void *arg)
{
	const struct place w = { t, 0, false, domains, n };
	size_t sign_n, sign;

	for (sign = next_sign(t, 0, &sign_n); sign < t.n; sign = next_sign(t, sign + sign_n, &sign_n)) {
		OWN(buf) key = BUF(LOCAL_MAX + DOMAIN_MAX + 8);
		uint16_t off[LOCAL_MAX + 4] = { 0 };
		struct spot s;

		if (!spot_around(&w, sign, sign_n, &s))
			continue;
		spot_key(t, &s, &key, off);
		for (size_t i = s.at; i < s.sign; i++)
			if (begins_here(t, i, &s))
				fn(arg, str_from(buf_str(&key), off[i - s.at]));
	}
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* A blank in a name: blanks of any kind and number, a line's end with its quote marks, what a URL writes for one, and in the
 * name of a file what people write instead. */
static size_t gap_at(struct str t, size_t at, bool file)
{
	size_t i = at, n;

	while (i < t.n) {
		if (str_starts(str_from(t, i), STR("%20")))
			n = 3;
		else if (letter_at(t, i, &n) != LETTER_BLANK && !(t.p[i] == '>' && i > at) &&
		         !(file && strchr("_-.+", t.p[i])))
			break;
		i += n;
	}
	return i - at;
}

static size_t skip_unseen(struct str t, size_t i)
{
	size_t n;

	while (i < t.n && letter_at(t, i, &n) == LETTER_NOTHING)
		i += n;
	return i;
}

/* The size of the letter that is wanted at t[i]; 0: another one is there. RFC 5545 3.3.11 writes a comma as "\\,". */
static size_t match_letter(struct str t, size_t i, uint32_t want)
{
	size_t at = i, n;

	if (at < t.n && t.p[at] == '\\' && want == ',')
		at++;
	if (at >= t.n || letter_at(t, at, &n) != want)
		return 0;
	return at - i + (want == '&' && str_starts(str_from(t, at), STR("&amp;")) ? 5 : n);
}

/* 0: the name does not begin here. */
static size_t match_name(struct str t, size_t at, struct str name, bool file)
{
	size_t i = at, n;

	for (size_t k = 0; k < name.n; k += n) {
		uint32_t want = letter_at(name, k, &n);
		size_t unseen = skip_unseen(t, i) - i, size;

		if (want == LETTER_NOTHING)
			continue;
		size = want == LETTER_BLANK ? gap_at(t, i + unseen, file) : match_letter(t, i + unseen, want);
		if (!size)
			return 0;
		i += unseen + size;
	}
	i = skip_unseen(t, i);
	return letter_begins(t, i) ? 0 : i - at;
}

static bool quotes_at(const struct rewrite_quotes *q, size_t at)
{
	size_t low = 0, high = q->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (q->turns[mid] <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return q->first != (low % 2 == 1);
}

/* A single word is no name where it is a piece of an address, of a link or of a file's name. */
static bool stands_alone(struct str t, size_t at, size_t n)
{
	if (at && strchr("@./_-=", t.p[at - 1]))
		return false;
	if (at + n < t.n && strchr("@/_=", t.p[at + n]))
		return false;
	return !(at + n + 1 < t.n && strchr(".-", t.p[at + n]) && letter_begins(t, at + n + 1));
}

static bool name_at(const struct rewrite_scan *s, size_t i, struct rewrite_match *ret)
{
	const struct rewriter *r = s->r;

	for (size_t k = 0; k < r->n_names; k++) {
		const struct rewrite_name *name = &r->names[k];
		size_t n = match_name(s->text, i, name->text, s->file);

		if (!n || !(name->always || (quotes_at(s->quotes, i) && stands_alone(s->text, i, n))))
			continue;
		*ret = (struct rewrite_match){ i, n, name->to };
		return true;
	}
	return false;
}

/* A name begins a word; in a URL behind "%20" too, and in a calendar behind "\n". */
static bool name_begins(struct str t, size_t i)
{
	if (!i || !letter_ends(t, i))
		return true;
	if (i >= 2 && t.p[i - 2] == '\\' && (t.p[i - 1] == 'n' || t.p[i - 1] == 'N'))
		return true;
	return i >= 3 && t.p[i - 3] == '%' && is_hex(t.p[i - 2]) && is_hex(t.p[i - 1]);
}

static bool next_name(const struct rewrite_scan *s, size_t before, struct rewrite_match *ret)
{
	size_t n;

	for (size_t i = s->at; i < before; i += n)
		if (s->r->first[letter_at(s->text, i, &n) & 0xff] && name_begins(s->text, i) &&
		    name_at(s, i, ret))
			return true;
	return false;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

bool rewrite_next(struct rewrite_scan *s, struct rewrite_match *ret)
{
	bool named;

	if (!s->looked || (s->has && s->address.at < s->at))
		s->has = next_address(s, &s->address);
	s->looked = true;
	named = s->r->n_names && next_name(s, s->has ? s->address.at : s->text.n, ret);
	if (!named && !s->has)
		return false;
	if (!named)
		*ret = s->address;
	s->r->hits += named;
	s->r->addresses += !named;
	s->at = ret->at + ret->n;
	return true;
}

static bool put(struct rewrite_scan s, struct buf *out)
{
	struct str text = s.text;
	struct rewrite_match m;
	size_t done = 0;
	bool changed = false;

	while (rewrite_next(&s, &m)) {
		buf_add(out, str_of(text.p + done, m.at - done));
		buf_add(out, m.to);
		done = s.at;
		changed = true;
	}
	buf_add(out, str_from(text, done));
	return changed;
}

bool rewriter_put(struct rewriter *r, struct str text, bool quoted, struct buf *out)
{
	return rewriter_put_quotes(r, text, &(struct rewrite_quotes){ .first = quoted }, out);
}

bool rewriter_put_quotes(struct rewriter *r, struct str text, const struct rewrite_quotes *q, struct buf *out)
{
	return put((struct rewrite_scan){ .r = r, .text = text, .quotes = q }, out);
}

bool rewriter_put_file(struct rewriter *r, struct str text, struct buf *out)
{
	const struct rewrite_quotes q = { .first = false };

	return put((struct rewrite_scan){ .r = r, .text = text, .quotes = &q, .file = true }, out);
}

bool rewriter_finds(struct rewriter *r, struct str text)
{
	const struct rewriter before = *r;
	const struct rewrite_quotes q = { .first = false };
	struct rewrite_scan s = { .r = r, .text = text, .quotes = &q };
	struct rewrite_match m;
	bool found = false;

	while (!found && rewrite_next(&s, &m))
		found = !str_eq_nocase(str_of(text.p + m.at, m.n), m.to);
	r->addresses = before.addresses;
	r->hits = before.hits;
	return found;
}

static void add_name(struct rewriter *r, struct str text, struct str to, bool always)
{
	size_t n;

	if (text.n < 2)
		return;
	for (size_t i = 0; i < r->n_names; i++)
		if (str_eq_nocase(r->names[i].text, text))
			return;
	r->names[r->n_names++] = (struct rewrite_name){ text, to, always };
	r->first[letter_at(text, 0, &n) & 0xff] = true;
}

/* Words with one blank between them, and without quotation marks. */
static struct str tidy_name(struct str name, struct arena *a)
{
	OWN(buf) b = BUF(1024);
	bool blank = false;

	name = str_trim(name);
	for (size_t i = 0, n; i < name.n; i += n) {
		uint32_t c = letter_at(name, i, &n);

		if (c == LETTER_BLANK || c == '"') {
			blank = b.n > 0;
			continue;
		}
		if (blank)
			buf_addc(&b, ' ');
		blank = false;
		buf_add(&b, str_of(name.p + i, n));
	}
	return arena_str(a, buf_str(&b));
}

static void add_joined(struct rewriter *r, struct str a, const char *between, struct str b, struct str to)
{
	OWN(buf) joined = BUF(2100);

	if (!a.n || !b.n)
		return;
	buf_add(&joined, a);
	buf_addz(&joined, between);
	buf_add(&joined, b);
	add_name(r, arena_str(r->a, buf_str(&joined)), to, true);
}

/* "Alice B. Example" is also "Alice Example", "Example, Alice B." and "Example Alice B."; what has a comma is turned. */
static void add_own_name(struct rewriter *r, struct str raw, struct str to)
{
	struct str name = tidy_name(raw, r->a), last;
	size_t cut = str_rchr(name, ' '), comma = str_chr(name, ',');

	if (str_chr(name, '@') < name.n)
		return; /* an address, which the map knows or which is nobody's of ours */
	add_name(r, name, to, cut < name.n);
	if (comma < name.n) {
		last = str_trim(str_first(name, comma));
		name = str_trim(str_from(name, comma + 1));
		add_joined(r, name, " ", last, to);
		add_joined(r, last, " ", name, to);
		add_joined(r, str_first(name, str_chr(name, ' ')), " ", last, to);
		return;
	}
	if (cut == name.n)
		return;
	last = str_from(name, cut + 1);
	name = str_first(name, cut);
	add_joined(r, last, ", ", name, to);
	add_joined(r, last, " ", name, to);
	add_joined(r, str_first(name, str_chr(name, ' ')), " ", last, to);
}

static int by_length(const void *a, const void *b)
{
	size_t x = ((const struct str *)a)->n, y = ((const struct str *)b)->n;

	return (x < y) - (x > y);
}

static void note_domains(struct rewriter *r)
{
	r->domains = arena_array(r->a, struct str, r->n_pairs + 1);
	for (size_t i = 0; i < r->n_pairs; i++) {
		struct str d = str_from(r->pairs[i].from, str_rchr(r->pairs[i].from, '@') + 1);
		bool known = false;

		for (size_t k = 0; k < r->n_domains && !known; k++)
			known = str_eq(r->domains[k], d);
		if (!known)
			r->domains[r->n_domains++] = d;
	}
	qsort(r->domains, r->n_domains, sizeof(*r->domains), by_length);
}

void rewriter_init(struct rewriter *r, const struct scrub_plan *p, struct arena *a)
{
	struct str_pair *pairs = arena_array(a, struct str_pair, p->n_map + 1);
	struct str name = p->from_name.n ? p->from_name : p->from;
	size_t n = 0;

	*r = (struct rewriter){ .a = a, .own = p->from };
	for (size_t i = 0; i < p->n_map; i++) {
		OWN(buf) key = BUF(1024);
		struct addr parsed;

		if (addr_parse(p->map[i].from, a, &parsed, NULL) < 0)
			continue;
		addr_key(&parsed, &key);
		pairs[n++] = (struct str_pair){ arena_str(a, buf_str(&key)), p->map[i].to };
	}
	qsort(pairs, n, sizeof(*pairs), by_key);
	r->pairs = pairs;
	r->n_pairs = n;
	note_domains(r);
	r->names = arena_array(a, struct rewrite_name, FORMS_OF_NAME * p->n_own_names + p->n_words + 1);
	for (size_t i = 0; i < p->n_own_names; i++)
		add_own_name(r, p->own_names[i], name);
	for (size_t i = 0; i < p->n_words; i++)
		add_name(r, p->words[i], STR(""), true);
}
