#include "wire/addr.h"

#include "wire/word.h"

enum { LOCAL_MAX = 64, DOMAIN_MAX = 255, LABEL_MAX = 63 };

/* RFC 5322 3.2.3 atext, and with RFC 6532 every byte above 127. */
static bool is_atext(char c)
{
	static const char others[] = "!#$%&'*+-/=?^_`{|}~";
	unsigned char u = (unsigned char)c;

	return u > 127 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c && strchr(others, c) != NULL);
}

static bool is_dot_atom(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' ? i == 0 || i + 1 == s.n || s.p[i - 1] == '.' : !is_atext(s.p[i]))
			return false;
	}
	return s.n > 0;
}

static bool is_label_char(char c)
{
	return (unsigned char)c > 127 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       c == '-' || c == '_';
}

/* "[127.0.0.1]": printable, no bracket or backslash within. */
static bool is_literal(struct str s)
{
	for (size_t i = 1; i + 1 < s.n; i++)
		if (s.p[i] <= 32 || s.p[i] == '[' || s.p[i] == ']' || s.p[i] == '\\' || s.p[i] == 127)
			return false;
	return s.n > 2 && s.p[s.n - 1] == ']';
}

/* Labels by the letter-digit-hyphen rule (and underscore, which exists); or an address literal. */
static bool is_domain(struct str s)
{
	size_t label = 0;

	if (!s.n || s.n > DOMAIN_MAX)
		return false;
	if (s.p[0] == '[')
		return is_literal(s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.') {
			if (!label)
				return false;
			label = 0;
		} else if (!is_label_char(s.p[i]) || ++label > LABEL_MAX) {
			return false;
		} else if (s.p[i] == '-' && (label == 1 || i + 1 == s.n || s.p[i + 1] == '.')) {
			return false;
		}
	}
	return label > 0;
}

/* A quoted-string at the start of s; *ret is its content, *ret_n what it took. */
static bool unquote(struct str s, struct arena *a, struct str *ret, size_t *ret_n)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"') {
			*ret = str_of(out, n);
			*ret_n = i + 1;
			return true;
		}
		if (s.p[i] == '\\' && ++i == s.n)
			return false;
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return false;
		out[n++] = s.p[i];
	}
	return false;
}

/* Where the local part of s ends; its unquoted form in *ret. */
static bool read_local(struct str s, struct arena *a, struct str *ret, size_t *ret_n)
{
	size_t n = 0;

	if (s.n && s.p[0] == '"')
		return unquote(s, a, ret, ret_n);
	while (n < s.n && (is_atext(s.p[n]) || s.p[n] == '.'))
		n++;
	*ret = str_first(s, n);
	*ret_n = n;
	return is_dot_atom(*ret);
}

int addr_parse(struct str in, struct arena *a, struct addr *ret, struct fail *f)
{
	struct addr r;
	size_t n;

	if (!str_is_utf8(in))
		return fail(f, FAIL_SYNTAX, "not UTF-8");
	if (!read_local(in, a, &r.local, &n) || n >= in.n || in.p[n] != '@')
		return fail(f, FAIL_SYNTAX, "no local part");
	r.domain = str_from(in, n + 1);
	if (r.domain.n && r.domain.p[r.domain.n - 1] == '.')
		r.domain.n--;
	if (r.local.n > LOCAL_MAX || !r.local.n)
		return fail(f, FAIL_SYNTAX, "a local part of %zu bytes", r.local.n);
	if (!is_domain(r.domain))
		return fail(f, FAIL_SYNTAX, "no domain");
	*ret = r;
	return OK;
}

/* RFC 5321 4.1.2 A-d-l: "@one,@two:", to be accepted and ignored. */
static bool skip_route(struct str *s)
{
	while (s->n && s->p[0] == '@') {
		size_t n = 1;

		while (n < s->n && s->p[n] != ',' && s->p[n] != ':')
			n++;
		if (n == s->n || !is_domain(str_of(s->p + 1, n - 1)))
			return false;
		n += s->p[n] == ',' ? 1 : 0;
		*s = str_from(*s, n);
		if (s->p[0] == ':') {
			*s = str_from(*s, 1);
			return true;
		}
	}
	return true;
}

/* The '>' that ends a path that begins after '<', outside of quotes; s.n when there is none. */
static size_t path_end(struct str s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.p[i] == '>')
			return i;
	}
	return s.n;
}

int addr_path(struct str in, bool allow_postmaster, struct arena *a, struct addr *ret, struct str *ret_rest,
              struct fail *f)
{
	struct str inside = str_from(in, 1);
	size_t end = path_end(inside);
	struct addr r = { STR(""), STR("") };

	if (!in.n || in.p[0] != '<' || end == inside.n)
		return fail(f, FAIL_SYNTAX, "no path in angle brackets");
	inside = str_first(inside, end);
	if (inside.n && !skip_route(&inside))
		return fail(f, FAIL_SYNTAX, "a broken source route");
	if (allow_postmaster && str_eq_nocase(inside, STR("postmaster")))
		r.local = inside;
	else if (inside.n || in.p[1] != '>')
		TRY(addr_parse(inside, a, &r, f));
	*ret = r;
	*ret_rest = str_from(in, end + 2);
	return OK;
}

bool addr_is_null(const struct addr *a)
{
	return !a->local.n && !a->domain.n;
}

bool addr_is_ascii(const struct addr *a)
{
	return str_is_ascii(a->local) && str_is_ascii(a->domain);
}

void addr_print(const struct addr *a, struct buf *out)
{
	if (addr_is_null(a))
		return;
	if (is_dot_atom(a->local)) {
		buf_add(out, a->local);
	} else {
		buf_addc(out, '"');
		for (size_t i = 0; i < a->local.n; i++) {
			if (a->local.p[i] == '"' || a->local.p[i] == '\\')
				buf_addc(out, '\\');
			buf_addc(out, a->local.p[i]);
		}
		buf_addc(out, '"');
	}
	if (a->domain.n) {
		buf_addc(out, '@');
		buf_add(out, a->domain);
	}
}

void addr_key(const struct addr *a, struct buf *out)
{
	size_t from = out->n;

	addr_print(a, out);
	for (size_t i = from; i < out->n; i++)
		out->p[i] = ascii_lower(out->p[i]);
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	OWN(buf) x = BUF(1024);
	OWN(buf) y = BUF(1024);

	addr_key(a, &x);
	addr_key(b, &y);
	return str_eq(buf_str(&x), buf_str(&y));
}
