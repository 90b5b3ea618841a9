#include "transform/rewrite.h"

#include "base/mem.h"
#include "policy/scrub.h"

#include <stdlib.h>

enum { LOCAL_MAX = 100, DOMAIN_MAX = 255, ATTRIBUTION_MAX = 500, TEXT_MAX = 64 << 20 };

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c > 127;
}

/* RFC 5322 atext and the dot; '%' is for whoever writes URLs. */
static bool is_local(char c)
{
	return is_alnum(c) || strchr("!#$&'*+-/=?^_`{|}~.", c) != NULL;
}

static bool is_domain(char c)
{
	return is_alnum(c) || c == '-' || c == '.';
}

/* An address around an at sign: text[at..at+n) is local part, sign and domain. */
struct spot {
	size_t at, sign, sign_n, n;
};

static size_t next_sign(struct str t, size_t from, size_t *ret_n)
{
	for (size_t i = from; i < t.n; i++) {
		if (t.p[i] == '@') {
			*ret_n = 1;
			return i;
		}
		if (t.p[i] == '%' && str_starts_nocase(str_from(t, i), STR("%40"))) {
			*ret_n = 3;
			return i;
		}
	}
	return t.n;
}

static struct spot spot_around(struct str t, size_t sign, size_t sign_n)
{
	size_t begin = sign, end = sign + sign_n;

	while (begin && sign - begin < LOCAL_MAX && is_local(t.p[begin - 1]))
		begin--;
	while (end < t.n && end - sign < DOMAIN_MAX && is_domain(t.p[end]))
		end++;
	while (end > sign + sign_n &&
	       (t.p[end - 1] == '.' || t.p[end - 1] == '-')) /* the end of a sentence */
		end--;
	return (struct spot){ begin, sign, sign_n, end - begin };
}

static void lower_key(struct str t, const struct spot *s, size_t begin, struct buf *out)
{
	for (size_t i = begin; i < s->at + s->n; i++) {
		if (i == s->sign) {
			buf_addc(out, '@');
			i += s->sign_n - 1;
			continue;
		}
		buf_addc(out, ascii_lower(t.p[i]));
	}
}

static int by_key(const void *a, const void *b)
{
	return str_cmp(((const struct seal_pair *)a)->from, ((const struct seal_pair *)b)->from);
}

static const struct seal_pair *find(const struct rewriter *r, struct str key)
{
	const struct seal_pair wanted = { .from = key };

	return r->n_pairs ? bsearch(&wanted, r->pairs, r->n_pairs, sizeof(*r->pairs), by_key) : NULL;
}

/* "alice+shop@mailbox.example" reaches alice. */
static const struct seal_pair *find_untagged(const struct rewriter *r, struct str key)
{
	OWN(buf) b = BUF(LOCAL_MAX + DOMAIN_MAX + 2);
	size_t plus = str_chr(key, '+'), at = str_rchr(key, '@');
	const struct seal_pair *p = find(r, key);

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
	const struct seal_pair *p;

	if (addr_parse(address, &a, &parsed, NULL) < 0)
		return STR_NONE;
	addr_key(&parsed, &key);
	p = find_untagged(r, buf_str(&key));
	return p ? p->to : STR_NONE;
}

/* The run before the sign may hold more than the local part ("email=alice", "'alice"): it is tried from each place where a
 * word could begin. What goes on with a letter, a dot or the like is somebody else's address. */
static bool begins_here(struct str t, size_t i, size_t run)
{
	return i == run || (!is_alnum(t.p[i - 1]) && !strchr(".-_+", t.p[i - 1]));
}

static const struct seal_pair *match_spot(const struct rewriter *r, struct str t, const struct spot *s,
                                          size_t *ret_begin)
{
	for (size_t i = s->at; i < s->sign; i++) {
		OWN(buf) key = BUF(LOCAL_MAX + DOMAIN_MAX + 2);
		const struct seal_pair *p;

		if (!begins_here(t, i, s->at))
			continue;
		lower_key(t, s, i, &key);
		p = find_untagged(r, buf_str(&key));
		if (p) {
			*ret_begin = i;
			return p;
		}
	}
	return NULL;
}

/* Does one of these domains stand behind the sign? Then the spot ends with it: "alice@mailbox.example.pdf" and
 * "alice@mailbox.example-2026" are an address and more. */
static bool ends_in_one_of(struct str t, const struct str *domains, size_t n, struct spot *s)
{
	struct str run = str_first(str_from(t, s->sign + s->sign_n), s->at + s->n - s->sign - s->sign_n);
	size_t best = 0;

	for (size_t i = 0; i < n; i++) {
		size_t d = domains[i].n;

		if (d > best && str_starts_nocase(run, domains[i]) &&
		    (d == run.n || run.p[d] == '.' || run.p[d] == '-'))
			best = d;
	}
	s->n = s->sign + s->sign_n + best - s->at;
	return best != 0;
}

static bool next_address(const struct rewriter *r, struct str t, size_t from, struct rewrite_match *ret)
{
	size_t n, sign;

	for (sign = next_sign(t, from, &n); sign < t.n; sign = next_sign(t, sign + n, &n)) {
		struct spot s = spot_around(t, sign, n);
		const struct seal_pair *p;
		size_t begin = 0;

		if (s.at < from)
			s = (struct spot){ from, s.sign, s.sign_n, s.at + s.n - from };
		p = ends_in_one_of(t, r->domains, r->n_domains, &s) ? match_spot(r, t, &s, &begin) : NULL;
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
	size_t sign_n, sign;

	for (sign = next_sign(t, 0, &sign_n); sign < t.n; sign = next_sign(t, sign + sign_n, &sign_n)) {
		struct spot s = spot_around(t, sign, sign_n);
		bool ours = ends_in_one_of(t, domains, n, &s);

		for (size_t i = s.at; ours && i < s.sign; i++) {
			OWN(buf) key = BUF(LOCAL_MAX + DOMAIN_MAX + 2);

			if (!begins_here(t, i, s.at))
				continue;
			lower_key(t, &s, i, &key);
			fn(arg, buf_str(&key));
		}
	}
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks in text and name are the same however many; so a name may stand across a line's end, and its quote marks. */
static size_t match_name(struct str t, size_t at, struct str name)
{
	size_t i = at, k = 0;

	while (k < name.n) {
		if (i >= t.n)
			return 0;
		if (name.p[k] == ' ') {
			size_t blanks = 0;

			for (; i < t.n && (is_space(t.p[i]) || (t.p[i] == '>' && blanks)); i++)
				blanks++;
			if (!blanks)
				return 0;
			k++;
			continue;
		}
		if (ascii_lower(t.p[i]) != ascii_lower(name.p[k]))
			return 0;
		i++;
		k++;
	}
	return i < t.n && is_alnum(t.p[i]) ? 0 : i - at;
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

static bool name_at(const struct rewrite_scan *s, size_t i, struct rewrite_match *ret)
{
	const struct rewriter *r = s->r;

	for (size_t k = 0; k < r->n_names; k++) {
		const struct rewrite_name *name = &r->names[k];
		size_t n = match_name(s->text, i, name->text);

		if (!n || !(name->always || quotes_at(s->quotes, i)))
			continue;
		*ret = (struct rewrite_match){ i, n, name->to };
		return true;
	}
	return false;
}

static bool next_name(const struct rewrite_scan *s, size_t before, struct rewrite_match *ret)
{
	for (size_t i = s->at; i < before; i++)
		if (s->r->first[(unsigned char)s->text.p[i]] && (!i || !is_alnum(s->text.p[i - 1])) &&
		    name_at(s, i, ret))
			return true;
	return false;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

bool rewrite_next(struct rewrite_scan *s, struct rewrite_match *ret)
{
	bool named;

	if (!s->looked || (s->has && s->address.at < s->at))
		s->has = next_address(s->r, s->text, s->at, &s->address);
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

static bool put(struct rewriter *r, struct str text, const struct rewrite_quotes *quotes, struct buf *out)
{
	struct rewrite_scan s = { .r = r, .text = text, .quotes = quotes };
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
	return put(r, text, &(struct rewrite_quotes){ .first = quoted }, out);
}

static void add_name(struct rewriter *r, struct str text, struct str to, bool always)
{
	if (text.n < 2 || r->n_names == REWRITE_NAMES_MAX)
		return;
	for (size_t i = 0; i < r->n_names; i++)
		if (str_eq_nocase(r->names[i].text, text))
			return;
	r->names[r->n_names++] = (struct rewrite_name){ text, to, always };
	r->first[(unsigned char)text.p[0]] = true;
	if (text.p[0] >= 'a' && text.p[0] <= 'z')
		r->first[(unsigned char)(text.p[0] - 32)] = true;
	r->first[(unsigned char)ascii_lower(text.p[0])] = true;
}

/* Words with one blank between them, and without quotation marks. */
static struct str tidy_name(struct str name, struct arena *a)
{
	OWN(buf) b = BUF(1024);
	bool blank = false;

	name = str_trim(name);
	for (size_t i = 0; i < name.n; i++) {
		if (is_space(name.p[i]) || name.p[i] == '"') {
			blank = b.n > 0;
			continue;
		}
		if (blank)
			buf_addc(&b, ' ');
		blank = false;
		buf_addc(&b, name.p[i]);
	}
	return arena_str(a, buf_str(&b));
}

/* "Alice Example" is also "Example, Alice" and "Example Alice"; what begins a name with a comma is turned. */
static void add_own_name(struct rewriter *r, struct str raw, struct str to)
{
	struct str name = tidy_name(raw, r->a);
	size_t cut = str_rchr(name, ' '), comma = str_chr(name, ',');
	OWN(buf) b = BUF(2100);

	if (str_chr(name, '@') < name.n)
		return; /* an address, which the map knows or which is nobody's of ours */
	add_name(r, name, to, cut < name.n);
	if (comma < name.n) {
		buf_add(&b, str_trim(str_from(name, comma + 1)));
		buf_addc(&b, ' ');
		buf_add(&b, str_trim(str_first(name, comma)));
		add_name(r, arena_str(r->a, buf_str(&b)), to, true);
		return;
	}
	if (cut == name.n)
		return;
	buf_addf(&b, "%.*s, %.*s", STR_ARG(str_from(name, cut + 1)), STR_ARG(str_first(name, cut)));
	add_name(r, arena_str(r->a, buf_str(&b)), to, true);
	buf_clear(&b);
	buf_addf(&b, "%.*s %.*s", STR_ARG(str_from(name, cut + 1)), STR_ARG(str_first(name, cut)));
	add_name(r, arena_str(r->a, buf_str(&b)), to, true);
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
}

void rewriter_init(struct rewriter *r, const struct scrub_plan *p, struct arena *a)
{
	struct seal_pair *pairs = arena_array(a, struct seal_pair, p->n_map + 1);
	struct str name = p->from_name.n ? p->from_name : p->from;
	size_t n = 0;

	*r = (struct rewriter){ .a = a, .own = p->from };
	for (size_t i = 0; i < p->n_map; i++) {
		OWN(buf) key = BUF(1024);
		struct addr parsed;

		if (addr_parse(p->map[i].from, a, &parsed, NULL) < 0)
			continue;
		addr_key(&parsed, &key);
		pairs[n++] = (struct seal_pair){ arena_str(a, buf_str(&key)), p->map[i].to };
	}
	qsort(pairs, n, sizeof(*pairs), by_key);
	r->pairs = pairs;
	r->n_pairs = n;
	note_domains(r);
	for (size_t i = 0; i < p->n_own_names; i++)
		add_own_name(r, p->own_names[i], name);
	for (size_t i = 0; i < p->n_words; i++)
		add_name(r, p->words[i], STR(""), true);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "17:03", "5:03:12 PM", "17.03 Uhr": hours, a colon, two digits. 0: none here. */
static size_t clock_at(struct str t, size_t i)
{
	size_t k = i;

	if (i && (is_alnum(t.p[i - 1]) || t.p[i - 1] == ':' || t.p[i - 1] == '-'))
		return 0;
	while (k < t.n && k - i < 2 && is_digit(t.p[k]))
		k++;
	if (k == i || k + 2 >= t.n || t.p[k] != ':' || !is_digit(t.p[k + 1]) || !is_digit(t.p[k + 2]))
		return 0;
	k += 3;
	if (k + 2 < t.n && t.p[k] == ':' && is_digit(t.p[k + 1]) && is_digit(t.p[k + 2]))
		k += 3;
	return k < t.n && is_alnum(t.p[k]) && !is_space(t.p[k]) ? 0 : k - i;
}

static size_t blanks_at(struct str t, size_t i)
{
	size_t k = i;

	while (k < t.n &&
	       (is_space(t.p[k]) || (unsigned char)t.p[k] == 0xe2 || (unsigned char)t.p[k] == 0x80 ||
	        (unsigned char)t.p[k] == 0xaf)) /* U+202F, which some programs write before PM */
		k++;
	return k - i;
}

/* "+0100", "GMT+1", "CEST", "PM", "Uhr" after a time. 0: none here. */
static size_t zone_at(struct str t, size_t i)
{
	static const char *const words[] = { "AM",   "PM",   "a.m.", "p.m.", "Uhr",  "UTC", "GMT", "CET",
		                             "CEST", "EET",  "EEST", "WET",  "WEST", "BST", "IST", "EST",
		                             "EDT",  "CST",  "CDT",  "MST",  "MDT",  "PST", "PDT", "JST",
		                             "MSK",  "AEST", "AEDT", "HST",  "AKST", "NZST" };
	size_t k = i;

	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
		struct str word = str_c(words[w]);
		size_t end = i + word.n;

		if (str_starts_nocase(str_from(t, i), word) && (end >= t.n || !is_alnum(t.p[end])))
			k = end > k ? end : k;
	}
	if (k < t.n && (t.p[k] == '+' || t.p[k] == '-') && k + 1 < t.n && is_digit(t.p[k + 1]))
		for (k++; k < t.n && (is_digit(t.p[k]) || t.p[k] == ':'); k++)
			;
	return k - i;
}

/* What belongs to a time of day that ends at i: PM, a zone, a zone in brackets. */
static size_t end_of_time(struct str t, size_t i)
{
	for (;;) {
		size_t b = blanks_at(t, i), z = zone_at(t, i + b);

		if (!z && i + b < t.n && t.p[i + b] == '(') {
			z = zone_at(t, i + b + 1);
			z = z && i + b + 1 + z < t.n && t.p[i + b + 1 + z] == ')' ? z + 2 : 0;
		}
		if (!z)
			return i;
		i += b + z;
	}
}

bool next_time(struct str t, size_t from, size_t *ret_at, size_t *ret_n)
{
	for (size_t i = from; i < t.n; i++) {
		size_t n = clock_at(t, i), end;

		if (!n)
			continue;
		end = end_of_time(t, i + n);
		if (i && is_space(t.p[i - 1]) &&
		    (end == t.n || is_space(t.p[end]) || strchr(",;:)", t.p[end])))
			i--; /* no two blanks where one was enough */
		*ret_at = i;
		*ret_n = end - i;
		return true;
	}
	return false;
}

static void put_without_time(struct str t, struct buf *out)
{
	size_t done = 0, at, n;

	while (next_time(t, done, &at, &n)) {
		buf_add(out, str_of(t.p + done, at - done));
		done = at + n;
	}
	buf_add(out, str_from(t, done));
}

bool is_attribution(struct str line)
{
	struct str t = str_trim(line);
	size_t at, n;

	return t.n && t.n <= ATTRIBUTION_MAX && next_time(t, 0, &at, &n);
}

/* The lines that programs write above what they quote without marking it. */
bool is_quote_header(struct str line)
{
	static const char *const labels[] = {
		"From:",  "Sent:",    "Date:",      "To:",   "Cc:",      "Von:",     "Gesendet:",
		"Datum:", "An:",      "De :",       "De:",   "Envoyé :", "Envoyé:",  "Date :",
		"À :",    "Enviado:", "Fecha:",     "Para:", "Da:",      "Inviato:", "Data:",
		"A:",     "Van:",     "Verzonden:", "Aan:",  "Från:",    "Skickat:", "Till:",
	};
	struct str t = str_trim(line);

	while (t.n && (t.p[0] == '>' || t.p[0] == '*' || t.p[0] == ' '))
		t = str_from(t, 1);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (str_starts_nocase(t, str_c(labels[i])))
			return true;
	return false;
}

static bool is_quote(struct str line)
{
	return line.n && line.p[0] == '>';
}

/* Does a quotation begin after this line, or after the next one, which ends the sentence? */
static bool introduces(struct str line, struct str rest)
{
	struct str next = str_cut(&rest, '\n');

	if (str_ends(str_trim(line), STR(":")))
		return true;
	return str_ends(str_trim(next), STR(":")) && !is_quote(next);
}

/* What the lines say, before anything in them is replaced; where they quote. */
struct lines {
	struct buf text;
	size_t *turns;
	size_t n, cap;
	bool quoting, changed;
};

static void quote_from(struct lines *l, bool quoted)
{
	if (quoted == l->quoting)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->turns = xrealloc(l->turns, l->cap * sizeof(*l->turns));
	}
	l->turns[l->n++] = l->text.n;
	l->quoting = quoted;
}

static void lines_done(struct lines *l)
{
	buf_done(&l->text);
	free(l->turns);
}

static void read_lines(struct rewriter *r, struct str text, struct lines *l)
{
	struct str rest = text;
	bool after = false; /* the sentence above a quotation goes on */

	while (rest.n) {
		struct str line = rest, cut = str_cut(&rest, '\n');
		bool header = is_quote_header(cut);
		bool timed = is_attribution(cut) && (header || introduces(cut, rest));

		line = str_first(line, cut.n < line.n ? cut.n + 1 : cut.n);
		if (is_client_line(str_trim(cut))) {
			r->hits++;
			l->changed = true;
			continue;
		}
		quote_from(l, is_quote(cut) || timed || after || header);
		after = timed && !str_ends(str_trim(cut), STR(":"));
		l->changed = l->changed || timed;
		if (timed)
			put_without_time(line, &l->text);
		else
			buf_add(&l->text, line);
	}
}

bool rewriter_put_lines(struct rewriter *r, struct str text, struct buf *out)
{
	OWN(lines) l = { .text = BUF(TEXT_MAX) };
	bool changed;

	read_lines(r, text, &l);
	changed = put(r, buf_str(&l.text), &(struct rewrite_quotes){ false, l.turns, l.n }, out);
	out->over = out->over || l.text.over;
	return changed || l.changed;
}
